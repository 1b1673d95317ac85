//! The delays of a client that reconnects.

mod common;

use std::time::Duration;

use common::pair;
use tokio_wsproto::CloseCode;
use tokio_wsproto::backoff::{Backoff, Delays, Lost};

const SECOND: Duration = Duration::from_secs(1);

/// Within these seconds, as the engine's table has it.
fn within(delay: Option<Duration>, from: u32, to: u32) {
    let delay = delay.expect("a retry");
    assert!(from * SECOND <= delay && delay <= to * SECOND, "{delay:?} is not within {from} to {to} s");
}

#[test]
fn without_a_word_each_attempt_has_failed() {
    let ranges = [(0, 5), (5, 10), (10, 20), (20, 40), (30, 60), (30, 60)];
    for (delay, (from, to)) in Delays::default().zip(ranges) {
        within(Some(delay), from, to);
    }
}

#[tokio::test(start_paused = true)]
async fn only_a_connection_that_lasted_begins_anew_and_codes_are_heeded() {
    let mut delays = Delays::new(Backoff::new());
    for (code, lasted, expected) in [
        (None, 0, Some((0, 5))),
        (Some(1001), 1, Some((5, 10))),
        (Some(1001), 59, Some((10, 20))),
        (Some(1001), 60, Some((0, 5))),
        (Some(1012), 1, Some((5, 30))),
        (Some(1013), 1, Some((30, 60))),
        (Some(1012), 60, Some((5, 30))),
        (Some(1000), 60, None),
    ] {
        let (mut socket, mut peer) = pair(100);
        tokio::time::advance(lasted * SECOND).await;
        match code {
            Some(code) => {
                let code = CloseCode::new(code).expect("a code");
                let closing = tokio::spawn(async move { peer.close(code, "").await });
                assert_eq!(socket.recv().await.unwrap(), None);
                closing.await.unwrap().unwrap();
            }
            None => drop(peer),
        }
        delays.closed(&socket);
        match expected {
            Some((from, to)) => within(delays.next(), from, to),
            None => assert_eq!(delays.next(), None),
        }
    }
}

#[test]
fn what_was_told_counts_once() {
    let mut delays = Delays::default();
    delays.lost(Lost::Refused { status: 403 });
    assert_eq!(delays.next(), None);
    // Tried all the same.
    within(delays.next(), 0, 5);
}
