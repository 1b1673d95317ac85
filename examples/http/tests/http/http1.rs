//! `hyper_upgrade` and `axum_upgrade` against tungstenite, and against bytes written by hand.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::program::Program;
use tungstenite::client::IntoClientRequest;
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tungstenite::protocol::frame::{Frame, Utf8Bytes};
use tungstenite::{Bytes, Error, Message, WebSocket};

const HYPER: &str = env!("CARGO_BIN_EXE_hyper_upgrade");
const AXUM: &str = env!("CARGO_BIN_EXE_axum_upgrade");

fn both(test: impl Fn(Program)) {
    test(Program::start(HYPER));
    test(Program::start(AXUM));
}

fn tcp(program: &Program) -> TcpStream {
    let socket = TcpStream::connect(&program.address).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    socket.set_write_timeout(Some(Duration::from_secs(10))).unwrap();
    socket
}

fn connect(program: &Program) -> WebSocket<TcpStream> {
    let url = format!("ws://{}/echo", program.address);
    tungstenite::client(url, tcp(program)).unwrap().0
}

#[test]
fn messages_come_back() {
    both(|program| {
        let mut socket = connect(&program);
        let large = "ä".repeat(512 * 1024);
        let bytes: Vec<u8> = (0..1 << 20).map(|n: u32| n.to_le_bytes()[n as usize % 3]).collect();
        for message in [
            Message::text("Hello"),
            Message::text(""),
            Message::binary(vec![0, 255]),
            Message::text(large),
            Message::binary(bytes),
        ] {
            socket.send(message.clone()).unwrap();
            assert!(socket.read().unwrap() == message);
        }
    });
}

#[test]
fn fragments_come_back_as_one_message_and_a_ping_between_them_is_answered() {
    both(|program| {
        let mut socket = connect(&program);
        let frame = |bytes: &'static [u8], data, fin| {
            Message::Frame(Frame::message(Bytes::from_static(bytes), OpCode::Data(data), fin))
        };
        socket.write(frame(b"Gr\xc3", Data::Text, false)).unwrap();
        socket.write(Message::Ping(Bytes::from_static(b"there?"))).unwrap();
        socket.write(frame(b"\xbc", Data::Continue, false)).unwrap();
        socket.write(frame(b"n", Data::Continue, true)).unwrap();
        socket.flush().unwrap();
        let mut received = [socket.read().unwrap(), socket.read().unwrap()];
        received.sort_by_key(Message::is_text);
        assert_eq!(received, [Message::Pong(Bytes::from_static(b"there?")), Message::text("Grün")]);
    });
}

#[test]
fn the_client_closes() {
    both(|program| {
        let mut socket = connect(&program);
        let close = CloseFrame { code: CloseCode::Library(4000), reason: Utf8Bytes::from_static("enough") };
        socket.close(Some(close.clone())).unwrap();
        let Message::Close(Some(answer)) = socket.read().unwrap() else { panic!("no Close frame") };
        assert_eq!(answer.code, close.code);
        assert!(matches!(socket.read(), Err(Error::ConnectionClosed)));
    });
}

#[test]
fn the_server_closes_when_it_is_told_to_stop() {
    both(|program| {
        let mut busy = connect(&program);
        busy.send(Message::text("before")).unwrap();
        assert_eq!(busy.read().unwrap(), Message::text("before"));
        let mut idle_http = tcp(&program);
        idle_http.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
        assert!(head(&mut idle_http).starts_with("HTTP/1.1 "));

        program.terminate();
        let Message::Close(Some(close)) = busy.read().unwrap() else { panic!("no Close frame") };
        assert_eq!(close.code, CloseCode::Away);
        assert!(matches!(busy.read(), Err(Error::ConnectionClosed)));
        drop(busy);
        let body = rest(&mut idle_http);
        assert!(body.len() < 50, "the page alone, and the end");
        assert!(program.wait().success());
    });
}

#[test]
fn what_a_client_says_behind_our_close_frame_does_no_harm() {
    both(|program| {
        let mut socket = opened(&program, "");
        program.terminate();
        assert_eq!(exactly(&mut socket, 4), b"\x88\x02\x03\xe9");
        socket.write_all(b"\x81\x80\0\0\0\0\x88\x82\0\0\0\0\x03\xe9").unwrap();
        assert_eq!(rest(&mut socket), b"");
        drop(socket);
        assert!(program.wait().success());
    });
}

#[test]
fn a_broken_rule_is_told_before_the_end_and_is_seen() {
    both(|mut program| {
        for (frame, code) in [
            (&b"\x81\x81\0\0\0\0\xff"[..], 1007_u16),        // not UTF-8
            (b"\x82\xff\0\0\0\0\0\x10\0\x01\0\0\0\0", 1009), // a byte over 1 MiB
            (b"\x81\x05Hello", 1002),                        // not masked
        ] {
            let mut socket = opened(&program, "");
            socket.write_all(frame).unwrap();
            let answer = rest(&mut socket);
            assert_eq!(answer[..1], [0x88]);
            assert_eq!(answer[2..4], code.to_be_bytes());
        }
        program.wait_for_error("not masked");
    });
}

#[test]
fn frames_may_come_with_the_handshake() {
    both(|program| {
        let mut socket = tcp(&program);
        let mut bytes = request(&program, "").into_bytes();
        bytes.extend(b"\x81\x82\0\0\0\0Hi");
        socket.write_all(&bytes).unwrap();
        assert!(head(&mut socket).starts_with("HTTP/1.1 101 "));
        assert_eq!(exactly(&mut socket, 4), b"\x81\x02Hi");
    });
}

