//! What the tests share: pairs of sockets.
#![allow(dead_code, reason = "each test file takes a part")]

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, duplex};
use tokio_wsproto::wsproto::deflate::Parameters;
use tokio_wsproto::{Agreed, Client, Options, Server, ThreadKeys, WebSocket};

/// What both ends agree on by default: compression, without context takeover.
pub fn compressed() -> Agreed {
    Agreed::new().with_deflate(Some(Parameters {
        server_no_context_takeover: true,
        client_no_context_takeover: true,
        ..Parameters::default()
    }))
}

pub fn server<T: AsyncRead + AsyncWrite + Unpin>(stream: T, options: &Options) -> WebSocket<T> {
    WebSocket::from_upgraded(stream, Server, b"", Agreed::new(), options)
}

pub fn client<T: AsyncRead + AsyncWrite + Unpin>(stream: T, options: &Options) -> WebSocket<T, Client> {
    WebSocket::from_upgraded(stream, ThreadKeys::client(), b"", Agreed::new(), options)
}

/// A server and a client over pipes of that size, with the default options.
pub fn pair(size: usize) -> (WebSocket<DuplexStream>, WebSocket<DuplexStream, Client>) {
    pair_with(size, &Options::new())
}

pub fn pair_with(
    size: usize,
    options: &Options,
) -> (WebSocket<DuplexStream>, WebSocket<DuplexStream, Client>) {
    let (left, right) = duplex(size);
    (server(left, options), client(right, options))
}

/// Polls a future once, and drops it. `None` if it was not ready.
pub fn poll_once<F: Future>(future: F) -> Option<F::Output> {
    let mut cx = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut cx) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}
