//! Connections that somebody else accepts: bounded, and ended in order.

mod common;

use std::time::Duration;

use common::pair;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_wsproto::{CloseCode, Connections, Message};

const GRACE: Duration = Duration::from_secs(10);

#[tokio::test(start_paused = true)]
async fn all_say_goodbye_with_1001_and_are_waited_for() {
    let connections = Connections::new(3);
    let mut peers = Vec::new();
    for _ in 0..3 {
        let (socket, peer) = pair(1000);
        let place = connections.enter().unwrap();
        let handled = tokio::spawn(place.run(socket, async |mut socket| {
            while let Some(message) = socket.recv().await.unwrap() {
                socket.feed(message).unwrap();
            }
            "over"
        }));
        peers.push((peer, handled));
    }
    assert_eq!(connections.len(), 3);
    assert!(connections.enter().is_none(), "full");
    for (peer, _) in &mut peers {
        peer.send("Hello").await.unwrap();
        assert_eq!(peer.recv().await.unwrap(), Some(Message::from("Hello")));
    }
    let ending = tokio::spawn({
        let connections = connections.clone();
        async move { connections.end(GRACE).await }
    });
    for (mut peer, handled) in peers {
        assert_eq!(peer.recv().await.unwrap(), None);
        assert_eq!(peer.close_code(), Some(CloseCode::GOING_AWAY));
        assert_eq!(handled.await.unwrap(), Some("over"));
    }
    assert_eq!(ending.await.unwrap(), 0);
    assert!(connections.is_empty());
    assert!(connections.enter().is_none(), "none behind the end");
}

#[tokio::test(start_paused = true)]
async fn handlers_that_go_on_are_dropped_after_the_grace() {
    let connections = Connections::new(usize::MAX);
    let (socket, _peer) = pair(1000);
    let (dropped, is_dropped) = oneshot::channel::<()>();
    let place = connections.enter().unwrap();
    let handled = tokio::spawn(place.run(socket, async move |_socket| {
        std::future::pending::<()>().await;
        drop(dropped);
    }));
    tokio::task::yield_now().await;
    // Dropped itself, and called again.
    assert!(timeout(Duration::from_secs(1), connections.end(GRACE)).await.is_err());
    assert_eq!(connections.len(), 1);
    let begun = tokio::time::Instant::now();
    assert_eq!(connections.end(GRACE).await, 1);
    assert_eq!(begun.elapsed(), GRACE);
    assert!(is_dropped.await.is_err());
    assert_eq!(handled.await.unwrap(), None);
    assert!(connections.is_empty());
}

#[tokio::test]
async fn a_place_that_is_not_used_is_given_back() {
    let connections = Connections::new(1);
    let place = connections.enter().unwrap();
    assert!(connections.enter().is_none());
    drop(place);
    assert!(connections.enter().is_some());
}
