//! A buffer that is lent for as long as a read takes: all comes as through one of the session's own, which holds no
//! memory between messages.

use proptest::prelude::*;
use wsproto::connection::{Limits, Message, Reply, Server};
use wsproto::session::{Incoming, Next, Session};

use crate::common::{BINARY, CLIENT, CLOSE, CONTINUATION, FIN, PING, PONG, SERVER, TEXT, any_frames, cut};
use crate::given::{Asked, Given};

type OfVec = Incoming<Server, Vec<u8>>;

fn incoming() -> OfVec {
    Session::new(Server, Limits::new().with_max_message_size(600).with_max_fragments(6), Vec::new()).split().0
}

fn conversation() -> Vec<u8> {
    [
        CLIENT.frame(FIN | TEXT, "κόσμε".as_bytes()),
        CLIENT.frame(BINARY, b""),
        CLIENT.frame(CONTINUATION, &[1; 100]),
        CLIENT.frame(FIN | PING, &[7; 125]),
        CLIENT.frame(CONTINUATION, &[2; 150]),
        CLIENT.frame(FIN | CONTINUATION, b""),
        CLIENT.frame(FIN | PONG, b"pong"),
        CLIENT.frame(TEXT, b"caf\xC3"),
        CLIENT.frame(FIN | CONTINUATION, b"\xA9"),
        CLIENT.frame(FIN | TEXT, b""),
        CLIENT.frame(FIN | CLOSE, b"\x03\xE8"),
        CLIENT.frame(FIN | TEXT, b"late"),
    ]
    .concat()
}

/// Gives each read where a program would put it: to a lent buffer, or behind what is kept.
fn through_lent<'r>(reads: impl IntoIterator<Item = &'r [u8]>) -> (Given, OfVec) {
    let (mut incoming, mut given) = (incoming(), Given::default());
    for read in reads {
        let kept = incoming.kept();
        // A thread's buffer is larger than what was read into it.
        match incoming.lend([read, &[0xEE; 64]].concat(), read.len()) {
            Ok(()) => {
                assert_eq!(kept, 0);
                given.take_all(&mut incoming, Asked::Next);
                let back = incoming.reclaim().expect("all was taken");
                assert_eq!(back.len(), read.len() + 64);
                assert_eq!(back[read.len()..], [0xEE; 64], "what was not filled is not touched");
                assert_eq!(incoming.capacity(), incoming.kept(), "memory of its size, and none for nothing");
            }
            Err(back) => {
                assert!(kept > 0, "nothing is kept");
                assert_eq!(back.len(), read.len() + 64, "it comes back as it was");
                incoming.push(read);
                given.take_all(&mut incoming, Asked::Next);
            }
        }
        if given.error.is_some() {
            break;
        }
        if incoming.kept() == 0 {
            incoming.shrink();
            assert_eq!(incoming.capacity(), 0, "an idle session holds nothing");
        }
    }
    (given, incoming)
}

fn through_own<'r>(reads: impl IntoIterator<Item = &'r [u8]>) -> Given {
    let (mut incoming, mut given) = (incoming(), Given::default());
    for read in reads {
        incoming.push(read);
        given.take_all(&mut incoming, Asked::Next);
        if given.error.is_some() {
            break;
        }
    }
    given
}

#[test]
fn a_conversation_cut_anywhere_is_the_same() {
    let bytes = conversation();
    let whole = through_own([&bytes[..]]);
    assert_eq!((whole.all.len(), whole.error), (7, None));
    assert_eq!(through_lent([&bytes[..]]).0, whole);
    // The Pong of each Ping and the answer to the Close frame are among what is compared.
    assert_eq!(whole.replies.len(), 2);
    assert_eq!(through_lent(bytes.chunks(1)).0, whole, "byte by byte");
    for at in 0..=bytes.len() {
        assert_eq!(through_lent(cut(&bytes, at)).0, whole, "cut at {at}");
    }
}

