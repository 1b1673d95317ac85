//! Messages for many: prepared ones, and broadcasts.

mod common;

use std::time::Duration;

use common::{compressed, pair, pair_with, server};
use tokio::io::{AsyncReadExt, duplex};
use tokio::time::timeout;
use tokio_wsproto::{
    Agreed, Broadcast, CloseCode, Error, Lagged, Message, Options, Prepared, Server, ThreadKeys, WebSocket,
};

#[tokio::test]
async fn a_prepared_message_goes_to_all_whatever_was_agreed_on() {
    let options = Options::new();
    let news = "news ".repeat(2000);
    let prepared = Prepared::new(&*news);
    for agreed in [Agreed::default(), compressed()] {
        let (left, right) = duplex(64);
        let mut server = WebSocket::from_upgraded(left, Server, b"", agreed.clone(), &options);
        let mut client = WebSocket::from_upgraded(right, ThreadKeys::client(), b"", agreed.clone(), &options);
        server.feed("before").unwrap();
        server.feed_prepared(&prepared).unwrap();
        server.feed("between").unwrap();
        server.feed_prepared(&prepared).unwrap();
        let is_small = server.unsent() < 500;
        assert_eq!(is_small, agreed.deflate.is_some());
        let news = news.clone();
        let receiving = tokio::spawn(async move {
            for text in ["before", &news, "between", &news] {
                assert_eq!(client.recv().await.unwrap(), Some(Message::from(text)));
            }
            client.feed(Prepared::new("of a client")).unwrap();
            client.flush().await.unwrap();
        });
        server.flush().await.unwrap();
        assert_eq!(server.recv().await.unwrap(), Some(Message::from("of a client")));
        drop(server);
        receiving.await.unwrap();
    }
}

#[tokio::test]
async fn a_large_prepared_message_is_written_in_order_with_what_is_around_it() {
    let (left, mut peer) = duplex(1000);
    let mut socket = server(left, &Options::new());
    let large = Prepared::new(vec![7; 5000]);
    let mut expected = Vec::new();
    for i in 0..100_u8 {
        socket.feed([i]).unwrap();
        socket.feed_prepared(&large).unwrap();
        expected.extend([0x82, 1, i, 0x82, 126, 0x13, 0x88]);
        expected.extend([7; 5000]);
    }
    assert_eq!(socket.unsent(), expected.len());
    let taking = tokio::spawn(async move {
        let mut taken = vec![0; 100 * 5007];
        peer.read_exact(&mut taken).await.unwrap();
        taken
    });
    socket.flush().await.unwrap();
    assert!(taking.await.unwrap() == expected);
}

#[tokio::test]
async fn a_broadcast_reaches_all_who_listen_while_they_receive() {
    let room = Broadcast::new(16);
    let mut clients = Vec::new();
    for _ in 0..10 {
        let (mut server, client) = pair(100);
        let (room, mut listener) = (room.clone(), room.subscribe());
        tokio::spawn(async move {
            while let Some(message) = server.recv_or_forward(&mut listener).await? {
                room.send(message);
            }
            Ok::<_, Error>(())
        });
        clients.push(client);
    }
    clients[3].send("to all").await.unwrap();
    for client in &mut clients {
        let received = timeout(Duration::from_secs(10), client.recv()).await.unwrap();
        assert_eq!(received.unwrap(), Some(Message::from("to all")));
    }
    assert_eq!(room.send("bye"), 10);
    for client in &mut clients {
        assert_eq!(client.recv().await.unwrap(), Some(Message::from("bye")));
        client.close(CloseCode::NORMAL, "").await.unwrap();
    }
}

#[tokio::test]
async fn who_does_not_keep_up_is_dropped_and_holds_nobody_up() {
    let room = Broadcast::new(8);
    let options = Options::new().with_high_water(1000);
    let (mut slow, mut late) = pair_with(100, &options);
    let mut listener = room.subscribe();
    let slow = tokio::spawn(async move { slow.recv_or_forward(&mut listener).await });
    let (mut fast, mut client) = pair(100);
    let mut listener = room.subscribe();
    let fast = tokio::spawn(async move { fast.recv_or_forward(&mut listener).await });
    for i in 0..100_u8 {
        room.send(vec![i; 500]);
        assert_eq!(client.recv().await.unwrap(), Some(Message::from(vec![i; 500])));
    }
    assert!(!slow.is_finished());
    let error = loop {
        if let Err(error) = late.recv().await {
            break error;
        }
    };
    assert!(matches!(error, Error::Disconnected(_)), "{error}");
    let error = slow.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Lagged) && error.is_gone());
    client.close(CloseCode::NORMAL, "").await.unwrap();
    assert_eq!(fast.await.unwrap().unwrap(), None);
}

#[tokio::test]
async fn a_listener_alone() {
    let room = Broadcast::new(2);
    let mut listener = room.subscribe();
    room.send("one");
    assert_eq!(listener.recv().await.unwrap().unwrap().message(), &Message::from("one"));
    for _ in 0..3 {
        room.send("too many");
    }
    assert_eq!(listener.recv().await.unwrap_err(), Lagged);
    drop(room);
    while let Ok(Some(_)) = listener.recv().await {}
    assert!(listener.recv().await.unwrap().is_none());
}
