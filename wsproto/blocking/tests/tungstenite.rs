//! tungstenite as the peer, in both roles.

mod common;

use common::client;
use std::net::{TcpListener, TcpStream};
use tungstenite::protocol::{CloseFrame, Role, WebSocketConfig, frame::coding::CloseCode as Code};
use tungstenite::{Message as Theirs, WebSocket as TheirSocket};
use wsproto_blocking::{CloseCode, Error, Message, Options, accept};

#[test]
fn a_client_is_echoed() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let client = std::thread::spawn(move || {
        let (mut socket, _) = tungstenite::connect(url).unwrap();
        for len in [0, 1, 125, 126, 65_535, 65_536, 1_000_000] {
            let message = Theirs::binary(vec![7; len]);
            socket.send(message.clone()).unwrap();
            socket.send(Theirs::Ping(vec![1].into())).unwrap();
            assert_eq!(socket.read().unwrap(), message);
            assert_eq!(socket.read().unwrap(), Theirs::Pong(vec![1].into()));
        }
        socket.close(Some(CloseFrame { code: Code::Normal, reason: "bye".into() })).unwrap();
        while socket.read().is_ok() {}
    });
    let mut socket = accept(listener.accept().unwrap().0).unwrap();
    while let Some(message) = socket.recv().unwrap() {
        socket.feed(message).unwrap();
    }
    assert_eq!((socket.close_code(), socket.close_reason()), (Some(CloseCode::NORMAL), Some("bye")));
    client.join().unwrap();
}

#[test]
fn a_server_echoes_us() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut socket: TheirSocket<TcpStream> =
            TheirSocket::from_raw_socket(stream, Role::Server, Some(WebSocketConfig::default()));
        while let Ok(message) = socket.read() {
            if message.is_text() || message.is_binary() {
                socket.send(message).unwrap();
            }
        }
    });
    let mut socket = client(TcpStream::connect(address).unwrap(), &Options::new());
    for len in [0, 1, 125, 126, 65_535, 65_536, 1_000_000] {
        let text = "x".repeat(len);
        socket.feed(&text).unwrap();
        assert_eq!(socket.recv().unwrap(), Some(Message::from(text)));
    }
    socket.ping().unwrap();
    socket.feed("behind it").unwrap();
    assert_eq!(socket.recv().unwrap(), Some(Message::from("behind it")));
    socket.close(CloseCode::NORMAL, "").unwrap();
    assert!(socket.latency().is_some());
    assert!(matches!(socket.send("late"), Err(Error::Closed)));
    server.join().unwrap();
}