#[test]
fn a_reclaimed_session_keeps_what_is_needed_and_no_more() {
    let frame = CLIENT.frame(FIN | BINARY, &[7; 100]);
    let fragment = CLIENT.frame(BINARY, &[7; 30]);
    for (bytes, kept) in [
        (frame.clone(), 0),
        (frame.repeat(3), 0),
        ([&frame[..], &frame[..4]].concat(), 4),
        // The payload's first 10 bytes, without the header.
        ([&frame[..], &frame[..16]].concat(), 10),
        // A message under way, and the beginning of the next frame.
        ([&frame[..], &fragment, &[0x80]].concat(), 31),
        (CLIENT.frame(FIN | PING, &[1; 125]), 0),
    ] {
        let (_, incoming) = through_lent([&bytes[..]]);
        assert_eq!((incoming.kept(), incoming.capacity()), (kept, kept), "{bytes:02x?}");
    }
}

#[test]
fn what_is_kept_refuses_another_buffer() {
    let (_, mut incoming) = through_lent([&CLIENT.frame(FIN | BINARY, b"1234")[..7]]);
    assert_eq!(incoming.kept(), 1);
    assert_eq!(incoming.lend(b"other".to_vec(), 5), Err(b"other".to_vec()));
    incoming.push(&CLIENT.frame(FIN | BINARY, b"1234")[7..]);
    assert_eq!(incoming.next(&mut Reply::new()), Ok(Some(Message::Binary(b"1234"))));
    assert_eq!(incoming.kept(), 0, "what was given out is not needed any more");
    assert_eq!(incoming.lend(CLIENT.frame(FIN | BINARY, b"5"), 7), Ok(()));
    assert_eq!(incoming.next(&mut Reply::new()), Ok(Some(Message::Binary(b"5"))));
}

#[test]
fn what_was_peeked_at_is_taken_before_a_buffer_is_lent_or_comes_back() {
    let ping = CLIENT.frame(FIN | PING, b"?");
    let mut incoming = incoming();
    incoming.lend(ping.clone(), ping.len()).unwrap();
    assert_eq!(incoming.peek(), Some(Next::Ping));
    assert_eq!(incoming.reclaim(), None);
    assert_eq!(incoming.lend(b"other".to_vec(), 5), Err(b"other".to_vec()));
    assert_eq!(incoming.next(&mut Reply::new()), Ok(Some(Message::Ping(b"?"))));
    assert_eq!(incoming.reclaim().map(|back| back.len()), Some(ping.len()));
}

#[test]
fn messages_lie_in_the_lent_buffer() {
    let frame = CLIENT.frame(FIN | BINARY, b"1234");
    let mut incoming = incoming();
    let place = frame.as_ptr().addr() + 6;
    incoming.lend(frame, 10).unwrap();
    let Some(Message::Binary(payload)) = incoming.next(&mut Reply::new()).unwrap() else {
        panic!("a message")
    };
    assert_eq!(payload.as_ptr().addr(), place, "not copied");
}

#[test]
fn no_more_is_filled_than_the_buffer_has() {
    let mut incoming = incoming();
    incoming.lend(vec![0x89], usize::MAX).unwrap();
    assert_eq!((incoming.kept(), incoming.peek()), (1, None));
}

#[test]
fn a_session_that_has_failed_gives_the_buffer_back() {
    let mut incoming = incoming();
    let bytes = SERVER.frame(FIN | TEXT, b"not masked");
    incoming.lend(bytes.clone(), bytes.len()).unwrap();
    let error = incoming.next(&mut Reply::new()).unwrap_err();
    assert_eq!(incoming.reclaim().map(|back| back.len()), Some(bytes.len()));
    assert_eq!(incoming.lend(b"more".to_vec(), 4), Err(b"more".to_vec()), "nothing is taken any more");
    assert_eq!(incoming.next(&mut Reply::new()), Err(error));
}

proptest! {
    #[test]
    fn whatever_comes_is_the_same(
        wire in any_frames(),
        reads in proptest::collection::vec(1..300_usize, 1..20),
    ) {
        let mut rest = &wire[..];
        let mut pieces = Vec::new();
        for read in reads.iter().cycle() {
            let (piece, behind) = rest.split_at(rest.len().min(*read));
            pieces.push(piece);
            rest = behind;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(through_lent(pieces).0, through_own([&wire[..]]));
    }
}
