use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use wsproto::connection::Role;
use wsproto::{CloseCode, Server};

use crate::drive::Messages;
use crate::wakers::{Half, Wakers};
use crate::{Error, Message, WebSocket};

/// A connection as a stream of bytes, for protocols that are tunnelled: MQTT, SSH, yamux.
/// [`WebSocket::into_bytes`] makes it.
///
/// Each write becomes a binary message, of at most 64 KiB. Received binary messages are read one behind the
/// other; a text is an error of the kind [`InvalidData`](io::ErrorKind::InvalidData). `shutdown` sends a
/// Close frame, after which nothing can be written; the peer's is the end of the stream. It may be split with
/// [`tokio::io::split`].
#[derive(Debug)]
pub struct ByteStream<T, R: Role = Server> {
    socket: WebSocket<T, R>,
    /// What is left of the last message.
    rest: Bytes,
    wakers: Arc<Wakers>,
}

const MAX_WRITE: usize = 64 * 1024;

impl<T, R: Role> WebSocket<T, R> {
    /// Makes a stream of bytes of the connection's binary messages.
    ///
    /// # Examples
    ///
    /// ```
    /// use tokio::io::{AsyncRead, AsyncWrite};
    /// use tokio_wsproto::WebSocket;
    ///
    /// /// Tunnels to an SSH server.
    /// async fn tunnel(socket: WebSocket<impl AsyncRead + AsyncWrite + Unpin>) -> std::io::Result<()> {
    ///     let mut ssh = tokio::net::TcpStream::connect("127.0.0.1:22").await?;
    ///     tokio::io::copy_bidirectional(&mut socket.into_bytes(), &mut ssh).await?;
    ///     Ok(())
    /// }
    /// ```
    pub fn into_bytes(self) -> ByteStream<T, R> {
        ByteStream { socket: self, rest: Bytes::new(), wakers: Arc::default() }
    }
}

impl<T, R: Role> ByteStream<T, R> {
    /// Returns the connection. What is left of a message that was read in part is lost.
    pub fn into_inner(self) -> WebSocket<T, R> {
        self.socket
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin, R: Role> ByteStream<T, R> {
    fn poll_as<V>(
        &mut self,
        half: Half,
        cx: &Context<'_>,
        poll: impl FnOnce(&mut WebSocket<T, R>, &mut Context<'_>) -> Poll<Result<V, Error>>,
    ) -> Poll<io::Result<V>> {
        let outcome = self.wakers.poll_as(half, cx, &mut self.socket, |socket| socket.progress(half), poll);
        outcome.map_err(io::Error::from)
    }
}

impl<T, R> AsyncRead for ByteStream<T, R>
where
    T: AsyncRead + AsyncWrite + Unpin,
    R: Role + Unpin,
{
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while self.rest.is_empty() && buf.remaining() > 0 {
            match ready!(self.poll_as(Half::Reader, cx, WebSocket::poll_recv_as_half))? {
                Some(Message::Binary(payload)) => self.rest = payload,
                Some(Message::Text(_)) => {
                    let text = "a text message in a stream of bytes";
                    return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, text)));
                }
                None => break,
            }
        }
        let taken = self.rest.len().min(buf.remaining());
        buf.put_slice(&self.rest[..taken]);
        self.rest.advance(taken);
        Poll::Ready(Ok(()))
    }
}

impl<T, R> AsyncWrite for ByteStream<T, R>
where
    T: AsyncRead + AsyncWrite + Unpin,
    R: Role + Unpin,
{
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let taken = buf.len().min(MAX_WRITE);
        if taken == 0 {
            return Poll::Ready(Ok(0));
        }
        self.poll_as(Half::Writer, cx, |socket, cx| {
            ready!(socket.poll_room(cx, Messages::Left))?;
            socket.feed(&buf[..taken])?;
            // It may be the last for a while, and not everybody flushes.
            let _ = socket.inner.way.poll_write(&mut socket.inner.io, cx);
            Poll::Ready(Ok(taken))
        })
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_as(Half::Writer, cx, WebSocket::poll_flush)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_as(Half::Writer, cx, |socket, cx| {
            socket.inner.way.feed_close(CloseCode::NORMAL.into())?;
            socket.poll_flush(cx)
        })
    }
}
