//! Text of every length, wherever it lies: what is valid comes as it was sent, and nothing else does.

use wsproto::connection::{Limits, Message, MessageKind, Reply, Server};
use wsproto::error::ProtocolError;
use wsproto::session::{Buffer, Incoming, Next, Session};

use crate::common::{BINARY, CLIENT, FIN, TEXT};

/// A text frame behind a message that takes so many bytes, which is taken: that decides where the text lies, and what
/// is free before it. A frame behind it has to stay as it is.
fn incoming_behind<B: Buffer + AsMut<[u8]>>(
    before: usize,
    payload: &[u8],
    mut buffer: B,
) -> Incoming<Server, B> {
    let first = if before < 6 { Vec::new() } else { CLIENT.frame(FIN | BINARY, &vec![0xEE; before - 6]) };
    let behind = CLIENT.frame(FIN | BINARY, b"behind");
    let bytes = [&first[..], &CLIENT.frame(FIN | TEXT, payload), &behind].concat();
    // From the buffer's first byte on, as a session is made of what has held the handshake.
    buffer.as_mut()[..bytes.len()].copy_from_slice(&bytes);
    let (mut incoming, _) = Session::new(Server, Limits::new(), buffer).split();
    incoming.filled(bytes.len());
    if !first.is_empty() {
        assert!(incoming.next(&mut Reply::new()).unwrap().is_some());
    }
    incoming
}

/// What is given, by each way to ask, of a text that is one or is not.
fn check<B: Buffer + AsMut<[u8]>>(before: usize, payload: &[u8], buffer: impl Fn() -> B) {
    let context = (before, payload.len(), String::from_utf8_lossy(payload));
    let expected = std::str::from_utf8(payload).map_err(|_| ProtocolError::NotUtf8);
    let behind = Ok(Some(Message::Binary(b"behind")));

    let mut incoming = incoming_behind(before, payload, buffer());
    let given = incoming.next(&mut Reply::new());
    assert_eq!(given, expected.map(|text| Some(Message::Text(text))), "{context:?}");
    if expected.is_ok() {
        assert_eq!(incoming.next(&mut Reply::new()), behind, "{context:?}");
    }

    let mut incoming = incoming_behind(before, payload, buffer());
    let given = incoming.next_bytes(&mut Reply::new());
    let text = Next::Message(MessageKind::Text);
    assert_eq!(given, expected.map(|bytes| Some((text, bytes.as_bytes()))), "{context:?}");
    if expected.is_ok() {
        assert_eq!(incoming.next(&mut Reply::new()), behind, "{context:?}");
    }
}

/// A text of so many bytes with `inside` at that place, as far as it goes.
fn with(len: usize, at: usize, inside: &[u8]) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..len).map(|at| b"0123456789abcdefghijklmnop"[at % 26]).collect();
    for (to, from) in bytes.iter_mut().skip(at).zip(inside) {
        *to = *from;
    }
    bytes
}

#[test]
fn every_length_at_every_alignment() {
    for len in 0..600 {
        // Of the bytes before it none, a few, and many, are free.
        for before in (5..30).chain(60..68) {
            check(before, &with(len, 0, b""), || [0; 1024]);
        }
    }
}

#[test]
fn a_character_or_none_at_every_place() {
    for len in (1..140).chain([255, 256, 257, 511, 512, 513, 577, 600]) {
        let step = if len < 140 { 1 } else { 7 };
        for at in (0..len).step_by(step).chain([len - 1]) {
            for inside in ["é".as_bytes(), "😀".as_bytes(), b"\xFF", b"\x80", b"\xED\xA0\x80", b"\0"] {
                check(5 + at % 40, &with(len, at, inside), || [0; 1024]);
            }
        }
    }
}
