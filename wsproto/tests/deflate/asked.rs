//! Compressed messages, peeked at, as bytes, and out of a lent buffer: the same as by `next`.

use wsproto::connection::{Limits, MessageKind, Reply, Server};
use wsproto::deflate::{Parameters, Policy};
use wsproto::error::ProtocolError;
use wsproto::session::{Incoming, Next, Session};

use crate::common::{BINARY, CLIENT, CONTINUATION, FIN, PING, TEXT, cut};
use crate::given::{Asked, Given};

const RSV1: u8 = 0x40;

/// "Hello", by itself and as a reference to the first [RFC 7692 §7.2.3].
const HELLO: &[u8] = &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
const AGAIN: &[u8] = &[0xf2, 0x00, 0x11, 0x00, 0x00];

fn incoming() -> Incoming<Server, Vec<u8>> {
    let session = Session::new(Server, Limits::new(), Vec::new());
    session.with_deflate(Parameters::default(), Policy::new()).split().0
}

fn frames() -> Vec<u8> {
    [
        CLIENT.frame(RSV1 | TEXT, &HELLO[..3]),
        CLIENT.frame(FIN | PING, b"here?"),
        CLIENT.frame(FIN | CONTINUATION, &HELLO[3..]),
        CLIENT.frame(FIN | TEXT, b"Hello"),
        CLIENT.frame(FIN | RSV1 | BINARY, AGAIN),
        CLIENT.frame(FIN | RSV1 | TEXT, AGAIN),
    ]
    .concat()
}

fn given(pieces: [&[u8]; 2], asked: Asked) -> Given {
    let (mut incoming, mut given) = (incoming(), Given::default());
    for piece in pieces {
        incoming.push(piece);
        given.take_all(&mut incoming, asked);
    }
    given
}

#[test]
fn compressed_messages_are_the_same_however_they_are_asked_for() {
    let frames = frames();
    let known = given(cut(&frames, 0), Asked::Next);
    let [text, binary] =
        [MessageKind::Text, MessageKind::Binary].map(|kind| (Next::Message(kind), b"Hello".to_vec()));
    assert_eq!(known.all, [(Next::Ping, b"here?".to_vec()), text.clone(), text.clone(), binary, text]);
    for at in 0..=frames.len() {
        for asked in [Asked::Next, Asked::Peek, Asked::NextBytes, Asked::Pieces] {
            assert_eq!(given(cut(&frames, at), asked), known, "{asked:?}, cut at {at}");
        }
    }
}

#[test]
fn compressed_messages_come_out_of_a_lent_buffer() {
    let frames = frames();
    let known = given(cut(&frames, 0), Asked::Next);
    for at in 0..=frames.len() {
        let (mut incoming, mut given) = (incoming(), Given::default());
        for piece in cut(&frames, at) {
            if incoming.lend(piece.to_vec(), piece.len()).is_ok() {
                given.take_all(&mut incoming, Asked::Next);
                assert!(incoming.reclaim().is_some());
            } else {
                assert!(incoming.kept() > 0);
                incoming.push(piece);
                given.take_all(&mut incoming, Asked::Next);
            }
        }
        assert_eq!(given, known, "cut at {at}");
    }
}

#[test]
fn a_compressed_message_that_fails_is_peeked_at_as_a_failure() {
    for (frame, error) in [
        (CLIENT.frame(FIN | RSV1 | BINARY, &[0x07]), ProtocolError::InvalidDeflate),
        // Stored, one byte, no text: other than of plain text this is found by looking.
        (
            CLIENT.frame(FIN | RSV1 | TEXT, &[0x00, 0x01, 0x00, 0xFE, 0xFF, 0xFF, 0x00]),
            ProtocolError::NotUtf8,
        ),
    ] {
        let mut incoming = incoming();
        incoming.push(&frame);
        assert_eq!((incoming.peek(), incoming.peek()), (Some(Next::Failure), Some(Next::Failure)));
        let mut reply = Reply::new();
        assert_eq!(incoming.next(&mut reply), Err(error));
        assert!(reply.take().is_due());
        assert_eq!(incoming.next(&mut reply), Err(error));
        assert!(!reply.is_due(), "told once");
    }
}
