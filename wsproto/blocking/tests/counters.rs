//! What came and went is counted, in whatever way it was received and sent.

mod common;

use std::io::Write;
use std::thread;

use common::{pair, streams};
use wsproto_blocking::{
    Agreed, CloseCode, Counters, Fragment, MessageKind, Options, Prepared, Server, Traffic, WebSocket,
};

#[test]
fn each_way_to_send_and_to_receive_counts_a_message_once() {
    let (mut socket, mut peer) = pair();
    assert_eq!(socket.counters(), Counters::default());
    // Each of 5 bytes, and 2 of its header.
    socket.send("Hello").unwrap();
    socket.send_fmt(format_args!("Hell{}", 0)).unwrap();
    socket.feed_uncompressed(b"Hello").unwrap();
    socket.feed_with(MessageKind::Text, |out| out.extend(b"Hello")).unwrap();
    socket.send_prepared(&Prepared::new("Hello")).unwrap();
    let fragment = Fragment { kind: MessageKind::Text, payload: b"Hel", is_last: false };
    socket.feed_fragment(fragment).unwrap();
    socket.flush().unwrap();
    assert_eq!(socket.counters().sent.messages, 5);
    let early = socket.counters().sent.bytes;

    for count in 1..=5 {
        match count {
            1 => drop(peer.recv().unwrap().unwrap()),
            2 => drop(peer.read().unwrap().unwrap()),
            3 | 4 => assert!(peer.recv_piece().unwrap().unwrap().is_last),
            _ => assert!(peer.read_piece().unwrap().unwrap().0.is_last),
        }
        assert_eq!(peer.counters().received.messages, count);
    }
    assert!(!peer.recv_piece().unwrap().unwrap().is_last);
    assert_eq!((peer.counters().received.messages, peer.counters().received.bytes), (5, early));
    socket.feed_fragment(Fragment { payload: b"lo", is_last: true, ..fragment }).unwrap();
    socket.ping().unwrap();
    let sent = socket.counters().sent;
    assert_eq!((sent.messages, sent.bytes), (6, 5 * 7 + 9 + 6));
    assert!(peer.recv_piece().unwrap().unwrap().is_last);
    assert_eq!(peer.counters().received.messages, 6);
    assert_eq!(peer.counters().sent, Traffic::default());
}

#[test]
fn messages_that_nobody_takes_count_too() {
    let (mut socket, mut peer) = pair();
    peer.feed("dropped").unwrap();
    peer.feed("dropped").unwrap();
    let closing = thread::spawn(move || {
        peer.close(CloseCode::NORMAL, "").unwrap();
        peer
    });
    socket.close(CloseCode::NORMAL, "").unwrap();
    assert_eq!(socket.counters().received.messages, 2);
    let peer = closing.join().unwrap();
    assert_eq!(peer.counters().sent.messages, 2);
    assert_eq!(peer.counters().sent.bytes, socket.counters().received.bytes);
}

#[test]
fn halves_count_for_both_and_what_came_with_the_handshake_counts() {
    let (left, mut right) = streams();
    let received = b"\x81\x81\0\0\0\0a";
    let mut socket = WebSocket::from_upgraded(left, Server, received, Agreed::new(), &Options::new());
    assert_eq!(socket.counters().received.bytes, 7);
    socket.recv().unwrap().unwrap();
    let (mut reader, mut writer) = socket.split().unwrap();
    right.write_all(b"\x82\x80\0\0\0\0").unwrap();
    reader.read().unwrap().unwrap();
    writer.send("b").unwrap();
    assert_eq!(reader.counters(), writer.counters());
    let counters = writer.counters();
    assert_eq!((counters.received.messages, counters.received.bytes), (2, 13));
    assert_eq!((counters.sent.messages, counters.sent.bytes), (1, 3));
}
