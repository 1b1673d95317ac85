//! What `peek` says is what `next` gives, whatever is done between the two; and `next_bytes` gives the same.

use proptest::prelude::*;
use wsproto::connection::{Limits, Message, MessageKind, ReceiveState, Reply, Server};
use wsproto::error::ProtocolError;
use wsproto::session::{Buffer, Incoming, Next, Session};

use crate::common::{BINARY, CLIENT, CLOSE, CONTINUATION, FIN, PING, PONG, SERVER, TEXT, any_frames};
use crate::given::{Asked, Given, owned};

fn incoming<B: Buffer>(buffer: B) -> Incoming<Server, B> {
    Session::new(Server, Limits::new().with_max_message_size(600).with_max_fragments(6), buffer).split().0
}

#[test]
fn peek_says_what_next_gives() {
    let mut incoming = incoming([0; 1024]);
    let text = Next::Message(MessageKind::Text);
    for (bytes, next) in [
        (CLIENT.frame(FIN | TEXT, b"text"), text),
        (CLIENT.frame(FIN | BINARY, b""), Next::Message(MessageKind::Binary)),
        ([CLIENT.frame(TEXT, b"caf\xC3"), CLIENT.frame(FIN | CONTINUATION, b"\xA9")].concat(), text),
        (CLIENT.frame(FIN | PING, &[1; 125]), Next::Ping),
        (CLIENT.frame(FIN | PONG, b""), Next::Pong),
        (CLIENT.frame(FIN | CLOSE, b"\x03\xE8bye"), Next::Close),
    ] {
        let (last, all_but_last) = bytes.split_last().unwrap();
        assert_eq!(incoming.push_some(all_but_last), all_but_last.len());
        assert_eq!((incoming.peek(), incoming.peek()), (None, None));
        assert_eq!(incoming.push_some(&[*last]), 1);
        assert_eq!((incoming.peek(), incoming.peek()), (Some(next), Some(next)));
        let taken = incoming.next(&mut Reply::new()).unwrap().unwrap();
        assert_eq!(owned(taken).0, next);
        assert_eq!(incoming.peek(), None);
    }
}

#[test]
fn a_ping_that_was_peeked_at_is_answered_once_it_is_taken() {
    let mut incoming = incoming([0; 1024]);
    let bytes = [CLIENT.frame(FIN | PING, b"1"), CLIENT.frame(FIN | PING, b"2")].concat();
    assert_eq!(incoming.push_some(&bytes), bytes.len());
    let mut reply = Reply::new();
    assert_eq!(incoming.peek(), Some(Next::Ping));
    assert!(!reply.is_due(), "not by looking");
    assert_eq!(incoming.next(&mut reply), Ok(Some(Message::Ping(b"1"))));
    assert!(reply.take().is_due());
    assert_eq!(incoming.next_bytes(&mut reply), Ok(Some((Next::Ping, &b"2"[..]))));
    assert!(reply.is_due());
}

#[test]
fn a_failure_is_told_once_however_often_one_looks() {
    for bytes in
        [SERVER.frame(FIN | TEXT, b""), CLIENT.frame(FIN | TEXT, b"\xFF"), CLIENT.frame(TEXT, b"\xFF")]
    {
        let mut incoming = incoming([0; 1024]);
        assert_eq!(incoming.push_some(&bytes), bytes.len());
        let mut reply = Reply::new();
        let first = incoming.peek();
        assert_eq!(incoming.peek(), first);
        // One whole text is not gone through to peek at it, where there is the short way.
        let is_whole_text = cfg!(not(wsproto_small)) && bytes[0] == FIN | TEXT && bytes.len() > 2;
        let text = Next::Message(MessageKind::Text);
        assert_eq!(first, Some(if is_whole_text { text } else { Next::Failure }));
        let error = incoming.next(&mut reply).unwrap_err();
        assert!(reply.take().is_due());
        for _ in 0..3 {
            assert_eq!(incoming.peek(), Some(Next::Failure));
            assert_eq!(incoming.next(&mut reply), Err(error));
            assert_eq!(incoming.next_bytes(&mut reply), Err(error));
        }
        assert!(!reply.is_due());
    }
}

#[test]
fn nothing_is_there_to_peek_at_behind_the_transports_end() {
    let mut incoming = incoming([0; 1024]);
    let bytes = SERVER.frame(FIN | TEXT, b"");
    assert_eq!(incoming.push_some(&bytes), bytes.len());
    assert_eq!(incoming.next(&mut Reply::new()), Err(ProtocolError::UnmaskedFrame));
    incoming.receive_eof().unwrap_err();
    assert_eq!(incoming.state(), ReceiveState::Ended);
    assert_eq!((incoming.peek(), incoming.next(&mut Reply::new())), (None, Ok(None)));
}

