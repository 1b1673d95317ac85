//! The echo servers, each as the program it is, on a free port, against an independent implementation.

mod common;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use common::{Program, UPGRADE, connect, exchange, tcp};
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::{Error, Message};

const ECHO_STD: &str = env!("CARGO_BIN_EXE_echo_std");
const ECHO_TURN: &str = env!("CARGO_BIN_EXE_echo_turn");
const ECHO_TOKIO: &str = env!("CARGO_BIN_EXE_echo_tokio");
const ECHO_MIO: &str = env!("CARGO_BIN_EXE_echo_mio");
const EMBEDDED_IO: &str = env!("CARGO_BIN_EXE_embedded_io");
const AUTOBAHN_SERVER: &str = env!("CARGO_BIN_EXE_autobahn_server");

fn serves_echoes(path: &str) {
    let (_program, address) = Program::serve(path);

    let mut socket = connect(&address);
    let messages = [
        Message::text("Hello"),
        Message::text("κόσμε".repeat(10_000)),
        Message::binary((0..=255).cycle().take(300_000).collect::<Vec<u8>>()),
        Message::text(""),
    ];
    for message in &messages {
        socket.send(message.clone()).unwrap();
        assert_eq!(socket.read().unwrap(), *message);
    }
    // Each Ping has its Pong, in its place.
    for message in [Message::Ping("one".into()), Message::Ping("two".into()), Message::text("three")] {
        socket.write(message).unwrap();
    }
    socket.flush().unwrap();
    assert_eq!(socket.read().unwrap(), Message::Pong("one".into()));
    assert_eq!(socket.read().unwrap(), Message::Pong("two".into()));
    assert_eq!(socket.read().unwrap(), Message::text("three"));
    // It is the server that ends the transport.
    socket.close(Some(CloseFrame { code: CloseCode::Normal, reason: "bye".into() })).unwrap();
    let Message::Close(Some(close)) = socket.read().unwrap() else { panic!("a Close frame") };
    assert_eq!(close.code, CloseCode::Normal);
    assert!(matches!(socket.read(), Err(Error::ConnectionClosed)));
}

