//! Messages in pieces: of any size through little memory, whatever method waits.

mod common;

use std::io::Write;
use std::thread;

use common::{compressed, pair, pair_with, server, streams};
use wsproto_blocking::{
    CloseCode, Error, Fragment, Message, MessageKind, Options, Piece, ProtocolError, Server, ThreadKeys,
    WebSocket,
};

fn fragment(payload: &[u8], is_last: bool) -> Fragment<'_> {
    Fragment { kind: MessageKind::Text, payload, is_last }
}

fn parts(piece: Option<Piece>) -> (Vec<u8>, bool, bool) {
    let piece = piece.expect("a piece");
    (piece.payload.into(), piece.is_first, piece.is_last)
}

#[test]
fn a_large_message_passes_through_a_relay() {
    const LEN: usize = 16 << 20;
    // How often a fragment begins is the relay's doing: one for each read.
    let options = Options::new().with_max_message_size(LEN as u64);
    let limits = options.limits().with_max_fragments(u32::MAX);
    let options = options.with_limits(limits);
    let (mut from, mut source) = pair_with(&options);
    let (mut sink, mut to) = pair_with(&options);
    let sending = thread::spawn(move || {
        let chunk = vec![b'a'; 1 << 20];
        for at in 1..=LEN >> 20 {
            source.feed_fragment(fragment(&chunk, at == LEN >> 20)).unwrap();
            source.flush().unwrap();
        }
        source.close(CloseCode::NORMAL, "").unwrap();
    });
    let relay = thread::spawn(move || {
        while let Some(piece) = from.recv_piece().unwrap() {
            assert!(piece.payload.len() <= 1 << 16, "{}", piece.payload.len());
            to.feed_fragment(&piece).unwrap();
            to.flush().unwrap();
        }
        to.close(CloseCode::NORMAL, "").unwrap();
    });
    let (mut len, mut ends) = (0, 0);
    while let Some((piece, out)) = sink.read_piece().unwrap() {
        assert!(piece.payload.iter().all(|&byte| byte == b'a'));
        assert_eq!(out.unsent(), 0);
        assert_eq!(piece.is_first, len == 0);
        len += piece.payload.len();
        ends += usize::from(piece.is_last);
    }
    assert_eq!((len, ends), (LEN, 1));
    sending.join().unwrap();
    relay.join().unwrap();
}

#[test]
fn a_compressed_message_comes_in_pieces_and_is_no_larger_than_allowed() {
    for limit in [1 << 20, (1 << 20) - 1] {
        let (left, right) = streams();
        let options = Options::new().with_max_message_size(limit);
        let mut socket = WebSocket::from_upgraded(left, Server, b"", compressed(), &options);
        let mut peer = WebSocket::from_upgraded(right, ThreadKeys::client(), b"", compressed(), &options);
        peer.send("a".repeat(1 << 20)).unwrap();
        drop(peer);
        let mut len = 0;
        let outcome = loop {
            match socket.recv_piece() {
                Ok(piece) => {
                    let (payload, is_first, is_last) = parts(piece);
                    assert!(payload.len() <= 1 << 16, "{}", payload.len());
                    assert_eq!(is_first, len == 0);
                    len += payload.len();
                    if is_last {
                        break Ok(len);
                    }
                }
                Err(error) => break Err(error),
            }
        };
        if limit == 1 << 20 {
            assert_eq!(outcome.unwrap(), 1 << 20);
        } else {
            let error = ProtocolError::MessageTooBig { len: 1 << 20 };
            assert!(matches!(outcome, Err(Error::Protocol(got)) if got == error), "{outcome:?}");
        }
    }
}

#[test]
fn a_piece_comes_before_the_rest_and_pings_between_are_answered() {
    let (mut socket, mut peer) = pair();
    peer.feed_fragment(fragment(b"caf\xC3", false)).unwrap();
    peer.ping().unwrap();
    assert_eq!(parts(socket.recv_piece().unwrap()), (b"caf\xC3".into(), true, false));
    peer.feed_fragment(fragment(b"\xA9!", true)).unwrap();
    peer.flush().unwrap();
    let (piece, mut out) = socket.read_piece().unwrap().unwrap();
    assert_eq!((piece.payload, piece.is_first, piece.is_last), (&b"\xA9!"[..], false, true));
    out.feed("behind the Pong").unwrap();
    socket.flush().unwrap();
    assert_eq!(peer.recv().unwrap(), Some(Message::from("behind the Pong")));
    assert!(peer.latency().is_some());
}

#[test]
fn text_that_is_none_fails_at_the_piece_where_it_is_seen() {
    for borrowed in [false, true] {
        let (left, mut right) = streams();
        let mut socket = server(left, &Options::new());
        right.write_all(b"\x01\x82\0\0\0\0ok\x80\x81\0\0\0\0\xFF").unwrap();
        assert_eq!(parts(socket.recv_piece().unwrap()), (b"ok".into(), true, false));
        drop(right);
        let outcome =
            if borrowed { socket.read_piece().map(|_| ()) } else { socket.recv_piece().map(|_| ()) };
        assert!(matches!(outcome, Err(Error::Protocol(ProtocolError::NotUtf8))), "{outcome:?}");
    }
}

/// Whoever sees the first piece and has no use for the rest goes on to the next message.
#[test]
fn recv_drops_the_rest_of_a_message() {
    let (mut socket, mut peer) = pair();
    peer.feed_fragment(fragment(b"a", false)).unwrap();
    peer.flush().unwrap();
    assert_eq!(parts(socket.recv_piece().unwrap()), (b"a".into(), true, false));
    peer.feed_fragment(fragment(b"b", true)).unwrap();
    peer.send("next").unwrap();
    assert_eq!(socket.recv().unwrap(), Some(Message::from("next")));
}

#[test]
fn the_half_that_reads_gives_pieces() {
    let (socket, mut peer) = pair();
    let (mut reader, mut writer) = socket.split().unwrap();
    peer.feed_fragment(fragment(b"a", false)).unwrap();
    peer.flush().unwrap();
    let piece = reader.recv_piece().unwrap().unwrap();
    writer.feed_fragment(&piece).unwrap();
    peer.feed_fragment(fragment(b"b", true)).unwrap();
    peer.flush().unwrap();
    let piece = reader.recv_piece().unwrap().unwrap();
    assert_eq!((piece.is_first, piece.is_last), (false, true));
    writer.feed_fragment(&piece).unwrap();
    writer.flush().unwrap();
    assert_eq!(peer.recv().unwrap(), Some(Message::from("ab")));
}
