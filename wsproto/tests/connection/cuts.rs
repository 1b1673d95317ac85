//! Events do not depend on how the input was cut (invariant 3), for good input and for bad.

use proptest::prelude::*;
use wsproto::connection::{Client, Limits, ReceiveState, Receiver, Role, Server};
use wsproto::error::ProtocolError;

use crate::common::{
    BINARY, CLIENT, CLOSE, CONTINUATION, Entry, FIN, Log, PING, PONG, Peer, SERVER, TEXT, any_frames, binary,
    cut, receive, text,
};

/// Something of everything: short, fragmented, empty and long messages, control frames between fragments, a Close
/// frame, and bytes behind it.
fn conversation(peer: Peer) -> (Vec<u8>, Vec<Entry>) {
    let long: Vec<u8> = (0..=255).chain(0..44).collect();
    let bytes = [
        peer.frame(FIN | TEXT, "Hello".as_bytes()),
        peer.frame(FIN | BINARY, b""),
        peer.frame(TEXT, "κόσ".as_bytes()),
        peer.frame(FIN | PING, b"are you there?"),
        peer.frame(CONTINUATION, b""),
        peer.frame(CONTINUATION, &"μ\u{20AC}".as_bytes()[..3]), // cut inside the euro sign
        peer.frame(FIN | PONG, b""),
        peer.frame(FIN | CONTINUATION, &"\u{20AC}e".as_bytes()[1..]),
        peer.frame(FIN | BINARY, &long),
        peer.frame(BINARY, b""),
        peer.frame(FIN | CONTINUATION, b""),
        peer.frame(FIN | PING, &[0x55; 125]),
        peer.frame(FIN | CLOSE, b"\x03\xe8bye"),
        peer.frame(FIN | TEXT, b"too late"),
        b"\xFF\xFF anything".to_vec(),
    ]
    .concat();
    let entries = vec![
        text("Hello"),
        binary(b""),
        text("κόσμ€e"),
        Entry::Ping(b"are you there?".into()),
        Entry::Pong(b"".into()),
        binary(&long),
        binary(b""),
        Entry::Ping([0x55; 125].into()),
        Entry::Close(Some((1000, "bye".into()))),
    ];
    (bytes, entries)
}

fn receiver<R: Role>() -> Receiver<R> {
    Receiver::new(Limits::new())
}

fn check_cuts<R: Role>(peer: Peer) {
    let (bytes, entries) = conversation(peer);
    let expected = Log { entries, error: None };
    assert_eq!(receive(&mut receiver::<R>(), [&bytes[..]]), expected, "whole");
    assert_eq!(receive(&mut receiver::<R>(), bytes.chunks(1)), expected, "byte by byte");
    for at in 0..=bytes.len() {
        assert_eq!(receive(&mut receiver::<R>(), cut(&bytes, at)), expected, "cut at {at}");
    }
}

#[test]
fn a_rich_conversation_cut_in_two_anywhere_and_byte_by_byte() {
    check_cuts::<Server>(CLIENT);
    check_cuts::<Client>(SERVER);
}

#[test]
fn what_fails_fails_alike_however_it_was_cut() {
    let good = CLIENT.frame(FIN | TEXT, b"good");
    let bad: [(&str, Vec<u8>); 8] = [
        ("an impossible byte inside a text", CLIENT.frame(FIN | TEXT, b"still good\xE2\x28 not")),
        ("a text cut short", CLIENT.frame(FIN | TEXT, b"nearly good\xF0\x9F\x98")),
        (
            "a text cut short by an empty frame",
            [CLIENT.frame(TEXT, b"nearly\xC3"), CLIENT.frame(FIN | CONTINUATION, b"")].concat(),
        ),
        ("a reserved opcode", CLIENT.frame(FIN | 0x3, b"abc")),
        ("a reserved bit", CLIENT.frame(FIN | 0x40 | TEXT, b"abc")),
        ("no mask", SERVER.frame(FIN | TEXT, b"abc")),
        ("a bad close code", CLIENT.frame(FIN | CLOSE, b"\x03\xEDabc")),
        ("a length too long", CLIENT.header(FIN | BINARY, 1 << 62)),
    ];
    for (name, bad) in bad {
        let bytes = [&good[..], &bad].concat();
        let expected = receive(&mut receiver::<Server>(), [&bytes[..]]);
        assert!(expected.error.is_some(), "{name}");
        assert_eq!(expected.entries[0], text("good"), "{name}: nothing that came before is lost");
        assert_eq!(receive(&mut receiver::<Server>(), bytes.chunks(1)), expected, "{name}, byte by byte");
        for at in 0..=bytes.len() {
            assert_eq!(receive(&mut receiver::<Server>(), cut(&bytes, at)), expected, "{name}, cut at {at}");
        }
    }
}

#[test]
fn the_text_before_an_impossible_byte_is_given_out() {
    let bytes = CLIENT.frame(FIN | TEXT, b"still good\xE2\x28 not");
    let log = receive(&mut receiver::<Server>(), [&bytes[..]]);
    assert_eq!(log.entries, [crate::common::partial_text(b"still good\xE2")]);
    assert_eq!(log.error, Some(ProtocolError::NotUtf8));
}

#[test]
fn the_text_before_an_impossible_byte_is_the_last_that_comes() {
    let mut bytes = CLIENT.frame(FIN | TEXT, b"good\xFF");
    let mut receiver = receiver::<Server>();
    let received = receiver.receive(&mut bytes).unwrap();
    assert!(received.event.is_some());
    let consumed = received.consumed;
    assert_eq!(receiver.state(), ReceiveState::Failed);
    // Even if the byte is never presented again.
    assert_eq!(receiver.receive(&mut bytes[consumed + 1..]), Err(ProtocolError::NotUtf8));
}

proptest! {
    #[test]
    fn any_input_cut_into_many_pieces(bytes in any_frames(), cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..8)) {
        let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        ends.extend([0, bytes.len()]);
        ends.sort_unstable();
        let pieces = ends.windows(2).map(|ends| &bytes[ends[0]..ends[1]]);
        let whole = receive(&mut receiver::<Server>(), [&bytes[..]]);
        prop_assert_eq!(receive(&mut receiver::<Server>(), pieces), whole.clone());
        prop_assert_eq!(receive(&mut receiver::<Server>(), bytes.chunks(1)), whole);
    }

    #[test]
    fn noise_ends_in_events_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let whole = receive(&mut receiver::<Client>(), [&bytes[..]]);
        prop_assert_eq!(receive(&mut receiver::<Client>(), bytes.chunks(1)), whole);
    }
}
