//! Heads of many lines, and long lists.

use std::hint::black_box;

use wsproto::deflate::Policy;
use wsproto::handshake::{
    ClientHandshake, HeadLimits, Offer, Request, RequestDecoder, Response, ResponseDecoder, extensions,
    permessage_deflate,
};

use crate::measured;
use crate::peer::fill;

const NO_LIMITS: HeadLimits = HeadLimits::DEFAULT.with_bytes(usize::MAX).with_fields(usize::MAX);

pub fn request_byte_by_byte(bytes: usize) {
    request(&[request_head("", b""), fill(b"X: a field\r\n", bytes), b"\r\n".to_vec()].concat(), 1);
}

pub fn long_line_byte_by_byte(bytes: usize) {
    request(&[request_head("X: ", &fill(b"a", bytes)), b"\r\n".to_vec()].concat(), 1);
}

pub fn commas_in_extensions(bytes: usize) {
    let list = [fill(b", ", bytes), b"a".to_vec()].concat();
    request(&[request_head("Sec-WebSocket-Extensions: ", &list), b"\r\n".to_vec()].concat(), usize::MAX);
}

pub fn quoted_parameters(bytes: usize) {
    let list = [b"a".to_vec(), fill(b"; b=\"\\1\\2\\3\"", bytes)].concat();
    request(&[request_head("Sec-WebSocket-Extensions: ", &list), b"\r\n".to_vec()].concat(), usize::MAX);
}

pub fn offers_to_decline(bytes: usize) {
    let list = fill(b"permessage-deflate; server_max_window_bits=16, ", bytes);
    let offers = extensions::parse([&list[..]]).expect("a list");
    measured(&mut || {
        assert!(black_box(permessage_deflate::accept(offers.clone(), &Policy::new())).is_none());
    });
}

pub fn offers_that_an_answer_fits(bytes: usize) {
    let list = fill(b"permessage-deflate; client_no_context_takeover, ", bytes);
    let offers = extensions::parse([&list[..]]).expect("a list");
    let answer = extensions::parse([&b"permessage-deflate"[..]]).expect("a list");
    measured(&mut || {
        assert!(black_box(permessage_deflate::verify(offers.clone(), answer.clone())).is_ok());
    });
}

pub fn response_byte_by_byte(bytes: usize) {
    let head = [
        &b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"[..],
        b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n",
        &fill(b"X: a field\r\n", bytes),
        b"\r\n",
    ]
    .concat();
    let offer = Offer::new("example.com", "/");
    let handshake = ClientHandshake::new(offer, *b"the sample nonce").expect("a request");
    let mut decoder = ResponseDecoder::with_limits(handshake, NO_LIMITS);
    let mut is_open = false;
    measured(&mut || {
        for len in 0..=head.len() {
            let found = decoder.decode(&head[..len]).expect("a response");
            is_open = found.is_some_and(|found| matches!(found.response(&head), Response::WebSocket(_)));
        }
    });
    assert!(is_open);
}

/// A request's head but for its last line.
fn request_head(name: &str, value: &[u8]) -> Vec<u8> {
    let head = b"GET / HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
    let line = if name.is_empty() { Vec::new() } else { [name.as_bytes(), value, b"\r\n"].concat() };
    [&head[..], &line].concat()
}

/// Decodes a head that comes `read` bytes at a time, and looks at all that is in it.
fn request(head: &[u8], read: usize) {
    let mut decoder = RequestDecoder::with_limits(NO_LIMITS);
    let mut is_handshake = false;
    measured(&mut || {
        for len in (0..=head.len()).step_by(read.min(head.len())) {
            let found = decoder.decode(&head[..len]).expect("a request");
            if let Some(Request::WebSocket(handshake)) = found.map(|found| found.request(head)) {
                is_handshake = true;
                for extension in handshake.extensions() {
                    for param in extension.params() {
                        black_box(param);
                    }
                }
            }
        }
    });
    assert!(is_handshake);
}
