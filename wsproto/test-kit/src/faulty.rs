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
    piece: usize,
    waits: bool,
    end: usize,
    read: Side,
    write: Side,
}

/// What one direction has done, and where it fails.
#[derive(Debug)]
struct Side {
    bytes: usize,
    fails: Option<(usize, ErrorKind)>,
    has_waited: bool,
}

impl Side {
    const NEW: Self = Self { bytes: 0, fails: None, has_waited: false };

    /// Tells how many of `len` bytes are to be tried: `None` if it is not ready.
    fn next(&mut self, len: usize, piece: usize, waits: bool) -> Option<io::Result<usize>> {
        if waits {
            self.has_waited = !self.has_waited;
            if self.has_waited {
                return None;
            }
        }
        match self.fails {
            Some((at, kind)) if self.bytes >= at => Some(Err(kind.into())),
            Some((at, _)) => Some(Ok(len.min(piece).min(at - self.bytes))),
            None => Some(Ok(len.min(piece))),
        }
    }
}

impl<T> Faulty<T> {
    /// Wraps a transport, which does as well as before until told otherwise.
    pub fn new(inner: T) -> Self {
        Self { inner, piece: usize::MAX, waits: false, end: usize::MAX, read: Side::NEW, write: Side::NEW }
    }

    /// The slowest there is: takes and gives one byte a call, and is not ready at every other one.
    pub fn bytewise(inner: T) -> Self {
        Self::new(inner).with_pieces(1).with_waits()
    }

    /// Takes and gives `bytes` a call at most, one at least.
    #[must_use]
    pub fn with_pieces(self, bytes: usize) -> Self {
        Self { piece: bytes.max(1), ..self }
    }

    /// Is not ready at every other call: `Pending` where it is asynchronous (and wakes at once), `WouldBlock` where it is not.
    #[must_use]
    pub fn with_waits(self) -> Self {
        Self { waits: true, ..self }
    }

    /// Ends behind this many bytes that were read, in the middle of a frame for instance.
    #[must_use]
    pub fn with_end(self, bytes: usize) -> Self {
        Self { end: bytes, ..self }
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

    /// Returns the transport.
    pub fn into_inner(self) -> T {
        self.inner
    }

    fn next_read(&mut self, len: usize) -> Option<io::Result<usize>> {
        let next = self.read.next(len, self.piece, self.waits)?;
        Some(next.map(|n| n.min(self.end - self.read.bytes.min(self.end))))
    }

    fn next_write(&mut self, len: usize) -> Option<io::Result<usize>> {
        self.write.next(len, self.piece, self.waits)
    }
}

impl<T: Read> Read for Faulty<T> {
    fn read(&mut self, dst: &mut [u8]) -> io::Result<usize> {
        let n = self.next_read(dst.len()).unwrap_or(Err(ErrorKind::WouldBlock.into()))?;
        let n = if n == 0 { 0 } else { self.inner.read(&mut dst[..n])? };
        self.read.bytes += n;
        Ok(n)
    }
}

impl<T: Write> Write for Faulty<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.next_write(bytes.len()).unwrap_or(Err(ErrorKind::WouldBlock.into()))?;
        let n = self.inner.write(&bytes[..n])?;
        self.write.bytes += n;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
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
            ready!(Pin::new(&mut self.inner).poll_read(cx, &mut piece))?;
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
            let n = ready!(Pin::new(&mut self.inner).poll_write(cx, &bytes[..n]))?;
            self.write.bytes += n;
            Poll::Ready(Ok(n))
        }

        fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.inner).poll_flush(cx)
        }

        fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.inner).poll_shutdown(cx)
        }
    }
}
