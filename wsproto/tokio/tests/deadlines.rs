//! Each deadline, by a paused clock; and each under a flood.

mod common;

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use common::{client, server};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf, duplex};
use tokio::time::{Instant, advance, sleep, timeout};
use tokio_wsproto::{CloseCode, CloseFrame, Deadline, Error, Options, Timeouts};

const HELLO: &[u8] = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"; // [RFC 6455 §5.7]
const PING: [u8; 6] = *b"\x89\x04\0\0\0\x01";

fn seconds(from: Instant) -> u64 {
    from.elapsed().as_secs()
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_is_sent_a_ping_and_its_answer_tells_the_latency() {
    let (left, mut peer) = duplex(64);
    let mut socket = server(left, &Options::new());
    let begun = Instant::now();
    let answering = async {
        let mut ping = [0; 6];
        peer.read_exact(&mut ping).await.unwrap();
        assert_eq!((ping, seconds(begun)), (PING, 30));
        sleep(Duration::from_millis(70)).await;
        peer.write_all(b"\x8a\x84\0\0\0\0\0\0\0\x01").await.unwrap(); // masked by zeros
        peer.read_exact(&mut ping).await.unwrap();
        assert_eq!((ping[5], seconds(begun)), (2, 60));
    };
    tokio::select! {
        received = socket.recv() => panic!("{received:?}"),
        () = answering => {}
    }
    assert_eq!(socket.latency(), Some(Duration::from_millis(70)));
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_answers_no_ping_is_given_up_and_told_so() {
    let (left, mut peer) = duplex(64);
    let mut socket = server(left, &Options::new());
    let begun = Instant::now();
    let error = socket.recv().await.unwrap_err();
    assert!(matches!(error, Error::Deadline(Deadline::Pong)) && error.is_gone(), "{error}");
    assert_eq!(seconds(begun), 60);
    assert!(matches!(socket.recv().await, Err(Error::Deadline(Deadline::Pong))), "again at each call");
    assert!(matches!(socket.feed("late"), Err(Error::Deadline(Deadline::Pong))));
    drop(socket);
    let mut told = Vec::new();
    peer.read_to_end(&mut told).await.unwrap();
    assert_eq!(told, [&PING[..], b"\x88\x02\x03\xf3"].concat());
}

#[tokio::test(start_paused = true)]
async fn any_byte_is_life() {
    let (left, mut peer) = duplex(64);
    let mut socket = server(left, &Options::new());
    let dripping = async {
        for byte in HELLO {
            peer.write_all(&[*byte]).await.unwrap();
            sleep(Duration::from_secs(29)).await;
        }
    };
    let (received, ()) = tokio::join!(socket.recv(), dripping);
    assert_eq!(received.unwrap().unwrap().as_text(), Some("Hello"));
    assert_eq!(socket.latency(), None, "nobody was asked");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_takes_nothing_is_given_up_also_while_only_reading() {
    let (left, mut peer) = duplex(64);
    let mut socket = server(left, &Options::new());
    socket.feed(vec![0; 1000]).unwrap();
    let begun = Instant::now();
    let sending = tokio::spawn(async move {
        while peer.write_all(HELLO).await.is_ok() {
            sleep(Duration::from_secs(1)).await;
        }
    });
    let error = loop {
        match socket.recv().await {
            Ok(received) => assert_eq!(received.unwrap().as_text(), Some("Hello")),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, Error::Deadline(Deadline::Write)), "{error}");
    assert_eq!(seconds(begun), 30);
    drop(socket);
    sending.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_flush_has_the_deadline_of_writing_and_a_slow_reader_is_alive() {
    let (left, mut peer) = duplex(64);
    let mut socket = server(left, &Options::new());
    let begun = Instant::now();
    let taking = async {
        let mut bytes = [0; 50];
        for _ in 0..20 {
            sleep(Duration::from_secs(29)).await;
            peer.read_exact(&mut bytes).await.unwrap();
        }
        sleep(Duration::from_secs(100)).await;
    };
    let (outcome, ()) = tokio::join!(socket.send(vec![0; 1500]), taking);
    assert!(matches!(outcome, Err(Error::Deadline(Deadline::Write))));
    assert!(seconds(begun) >= 20 * 29 + 30);
}

#[tokio::test(start_paused = true)]
async fn a_close_frame_is_to_be_answered_in_five_seconds() {
    let (left, _peer) = duplex(64);
    let mut socket = server(left, &Options::new());
    let begun = Instant::now();
    let error = socket.close(CloseCode::NORMAL, "").await.unwrap_err();
    assert!(matches!(error, Error::Deadline(Deadline::Closing)), "{error}");
    assert_eq!(seconds(begun), 5);
}

/// That it goes on talking gives a peer no more time, and whoever was told of the end is not asked for a sign of life.
#[tokio::test(start_paused = true)]
async fn a_peer_that_talks_on_behind_our_close_frame_is_given_up() {
    let (left, mut peer) = duplex(64);
    let mut socket = server(left, &Options::new());
    assert!(common::poll_once(socket.recv()).is_none());
    sleep(Duration::from_secs(20)).await;
    let begun = Instant::now();
    let closing = tokio::spawn(async move { socket.close(CloseCode::GOING_AWAY, "").await });
    let mut close = [0; 4];
    peer.read_exact(&mut close).await.unwrap();
    assert_eq!(close, *b"\x88\x02\x03\xe9");
    sleep(Duration::from_secs(4)).await;
    peer.write_all(HELLO).await.unwrap();
    let error = closing.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Deadline(Deadline::Closing)), "{error}");
    assert_eq!(seconds(begun), 5);
    assert_eq!(peer.read(&mut close).await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_transports_end_is_waited_for_one_second_and_missing_it_is_no_error() {
    for closes_first in [false, true] {
        let (left, mut peer) = duplex(64);
        let mut socket = client(left, &Options::new());
        let begun = Instant::now();
        peer.write_all(b"\x88\x02\x03\xe8").await.unwrap();
        if closes_first {
            socket.close(CloseCode::NORMAL, "").await.unwrap();
        } else {
            assert_eq!(socket.recv().await.unwrap(), None);
        }
        assert_eq!(seconds(begun), 1);
    }
}

/// In words of its own, and not in those that systems have for sockets.
#[test]
fn a_deadline_says_what_was_waited_for() {
    for (deadline, text) in [
        (Deadline::Pong, "nothing came from the peer, not even an answer to a Ping"),
        (Deadline::Write, "the peer took nothing of what was sent for too long"),
        (Deadline::Closing, "the peer did not answer the Close frame in time"),
    ] {
        let error = Error::Deadline(deadline);
        assert_eq!(error.to_string(), text);
        assert!(error.is_gone());
        let error = io::Error::from(error);
        assert_eq!((error.kind(), error.to_string().as_str()), (io::ErrorKind::TimedOut, text));
    }
}

#[tokio::test(start_paused = true)]
async fn each_deadline_can_be_turned_off() {
    let off = Options::new().with_timeouts(Timeouts::none());
    let long = Duration::from_secs(1_000_000);

    let (left, _peer) = duplex(64);
    let mut socket = server(left, &off);
    assert!(timeout(long, socket.recv()).await.is_err(), "silence");
    assert_eq!(socket.unsent(), 0, "no Ping");
    assert!(timeout(long, socket.send(vec![0; 1000])).await.is_err(), "writing");
    assert!(timeout(long, socket.close(CloseCode::NORMAL, "")).await.is_err(), "closing");
}

/// Always has something to read, and takes nothing or all.
struct Flood {
    unread: std::iter::Cycle<std::slice::Iter<'static, u8>>,
    takes: bool,
}

impl AsyncRead for Flood {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let bytes: Vec<u8> = self.unread.by_ref().take(buf.remaining()).copied().collect();
        buf.put_slice(&bytes);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Flood {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if self.takes { Poll::Ready(Ok(buf.len())) } else { Poll::Pending }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// The clock goes on while a task is never idle, if that task lets others run.
fn run_the_clock() -> tokio::task::JoinHandle<()> {
    tokio::spawn(async {
        loop {
            advance(Duration::from_secs(1)).await;
        }
    })
}

#[tokio::test(start_paused = true)]
async fn a_flood_does_not_put_off_the_deadline_of_writing() {
    let clock = run_the_clock();
    let mut socket = server(Flood { unread: HELLO.iter().cycle(), takes: false }, &Options::new());
    let begun = Instant::now();
    socket.feed("stands still").unwrap();
    let error = loop {
        if let Err(error) = socket.recv().await {
            break error;
        }
    };
    assert!(matches!(error, Error::Deadline(Deadline::Write)), "{error}");
    assert!((30..300).contains(&seconds(begun)), "{}", seconds(begun));
    clock.abort();
}

#[tokio::test(start_paused = true)]
async fn a_flood_does_not_put_off_the_deadline_of_closing() {
    let clock = run_the_clock();
    for drops in [true, false] {
        let mut socket = server(Flood { unread: HELLO.iter().cycle(), takes: true }, &Options::new());
        let begun = Instant::now();
        let error = if drops {
            socket.close(CloseCode::NORMAL, "").await.unwrap_err()
        } else {
            socket.feed(CloseFrame::of_code(CloseCode::NORMAL)).unwrap();
            loop {
                if let Err(error) = socket.recv().await {
                    break error;
                }
            }
        };
        assert!(matches!(error, Error::Deadline(Deadline::Closing)), "{error}");
        assert!((5..100).contains(&seconds(begun)), "{}", seconds(begun));
    }
    clock.abort();
}

#[tokio::test(start_paused = true)]
async fn a_flood_does_not_put_off_the_end() {
    let clock = run_the_clock();
    // An unmasked frame, and then bytes without end.
    let mut socket = server(Flood { unread: b"\x81\x00".iter().cycle(), takes: true }, &Options::new());
    let begun = Instant::now();
    assert!(matches!(socket.recv().await, Err(Error::Protocol(_))));
    assert!((1..30).contains(&seconds(begun)), "{}", seconds(begun));
    clock.abort();
}

/// In the midst of a message that is too long, as most clients are that write before they read.
#[tokio::test(start_paused = true)]
async fn who_broke_a_rule_is_read_on_for_a_while_so_that_the_close_frame_arrives() {
    let (left, mut peer) = duplex(1024);
    let mut socket = server(left, &Options::new());
    let begun = Instant::now();
    let breaking = async {
        peer.write_all(b"\x81\x02hi").await.unwrap(); // not masked
        while peer.write_all(b"!").await.is_ok() {
            sleep(Duration::from_millis(500)).await;
        }
        let mut told = Vec::new();
        peer.read_to_end(&mut told).await.unwrap();
        assert_eq!((told[0], &told[2..4]), (0x88, &1002_u16.to_be_bytes()[..]));
    };
    let serving = async {
        let error = socket.recv().await.unwrap_err();
        drop(socket);
        (error, seconds(begun))
    };
    let ((error, seconds), ()) = tokio::join!(serving, breaking);
    assert!(matches!(error, Error::Protocol(_)), "{error}");
    assert_eq!(seconds, 5);
}

#[tokio::test(start_paused = true)]
async fn who_broke_a_rule_and_pours_is_not_read_on_without_end() {
    let (left, mut peer) = duplex(1 << 20);
    let mut socket = server(left, &Options::new());
    let pouring = async {
        peer.write_all(b"\x81\x02hi").await.unwrap();
        let (chunk, mut poured) = (vec![0; 1 << 20], 0);
        while peer.write_all(&chunk).await.is_ok() {
            poured += 1;
        }
        poured
    };
    let serving = async {
        let error = socket.recv().await.unwrap_err();
        drop(socket);
        error
    };
    let (error, poured) = tokio::join!(serving, pouring);
    assert!(matches!(error, Error::Protocol(_)), "{error}");
    assert!((60..70).contains(&poured), "{poured} MiB");
}