/// What was peeked at stays where it lies, so there may be no room behind it; it is not lost.
#[test]
fn what_was_peeked_at_is_not_moved_or_overwritten() {
    let mut incoming = incoming([0; 300]);
    let ping = CLIENT.frame(FIN | PING, &[9; 125]);
    let bytes = [&CLIENT.frame(FIN | BINARY, &[5; 20])[..], &ping, &ping].concat();
    assert_eq!(incoming.push_some(&bytes), bytes.len());
    let mut reply = Reply::new();
    assert_eq!(incoming.next(&mut reply), Ok(Some(Message::Binary(&[5; 20]))));
    assert_eq!(incoming.peek(), Some(Next::Ping));
    let room = incoming.buffer().len();
    incoming.buffer().fill(0xEE);
    incoming.filled(0);
    assert!(room <= 300 - bytes.len() + 26, "{room}");
    assert_eq!(incoming.next(&mut reply), Ok(Some(Message::Ping(&[9; 125]))));
    assert_eq!(incoming.next(&mut reply), Ok(Some(Message::Ping(&[9; 125]))));
}

#[test]
fn the_bytes_of_a_close_frame_are_its_payload() {
    for payload in [&b""[..], b"\x03\xE8", b"\x03\xE9going"] {
        let mut incoming = incoming([0; 1024]);
        let frame = CLIENT.frame(FIN | CLOSE, payload);
        assert_eq!(incoming.push_some(&frame), frame.len());
        let mut reply = Reply::new();
        assert_eq!(incoming.next_bytes(&mut reply), Ok(Some((Next::Close, payload))));
        assert!(reply.is_due());
        assert_eq!(incoming.state(), ReceiveState::CloseReceived);
    }
}

#[test]
fn the_bytes_of_a_text_are_utf_8() {
    for text in [&b"\xFF"[..], b"ascii up to here, and then \xC3", b"\xED\xA0\x80"] {
        let mut incoming = incoming([0; 1024]);
        let frame = CLIENT.frame(FIN | TEXT, text);
        assert_eq!(incoming.push_some(&frame), frame.len());
        assert_eq!(incoming.next_bytes(&mut Reply::new()), Err(ProtocolError::NotUtf8));
    }
}

proptest! {
    #[test]
    fn whatever_comes_and_however_it_is_looked_at(
        wire in any_frames(),
        steps in proptest::collection::vec((1..200_usize, 0..7_u8), 1..30),
    ) {
        let plain = given(&wire, &[(wire.len().max(1), 0)], [0; 731]);
        prop_assert_eq!(&given(&wire, &steps, [0; 731]), &plain);
        #[cfg(feature = "alloc")]
        prop_assert_eq!(&given(&wire, &steps, Vec::new()), &plain);
    }
}

/// Takes all in reads of that size, asked in that way; without a way to ask nothing is taken before the next read.
fn given<B: Buffer>(mut wire: &[u8], steps: &[(usize, u8)], buffer: B) -> Given {
    let mut incoming = incoming(buffer);
    let mut given = Given::default();
    for (read, asked) in steps.iter().cycle() {
        let pushed = incoming.push_some(&wire[..wire.len().min(*read)]);
        wire = &wire[pushed..];
        match asked {
            0 => given.take_all(&mut incoming, Asked::Next),
            1 => given.take_all(&mut incoming, Asked::NextBytes),
            2 => given.take_all(&mut incoming, Asked::Peek),
            // Looked at, and left there. The beginning of a message that was taken is not to be looked for as a message.
            3 if given.cut.is_some() => drop(incoming.peek_piece()),
            3 => drop(incoming.peek()),
            4 => drop(incoming.peek_piece()),
            5 => given.take_all(&mut incoming, Asked::Pieces),
            _ => {}
        }
        if pushed == 0 || wire.is_empty() {
            given.take_all(&mut incoming, Asked::Next);
        }
        if wire.is_empty() || given.error.is_some() {
            break;
        }
    }
    given
}

/// The sender learns what the peer did, as it does from `next`.
#[test]
fn a_session_asked_for_bytes_tells_its_sender_of_the_peers_end() {
    let mut session = Session::new(Server, Limits::new(), [0; 1024]);
    let bytes =
        [CLIENT.frame(FIN | TEXT, "\u{e9}".as_bytes()), CLIENT.frame(FIN | CLOSE, b"\x03\xE8")].concat();
    assert_eq!(session.push_some(&bytes), bytes.len());
    let (next, payload, sender) = session.next_bytes().unwrap().unwrap();
    assert_eq!((next, payload), (Next::Message(MessageKind::Text), "\u{e9}".as_bytes()));
    assert_eq!(sender.frame().encode("answered", &mut [0; 10]), Ok(10));
    let (next, _, sender) = session.next_bytes().unwrap().unwrap();
    assert_eq!(next, Next::Close);
    assert!(sender.frame().encode("refused", &mut [0; 10]).is_err());

    let mut session = Session::new(Server, Limits::new(), [0; 1024]);
    assert_eq!(session.push_some(&CLIENT.frame(FIN | TEXT, b"\xFF")), 7);
    assert_eq!(session.next_bytes().err(), Some(ProtocolError::NotUtf8));
    assert!(session.is_reply_due() && session.frame().encode("refused", &mut [0; 10]).is_err());
}
