//! Halves in two tasks: nobody waits for ever, whatever the pipes are.

mod common;

use std::time::Duration;

use common::{client, pair, pair_with, server};
use tokio::io::{AsyncRead, AsyncWrite, duplex};
use tokio::time::timeout;
use tokio_wsproto::wsproto::connection::Role;
use tokio_wsproto::{CloseCode, Error, Message, Options, Timeouts, WebSocket};
use wsproto_test::Faulty;

/// No timer wakes anybody who was forgotten.
fn untimed() -> Options {
    Options::new().with_timeouts(Timeouts::none())
}

/// How many messages go each way: fewer where a task is woken for each byte.
fn count(size: usize) -> usize {
    if size < 64 { 30 } else { 300 }
}

fn message(i: usize) -> Message {
    match i % 3 {
        0 => Message::from(i.to_string()),
        1 => Message::from(vec![7; i]),
        _ => Message::from("x".repeat(i * 10)),
    }
}

/// Sends and receives at the same time, in two tasks, until both ends have all.
async fn exchange<T, R>(socket: WebSocket<T, R>, count: usize, is_batching: bool)
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    R: Role + Send + 'static,
{
    let (mut reader, mut writer) = socket.split();
    let writing = tokio::spawn(async move {
        for i in 0..count {
            if is_batching && i % 10 != 9 {
                writer.feed(message(i)).unwrap();
            } else {
                writer.send(message(i)).await.unwrap();
            }
        }
        writer
    });
    for i in 0..count {
        assert_eq!(reader.recv().await.unwrap(), Some(message(i)));
    }
    let writer = writing.await.unwrap();
    let mut socket = reader.reunite(writer).unwrap();
    socket.close(CloseCode::NORMAL, "").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_ends_send_and_receive() {
    for size in [1, 7, 64, 5000] {
        for is_batching in [false, true] {
            let (server, client) = pair_with(size, &untimed());
            let both = async {
                tokio::join!(
                    tokio::spawn(exchange(server, count(size), is_batching)),
                    tokio::spawn(exchange(client, count(size), is_batching))
                )
            };
            let (one, other) = timeout(Duration::from_secs(60), both).await.expect("nobody waits for ever");
            one.unwrap();
            other.unwrap();
        }
    }
}

#[cfg(feature = "futures")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_ends_send_and_receive_through_the_split_of_futures() {
    use futures_util::{SinkExt, StreamExt, stream};

    async fn exchange<T, R>(socket: WebSocket<T, R>, count: usize)
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        R: Role + Send + Unpin + 'static,
    {
        let (mut sink, mut stream) = StreamExt::split(socket);
        let writing = tokio::spawn(async move {
            let mut messages = stream::iter((0..count).map(|i| Ok::<Message, Error>(message(i))));
            sink.send_all(&mut messages).await.unwrap();
            sink
        });
        for i in 0..count {
            assert_eq!(stream.next().await.unwrap().unwrap(), message(i));
        }
        let mut socket = stream.reunite(writing.await.unwrap()).unwrap();
        SinkExt::<Message>::close(&mut socket).await.unwrap();
        assert!(socket.next().await.is_none());
    }
    for size in [1, 7, 64, 5000] {
        let (server, client) = pair_with(size, &untimed());
        let both = async {
            tokio::join!(
                tokio::spawn(exchange(server, count(size))),
                tokio::spawn(exchange(client, count(size)))
            )
        };
        let (one, other) = timeout(Duration::from_secs(60), both).await.expect("nobody waits for ever");
        one.unwrap();
        other.unwrap();
    }
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

#[tokio::test]
async fn bytes_go_both_ways_at_once() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let (server, client) = pair_with(64, &untimed());
    let sent: Vec<u8> = (0..200_000_u32).map(|i| i.to_le_bytes()[0]).collect();
    let one = |stream: Box<dyn Stream>| {
        let sent = sent.clone();
        async move {
            let (mut read, mut write) = tokio::io::split(stream);
            let expected = sent.clone();
            let writing = tokio::spawn(async move {
                write.write_all(&sent).await.unwrap();
                write.shutdown().await.unwrap();
            });
            let mut received = Vec::new();
            read.read_to_end(&mut received).await.unwrap();
            assert!(received == expected);
            writing.await.unwrap();
        }
    };
    let both = async { tokio::join!(one(Box::new(server.into_bytes())), one(Box::new(client.into_bytes()))) };
    timeout(Duration::from_secs(60), both).await.expect("nobody waits for ever");
}

