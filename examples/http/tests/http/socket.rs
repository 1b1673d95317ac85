//! What takes too long to wait for, under a clock that is set forward.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use wsproto::deflate::{Parameters, Policy};
use wsproto::{Client, Limits, MaskingKey, Server, Session};
use wsproto_http_examples::socket::{converse, echo};

fn conversation(
    transport: tokio::io::DuplexStream,
    stop: &CancellationToken,
) -> tokio::task::JoinHandle<Result<(), String>> {
    let talk = converse(transport, Session::new(Server, Limits::new(), Vec::new()), stop.clone(), echo);
    tokio::spawn(async { talk.await.map_err(|error| error.to_string()) })
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_is_asked_and_then_given_up() {
    let (ours, mut theirs) = duplex(1024);
    let begin = Instant::now();
    let talk = conversation(ours, &CancellationToken::new());
    let mut ping = [0; 6];
    theirs.read_exact(&mut ping).await.unwrap();
    assert_eq!((ping, begin.elapsed().as_secs()), (*b"\x89\x04\0\0\0\x01", 30));
    // Any byte is a sign of life.
    theirs.write_all(b"\x81").await.unwrap();
    theirs.read_exact(&mut ping).await.unwrap();
    assert_eq!((ping, begin.elapsed().as_secs()), (*b"\x89\x04\0\0\0\x02", 60));
    assert_eq!(theirs.read(&mut ping).await.unwrap(), 0);
    assert_eq!(begin.elapsed().as_secs(), 90);
    assert_eq!(talk.await.unwrap().unwrap_err(), "nothing came from the peer, not even an answer to a Ping");
}

/// A large frame that comes slowly leaves no room for a Pong, and is no silence.
#[tokio::test(start_paused = true)]
async fn each_byte_is_a_sign_of_life() {
    let (ours, mut theirs) = duplex(1024);
    let talk = conversation(ours, &CancellationToken::new());
    for byte in b"\x81\x85\0\0\0\0Hello" {
        tokio::time::sleep(Duration::from_secs(25)).await;
        theirs.write_all(&[*byte]).await.unwrap();
    }
    let mut echo = [0; 7];
    theirs.read_exact(&mut echo).await.unwrap();
    assert_eq!(echo, *b"\x81\x05Hello");
    talk.abort();
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_read_is_given_up() {
    let (ours, mut theirs) = duplex(16);
    let begin = Instant::now();
    let talk = conversation(ours, &CancellationToken::new());
    theirs.write_all(b"\x82\x94\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0").await.unwrap();
    tokio::time::sleep(Duration::from_secs(29)).await;
    theirs.read_exact(&mut [0]).await.unwrap();
    assert_eq!(talk.await.unwrap().unwrap_err(), "the peer took nothing of what was sent for too long");
    assert_eq!(begin.elapsed().as_secs(), 59);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_close_is_given_up() {
    let (ours, mut theirs) = duplex(1024);
    let stop = CancellationToken::new();
    let talk = conversation(ours, &stop);
    tokio::time::sleep(Duration::from_secs(20)).await;
    stop.cancel();
    let begin = Instant::now();
    let mut close = [0; 4];
    theirs.read_exact(&mut close).await.unwrap();
    assert_eq!(close, *b"\x88\x02\x03\xe9");
    // That it goes on talking gives it no more time.
    tokio::time::sleep(Duration::from_secs(4)).await;
    theirs.write_all(b"\x81\x80\0\0\0\0").await.unwrap();
    assert_eq!(talk.await.unwrap().unwrap_err(), "the peer did not answer the Close frame in time");
    assert_eq!(begin.elapsed().as_secs(), 5);
    // Who was told of the end is not asked for a sign of life.
    assert_eq!(theirs.read(&mut close).await.unwrap(), 0);
}

/// A peer that floods after our Close frame keeps the transport ready, and so the timer waiting.
#[tokio::test(start_paused = true)]
async fn a_peer_that_talks_on_behind_our_close_frame_is_given_up() {
    let (ours, mut theirs) = duplex(1024);
    let stop = CancellationToken::new();
    let talk = conversation(ours, &stop);
    stop.cancel();
    let begin = Instant::now();
    while theirs.write_all(b"\x81\x80\0\0\0\0").await.is_ok() {
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert!(begin.elapsed().as_secs() < 10);
    }
    assert_eq!(talk.await.unwrap().unwrap_err(), "the peer did not answer the Close frame in time");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_keeps_its_transport_is_left() {
    let (ours, mut theirs) = duplex(1024);
    let talk = conversation(ours, &CancellationToken::new());
    let begin = Instant::now();
    theirs.write_all(b"\x88\x80\0\0\0\0").await.unwrap();
    let mut close = Vec::new();
    theirs.read_to_end(&mut close).await.unwrap();
    assert_eq!(close, b"\x88\0");
    assert_eq!(talk.await.unwrap(), Ok(()));
    assert_eq!(begin.elapsed().as_secs(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_a_peer_does_not_read_is_not_answered_further() {
    // 100 messages of 100 KiB, whose answers do not shrink: in few bytes, and so in one read.
    let agreed = Parameters::default();
    let client = Client::new(|| MaskingKey::new([1, 2, 3, 4]));
    let mut client = Session::new(client, Limits::new(), Vec::new()).with_deflate(agreed, Policy::new());
    let mut frames = Vec::new();
    for _ in 0..100 {
        client.frame().append(&vec![0; 100 * 1024], &mut frames).unwrap();
    }
    assert!(frames.len() < 100_000);
    let (ours, mut theirs) = duplex(100_000);
    theirs.write_all(&frames).await.unwrap();

    let handled = Arc::new(AtomicUsize::new(0));
    let count = handled.clone();
    let session = Session::new(Server, Limits::new(), vec![0; 100_000]).with_deflate(agreed, Policy::new());
    let talk = tokio::spawn(converse(ours, session, CancellationToken::new(), move |message, frame, out| {
        count.fetch_add(1, Ordering::Relaxed);
        echo(message, frame.uncompressed(), out)
    }));
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(handled.load(Ordering::Relaxed), 1);
    // Each that goes out makes room for the next.
    theirs.read_exact(&mut vec![0; 400 * 1024]).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!((4..=6).contains(&handled.load(Ordering::Relaxed)));
    talk.abort();
}
