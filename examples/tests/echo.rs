//! The echo servers, each as the program it is, on a free port, against an independent implementation.

mod common;

use std::io::Write;
use std::net::TcpStream;
use std::process::Command;

use common::servers::{
    keeps_to_the_rules, says_why_it_refuses, serves_echoes, waits_for_those_that_do_not_read,
};
use common::{Program, connect};
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::{Error, Message};

const ECHO_STD: &str = env!("CARGO_BIN_EXE_echo_std");
const ECHO_TURN: &str = env!("CARGO_BIN_EXE_echo_turn");
const ECHO_TOKIO: &str = env!("CARGO_BIN_EXE_echo_tokio");
const ECHO_MIO: &str = env!("CARGO_BIN_EXE_echo_mio");
const EMBEDDED_IO: &str = env!("CARGO_BIN_EXE_embedded_io");
const AUTOBAHN_SERVER: &str = env!("CARGO_BIN_EXE_autobahn_server");

#[test]
fn echo_std_serves_echoes() {
    serves_echoes(ECHO_STD);
}

#[test]
fn echo_std_keeps_to_the_rules() {
    keeps_to_the_rules(ECHO_STD);
}

#[test]
fn echo_turn_serves_echoes() {
    serves_echoes(ECHO_TURN);
}

#[test]
fn echo_turn_keeps_to_the_rules() {
    keeps_to_the_rules(ECHO_TURN);
}

#[test]
fn echo_tokio_serves_echoes() {
    serves_echoes(ECHO_TOKIO);
}

#[test]
fn echo_tokio_keeps_to_the_rules() {
    keeps_to_the_rules(ECHO_TOKIO);
}

#[test]
fn echo_mio_serves_echoes() {
    serves_echoes(ECHO_MIO);
}

#[test]
fn echo_mio_keeps_to_the_rules() {
    keeps_to_the_rules(ECHO_MIO);
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
    keeps_to_the_rules(EMBEDDED_IO);
}

#[test]
fn echo_tokio_says_why_it_refuses() {
    says_why_it_refuses(ECHO_TOKIO);
}

#[test]
fn echo_mio_says_why_it_refuses() {
    says_why_it_refuses(ECHO_MIO);
}

#[test]
fn echo_tokio_closes_all_when_it_is_interrupted() {
    echo_tokio_closes_all_by("INT");
}

#[test]
fn echo_tokio_closes_all_when_it_is_terminated() {
    echo_tokio_closes_all_by("TERM");
}

/// Told to end, it begins the closing handshake with each client, and waits for the answers.
fn echo_tokio_closes_all_by(signal: &str) {
    let (program, address) = Program::serve(ECHO_TOKIO);
    let mut sockets: Vec<_> = (0..3).map(|_| connect(&address)).collect();
    for socket in &mut sockets {
        socket.send(Message::text("Hello")).unwrap();
        assert_eq!(socket.read().unwrap(), Message::text("Hello"));
    }
    let kill = format!("kill -{signal} {}", program.0.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    for socket in &mut sockets {
        let Message::Close(Some(close)) = socket.read().unwrap() else { panic!("a Close frame") };
        assert_eq!(close.code, CloseCode::Away);
        assert!(matches!(socket.read(), Err(Error::ConnectionClosed)));
    }
    drop(sockets);
    assert!(program.end().0);
    assert!(TcpStream::connect(&address).is_err());
}
