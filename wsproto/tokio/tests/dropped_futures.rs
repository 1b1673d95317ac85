//! Cancel safety: every method's future is dropped at every await, over a transport that waits at every byte.
//! Nothing is lost, nothing comes twice.

mod common;

use common::{client, compressed, poll_once, server};
use tokio::io::{DuplexStream, duplex};
use tokio_wsproto::{
    Broadcast, Client, CloseCode, Message, Options, Prepared, Received, Server, ThreadKeys, WebSocket,
};
use wsproto_test::Faulty;

/// Calls until it is ready, each time anew, while other tasks run; returns how many futures were dropped.
macro_rules! until_ready {
    ($dropped:ident, $call:expr) => {
        loop {
            match poll_once($call) {
                Some(output) => break output,
                None => {
                    $dropped += 1;
                    tokio::task::yield_now().await;
                }
            }
        }
    };
}

const TEXTS: [&str; 4] = [
    "Hello",
    "",
    "a longer one, of more than a hundred and twenty-five bytes: of those whose length takes two bytes more, \
     to be seen cut in all places",
    "end",
];

fn peer(stream: DuplexStream) -> WebSocket<DuplexStream, Client> {
    client(stream, &Options::new())
}

#[tokio::test]
async fn receiving() {
    for way in ["recv", "read", "recv_or_drained", "recv_piece", "read_piece", "recv_or_forward"] {
        let (left, right) = duplex(16);
        let mut socket = server(Faulty::bytewise(left), &Options::new());
        let sending = tokio::spawn(async move {
            let mut peer = peer(right);
            for text in TEXTS {
                peer.feed(wsproto::Message::Ping(b"still there?")).unwrap();
                peer.send(text).await.unwrap();
            }
            peer.close(CloseCode::NORMAL, "").await.unwrap();
        });
        let mut dropped = 0;
        let mut listener = Broadcast::new(1).subscribe();
        for text in TEXTS {
            let message = match way {
                "recv_or_forward" => {
                    until_ready!(dropped, socket.recv_or_forward(&mut listener)).unwrap().unwrap()
                }
                "recv" => until_ready!(dropped, socket.recv()).unwrap().unwrap(),
                "read" => until_ready!(dropped, async {
                    let (message, _) = socket.read().await.unwrap().unwrap();
                    let wsproto::Message::Text(text) = message else { panic!("{message:?}") };
                    Message::from(text)
                }),
                "recv_piece" | "read_piece" => {
                    let (mut text, mut is_last) = (Vec::new(), false);
                    while !is_last {
                        if way == "recv_piece" {
                            let piece = until_ready!(dropped, socket.recv_piece()).unwrap().unwrap();
                            text.extend(piece.payload);
                            is_last = piece.is_last;
                        } else {
                            until_ready!(dropped, async {
                                let (piece, _) = socket.read_piece().await.unwrap().unwrap();
                                text.extend(piece.payload);
                                is_last = piece.is_last;
                            });
                        }
                    }
                    Message::from(String::from_utf8(text).unwrap())
                }
                _ => loop {
                    match until_ready!(dropped, socket.recv_or_drained()).unwrap() {
                        Received::Message(message) => break message,
                        Received::Drained => {}
                        Received::Closed => panic!("too early"),
                    }
                },
            };
            assert_eq!(message, Message::from(text), "{way}");
        }
        assert_eq!(until_ready!(dropped, socket.recv()).unwrap(), None);
        assert_eq!(socket.close_code(), Some(CloseCode::NORMAL));
        sending.await.unwrap();
        assert!(dropped > 200, "{way}: {dropped}");
    }
}

#[tokio::test]
async fn sending() {
    for way in ["send", "feed and flush", "send_fmt", "send_prepared", "ping"] {
        let (left, right) = duplex(3);
        let stream = Faulty::bytewise(left);
        let mut socket = WebSocket::from_upgraded(stream, Server, b"", compressed(), &Options::new());
        let receiving = tokio::spawn(async move {
            let options = Options::new();
            let mut peer = WebSocket::from_upgraded(right, ThreadKeys::client(), b"", compressed(), &options);
            let mut received = Vec::new();
            while let Some(message) = peer.recv().await.unwrap() {
                received.push(message.as_text().unwrap().to_owned());
            }
            received
        });
        let mut dropped = 0;
        for text in TEXTS {
            // Once polled, the message is queued: dropped there, it must not be sent again.
            let outcome = match way {
                "send" => poll_once(socket.send(text)),
                "send_fmt" => poll_once(socket.send_fmt(format_args!("{text}"))),
                "send_prepared" => poll_once(socket.send_prepared(&Prepared::new(text))),
                "ping" => {
                    socket.feed(text).unwrap();
                    poll_once(socket.ping())
                }
                _ => {
                    socket.feed(text).unwrap();
                    None
                }
            };
            if outcome.is_none() {
                dropped += 1;
                until_ready!(dropped, socket.flush()).unwrap();
            }
            assert_eq!(socket.unsent(), 0);
        }
        until_ready!(dropped, socket.close(CloseCode::NORMAL, "bye")).unwrap();
        assert_eq!(receiving.await.unwrap(), TEXTS, "{way}");
        assert!(dropped > 50, "{way}: {dropped}");
    }
}

