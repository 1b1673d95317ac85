//! Transports that do what transports may do.

use std::io::{self, ErrorKind, Read, Write};

/// A transport that delivers in small pieces, is not ready, ends, or fails: as told.
///
/// ```
/// use std::io::{ErrorKind, Read};
/// use wsproto_test::Faulty;
///
/// let mut transport = Faulty::new(&b"Hello"[..]).with_pieces(2).with_read_error(3, ErrorKind::ConnectionReset);
/// let mut buf = [0; 16];
/// assert_eq!(transport.read(&mut buf)?, 2);
/// assert_eq!(transport.read(&mut buf)?, 1);
/// assert_eq!(transport.read(&mut buf).unwrap_err().kind(), ErrorKind::ConnectionReset);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Faulty<T> {
    inner: T,
    read: Side,
    write: Side,
    /// What is said when it is not ready and can't say so by `Pending`.
    not_ready: ErrorKind,
    waits: u64,
}

/// What one direction does, and has done.
#[derive(Debug)]
struct Side {
    /// How much is tried, in turn; 0: it is not ready.
    sizes: Vec<usize>,
    calls: usize,
    has_waited: bool,
    bytes: usize,
    end: usize,
    fails: Option<(usize, ErrorKind)>,
}

impl Side {
    fn new() -> Self {
        Self { sizes: vec![usize::MAX], calls: 0, has_waited: false, bytes: 0, end: usize::MAX, fails: None }
    }

    /// Tells how many bytes are to be tried: 0 if it is not ready, which it never is twice in a row.
    fn turn(&mut self) -> usize {
        let size = self.sizes[self.calls % self.sizes.len()];
        self.calls += 1;
        self.has_waited = size == 0 && !self.has_waited;
        if self.has_waited { 0 } else { size.max(1) }
    }

    /// Tells how many of `len` bytes may be moved.
    fn limit(&self, len: usize) -> io::Result<usize> {
        match self.fails {
            Some((at, kind)) if self.bytes >= at => Err(kind.into()),
            Some((at, _)) => Ok(len.min(at - self.bytes)),
            None => Ok(len),
        }
        .map(|len| len.min(self.end.saturating_sub(self.bytes)))
    }
}

impl<T> Faulty<T> {
    /// Wraps a transport, which does as well as before until told otherwise.
    pub fn new(inner: T) -> Self {
        Self { inner, read: Side::new(), write: Side::new(), not_ready: ErrorKind::WouldBlock, waits: 0 }
    }

    /// The slowest there is: takes and gives one byte a call, and is not ready at every other one.
    pub fn bytewise(inner: T) -> Self {
        Self::new(inner).with_reads(&[0, 1]).with_writes(&[0, 1])
    }

    /// Takes and gives `bytes` a call at most, one at least.
    #[must_use]
    pub fn with_pieces(self, bytes: usize) -> Self {
        self.with_reads(&[bytes.max(1)]).with_writes(&[bytes.max(1)])
    }

    /// Gives these many bytes at most, in turn, again and again. At 0 it is not ready: `Pending` where it is asynchronous (and wakes at
    /// once), an error where it is not. It is ready at the next call, however much it then gives.
    #[must_use]
    pub fn with_reads(mut self, sizes: &[usize]) -> Self {
        self.read.sizes = if sizes.is_empty() { vec![usize::MAX] } else { sizes.to_vec() };
        self
    }

    /// Takes these many bytes at most, in the same way. A call that flushes or shuts down has its turn like one that writes.
    #[must_use]
    pub fn with_writes(mut self, sizes: &[usize]) -> Self {
        self.write.sizes = if sizes.is_empty() { vec![usize::MAX] } else { sizes.to_vec() };
        self
    }

    /// Fails so where it is not ready and not asynchronous: `WouldBlock` unless told, `Interrupted` for instance.
    #[must_use]
    pub fn with_not_ready(self, kind: ErrorKind) -> Self {
        Self { not_ready: kind, ..self }
    }

    /// Ends behind this many bytes that were read, in the middle of a frame for instance.
    #[must_use]
    pub fn with_end(mut self, bytes: usize) -> Self {
        self.read.end = bytes;
        self
    }

