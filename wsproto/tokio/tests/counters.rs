//! What came and went is counted, in whatever way it was received and sent.

mod common;

use common::{pair, server};
use tokio::io::{AsyncWriteExt, duplex};
use tokio_wsproto::{
    Broadcast, CloseCode, Counters, Fragment, MessageKind, Options, Prepared, Received, Traffic,
};

#[tokio::test]
async fn each_way_to_send_and_to_receive_counts_a_message_once() {
    let (mut socket, mut peer) = pair(1 << 16);
    assert_eq!(socket.counters(), Counters::default());
    // Each of 5 bytes, and 2 of its header.
    socket.send("Hello").await.unwrap();
    socket.send_fmt(format_args!("Hell{}", 0)).await.unwrap();
    socket.feed_uncompressed(b"Hello").unwrap();
    socket.feed_with(MessageKind::Text, |out| out.extend(b"Hello")).unwrap();
    socket.send_prepared(&Prepared::new("Hello")).await.unwrap();
    let fragment = Fragment { kind: MessageKind::Text, payload: b"Hel", is_last: false };
    socket.feed_fragment(fragment).unwrap();
    socket.feed_fragment(Fragment { payload: b"lo", is_last: true, ..fragment }).unwrap();
    socket.ping().await.unwrap();
    let sent = socket.counters().sent;
    assert_eq!((sent.messages, sent.bytes), (6, 5 * 7 + 9 + 6));

    for count in 1..=6 {
        match count {
            1 => drop(peer.recv().await.unwrap().unwrap()),
            2 => drop(peer.read().await.unwrap().unwrap()),
            3 => assert!(peer.recv_piece().await.unwrap().unwrap().is_last),
            4 => assert!(peer.read_piece().await.unwrap().unwrap().0.is_last),
            5 => assert!(matches!(peer.recv_or_drained().await, Ok(Received::Message(_)))),
            _ => {
                assert!(!peer.recv_piece().await.unwrap().unwrap().is_last);
                assert_eq!(peer.counters().received.messages, 5);
                assert!(peer.recv_piece().await.unwrap().unwrap().is_last);
            }
        }
        assert_eq!(peer.counters().received.messages, count);
    }
    // They lay there with what was taken.
    assert_eq!(peer.counters().received.bytes, sent.bytes);
    assert_eq!(peer.counters().sent, Traffic::default());
}

#[tokio::test]
async fn messages_that_nobody_takes_count_too() {
    let (mut socket, mut peer) = pair(1 << 16);
    peer.feed("dropped").unwrap();
    peer.feed("dropped").unwrap();
    let closing = tokio::spawn(async move {
        peer.close(CloseCode::NORMAL, "").await.unwrap();
        peer
    });
    socket.close(CloseCode::NORMAL, "").await.unwrap();
    assert_eq!(socket.counters().received.messages, 2);
    let peer = closing.await.unwrap();
    assert_eq!(peer.counters().sent.messages, 2);
    assert_eq!(peer.counters().sent.bytes, socket.counters().received.bytes);
}

#[tokio::test]
async fn halves_count_for_both_and_what_came_with_the_handshake_counts() {
    let (left, mut right) = duplex(1 << 16);
    let options = Options::new();
    let mut socket = tokio_wsproto::WebSocket::from_upgraded(
        left,
        tokio_wsproto::Server,
        b"\x81\x81\0\0\0\0a",
        tokio_wsproto::Agreed::new(),
        &options,
    );
    assert_eq!(socket.counters().received.bytes, 7);
    let news = Broadcast::new(1);
    let mut listener = news.subscribe();
    news.send("news");
    assert!(socket.recv_or_forward(&mut listener).await.unwrap().is_some());
    assert!(common::poll_once(socket.recv_or_forward(&mut listener)).is_none());
    let (mut reader, mut writer) = socket.split();
    right.write_all(b"\x82\x80\0\0\0\0").await.unwrap();
    reader.recv().await.unwrap().unwrap();
    writer.send("b").await.unwrap();
    assert_eq!(reader.counters(), writer.counters());
    let counters = writer.counters();
    assert_eq!((counters.received.messages, counters.received.bytes), (2, 13));
    assert_eq!((counters.sent.messages, counters.sent.bytes), (2, 6 + 3));
    drop(server(right, &options));
}
