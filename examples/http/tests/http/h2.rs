//! `h2_extended_connect` against the h2 crate's client: with tungstenite's frames, and with some written by hand.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::Command;
use std::time::Duration;

use crate::program::Program;
use ::h2::client::SendRequest;
use ::h2::ext::Protocol;
use ::h2::{RecvStream, SendStream};
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::Builder;
use tokio::time::{sleep, timeout};
use tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tungstenite::protocol::{CloseFrame, Role, frame::Frame};
use tungstenite::{Error, Message, WebSocket};

const PROGRAM: &str = env!("CARGO_BIN_EXE_h2_extended_connect");
const VERSION: (&str, &str) = ("sec-websocket-version", "13");

fn run<F: Future<Output = ()>>(test: impl FnOnce(Program) -> F) {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        timeout(Duration::from_secs(30), test(Program::start(PROGRAM))).await.expect("in time");
    });
}

/// A connection of HTTP/2, over which the server has allowed the extended CONNECT.
async fn connect(program: &Program) -> SendRequest<Bytes> {
    let socket = tokio::net::TcpStream::connect(&program.address).await.unwrap();
    let mut builder = ::h2::client::Builder::new();
    // More than a stream's 64 KiB, or one that is not read would stop all.
    builder.initial_connection_window_size(1 << 20);
    let (client, connection) = builder.handshake(socket).await.unwrap();
    tokio::spawn(connection);
    for _ in 0..500 {
        if client.is_extended_connect_protocol_enabled() {
            return client.ready().await.unwrap();
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("SETTINGS_ENABLE_CONNECT_PROTOCOL did not come");
}

/// Asks for a stream.
async fn ask(
    client: &SendRequest<Bytes>,
    program: &Program,
    method: &str,
    protocol: Option<&'static str>,
    fields: &[(&str, &str)],
) -> (StatusCode, HeaderMap, RecvStream, SendStream<Bytes>) {
    let mut request = Request::builder().method(method).uri(format!("http://{}/echo", program.address));
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    if let Some(protocol) = protocol {
        request = request.extension(Protocol::from_static(protocol));
    }
    let mut client = client.clone().ready().await.unwrap();
    let (response, send) = client.send_request(request.body(()).unwrap(), false).unwrap();
    let (head, body) = response.await.unwrap().into_parts();
    (head.status, head.headers, body, send)
}

/// A stream that is a WebSocket.
async fn open(client: &SendRequest<Bytes>, program: &Program) -> (RecvStream, SendStream<Bytes>) {
    let (status, fields, receive, send) =
        ask(client, program, "CONNECT", Some("websocket"), &[VERSION]).await;
    assert_eq!((status, fields.len()), (StatusCode::OK, 0));
    (receive, send)
}

/// Reads so many bytes, and gives their credit back.
async fn exactly(receive: &mut RecvStream, len: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while bytes.len() < len {
        let data = receive.data().await.expect("not the end").unwrap();
        receive.flow_control().release_capacity(data.len()).unwrap();
        bytes.extend_from_slice(&data);
    }
    assert_eq!(bytes.len(), len);
    bytes
}

/// Reads `END_STREAM`, and no reset.
async fn end(receive: &mut RecvStream) {
    while let Some(data) = receive.data().await {
        assert_eq!(data.unwrap(), "");
    }
}

/// Lends a stream to tungstenite, which knows blocking sockets only: over one of these.
async fn bridge(
    (mut receive, mut send): (RecvStream, SendStream<Bytes>),
    role: Role,
    test: impl FnOnce(WebSocket<TcpStream>) + Send + 'static,
) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let socket = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let (bridge, _) = listener.accept().unwrap();
    bridge.set_nonblocking(true).unwrap();
    let (mut from_test, mut to_test) = tokio::net::TcpStream::from_std(bridge).unwrap().into_split();
    let tested = std::thread::spawn(move || test(WebSocket::from_raw_socket(socket, role, None)));
    let there = async {
        let mut buf = [0; 10_000];
        loop {
            let n = from_test.read(&mut buf).await.unwrap();
            if n == 0 {
                return send.send_data(Bytes::new(), true).unwrap();
            }
            send_all(&mut send, &buf[..n]).await;
        }
    };
    let back = async {
        while let Some(data) = receive.data().await {
            let data = data.unwrap();
            to_test.write_all(&data).await.unwrap();
            receive.flow_control().release_capacity(data.len()).unwrap();
        }
        to_test.shutdown().await.unwrap();
    };
    tokio::join!(there, back);
    tested.join().unwrap();
}

/// Sends bytes as the server's credit allows.
async fn send_all(send: &mut SendStream<Bytes>, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        send.reserve_capacity(bytes.len());
        let granted = match send.capacity() {
            0 => std::future::poll_fn(|cx| send.poll_capacity(cx)).await.unwrap().unwrap(),
            n => n,
        };
        let (now, later) = bytes.split_at(granted.min(bytes.len()));
        send.send_data(Bytes::copy_from_slice(now), false).unwrap();
        bytes = later;
    }
}

