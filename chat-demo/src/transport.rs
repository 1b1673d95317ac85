//! What every conversation needs, whatever it is about: a write with an end, and a good end.

use std::collections::VecDeque;
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
pub(crate) type Unsent = VecDeque<Bytes>;

/// Writes as much as the socket takes at once, many frames in one call, and tells how many bytes that was.
pub(crate) fn try_write(stream: &TcpStream, unsent: &mut Unsent) -> io::Result<usize> {
    let mut slices = [IoSlice::new(&[]); BATCH];
    for (slice, frame) in slices.iter_mut().zip(&*unsent) {
        *slice = IoSlice::new(frame);
    }
    let count = unsent.len().min(BATCH);
    let written = match stream.try_write_vectored(&slices[..count]) {
        Ok(0) => return Err(ErrorKind::WriteZero.into()),
        Ok(written) => written,
        // The socket only seemed to be ready.
        Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(0),
        Err(error) => return Err(error),
    };
    let mut rest = written;
    while let Some(frame) = unsent.front_mut() {
        let part = rest.min(frame.len());
        frame.advance(part);
        rest -= part;
        if !frame.is_empty() {
            return Ok(written);
        }
        unsent.pop_front();
    }
    // An idle connection holds no memory for it.
    *unsent = Unsent::new();
    Ok(written)
}
