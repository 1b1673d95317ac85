//! `proxy` between a client and a server, both by an independent implementation.

mod common;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use common::{Program, UPGRADE, accept, connect, exchange};
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::protocol::{CloseFrame, WebSocket, WebSocketConfig};
use tungstenite::{Error, Message};

/// The proxy, a client on one side of it and a server on the other.
struct Path {
    proxy: Program,
    client: WebSocket<TcpStream>,
    server: WebSocket<TcpStream>,
}

impl Path {
    fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let upstream = listener.local_addr().unwrap().to_string();
        let (proxy, address) = Program::serve_with(env!("CARGO_BIN_EXE_proxy"), &[&upstream]);
        let client = thread::spawn(move || connect(&address));
        let (mut server, target) = accept(&listener);
        assert_eq!(target, "/");
        let mut client = client.join().unwrap();
        let unlimited =
            |config: &mut WebSocketConfig| (config.max_message_size, config.max_frame_size) = (None, None);
        client.set_config(unlimited);
        server.set_config(unlimited);
        Self { proxy, client, server }
    }

    /// The most memory that the proxy ever had, in bytes.
    fn peak(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.proxy.0.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
    }
}

#[test]
fn messages_pass_in_both_directions() {
    let Path { mut client, mut server, proxy: _proxy } = Path::open();
    for message in [
        Message::text("Hello"),
        Message::text(""),
        Message::text("κόσμε".repeat(30_000)),
        Message::binary((0..=255).cycle().take(300_000).collect::<Vec<u8>>()),
    ] {
        let sent = message.clone();
        let sender = thread::spawn(move || client.send(sent).map(|()| client).unwrap());
        assert!(server.read().unwrap() == message);
        client = sender.join().unwrap();
        let sent = message.clone();
        let sender = thread::spawn(move || server.send(sent).map(|()| server).unwrap());
        assert!(client.read().unwrap() == message);
        server = sender.join().unwrap();
    }
}

/// A message of 256 MiB in one frame, through less than 4 MiB more than the proxy had before.
#[test]
fn a_message_larger_than_its_memory_passes() {
    let mut path = Path::open();
    path.client.send(Message::text("first")).unwrap();
    assert_eq!(path.server.read().unwrap(), Message::text("first"));
    let before = path.peak();

    let message: Vec<u8> = (0..=250).cycle().take(256 << 20).collect();
    let sent = Message::binary(message.clone());
    let mut client = path.client;
    let sender = thread::spawn(move || client.send(sent).map(|()| client).unwrap());
    assert!(path.server.read().unwrap().into_data() == message);
    path.client = sender.join().unwrap();
    let growth = path.peak() - before;
    assert!(growth < 4 << 20, "{growth} bytes");
}

/// Who does not take holds up who sends, and nothing is kept between them.
#[test]
fn a_server_that_does_not_read_holds_up_its_client() {
    let mut path = Path::open();
    let before = path.peak();
    let mut client = path.client.get_ref().try_clone().unwrap();
    client.set_nonblocking(true).unwrap();
    let frame = [b"\x82\xff\0\0\0\0\0\x01\0\0\0\0\0\0".as_slice(), &vec![7; 65_536]].concat();
    let (mut written, mut last_progress) = (0, Instant::now());
    while last_progress.elapsed() < Duration::from_millis(500) {
        match client.write(&frame[written % frame.len()..]) {
            Ok(n) => (written, last_progress) = (written + n, Instant::now()),
            Err(_) => thread::sleep(Duration::from_millis(5)),
        }
        assert!(written < 100_000_000, "one whom nobody hears is read from");
    }
    assert!(path.peak() - before < 1 << 20);
    // The other direction is not held up, and once the server reads, nothing is lost.
    path.server.send(Message::text("news")).unwrap();
    client.set_nonblocking(false).unwrap();
    assert_eq!(path.client.read().unwrap(), Message::text("news"));
    for _ in 0..written / frame.len() {
        assert!(path.server.read().unwrap().into_data() == frame[14..]);
    }
}

