//! Messages in pieces: of any size through little memory, whatever method waits.

mod common;

use common::{compressed, pair, pair_with, poll_once};
use tokio::io::{AsyncWriteExt, duplex};
use tokio_wsproto::{
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

/// 16 MiB come, and no read is larger than 64 KiB: so is no piece, and nothing else holds them.
#[tokio::test]
async fn a_large_message_passes_through_a_relay() {
    const LEN: usize = 16 << 20;
    // How often a fragment begins is the relay's doing: one for each read.
    let options = Options::new().with_max_message_size(LEN as u64);
    let limits = options.limits().with_max_fragments(u32::MAX);
    let options = options.with_limits(limits);
    let (mut from, mut source) = pair_with(1 << 16, &options);
    let (mut sink, mut to) = pair_with(1 << 16, &options);
    tokio::spawn(async move {
        let chunk = vec![b'a'; 1 << 20];
        for at in 1..=LEN >> 20 {
            source.feed_fragment(fragment(&chunk, at == LEN >> 20)).unwrap();
            source.flush().await.unwrap();
        }
        source.close(CloseCode::NORMAL, "").await.unwrap();
    });
    let relay = tokio::spawn(async move {
        while let Some(piece) = from.recv_piece().await.unwrap() {
            assert!(piece.payload.len() <= 1 << 16, "{}", piece.payload.len());
            to.feed_fragment(&piece).unwrap();
            to.flush().await.unwrap();
        }
        to.close(CloseCode::NORMAL, "").await.unwrap();
    });
    let (mut len, mut ends) = (0, 0);
    while let Some((piece, out)) = sink.read_piece().await.unwrap() {
        assert!(piece.payload.iter().all(|&byte| byte == b'a'));
        assert_eq!(out.unsent(), 0);
        assert_eq!(piece.is_first, len == 0);
        len += piece.payload.len();
        ends += usize::from(piece.is_last);
    }
    assert_eq!((len, ends), (LEN, 1));
    relay.await.unwrap();
}

#[tokio::test]
async fn a_compressed_message_comes_in_pieces_and_is_no_larger_than_allowed() {
    for limit in [1 << 20, (1 << 20) - 1] {
        let (left, right) = duplex(1 << 16);
        let options = Options::new().with_max_message_size(limit);
        let mut socket = WebSocket::from_upgraded(left, Server, b"", compressed(), &options);
        let mut peer = WebSocket::from_upgraded(right, ThreadKeys::client(), b"", compressed(), &options);
        peer.send("a".repeat(1 << 20)).await.unwrap();
        let mut len = 0;
        let outcome = loop {
            match socket.recv_piece().await {
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

#[tokio::test]
async fn a_piece_comes_before_the_rest_and_pings_between_are_answered() {
    let (mut socket, mut peer) = pair(1 << 16);
    peer.feed_fragment(fragment(b"caf\xC3", false)).unwrap();
    peer.ping().await.unwrap();
    assert_eq!(parts(socket.recv_piece().await.unwrap()), (b"caf\xC3".into(), true, false));
    assert!(poll_once(socket.recv_piece()).is_none(), "there is no more, and the Pong is out");
    peer.feed_fragment(fragment(b"\xA9!", true)).unwrap();
    peer.flush().await.unwrap();
    assert!(poll_once(peer.recv()).is_none());
    assert!(peer.latency().is_some());
    let (piece, _) = socket.read_piece().await.unwrap().unwrap();
    assert_eq!((piece.payload, piece.is_first, piece.is_last), (&b"\xA9!"[..], false, true));
}

#[tokio::test]
async fn text_that_is_none_fails_at_the_piece_where_it_is_seen() {
    for borrowed in [false, true] {
        let (left, mut right) = duplex(1 << 16);
        let mut socket = common::server(left, &Options::new());
        right.write_all(b"\x01\x82\0\0\0\0ok\x80\x81\0\0\0\0\xFF").await.unwrap();
        assert_eq!(parts(socket.recv_piece().await.unwrap()), (b"ok".into(), true, false));
        drop(right);
        let outcome = if borrowed {
            socket.read_piece().await.map(|_| ())
        } else {
            socket.recv_piece().await.map(|_| ())
        };
        assert!(matches!(outcome, Err(Error::Protocol(ProtocolError::NotUtf8))), "{outcome:?}");
    }
}

/// Whoever sees the first piece and has no use for the rest goes on to the next message.
#[tokio::test]
async fn recv_drops_the_rest_of_a_message() {
    let (mut socket, mut peer) = pair(1 << 16);
    peer.feed_fragment(fragment(b"a", false)).unwrap();
    peer.flush().await.unwrap();
    assert_eq!(parts(socket.recv_piece().await.unwrap()), (b"a".into(), true, false));
    peer.feed_fragment(fragment(b"b", true)).unwrap();
    peer.send("next").await.unwrap();
    assert_eq!(socket.recv().await.unwrap(), Some(Message::from("next")));
}

/// What waits meanwhile reads no more than a piece.
#[tokio::test]
async fn a_flush_between_pieces_joins_nothing() {
    let options = Options::new().with_max_message_size(u64::MAX);
    let (mut socket, mut peer) = pair_with(1000, &options);
    assert!(poll_once(socket.recv_piece()).is_none());
    let sending = tokio::spawn(async move {
        for _ in 0..1000 {
            peer.feed_fragment(fragment(&[b'a'; 1000], false)).unwrap();
        }
        let outcome = tokio::time::timeout(std::time::Duration::from_millis(200), peer.flush()).await;
        assert!(outcome.is_err(), "nobody takes it");
        peer
    });
    socket.feed("the peer takes one message while it writes, and no more").unwrap();
    socket.feed("a".repeat(5000)).unwrap();
    let outcome = tokio::time::timeout(std::time::Duration::from_millis(100), socket.flush()).await;
    assert!(outcome.is_err(), "nobody takes it");
    let peer = sending.await.unwrap();
    assert!(peer.unsent() > 900_000, "{}", peer.unsent());
    let (payload, ..) = parts(socket.recv_piece().await.unwrap());
    assert!(payload.len() <= 1000, "{}", payload.len());
}

#[tokio::test]
async fn the_half_that_reads_gives_pieces() {
    let (socket, mut peer) = pair(1 << 16);
    let (mut reader, mut writer) = socket.split();
    peer.feed_fragment(fragment(b"a", false)).unwrap();
    peer.flush().await.unwrap();
    let piece = reader.recv_piece().await.unwrap().unwrap();
    writer.feed_fragment(&piece).unwrap();
    peer.feed_fragment(fragment(b"b", true)).unwrap();
    peer.flush().await.unwrap();
    let piece = reader.recv_piece().await.unwrap().unwrap();
    assert_eq!((piece.is_first, piece.is_last), (false, true));
    writer.feed_fragment(&piece).unwrap();
    writer.flush().await.unwrap();
    assert_eq!(peer.recv().await.unwrap(), Some(Message::from("ab")));
    peer.close(CloseCode::NORMAL, "").await.unwrap_err();
    drop((reader, writer));
}
