//! A stream of HTTP/3 as a transport: bytes in, bytes out, in DATA frames.

use std::io::{Error, Result};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use quinn::{Connection, RecvStream, SendStream, VarInt};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::frame::{
    DATA, FRAME_ERROR, FRAME_UNEXPECTED, Header, NO_ERROR, REQUEST_CANCELLED, append_header, is_known,
    malformed,
};

/// So much goes into a DATA frame.
const FRAME: usize = 16 * 1024;

/// A request's stream behind its header fields.
///
/// Its end is FIN. If it is dropped before, it is reset with `H3_REQUEST_CANCELLED` ([RFC 9220 §3]).
///
/// [RFC 9220 §3]: https://www.rfc-editor.org/rfc/rfc9220#section-3
pub struct Stream {
    connection: Connection,
    receive: RecvStream,
    /// A frame's header that is not whole yet.
    header: Header,
    /// How much of a frame is still to come, and whether it is one that means something.
    left: u64,
    is_data: bool,
    send: SendStream,
    /// A frame that is to be sent, and how much of it is.
    frame: Vec<u8>,
    sent: usize,
    is_finished: bool,
}

impl Stream {
    pub fn new(connection: Connection, receive: RecvStream, send: SendStream) -> Self {
        let (header, frame) = (Header::default(), Vec::new());
        let (left, is_data, sent, is_finished) = (0, false, 0, false);
        Self { connection, receive, header, left, is_data, send, frame, sent, is_finished }
    }

    /// Sends what is left of the frame.
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        while self.sent < self.frame.len() {
            let written = Pin::new(&mut self.send).poll_write(cx, &self.frame[self.sent..]);
            self.sent += ready!(written).map_err(Error::from)?;
        }
        Poll::Ready(Ok(()))
    }

    /// Reads of a frame's payload, or of a header. Gives nothing at the stream's end.
    fn poll_bytes(&mut self, cx: &mut Context<'_>, bytes: &mut [u8]) -> Poll<Result<usize>> {
        let mut buf = ReadBuf::new(bytes);
        ready!(AsyncRead::poll_read(Pin::new(&mut self.receive), cx, &mut buf))?;
        let n = buf.filled().len();
        if n == 0 && (self.left > 0 || !self.header.is_empty()) {
            return Poll::Ready(Err(self.fail(FRAME_ERROR, "the stream ends within a frame".to_owned())));
        }
        Poll::Ready(Ok(n))
    }

    /// What breaks the rules of HTTP/3 ends the connection ([RFC 9114 §7.1]).
    ///
    /// [RFC 9114 §7.1]: https://www.rfc-editor.org/rfc/rfc9114#section-7.1
    fn fail(&self, code: VarInt, why: String) -> Error {
        self.connection.close(code, why.as_bytes());
        malformed(why)
    }
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        while buf.remaining() > 0 {
            let left = usize::try_from(self.left).unwrap_or(usize::MAX);
            if left > 0 && self.is_data {
                let n = left.min(buf.remaining());
                let n = ready!(self.poll_bytes(cx, buf.initialize_unfilled_to(n)))?;
                self.left -= n as u64;
                buf.advance(n);
                return Poll::Ready(Ok(()));
            }
            if left > 0 {
                let mut skipped = [0; 256];
                let n = left.min(skipped.len());
                self.left -= ready!(self.poll_bytes(cx, &mut skipped[..n]))? as u64;
                continue;
            }
            let mut byte = [0];
            if ready!(self.poll_bytes(cx, &mut byte))? == 0 {
                return Poll::Ready(Ok(()));
            }
            if let Some((kind, len)) = self.header.push(byte[0]) {
                // [RFC 9114 §4.4]: of the known ones only DATA.
                if kind != DATA && is_known(kind) {
                    let why = format!("a frame of type {kind:#x} in a WebSocket");
                    return Poll::Ready(Err(self.fail(FRAME_UNEXPECTED, why)));
                }
                (self.left, self.is_data) = (len, kind == DATA);
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        ready!(self.poll_frame(cx))?;
        let n = bytes.len().min(FRAME);
        self.frame.clear();
        self.sent = 0;
        if n > 0 {
            append_header(DATA, n, &mut self.frame);
            self.frame.extend(&bytes[..n]);
        }
        // What does not go now goes with the next call.
        match self.poll_frame(cx) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            _ => Poll::Ready(Ok(n)),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.poll_frame(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        ready!(self.poll_frame(cx))?;
        self.is_finished = true;
        // Who has finished it already has nothing to do.
        let _ = self.send.finish();
        Poll::Ready(Ok(()))
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let code = if self.is_finished { NO_ERROR } else { REQUEST_CANCELLED };
        if !self.is_finished {
            let _ = self.send.reset(code);
        }
        // At its end already, this does nothing.
        let _ = self.receive.stop(code);
    }
}