#[test]
fn messages_come_back_and_the_client_closes() {
    run(async |program| {
        let client = connect(&program).await;
        let stream = open(&client, &program).await;
        bridge(stream, Role::Client, |mut socket| {
            let bytes: Vec<u8> = (0..1 << 20).map(|n: u32| n.to_le_bytes()[n as usize % 3]).collect();
            for message in [
                Message::text("Hello"),
                Message::text(""),
                Message::binary(vec![0, 255]),
                Message::text("ä".repeat(512 * 1024)),
                Message::binary(bytes),
            ] {
                socket.send(message.clone()).unwrap();
                assert!(socket.read().unwrap() == message);
            }
            let frame = |bytes: &'static [u8], data, fin| {
                Message::Frame(Frame::message(bytes, OpCode::Data(data), fin))
            };
            socket.send(frame(b"Gr\xc3", Data::Text, false)).unwrap();
            socket.send(frame(b"\xbcn", Data::Continue, true)).unwrap();
            assert_eq!(socket.read().unwrap(), Message::text("Grün"));

            socket.close(Some(CloseFrame { code: CloseCode::Normal, reason: "".into() })).unwrap();
            let Message::Close(Some(close)) = socket.read().unwrap() else { panic!("no Close frame") };
            assert_eq!(close.code, CloseCode::Normal);
            assert!(matches!(socket.read(), Err(Error::ConnectionClosed)));
        })
        .await;
    });
}

#[test]
fn the_server_closes_when_it_is_told_to_stop() {
    run(async |program| {
        let client = connect(&program).await;
        let (mut receive, mut send) = open(&client, &program).await;
        program.terminate();
        assert_eq!(exactly(&mut receive, 4).await, b"\x88\x02\x03\xe9");
        send_all(&mut send, b"\x88\x82\0\0\0\0\x03\xe9").await;
        end(&mut receive).await;
        send.send_data(Bytes::new(), true).unwrap();
        assert!(tokio::task::spawn_blocking(|| program.wait()).await.unwrap().success());
    });
}

#[test]
fn the_end_of_a_stream_is_its_own() {
    run(async |mut program| {
        let client = connect(&program).await;
        let (mut one, mut to_one) = open(&client, &program).await;
        let (mut other, mut to_other) = open(&client, &program).await;
        // An unmasked frame: the peer is told, and the stream ends in order.
        send_all(&mut to_one, b"\x81\0").await;
        let close = one.data().await.expect("not the end").unwrap();
        assert_eq!((close[0], &close[2..4]), (0x88, &b"\x03\xea"[..]));
        end(&mut one).await;
        // [RFC 8441 §5]: an orderly end of the transport is END_STREAM, also without a Close frame, and is answered so.
        let (mut third, mut to_third) = open(&client, &program).await;
        to_third.send_data(Bytes::new(), true).unwrap();
        end(&mut third).await;

        send_all(&mut to_other, b"\x81\x82\0\0\0\0Hi").await;
        assert_eq!(exactly(&mut other, 4).await, b"\x81\x02Hi");
        tokio::task::spawn_blocking(move || program.wait_for_error("not masked")).await.unwrap();
    });
}

#[test]
fn who_does_not_read_is_not_read_from_and_stops_no_other() {
    run(async |program| {
        let client = connect(&program).await;
        let (_unread, mut to_slow) = open(&client, &program).await;
        let mut message = b"\x82\xfe\x40\0\0\0\0\0".to_vec();
        message.resize(message.len() + 0x4000, 0);
        let mut sent = 0;
        while timeout(Duration::from_millis(500), send_all(&mut to_slow, &message)).await.is_ok() {
            sent += 1;
        }
        // Both windows, our own buffer and the server's, of 64 KiB each, and what an answer adds.
        assert!((4..=24).contains(&sent), "{sent} messages of 16 KiB");

        let (mut receive, mut send) = open(&client, &program).await;
        let mut large = b"\x82\xff\0\0\0\0\0\x03\0\0\0\0\0\0".to_vec();
        large.resize(large.len() + 0x30000, 7);
        let answer = tokio::join!(send_all(&mut send, &large), exactly(&mut receive, 0x30000 + 10)).1;
        assert_eq!(answer[..10], *b"\x82\x7f\0\0\0\0\0\x03\0\0");
        assert!(answer[10..].iter().all(|&byte| byte == 7));
    });
}

