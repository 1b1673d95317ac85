//! What the tests share: pairs of sockets, and a transport with a script.
#![allow(dead_code, clippy::unnecessary_wraps, reason = "each test file takes a part")]

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use wsproto_blocking::wsproto::deflate::Parameters;
use wsproto_blocking::{Agreed, Client, Input, Options, Output, Server, ThreadKeys, Timeouts, WebSocket};
use wsproto_test::{Faulty, Pipe, pipe};

/// What both ends agree on by default: compression, without context takeover.
pub fn compressed() -> Agreed {
    Agreed::new().with_deflate(Some(Parameters {
        server_no_context_takeover: true,
        client_no_context_takeover: true,
        ..Parameters::default()
    }))
}

/// The two ends of a TCP connection.
pub fn streams() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let one = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (listener.accept().unwrap().0, one)
}

pub fn server<T: Input + Output>(stream: T, options: &Options) -> WebSocket<T> {
    WebSocket::from_upgraded(stream, Server, b"", Agreed::new(), options)
}

pub fn client<T: Input + Output>(stream: T, options: &Options) -> WebSocket<T, Client> {
    WebSocket::from_upgraded(stream, ThreadKeys::client(), b"", Agreed::new(), options)
}

/// A server and a client over TCP, with the default options.
pub fn pair() -> (WebSocket<TcpStream>, WebSocket<TcpStream, Client>) {
    pair_with(&Options::new())
}

pub fn pair_with(options: &Options) -> (WebSocket<TcpStream>, WebSocket<TcpStream, Client>) {
    let (left, right) = streams();
    (server(left, options), client(right, options))
}

/// The default options with other deadlines.
pub fn timed(set: impl FnOnce(Timeouts) -> Timeouts) -> Options {
    Options::new().with_timeouts(set(Timeouts::new()))
}

#[allow(clippy::unnecessary_wraps, reason = "timeouts are taken so")]
pub fn millis(millis: u64) -> Option<Duration> {
    Some(Duration::from_millis(millis))
}

/// A transport that gives these bytes and then ends, and who reads what is written to it.
pub fn scripted(bytes: &[u8]) -> (Faulty<Pipe>, Pipe) {
    let (stream, mut peer) = pipe();
    peer.write_all(bytes).unwrap();
    peer.end();
    (Faulty::new(stream), peer)
}