#[tokio::test]
async fn closing_from_both_sides() {
    for first in [0, 3, 30] {
        let (left, right) = duplex(5);
        let mut socket = server(Faulty::bytewise(left), &Options::new());
        let closing = tokio::spawn(async move {
            let mut peer = client(Faulty::bytewise(right), &Options::new());
            for _ in 0..first {
                tokio::task::yield_now().await;
            }
            peer.feed("not received any more").unwrap();
            peer.close(CloseCode::GOING_AWAY, "at the same time").await.unwrap();
            peer.close_code()
        });
        let mut dropped = 0;
        until_ready!(dropped, socket.close(CloseCode::NORMAL, "bye")).unwrap();
        assert!(dropped > 20, "{dropped}");
        assert!(socket.close_code().is_some());
        assert!(closing.await.unwrap().is_some());
    }
}

#[tokio::test]
async fn forwarding_a_broadcast() {
    let (left, right) = duplex(3);
    let mut socket = server(Faulty::bytewise(left), &Options::new());
    let room = Broadcast::new(8);
    let (mut listener, mut alone) = (room.subscribe(), room.subscribe());
    let receiving = tokio::spawn(async move {
        let mut peer = peer(right);
        let mut received = Vec::new();
        for _ in TEXTS {
            received.push(peer.recv().await.unwrap().unwrap().as_text().unwrap().to_owned());
        }
        peer.close(CloseCode::NORMAL, "").await.unwrap();
        received
    });
    let sending = tokio::spawn(async move {
        for text in TEXTS {
            room.send(text);
            for _ in 0..50 {
                tokio::task::yield_now().await;
            }
        }
        // It goes on while somebody may still say something.
        room
    });
    let mut dropped = 0;
    assert_eq!(until_ready!(dropped, socket.recv_or_forward(&mut listener)).unwrap(), None);
    assert_eq!(receiving.await.unwrap(), TEXTS);
    drop(sending.await.unwrap());
    for text in TEXTS {
        let news = until_ready!(dropped, alone.recv()).unwrap().unwrap();
        assert_eq!(news.message().as_text(), Some(text));
    }
    assert!(until_ready!(dropped, alone.recv()).unwrap().is_none());
    assert!(dropped > 100, "{dropped}");
}

/// What each half's other methods do, with those that receive dropped between.
#[tokio::test]
async fn each_method_of_both_halves() {
    let (left, right) = duplex(16);
    let (mut reader, mut writer) = server(Faulty::bytewise(left), &Options::new()).split();
    let echo = tokio::spawn(async move {
        let mut peer = peer(right);
        while let Some(message) = peer.recv().await.unwrap() {
            peer.feed(message).unwrap();
        }
    });
    let mut dropped = 0;
    for (text, way) in TEXTS.into_iter().zip(["read_with", "recv_piece", "read_with", "recv_piece"]) {
        if poll_once(writer.send_fmt(format_args!("{text}"))).is_none() {
            until_ready!(dropped, writer.flush()).unwrap();
        }
        if poll_once(writer.ping()).is_none() {
            until_ready!(dropped, writer.flush()).unwrap();
        }
        if way == "read_with" {
            let echoed = until_ready!(
                dropped,
                reader.read_with(|message, _| match message {
                    wsproto::Message::Text(text) => text.to_owned(),
                    other => panic!("{other:?}"),
                })
            );
            assert_eq!(echoed.unwrap().as_deref(), Some(text));
        } else {
            let (mut echoed, mut is_last) = (Vec::new(), false);
            while !is_last {
                let piece = until_ready!(dropped, reader.recv_piece()).unwrap().unwrap();
                echoed.extend(piece.payload);
                is_last = piece.is_last;
            }
            assert_eq!(echoed, text.as_bytes());
        }
        assert!(poll_once(writer.closed()).is_none());
    }
    drop(reader);
    writer.feed(CloseCode::NORMAL).unwrap();
    until_ready!(dropped, writer.closed()).unwrap();
    echo.await.unwrap();
    assert!(dropped > 100, "{dropped}");
}

#[tokio::test]
async fn both_halves() {
    let (left, right) = duplex(16);
    let (mut reader, mut writer) = server(Faulty::bytewise(left), &Options::new()).split();
    let echo = tokio::spawn(async move {
        let mut peer = peer(right);
        while let Some(message) = peer.recv().await.unwrap() {
            peer.feed(message).unwrap();
        }
    });
    let mut dropped = 0;
    for text in TEXTS {
        if poll_once(writer.send(text)).is_none() {
            until_ready!(dropped, writer.flush()).unwrap();
        }
        assert_eq!(until_ready!(dropped, reader.recv()).unwrap(), Some(Message::from(text)));
    }
    until_ready!(dropped, writer.close(CloseCode::NORMAL, "")).unwrap();
    assert_eq!(until_ready!(dropped, reader.recv()).unwrap(), None);
    echo.await.unwrap();
    assert!(dropped > 100, "{dropped}");
}
