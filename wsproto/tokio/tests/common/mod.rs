//! What the tests share: pairs of sockets, and a transport that is as slow as a transport can be.
#![allow(dead_code, reason = "each test file takes a part")]

use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf, duplex};
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

/// Takes and gives one byte a turn, and is not ready at every other one.
#[derive(Debug)]
pub struct Bytewise<T> {
    inner: T,
    may_read: bool,
    may_write: bool,
}

impl<T> Bytewise<T> {
    pub fn new(inner: T) -> Self {
        Self { inner, may_read: false, may_write: false }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Bytewise<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.may_read = !self.may_read;
        if !self.may_read {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let mut one = [0];
        let mut into = ReadBuf::new(&mut one);
        std::task::ready!(Pin::new(&mut self.inner).poll_read(cx, &mut into))?;
        buf.put_slice(into.filled());
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Bytewise<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.may_write = !self.may_write;
        if !self.may_write {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Pin::new(&mut self.inner).poll_write(cx, &buf[..buf.len().min(1)])
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

/// Polls a future once, and drops it. `None` if it was not ready.
pub fn poll_once<F: Future>(future: F) -> Option<F::Output> {
    let mut cx = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut cx) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}
