//! What comes, and how it is told: messages, ends, faults.

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio_wsproto::{
    Agreed, Client, CloseCode, CloseFrame, Error, Message, Options, ProtocolError, Received, Server,
    ThreadKeys, WebSocket,
};

fn pair(size: usize) -> (WebSocket<DuplexStream>, WebSocket<DuplexStream, Client>) {
    let (left, right) = duplex(size);
    let options = Options::new();
    let server = WebSocket::from_upgraded(left, Server, b"", Agreed::new(), &options);
    let client = WebSocket::from_upgraded(right, ThreadKeys::client(), b"", Agreed::new(), &options);
    (server, client)
}

#[tokio::test]
async fn messages_go_both_ways_and_an_ordinary_end_is_none() {
    let (mut server, mut client) = pair(7);
    let echo = tokio::spawn(async move {
        while let Some(message) = server.recv().await.unwrap() {
            server.feed(message).unwrap();
        }
        (server.close_code(), server.close_reason().map(str::to_owned))
    });
    client.send("Hello").await.unwrap();
    assert_eq!(client.recv().await.unwrap(), Some(Message::from("Hello")));
    client.feed(&[1, 2, 3]).unwrap();
    client.feed_fmt(format_args!("{} {}", 1, 2)).unwrap();
    assert_eq!(client.recv().await.unwrap(), Some(Message::from(vec![1, 2, 3])));
    assert_eq!(client.recv().await.unwrap(), Some(Message::from("1 2")));
    client.close(CloseCode::GOING_AWAY, "bye").await.unwrap();
    assert_eq!(client.close_code(), Some(CloseCode::GOING_AWAY));
    assert_eq!(echo.await.unwrap(), (Some(CloseCode::GOING_AWAY), Some("bye".into())));
    assert_eq!(client.recv().await.unwrap(), None);
    assert!(matches!(client.feed("late"), Err(Error::Closed)));
}
