//! Receiving, answering, ending: one behaviour a test.

mod common;

use std::io::{ErrorKind, Write};
use std::net::Shutdown;
use std::thread;

use common::{Bytewise, Scripted, client, compressed, pair, server, streams};
use wsproto_blocking::wsproto::error::AbnormalClosure;
use wsproto_blocking::{
    CloseCode, CloseFrame, Error, Message, Options, ProtocolError, Server, ThreadKeys, Untimed, WebSocket,
};

#[test]
fn messages_come_and_go_and_both_ends_see_the_closing_handshake() {
    let (mut server, mut client) = pair();
    let serving = thread::spawn(move || {
        while let Some(message) = server.recv()? {
            server.feed(message)?;
        }
        assert_eq!(server.close_code(), Some(CloseCode::NORMAL));
        assert_eq!(server.close_reason(), Some("bye"));
        Ok::<_, Error>(())
    });
    client.send("Hello").unwrap();
    client.send([1, 2]).unwrap();
    assert_eq!(client.recv().unwrap(), Some(Message::from("Hello")));
    assert_eq!(client.recv().unwrap(), Some(Message::from(vec![1, 2])));
    client.close(CloseCode::NORMAL, "bye").unwrap();
    assert!(client.is_closing());
    assert!(matches!(client.send("too late"), Err(Error::Closed)));
    serving.join().unwrap().unwrap();
}
