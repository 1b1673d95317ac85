//! What every conversation needs, whatever it is about: a write with an end, and a good end.

use std::io::{self, ErrorKind, IoSlice};
use std::time::Duration;

use bytes::{Buf, Bytes};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long we listen for a peer that has been told all, and how much we hear.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: u64 = 256 * 1024;

/// How many frames go into one write.
pub(crate) const BATCH: usize = 16;

/// Writes all of `bytes` in time.
pub(crate) async fn send(stream: &mut TcpStream, bytes: &[u8], limit: Duration) -> io::Result<()> {
    timeout(limit, stream.write_all(bytes)).await?
}

/// Closes our side, then waits a little for the peer to close its own.
///
/// To drop a socket with unread bytes in it makes TCP reset the connection, and a reset throws away what the peer has
/// not read yet: our last words.
pub(crate) async fn hang_up(mut stream: TcpStream) {
    if stream.shutdown().await.is_ok() {
        let mut unread = stream.take(LINGER_BYTES);
        let _ = timeout(LINGER, tokio::io::copy(&mut unread, &mut tokio::io::sink())).await;
    }
}

/// Frames to write, the first of them perhaps in part. They are shared, so none is copied into another buffer.
#[derive(Default)]
pub(crate) struct Unsent {
    frames: Vec<Bytes>,
    /// How many of them are written.
    done: usize,
}

impl Unsent {
    pub(crate) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Where to add frames.
    pub(crate) fn frames(&mut self) -> &mut Vec<Bytes> {
        &mut self.frames
    }

    /// Writes as much as the socket takes at once, many frames in one call, and tells how many bytes that was.
    pub(crate) fn try_write(&mut self, stream: &TcpStream) -> io::Result<usize> {
        let mut slices = [IoSlice::new(&[]); BATCH];
        let waiting = &self.frames[self.done..];
        for (slice, frame) in slices.iter_mut().zip(waiting) {
            *slice = IoSlice::new(frame);
        }
        let count = waiting.len().min(BATCH);
        match stream.try_write_vectored(&slices[..count]) {
            Ok(0) if count > 0 => Err(ErrorKind::WriteZero.into()),
            Ok(written) => {
                self.advance(written);
                Ok(written)
            }
            // The socket only seemed to be ready.
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
            Err(error) => Err(error),
        }
    }

    fn advance(&mut self, mut written: usize) {
        for frame in &mut self.frames[self.done..] {
            let part = written.min(frame.len());
            frame.advance(part);
            written -= part;
            if !frame.is_empty() {
                return;
            }
            // What is written is let go of at once.
            *frame = Bytes::new();
            self.done += 1;
        }
        *self = Self::default();
    }
}
