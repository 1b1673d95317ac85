//! A stream of HTTP/2 as a transport.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::{RecvStream, SendStream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream as what it is to the session: bytes in, bytes out.
///
/// Its end is `END_STREAM`. If it is dropped before, h2 resets it with CANCEL, as [RFC 8441 §5] wants it.
pub struct Stream {
    receive: RecvStream,
    /// What came and is not read yet.
    received: Bytes,
    send: SendStream<Bytes>,
}

impl Stream {
    /// Takes both directions of a stream whose opening handshake is done.
    pub const fn new(receive: RecvStream, send: SendStream<Bytes>) -> Self {
        Self { receive, received: Bytes::new(), send }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // Not `if`: an empty DATA frame is not the end.
        while self.received.is_empty() {
            match ready!(self.receive.poll_data(cx)) {
                Some(data) => self.received = data.map_err(io::Error::other)?,
                None => return Poll::Ready(Ok(())),
            }
        }
        let n = self.received.len().min(buf.remaining());
        buf.put_slice(&self.received.split_to(n));
        // Only what the session has taken may be sent anew.
        Poll::Ready(self.receive.flow_control().release_capacity(n).map_err(io::Error::other))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.send.reserve_capacity(bytes.len());
        while self.send.capacity() == 0 {
            match ready!(self.send.poll_capacity(cx)) {
                Some(more) => drop(more.map_err(io::Error::other)?),
                None => return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
            }
        }
        let n = self.send.capacity().min(bytes.len());
        let sent = self.send.send_data(Bytes::copy_from_slice(&bytes[..n]), false);
        Poll::Ready(sent.map(|()| n).map_err(io::Error::other))
    }

    /// The task of the connection does it.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.send.send_data(Bytes::new(), true).map_err(io::Error::other))
    }
}