#[test]
fn each_side_has_its_own_control_frames() {
    let Path { mut client, mut server, proxy: _proxy } = Path::open();
    client.send(Message::Ping("client".into())).unwrap();
    assert_eq!(client.read().unwrap(), Message::Pong("client".into()));
    server.send(Message::Ping("server".into())).unwrap();
    assert_eq!(server.read().unwrap(), Message::Pong("server".into()));
    // And neither heard of the other's. It is the proxy that ends the client's transport, and the server the proxy's.
    let bye = CloseFrame { code: CloseCode::Library(4000), reason: "bye".into() };
    client.close(Some(bye.clone())).unwrap();
    assert_eq!(server.read().unwrap(), Message::Close(Some(bye.clone())));
    let Message::Close(Some(close)) = client.read().unwrap() else { panic!("a Close frame") };
    assert_eq!(close.code, bye.code);
    assert!(matches!(server.read(), Err(Error::ConnectionClosed)));
    assert!(matches!(client.read(), Err(Error::ConnectionClosed)));
}

#[test]
fn a_server_may_close_too() {
    let Path { mut client, mut server, proxy: _proxy } = Path::open();
    server.close(Some(CloseFrame { code: CloseCode::Restart, reason: "soon back".into() })).unwrap();
    let Message::Close(Some(close)) = client.read().unwrap() else { panic!("a Close frame") };
    assert_eq!((close.code, &*close.reason), (CloseCode::Restart, "soon back"));
    assert!(matches!(client.read(), Err(Error::ConnectionClosed)));
    assert!(matches!(server.read(), Ok(Message::Close(_))));
    assert!(matches!(server.read(), Err(Error::ConnectionClosed)));
}

#[test]
fn a_fault_is_told_to_who_made_it_and_the_other_is_closed() {
    let Path { mut client, mut server, proxy: _proxy } = Path::open();
    client.get_mut().write_all(b"\x81\x02hi and no mask").unwrap();
    let Message::Close(Some(close)) = client.read().unwrap() else { panic!("a Close frame") };
    assert_eq!(close.code, CloseCode::Protocol);
    let Message::Close(Some(close)) = server.read().unwrap() else { panic!("a Close frame") };
    assert_eq!(close.code, CloseCode::Away);
}

#[test]
fn who_is_left_alone_is_told() {
    let Path { mut client, server, proxy: _proxy } = Path::open();
    drop(server);
    let Message::Close(Some(close)) = client.read().unwrap() else { panic!("a Close frame") };
    assert_eq!(close.code, CloseCode::Away);
}

#[test]
fn without_a_server_there_is_no_connection() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let (_proxy, address) = Program::serve_with(env!("CARGO_BIN_EXE_proxy"), &[&nobody]);
    assert!(exchange(&address, &[UPGRADE]).starts_with(b"HTTP/1.1 502 "));
    let page = exchange(&address, &[b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n"]);
    assert!(page.starts_with(b"HTTP/1.1 426 "));
}

/// Who has to log in, or to go elsewhere, is told so by upstream and not by the proxy.
#[test]
fn a_refusal_is_passed_on_as_it_is() {
    for (answer, expected) in [
        (
            "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer\r\nContent-Length: 9\r\n\r\nlog in!\r\n",
            ["HTTP/1.1 401 ", "\r\nWWW-Authenticate: Bearer\r\n", "\r\n\r\nlog in!\r\n"],
        ),
        (
            "HTTP/1.1 302 Found\r\nLocation: /login\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhere\r\n0\r\n\r\n",
            ["HTTP/1.1 302 ", "\r\nLocation: /login\r\n", "\r\n\r\nhere"],
        ),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let upstream = listener.local_addr().unwrap().to_string();
        let (_proxy, address) = Program::serve_with(env!("CARGO_BIN_EXE_proxy"), &[&upstream]);
        let server = thread::spawn(move || {
            let mut stream = listener.accept().unwrap().0;
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                head.extend(byte);
            }
            stream.write_all(answer.as_bytes()).unwrap();
            String::from_utf8(head).unwrap()
        });
        let fields = b"Cookie: a=b\r\nOrigin: https://elsewhere.example\r\nAuthorization: Bearer x\r\n\r\n";
        let received = exchange(&address, &[&UPGRADE[..UPGRADE.len() - 2], fields]);
        let received = String::from_utf8(received).unwrap();
        assert!(received.starts_with(expected[0]), "{received}");
        assert!(received.contains(expected[1]) && received.ends_with(expected[2]), "{received}");
        let asked = server.join().unwrap();
        assert!(asked.starts_with("GET /echo HTTP/1.1\r\nHost: example.com\r\n"), "{asked}");
        for field in ["Cookie: a=b", "Origin: https://elsewhere.example", "Authorization: Bearer x"] {
            assert!(asked.to_lowercase().contains(&format!("\r\n{}\r\n", field.to_lowercase())), "{asked}");
        }
    }
}
