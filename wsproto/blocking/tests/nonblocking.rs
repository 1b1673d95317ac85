//! Transports that don't block: `WouldBlock` passes through, and nothing is lost.

#![cfg(unix)]

mod common;

use std::io::ErrorKind;
use std::net::TcpStream;
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use common::{client, compressed, millis, pair, server, streams, timed};
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use wsproto_blocking::wsproto::connection::Role;
use wsproto_blocking::{
    Client, CloseCode, Deadline, Error, Message, Options, Server, ThreadKeys, Untimed, WebSocket,
};
use wsproto_test::Faulty;

fn would_block<V>(outcome: Result<V, Error>) -> Option<V> {
    match outcome {
        Ok(value) => Some(value),
        Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => None,
        Err(error) => panic!("{error:?}"),
    }
}

/// Calls in turn what two ends do until both have a value.
fn both<V, W>(mut one: impl FnMut() -> Option<V>, mut other: impl FnMut() -> Option<W>) -> (V, W) {
    let (mut first, mut second) = (None, None);
    let begun = Instant::now();
    loop {
        first = first.or_else(&mut one);
        second = second.or_else(&mut other);
        if first.is_some() && second.is_some() {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "it stands still");
    }
    (first.unwrap(), second.unwrap())
}

#[test]
fn one_byte_a_call_and_would_block_between_loses_nothing() {
    let (left, right) = streams();
    left.set_nonblocking(true).unwrap();
    right.set_nonblocking(true).unwrap();
    let options = Options::new();
    let bytewise = |stream| Untimed(Faulty::bytewise(stream));
    let mut server = WebSocket::from_upgraded(bytewise(left), Server, b"", compressed(), &options);
    let mut client =
        WebSocket::from_upgraded(bytewise(right), ThreadKeys::client(), b"", compressed(), &options);
    for n in 0..5 {
        let text = format!("{n} é").repeat(50);
        client.feed(&text).unwrap();
        assert!(client.wants_write());
        let ((), message) = both(|| would_block(client.flush()), || would_block(server.recv()));
        assert!(!client.wants_write());
        assert_eq!(message, Some(Message::from(text.clone())));
        server.feed(message.unwrap()).unwrap();
        let ((), message) = both(|| would_block(server.flush()), || would_block(client.recv()));
        assert_eq!(message, Some(Message::from(text)));
    }
    let (closed, end) =
        both(|| would_block(client.close(CloseCode::NORMAL, "bye")), || would_block(server.recv()));
    assert_eq!((closed, end), ((), None));
    assert_eq!(server.close_reason(), Some("bye"));
}

#[test]
fn a_socket_that_does_not_block_says_so_and_when_to_wake_up() {
    let (mut server, _client) = pair();
    server.get_mut().set_nonblocking(true).unwrap();
    let begun = Instant::now();
    assert!(would_block(server.recv()).is_none());
    assert!(would_block(server.read()).is_none());
    assert!(begun.elapsed() < Duration::from_secs(1));
    let wake_up = server.wake_up().unwrap();
    assert!(wake_up > Duration::from_secs(25) && wake_up <= Duration::from_secs(30), "{wake_up:?}");

    server.feed(vec![0; 2 << 20]).unwrap();
    server.feed(vec![0; 2 << 20]).unwrap();
    assert!(would_block(server.flush()).is_none());
    assert!(server.wants_write() && server.unsent() > 0);
    assert!(server.wake_up().unwrap() <= Duration::from_secs(30));
}

#[test]
fn deadlines_are_kept_when_it_is_called_in_time() {
    let (left, _peer) = streams();
    left.set_nonblocking(true).unwrap();
    let mut socket = server(left, &timed(|t| t.with_silence(millis(60)).with_pong(millis(60))));
    let begun = Instant::now();
    let mut calls = 0;
    let error = loop {
        match socket.recv() {
            Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => {}
            other => break other,
        }
        calls += 1;
        std::thread::sleep(socket.wake_up().unwrap());
    };
    assert!(matches!(error, Err(Error::Deadline(Deadline::Pong))), "{error:?}");
    assert!(begun.elapsed() >= Duration::from_millis(120) && calls < 10, "{calls}");
}

/// One end of a connection under mio: what it waits for, and what it does when that is there.
struct Peer<R: Role> {
    socket: WebSocket<TcpStream, R>,
    token: Token,
    interest: Interest,
}

impl<R: Role> Peer<R> {
    fn new(socket: WebSocket<TcpStream, R>, token: usize, poll: &Poll) -> Self {
        let (token, interest) = (Token(token), Interest::READABLE);
        poll.registry().register(&mut SourceFd(&socket.get_ref().as_raw_fd()), token, interest).unwrap();
        Self { socket, token, interest }
    }

    fn wait_for(&mut self, poll: &Poll) {
        let wants = Interest::READABLE;
        self.interest = if self.socket.wants_write() { wants | Interest::WRITABLE } else { wants };
        let fd = self.socket.get_ref().as_raw_fd();
        poll.registry().reregister(&mut SourceFd(&fd), self.token, self.interest).unwrap();
    }
}

/// A server that echoes and a client that checks, in one thread; more than the sockets hold is under way.
#[test]
fn an_echo_under_mio() {
    const MESSAGES: usize = 40;
    let message = |i: usize| vec![i.to_le_bytes()[0]; 200_000 + i];
    let mut poll = Poll::new().unwrap();
    let (left, right) = streams();
    left.set_nonblocking(true).unwrap();
    right.set_nonblocking(true).unwrap();
    let options = Options::new().with_max_unsent(64 << 20);
    let mut echo = Peer::new(server(left, &options), 0, &poll);
    let mut asking: Peer<Client> = Peer::new(client(right, &options), 1, &poll);
    for i in 0..MESSAGES {
        asking.socket.feed(message(i)).unwrap();
    }
    asking.wait_for(&poll);
    let (mut received, mut is_over, begun) = (0, false, Instant::now());
    let mut events = Events::with_capacity(8);
    let mut waited = 0;
    while !is_over {
        poll.poll(&mut events, Some(Duration::from_secs(5))).unwrap();
        assert!(begun.elapsed() < Duration::from_secs(20), "{received} of {MESSAGES}");
        for event in &events {
            if event.token() == echo.token {
                while let Some(got) = would_block(echo.socket.recv()) {
                    let Some(message) = got else {
                        is_over = true;
                        break;
                    };
                    echo.socket.feed(message).unwrap();
                    waited = waited.max(echo.socket.unsent());
                }
                echo.wait_for(&poll);
            } else {
                while let Some(Some(got)) = would_block(asking.socket.recv()) {
                    assert!(got.as_bytes() == message(received));
                    received += 1;
                    if received == MESSAGES {
                        asking.socket.feed(CloseCode::NORMAL).unwrap();
                    }
                }
                asking.wait_for(&poll);
            }
        }
    }
    assert_eq!(received, MESSAGES);
    assert!(waited < options.high_water() + 300_000, "{waited}");
}