#[test]
fn the_servers_choice_of_subprotocols() {
    both(|program| {
        for (offered, chosen) in [("chat, echo", Some("echo")), ("chat", None)] {
            let mut request = format!("ws://{}/echo", program.address).into_client_request().unwrap();
            request.headers_mut().insert("sec-websocket-protocol", offered.parse().unwrap());
            // tungstenite itself fails where none is chosen.
            match tungstenite::client(request, tcp(&program)) {
                Ok((_, response)) => {
                    let header = response.headers().get("sec-websocket-protocol").unwrap();
                    assert_eq!(Some(header.to_str().unwrap()), chosen);
                }
                Err(_) => assert_eq!(chosen, None),
            }
        }
    });
}

#[test]
fn messages_are_compressed_where_that_is_agreed_on() {
    both(|program| {
        let mut socket = tcp(&program);
        let offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";
        socket.write_all(request(&program, offer).as_bytes()).unwrap();
        let head = head(&mut socket).to_ascii_lowercase();
        assert!(head.contains("\r\nsec-websocket-extensions: permessage-deflate"), "{head}");

        // [RFC 7692 §7.2.3.1]; so short a message comes back as it is.
        socket.write_all(b"\xc1\x87\0\0\0\0\xf2\x48\xcd\xc9\xc9\x07\x00").unwrap();
        assert_eq!(exactly(&mut socket, 7), b"\x81\x05Hello");

        let text = "to be, or not to be, ".repeat(50);
        socket.write_all(b"\x81\xfe\x04\x1a\0\0\0\0").unwrap();
        socket.write_all(text.as_bytes()).unwrap();
        let header = exactly(&mut socket, 2);
        assert_eq!(header[0], 0xc1);
        let length = usize::from(header[1]);
        assert!(length < 126);
        let mut payload = exactly(&mut socket, length);
        payload.extend_from_slice(b"\0\0\xff\xff\x01\0\0\xff\xff");
        let plain = miniz_oxide::inflate::decompress_to_vec(&payload).unwrap();
        assert_eq!(String::from_utf8(plain).unwrap(), text);
    });
}

#[test]
fn a_bad_handshake_is_refused_with_its_status() {
    both(|program| {
        let good = request(&program, "");
        for (from, to, status, field) in [
            ("Version: 13", "Version: 8", 426, "sec-websocket-version: 13"),
            ("dGhlIHNhbXBsZSBub25jZQ==", "c2hvcnQ=", 400, ""),
            ("Connection: Upgrade", "Connection: close", 400, ""),
            ("GET ", "POST ", 405, "allow: get\r\n"),
            ("\r\n\r\n", "\r\nOrigin: http://elsewhere.example\r\n\r\n", 403, ""),
            ("\r\n\r\n", "\r\nSec-WebSocket-Protocol: echo, echo\r\n\r\n", 400, ""),
            ("Upgrade: websocket", "Accept: text/html", 426, "upgrade: websocket"),
        ] {
            let bad = good.replace(from, to);
            assert_ne!(bad, good);
            let mut socket = tcp(&program);
            socket.write_all(bad.as_bytes()).unwrap();
            let head = head(&mut socket).to_ascii_lowercase();
            assert!(head.starts_with(&format!("http/1.1 {status} ")), "{to}: {head}");
            assert!(head.contains(field), "{to}: {head}");
        }
        let mut socket = tcp(&program);
        socket
            .write_all(
                good.replace("\r\n\r\n", &format!("\r\nOrigin: http://{}\r\n\r\n", program.address))
                    .as_bytes(),
            )
            .unwrap();
        assert!(head(&mut socket).starts_with("HTTP/1.1 101 "));
    });
}

#[test]
fn axum_serves_a_page_on_the_same_port() {
    let program = Program::start(AXUM);
    let mut socket = tcp(&program);
    socket.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
    let answer = String::from_utf8(rest(&mut socket)).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("/echo"), "{answer}");
}

#[test]
fn a_head_may_not_be_longer_than_its_limit() {
    both(|program| {
        let mut socket = tcp(&program);
        let _ = socket
            .write_all(format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "a".repeat(20_000)).as_bytes());
        assert!(head(&mut socket).starts_with("HTTP/1.1 431 "));
    });
}

#[test]
fn there_is_an_end_to_connections() {
    let program = Program::start(HYPER);
    let mut one = opened(&program, "");
    let _others: Vec<_> = (0..499).map(|_| tcp(&program)).collect();
    let mut one_too_many = tcp(&program);
    // At once, not when its time is over.
    one_too_many.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    assert_eq!(rest(&mut one_too_many), b"");
    one.write_all(b"\x81\x82\0\0\0\0Hi").unwrap();
    assert_eq!(exactly(&mut one, 4), b"\x81\x02Hi");
}

/// An opening handshake, and more lines of its head.
fn request(program: &Program, lines: &str) -> String {
    format!(
        "GET /echo HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{lines}\r\n",
        program.address
    )
}

/// A connection after its opening handshake.
fn opened(program: &Program, lines: &str) -> TcpStream {
    let mut socket = tcp(program);
    socket.write_all(request(program, lines).as_bytes()).unwrap();
    assert!(head(&mut socket).contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    socket
}

fn head(socket: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.extend(exactly(socket, 1));
    }
    String::from_utf8(head).unwrap()
}

fn exactly(socket: &mut TcpStream, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    socket.read_exact(&mut bytes).unwrap();
    bytes
}

fn rest(socket: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    socket.read_to_end(&mut bytes).unwrap();
    bytes
}
