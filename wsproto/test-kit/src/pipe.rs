//! A connection in memory.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// How long a blocking call waits before it fails, so that a test that would hang fails instead.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Returns the two ends of a connection. What one writes, the other reads; a write never waits.
///
/// ```
/// use std::io::{Read, Write};
///
/// let (mut left, mut right) = wsproto_test::pipe();
/// left.write_all(b"Hello")?;
/// drop(left);
/// let mut text = String::new();
/// right.read_to_string(&mut text)?;
/// assert_eq!(text, "Hello");
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn pipe() -> (Pipe, Pipe) {
    pipe_with(usize::MAX)
}

/// Returns the two ends of a connection that holds `capacity` bytes, at least one, in each direction: a write waits for the reader.
/// This is how to try a peer that does not read.
pub fn pipe_with(capacity: usize) -> (Pipe, Pipe) {
    let direction = || {
        Arc::new(Direction { capacity: capacity.max(1), state: Mutex::default(), changed: Condvar::new() })
    };
    let (there, back) = (direction(), direction());
    (Pipe { incoming: back.clone(), outgoing: there.clone() }, Pipe { incoming: there, outgoing: back })
}

/// One end of a connection in memory.
///
/// It is `Read` and `Write`, which block for [`PATIENCE`] at most, and with the feature `tokio` also `AsyncRead` and `AsyncWrite`, under
/// any runtime. Dropping it ends both directions: the other end reads what is left and then nothing, and its writes fail.
pub struct Pipe {
    incoming: Arc<Direction>,
    outgoing: Arc<Direction>,
}

struct Direction {
    capacity: usize,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    bytes: VecDeque<u8>,
    /// The writer will write no more.
    is_ended: bool,
    /// The reader will read no more.
    is_refused: bool,
    waiting: Vec<Waker>,
}

impl Pipe {
    /// Ends this direction: the other end reads what is left, and then nothing.
    pub fn end(&self) {
        self.outgoing.change(|state| state.is_ended = true);
    }

    /// Returns how many bytes the other end has written and this one not yet read.
    pub fn unread(&self) -> usize {
        self.incoming.lock().bytes.len()
    }

    /// Returns all that there is to be read, and leaves nothing; does not wait.
    pub fn take_unread(&self) -> Vec<u8> {
        self.incoming.change(|state| state.bytes.drain(..).collect())
    }

    /// Reads if there is something, or waits for `context`.
    ///
    /// # Errors
    ///
    /// None so far.
    pub fn poll_read_some(&self, context: Option<&Context<'_>>, dst: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut state = self.incoming.lock();
        let n = dst.len().min(state.bytes.len());
        if n == 0 && !state.is_ended && !dst.is_empty() {
            state.waiting.extend(context.map(|context| context.waker().clone()));
            return Poll::Pending;
        }
        for (to, byte) in dst.iter_mut().zip(state.bytes.drain(..n)) {
            *to = byte;
        }
        self.incoming.wake(state);
        Poll::Ready(Ok(n))
    }

    /// Writes as much as there is space for, or waits for `context`.
    ///
    /// # Errors
    ///
    /// `BrokenPipe` if the other end is gone, or this direction has ended.
    pub fn poll_write_some(&self, context: Option<&Context<'_>>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut state = self.outgoing.lock();
        if state.is_refused || state.is_ended {
            return Poll::Ready(Err(ErrorKind::BrokenPipe.into()));
        }
        let n = bytes.len().min(self.outgoing.capacity - state.bytes.len());
        if n == 0 && !bytes.is_empty() {
            state.waiting.extend(context.map(|context| context.waker().clone()));
            return Poll::Pending;
        }
        state.bytes.extend(&bytes[..n]);
        self.outgoing.wake(state);
        Poll::Ready(Ok(n))
    }
}

impl Direction {
    fn lock(&self) -> MutexGuard<'_, State> {
        // A test that panics elsewhere has not left half a byte.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.lock();
        let result = change(&mut state);
        self.wake(state);
        result
    }

    fn wake(&self, mut state: MutexGuard<'_, State>) {
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        self.changed.notify_all();
        waiting.into_iter().for_each(Waker::wake);
    }

    /// Calls until it is ready, after each change.
    fn block<T>(&self, mut poll: impl FnMut() -> Poll<io::Result<T>>) -> io::Result<T> {
        let started = std::time::Instant::now();
        loop {
            if let Poll::Ready(result) = poll() {
                return result;
            }
            let left = PATIENCE.saturating_sub(started.elapsed());
            if left.is_zero() {
                let why = "the other end of the pipe did nothing for ten seconds";
                return Err(io::Error::new(ErrorKind::TimedOut, why));
            }
            // A change between the call and here is seen after this, at the latest.
            let brief = left.min(Duration::from_millis(20));
            drop(self.changed.wait_timeout(self.lock(), brief));
        }
    }
}

impl Read for Pipe {
    fn read(&mut self, dst: &mut [u8]) -> io::Result<usize> {
        self.incoming.block(|| self.poll_read_some(None, dst))
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.outgoing.block(|| self.poll_write_some(None, bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        self.end();
        self.incoming.change(|state| state.is_refused = true);
    }
}

impl fmt::Debug for Pipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipe").field("unread", &self.unread()).finish_non_exhaustive()
    }
}

#[cfg(feature = "tokio")]
mod asynchronous {
    use std::pin::Pin;
    use std::task::ready;

    use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

    use super::{Context, Pipe, Poll, io};

    impl AsyncRead for Pipe {
        fn poll_read(
            self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buf: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            let n = ready!(self.poll_read_some(Some(cx), buf.initialize_unfilled()))?;
            buf.advance(n);
            Poll::Ready(Ok(()))
        }
    }

    impl AsyncWrite for Pipe {
        fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
            self.poll_write_some(Some(cx), bytes)
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            self.end();
            Poll::Ready(Ok(()))
        }
    }
}
