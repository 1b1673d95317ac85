//! Compressed messages: to whom, which, and what is in them.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};
use wsproto::connection::Sender;
use wsproto::deflate::{Inflater, Parameters, Policy, WindowBits};
use wsproto::{Client, MaskingKey};

use crate::rig::Server;

const OFFER: &str = "Sec-WebSocket-Protocol: json-delta\r\nSec-WebSocket-Extensions: permessage-deflate\r\n";
const ANSWER: &str = "\r\nSec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n";
const COMPRESSED_TEXT: u8 = 0xC1;
const PLAIN_TEXT: u8 = 0x81;

/// The next frame's first byte, and the JSON in it.
fn next(stream: &mut TcpStream) -> (u8, Value) {
    let mut header = [0; 2];
    stream.read_exact(&mut header).expect("a header");
    let mut len = usize::from(header[1]);
    if len == 126 {
        let mut long = [0; 2];
        stream.read_exact(&mut long).expect("a length");
        len = u16::from_be_bytes(long).into();
    }
    let mut payload = vec![0; len];
    stream.read_exact(&mut payload).expect("a payload");
    if header[0] == COMPRESSED_TEXT {
        let mut plain = vec![0; 1 << 16];
        // A new one each time: no message refers to another.
        let inflated =
            Inflater::new(WindowBits::MAX, false).inflate(&payload, true, &mut plain).expect("valid");
        assert!(inflated.is_done && inflated.written > len, "it has shrunk");
        payload = plain[..inflated.written].to_vec();
    }
    (header[0], serde_json::from_slice(&payload).expect("JSON"))
}

/// The next frame that has this field.
fn next_with(stream: &mut TcpStream, field: &str) -> (u8, Value) {
    loop {
        let (first, value) = next(stream);
        if value.get(field).is_some() {
            return (first, value);
        }
    }
}

#[test]
fn it_is_agreed_on_unless_told_otherwise() {
    assert!(Server::start(&[]).upgrade("/ws", OFFER).contains(ANSWER));
    let answer = Server::start(&["--no-compression"]).upgrade("/ws", OFFER);
    assert!(answer.starts_with("HTTP/1.1 101 ") && !answer.contains("permessage-deflate"), "{answer}");
}

#[test]
fn those_who_agreed_get_the_same_as_those_who_did_not() {
    let server = Server::start(&[]);
    let mut compressed = server.raw(OFFER);
    next_with(&mut compressed, "msg"); // it is in the room
    let (mut plain, _) = server.join("json-delta");
    let text = "again and ".repeat(40);
    plain.post("Ann", &text);
    let (first, value) = next_with(&mut compressed, "new");
    assert_eq!(first, COMPRESSED_TEXT);
    assert_eq!(value["new"][0]["text"], text);
    assert_eq!(value, plain.next_with("new"));

    // So does a newcomer.
    let (first, value) = next_with(&mut server.raw(OFFER), "msg");
    assert_eq!(first, COMPRESSED_TEXT);
    assert_eq!(value["msg"][0]["text"], text);
}

#[test]
fn a_compressed_post_is_read() {
    let server = Server::start(&[]);
    let (mut plain, _) = server.join("json-delta");
    let mut compressed = server.raw(OFFER);
    let text = "again and ".repeat(40);
    let agreed = Parameters { client_no_context_takeover: true, ..Parameters::default() };
    let client = Client::new(|| MaskingKey::new([1, 2, 3, 4]));
    let mut sender = Sender::new(client).with_deflate(agreed, Policy::new());
    for _ in 0..2 {
        let mut frame = Vec::new();
        let post = json!({ "user": "Bob", "text": text }).to_string();
        sender.frame().append(&post, &mut frame).unwrap();
        assert!(frame.len() < 100, "it has shrunk");
        compressed.write_all(&frame).expect("sent");
        assert_eq!(plain.next_with("new")["new"][0]["text"], text);
    }
}

#[test]
fn what_is_short_goes_as_it_is() {
    let server = Server::start(&[]);
    let mut stream = server.raw(OFFER);
    assert_eq!(next_with(&mut stream, "msg").0, PLAIN_TEXT, "an empty history");
    let (mut other, _) = server.join("json-delta");
    assert_eq!(next_with(&mut stream, "online").0, PLAIN_TEXT);
    other.post("Ann", "Hi");
    assert_eq!(next_with(&mut stream, "new").0, PLAIN_TEXT);
}

#[test]
fn what_grows_too_large_when_decompressed_closes_the_connection() {
    let server = Server::start(&[]);
    let mut stream = server.raw(OFFER);
    next_with(&mut stream, "msg");
    let mut frame = Vec::new();
    let agreed = Parameters { client_no_context_takeover: true, ..Parameters::default() };
    let client = Client::new(|| MaskingKey::new([1, 2, 3, 4]));
    let mut sender = Sender::new(client).with_deflate(agreed, Policy::new());
    sender.frame().append(&" ".repeat(100_000), &mut frame).unwrap();
    assert!(frame.len() < 1000);
    stream.write_all(&frame).expect("sent");
    server.wait_for_log("code=1009");
}