#[tokio::test]
async fn pings_are_answered_and_the_connection_closed_while_only_the_reader_runs() {
    let (server, mut client) = pair(7);
    let (mut reader, mut writer) = server.split();
    writer.feed("fed before").unwrap();
    let reading = tokio::spawn(async move { reader.recv().await });
    assert_eq!(client.recv().await.unwrap(), Some(Message::from("fed before")));
    writer.feed("fed while the reader waits").unwrap();
    assert_eq!(client.recv().await.unwrap(), Some(Message::from("fed while the reader waits")));
    client.ping().await.unwrap();
    assert!(timeout(Duration::from_millis(200), client.recv()).await.is_err());
    assert!(client.latency().is_some());
    client.close(CloseCode::NORMAL, "").await.unwrap();
    assert_eq!(reading.await.unwrap().unwrap(), None);
    assert!(matches!(writer.send("late").await, Err(Error::Closed)));
}

#[tokio::test]
async fn pings_are_answered_and_the_connection_closed_while_only_the_writer_runs() {
    let (server, mut client) = pair(7);
    let (reader, mut writer) = server.split();
    drop(reader);
    let writing = tokio::spawn(async move { writer.closed().await });
    client.send("nobody takes this").await.unwrap();
    client.ping().await.unwrap();
    client.feed("nor this").unwrap();
    let answered = async {
        while client.latency().is_none() {
            let _ = timeout(Duration::from_millis(1), client.recv()).await;
        }
    };
    timeout(Duration::from_secs(10), answered).await.expect("the Ping is answered");
    client.close(CloseCode::NORMAL, "").await.unwrap();
    writing.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_close_of_the_writer_completes_while_the_reader_waits_or_sleeps() {
    for is_waiting in [true, false] {
        let (server, mut client) = pair(7);
        let (mut reader, mut writer) = server.split();
        let peer = tokio::spawn(async move {
            client.feed("in between").unwrap();
            while let Some(message) = client.recv().await.unwrap() {
                client.feed(message).unwrap();
            }
        });
        let reading = tokio::spawn(async move {
            if is_waiting {
                while reader.recv().await.unwrap().is_some() {}
            }
            reader
        });
        tokio::task::yield_now().await;
        timeout(Duration::from_secs(10), writer.close(CloseCode::NORMAL, "")).await.unwrap().unwrap();
        assert_eq!(reading.await.unwrap().recv().await.unwrap(), None);
        peer.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_writer_that_waits_wakes_the_reader_for_what_it_has_read() {
    // The peer takes nothing, so the writer waits, reads, and finds a message.
    let (left, right) = duplex(64);
    let options = Options::new().with_timeouts(Timeouts::none());
    let (mut reader, mut writer) = server(left, &options).split();
    let mut client = client(Faulty::bytewise(right), &options);
    let reading = tokio::spawn(async move { reader.recv().await });
    tokio::task::yield_now().await;
    let writing = tokio::spawn(async move { writer.send(vec![0; 1000]).await });
    tokio::task::yield_now().await;
    client.send("here").await.unwrap();
    assert_eq!(reading.await.unwrap().unwrap(), Some(Message::from("here")));
    assert_eq!(client.recv().await.unwrap().unwrap().len(), 1000);
    writing.await.unwrap().unwrap();
}

#[tokio::test]
async fn only_halves_of_one_connection_reunite() {
    let ((one, _client), (other, _other_client)) = (pair(64), pair(64));
    let ((reader, writer), (other_reader, other_writer)) = (one.split(), other.split());
    let (reader, other_writer) = reader.reunite(other_writer).unwrap_err();
    assert!(reader.reunite(writer).is_ok());
    assert!(other_reader.reunite(other_writer).is_ok());
}

/// Answers are encoded while the message is borrowed, and leave with the other half too.
#[tokio::test]
async fn the_half_that_reads_borrows_messages() {
    let (socket, mut peer) = pair(1 << 16);
    let (mut reader, writer) = socket.split();
    peer.feed("Hello").unwrap();
    peer.feed("again").unwrap();
    peer.flush().await.unwrap();
    for text in ["Hello", "again"] {
        let heard = reader.read_with(|message, mut out| {
            out.feed(message).unwrap();
            matches!(message, wsproto::Message::Text(heard) if heard == text)
        });
        assert_eq!(heard.await.unwrap(), Some(true));
    }
    assert!(writer.unsent() > 0);
    let reading = tokio::spawn(async move { reader.read_with(|_, _| ()).await });
    assert_eq!(peer.recv().await.unwrap(), Some(Message::from("Hello")));
    assert_eq!(peer.recv().await.unwrap(), Some(Message::from("again")));
    peer.close(CloseCode::NORMAL, "").await.unwrap();
    assert_eq!(reading.await.unwrap().unwrap(), None);

    let (left, mut right) = duplex(100);
    let (mut reader, _writer) = server(left, &untimed()).split();
    tokio::io::AsyncWriteExt::write_all(&mut right, b"\x81\x81\0\0\0\0\xFF").await.unwrap();
    drop(right);
    let outcome = reader.read_with(|message, _| panic!("{message:?}")).await;
    assert!(matches!(outcome, Err(Error::Protocol(_))), "{outcome:?}");
}