/// `page_status` is what a request of plain HTTP is answered.
fn keeps_to_the_rules(path: &str, page_status: &str) {
    let (_program, address) = Program::serve(path);

    // Frames that come with the request, and are cut anywhere: "Hello" and a Close frame, masked with zeros.
    let frames = [b"\x81\x85\0\0\0\0Hello".as_slice(), b"\x88\x82\0\0\0\0\x03\xe8"].concat();
    let all = [UPGRADE, &frames].concat();
    for at in [all.len(), all.len() - 1, UPGRADE.len() - 1, UPGRADE.len() + 3, 9] {
        let (front, back) = all.split_at(at);
        let answer = exchange(&address, &[front, back]);
        assert!(answer.starts_with(b"HTTP/1.1 101 "));
        assert!(answer.ends_with(b"\r\n\r\n\x81\x05Hello\x88\x02\x03\xe8"), "{answer:02x?}");
    }
    // A frame that is not masked, and more bytes that nobody reads: the Close frame arrives in spite of them.
    let noise = vec![0; 100_000];
    let answer = exchange(&address, &[UPGRADE, b"\x81\x05Hello", &noise]);
    let close = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap() + 4;
    assert_eq!((answer[close], answer[close + 2], answer[close + 3]), (0x88, 0x03, 0xEA), "1002");

    let page = exchange(&address, &[b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n"]);
    assert!(page.starts_with(format!("HTTP/1.1 {page_status} ").as_bytes()));
    let old = String::from_utf8_lossy(UPGRADE).replace("Version: 13", "Version: 8");
    assert!(exchange(&address, &[old.as_bytes()]).starts_with(b"HTTP/1.1 426 "));
    assert!(exchange(&address, &[&[b'x'; 8192]]).starts_with(b"HTTP/1.1 431 "));
}

#[test]
fn echo_std_serves_echoes() {
    serves_echoes(ECHO_STD);
}

#[test]
fn echo_std_keeps_to_the_rules() {
    keeps_to_the_rules(ECHO_STD, "426");
}

#[test]
fn echo_turn_serves_echoes() {
    serves_echoes(ECHO_TURN);
}

#[test]
fn echo_turn_keeps_to_the_rules() {
    keeps_to_the_rules(ECHO_TURN, "404");
}

#[test]
fn echo_tokio_serves_echoes() {
    serves_echoes(ECHO_TOKIO);
}

#[test]
fn echo_tokio_keeps_to_the_rules() {
    keeps_to_the_rules(ECHO_TOKIO, "404");
}

#[test]
fn echo_mio_serves_echoes() {
    serves_echoes(ECHO_MIO);
}

#[test]
fn echo_mio_keeps_to_the_rules() {
    keeps_to_the_rules(ECHO_MIO, "404");
}

/// Who does not read is not heard: its bytes stay where they are, and others are served meanwhile.
fn waits_for_those_that_do_not_read(path: &str) {
    let (_program, address) = Program::serve(path);
    let mut silent = tcp(&address);
    silent.write_all(UPGRADE).unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        silent.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    // Until nothing has moved for a while: what lies between, and one message that the server has, are full.
    let payload = vec![7; 500_000];
    let frame = [b"\x82\xff\0\0\0\0\0\x07\xa1\x20\0\0\0\0".as_slice(), &payload].concat();
    silent.set_nonblocking(true).unwrap();
    let (mut written, mut last_progress) = (0, Instant::now());
    while last_progress.elapsed() < Duration::from_millis(500) {
        match silent.write(&frame[written % frame.len()..]) {
            Ok(n) => (written, last_progress) = (written + n, Instant::now()),
            Err(_) => std::thread::sleep(Duration::from_millis(5)),
        }
        assert!(written < 100_000_000, "one who reads nothing is heard");
    }
    let mut other = connect(&address);
    other.send(Message::text("served")).unwrap();
    assert_eq!(other.read().unwrap(), Message::text("served"));
    // Once it reads, nothing is lost.
    silent.set_nonblocking(false).unwrap();
    let mut writer = silent.try_clone().unwrap();
    let rest = frame[written % frame.len()..].to_vec();
    let messages = (written + rest.len()) / frame.len();
    std::thread::spawn(move || writer.write_all(&rest).unwrap());
    for _ in 0..messages {
        let mut echo = vec![0; 10 + payload.len()];
        silent.read_exact(&mut echo).unwrap();
        assert!(echo[..10] == *b"\x82\x7f\0\0\0\0\0\x07\xa1\x20" && echo[10..] == payload);
    }
}

#[test]
fn echo_mio_waits_for_those_that_do_not_read() {
    waits_for_those_that_do_not_read(ECHO_MIO);
}

#[test]
fn echo_tokio_waits_for_those_that_do_not_read() {
    waits_for_those_that_do_not_read(ECHO_TOKIO);
}

#[test]
fn autobahn_server_takes_large_messages() {
    serves_echoes(AUTOBAHN_SERVER);
    let (_program, address) = Program::serve(AUTOBAHN_SERVER);
    let mut socket = connect(&address);
    let message = Message::binary(vec![7; 4 << 20]);
    socket.send(message.clone()).unwrap();
    assert!(socket.read().unwrap() == message);
}

/// [`ECHO_STD`] has the limits that nobody raised.
#[test]
fn echo_std_refuses_large_messages() {
    let (_program, address) = Program::serve(ECHO_STD);
    let mut socket = connect(&address);
    // The header alone: 2 MiB of binary, masked.
    socket.get_mut().write_all(b"\x82\xff\0\0\0\0\0\x20\0\0\0\0\0\0").unwrap();
    let Message::Close(Some(close)) = socket.read().unwrap() else { panic!("a Close frame") };
    assert_eq!(close.code, CloseCode::Size);
}

/// With its 2 KiB for each connection; and one after another, of which it serves four at a time.
#[test]
fn embedded_io_serves_echoes() {
    let (_program, address) = Program::serve(EMBEDDED_IO);
    for _ in 0..3 {
        let mut sockets: Vec<_> = (0..4).map(|_| connect(&address)).collect();
        for socket in &mut sockets {
            for message in [
                Message::text("Hello"),
                Message::text(""),
                Message::text("κόσμε".repeat(190)),
                Message::binary(vec![7; 2048 - 131]),
            ] {
                socket.send(message.clone()).unwrap();
                assert_eq!(socket.read().unwrap(), message);
            }
            socket.send(Message::Ping("one".into())).unwrap();
            assert_eq!(socket.read().unwrap(), Message::Pong("one".into()));
        }
        for socket in &mut sockets {
            socket.close(Some(CloseFrame { code: CloseCode::Normal, reason: "bye".into() })).unwrap();
            let Message::Close(Some(close)) = socket.read().unwrap() else { panic!("a Close frame") };
            assert_eq!(close.code, CloseCode::Normal);
            assert!(matches!(socket.read(), Err(Error::ConnectionClosed)));
        }
    }
    let mut socket = connect(&address);
    socket.send(Message::binary(vec![7; 2048 - 130])).unwrap();
    let Message::Close(Some(close)) = socket.read().unwrap() else { panic!("a Close frame") };
    assert_eq!(close.code, CloseCode::Size);
}

#[test]
fn embedded_io_keeps_to_the_rules() {
    keeps_to_the_rules(EMBEDDED_IO, "404");
}

/// Told to end, it begins the closing handshake with each client, and waits for the answers.
#[test]
fn echo_tokio_closes_all_when_it_is_to_end() {
    let (program, address) = Program::serve(ECHO_TOKIO);
    let mut sockets: Vec<_> = (0..3).map(|_| connect(&address)).collect();
    for socket in &mut sockets {
        socket.send(Message::text("Hello")).unwrap();
        assert_eq!(socket.read().unwrap(), Message::text("Hello"));
    }
    let interrupt =
        Command::new("sh").args(["-c", &format!("kill -INT {}", program.0.id())]).status().unwrap();
    assert!(interrupt.success());
    for socket in &mut sockets {
        let Message::Close(Some(close)) = socket.read().unwrap() else { panic!("a Close frame") };
        assert_eq!(close.code, CloseCode::Away);
        assert!(matches!(socket.read(), Err(Error::ConnectionClosed)));
    }
    drop(sockets);
    assert!(program.end().0);
    assert!(TcpStream::connect(&address).is_err());
}