    /// Reads fail so behind this many bytes.
    #[must_use]
    pub fn with_read_error(mut self, bytes: usize, kind: ErrorKind) -> Self {
        self.read.fails = Some((bytes, kind));
        self
    }

    /// Writes fail so behind this many bytes.
    #[must_use]
    pub fn with_write_error(mut self, bytes: usize, kind: ErrorKind) -> Self {
        self.write.fails = Some((bytes, kind));
        self
    }

    /// Fails no more: what failed goes on where it was.
    pub fn recover(&mut self) {
        self.read.fails = None;
        self.write.fails = None;
    }

    /// Returns how often it was not ready. Whoever waits for it has asked it: a call that waits and has not, will wait for ever.
    pub fn waits(&self) -> u64 {
        self.waits
    }

    /// Returns the transport.
    pub fn into_inner(self) -> T {
        self.inner
    }

    /// Tells how many of `len` bytes are to be tried: `None` if it is not ready.
    fn next(&mut self, side: fn(&mut Self) -> &mut Side, len: usize) -> Option<io::Result<usize>> {
        match side(self).turn() {
            0 => {
                self.waits += 1;
                None
            }
            size => Some(side(self).limit(len.min(size))),
        }
    }

    fn next_read(&mut self, len: usize) -> Option<io::Result<usize>> {
        self.next(|it| &mut it.read, len)
    }

    fn next_write(&mut self, len: usize) -> Option<io::Result<usize>> {
        self.next(|it| &mut it.write, len)
    }

    fn or_not_ready(&self, next: Option<io::Result<usize>>) -> io::Result<usize> {
        next.unwrap_or(Err(self.not_ready.into()))
    }
}

impl<T: Read> Read for Faulty<T> {
    fn read(&mut self, dst: &mut [u8]) -> io::Result<usize> {
        let next = self.next_read(dst.len());
        let n = self.or_not_ready(next)?;
        let n = if n == 0 { 0 } else { self.inner.read(&mut dst[..n])? };
        self.read.bytes += n;
        Ok(n)
    }
}

impl<T: Write> Write for Faulty<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let next = self.next_write(bytes.len());
        let n = self.or_not_ready(next)?;
        let n = self.inner.write(&bytes[..n])?;
        self.write.bytes += n;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.next_write(0).is_none() {
            return Err(self.not_ready.into());
        }
        self.inner.flush()
    }
}

#[cfg(feature = "tokio")]
mod asynchronous {
    use std::io;
    use std::pin::Pin;
    use std::task::{Context, Poll, ready};

    use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

    use super::Faulty;

    impl<T> Faulty<T> {
        /// Whether a flush or a shutdown has its turn.
        fn poll_ready(&mut self, cx: &Context<'_>) -> Poll<()> {
            match self.next_write(0) {
                None => {
                    cx.waker().wake_by_ref();
                    Poll::Pending
                }
                Some(_) => Poll::Ready(()),
            }
        }
    }

    impl<T: AsyncRead + Unpin> AsyncRead for Faulty<T> {
        fn poll_read(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buf: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            let Some(next) = self.next_read(buf.remaining()) else {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            };
            let n = next?;
            if n == 0 {
                return Poll::Ready(Ok(()));
            }
            let mut piece = ReadBuf::new(buf.initialize_unfilled_to(n));
            if Pin::new(&mut self.inner).poll_read(cx, &mut piece)?.is_pending() {
                self.waits += 1;
                return Poll::Pending;
            }
            let n = piece.filled().len();
            buf.advance(n);
            self.read.bytes += n;
            Poll::Ready(Ok(()))
        }
    }

    impl<T: AsyncWrite + Unpin> AsyncWrite for Faulty<T> {
        fn poll_write(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            let Some(next) = self.next_write(bytes.len()) else {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            };
            let n = next?;
            let Poll::Ready(n) = Pin::new(&mut self.inner).poll_write(cx, &bytes[..n])? else {
                self.waits += 1;
                return Poll::Pending;
            };
            self.write.bytes += n;
            Poll::Ready(Ok(n))
        }

        fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            ready!(self.poll_ready(cx));
            Pin::new(&mut self.inner).poll_flush(cx)
        }

        fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            ready!(self.poll_ready(cx));
            Pin::new(&mut self.inner).poll_shutdown(cx)
        }
    }
}