#[test]
fn what_the_server_chooses() {
    run(async |program| {
        let client = connect(&program).await;
        let fields = [
            VERSION,
            ("sec-websocket-protocol", "chat, echo"),
            ("sec-websocket-extensions", "permessage-deflate; client_max_window_bits"),
            ("origin", &format!("http://{}", program.address)),
        ];
        let (status, answer, mut receive, mut send) =
            ask(&client, &program, "CONNECT", Some("websocket"), &fields).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(answer["sec-websocket-protocol"], "echo");
        assert!(answer["sec-websocket-extensions"].to_str().unwrap().starts_with("permessage-deflate"));
        // [RFC 7692 §7.2.3.1]; so short a message comes back as it is.
        send_all(&mut send, b"\xc1\x87\0\0\0\0\xf2\x48\xcd\xc9\xc9\x07\x00").await;
        assert_eq!(exactly(&mut receive, 7).await, b"\x81\x05Hello");
    });
}

#[test]
fn a_bad_request_is_refused_with_its_status() {
    run(async |program| {
        let client = connect(&program).await;
        let websocket = Some("websocket");
        for (method, protocol, fields, status, field) in [
            ("CONNECT", websocket, vec![("sec-websocket-version", "8")], 400, Some(VERSION)),
            ("CONNECT", websocket, vec![], 400, None),
            ("CONNECT", websocket, vec![VERSION, ("origin", "http://elsewhere.example")], 403, None),
            ("CONNECT", websocket, vec![VERSION, ("sec-websocket-protocol", "a, a")], 400, None),
            ("CONNECT", Some("connect-udp"), vec![VERSION], 501, None),
            ("GET", None, vec![], 404, None),
        ] {
            let (answered, headers, _, _) = ask(&client, &program, method, protocol, &fields).await;
            assert_eq!(answered.as_u16(), status, "{method} {fields:?}");
            if let Some((name, value)) = field {
                assert_eq!(headers[name], value);
            }
        }
    });
}

/// Runs our client; gives what it printed.
fn say(address: String, text: &'static str) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let output = Command::new(env!("CARGO_BIN_EXE_h2_client")).args([&address, text]).output().unwrap();
        format!("{}{}", String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    })
}

/// Accepts one connection of HTTP/2, and answers its first request.
async fn answer(
    listener: tokio::net::TcpListener,
    response: http::Response<()>,
) -> (RecvStream, SendStream<Bytes>) {
    let (socket, _) = listener.accept().await.unwrap();
    let mut connection =
        ::h2::server::Builder::new().enable_connect_protocol().handshake(socket).await.unwrap();
    let (request, mut respond) = connection.accept().await.unwrap().unwrap();
    tokio::spawn(async move { while connection.accept().await.is_some() {} });
    assert_eq!((request.method().as_str(), request.uri().path()), ("CONNECT", "/echo"));
    assert_eq!(request.extensions().get::<Protocol>().unwrap().as_str(), "websocket");
    assert_eq!(request.headers()["sec-websocket-version"], "13");
    assert_eq!(request.headers()["sec-websocket-protocol"], "echo");
    let send = respond.send_response(response, false).unwrap();
    (request.into_body(), send)
}

#[test]
fn our_client_speaks_with_tungstenite() {
    run(async |_| {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let client = say(listener.local_addr().unwrap().to_string(), "Grün");
        let stream = answer(listener, http::Response::new(())).await;
        bridge(stream, Role::Server, |mut socket| {
            let text = socket.read().unwrap();
            assert_eq!(text, Message::text("Grün"));
            socket.send(Message::Ping(Bytes::from_static(b"there?"))).unwrap();
            assert_eq!(socket.read().unwrap(), Message::Pong(Bytes::from_static(b"there?")));
            socket.send(text).unwrap();
            let Message::Close(Some(close)) = socket.read().unwrap() else { panic!("no Close frame") };
            assert_eq!(close.code, CloseCode::Normal);
            assert!(matches!(socket.read(), Err(Error::ConnectionClosed)));
        })
        .await;
        assert_eq!(client.join().unwrap(), "Grün\n");
    });
}

#[test]
fn our_client_holds_the_server_to_what_it_offered() {
    run(async |_| {
        for (status, field, complaint) in [
            (200, ("sec-websocket-protocol", "chat"), "subprotocol"),
            (403, ("server", "none"), "answered 403"),
        ] {
            let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
            let client = say(listener.local_addr().unwrap().to_string(), "Hello");
            let response =
                http::Response::builder().status(status).header(field.0, field.1).body(()).unwrap();
            let stream = answer(listener, response).await;
            let output = tokio::task::spawn_blocking(|| client.join().unwrap()).await.unwrap();
            assert!(output.contains(complaint), "{output}");
            drop(stream);
        }
    });
}

#[test]
fn our_client_speaks_with_our_server_compressed() {
    run(async |program| {
        let text = "to be, or not to be, that is the question; whether 'tis nobler in the mind to suffer \
                    the slings and arrows of outrageous fortune, or to take arms";
        let client = say(program.address.clone(), text);
        let output = tokio::task::spawn_blocking(|| client.join().unwrap()).await.unwrap();
        assert_eq!(output, format!("{text}\n"));
    });
}
