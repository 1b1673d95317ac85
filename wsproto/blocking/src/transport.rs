use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

/// What a connection reads from. A [`TcpStream`] is one; for other types, implement this, or use [`Untimed`].
pub trait Input: Read {
    /// Sets how long a read may wait, as [`TcpStream::set_read_timeout`] does. A read that waits longer fails with
    /// [`WouldBlock`](ErrorKind::WouldBlock) or [`TimedOut`](ErrorKind::TimedOut).
    ///
    /// # Errors
    ///
    /// [`Unsupported`](ErrorKind::Unsupported), as the default implementation returns, if reads wait as long as they like: then the
    /// deadlines are kept only when a read returns.
    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        let _ = timeout;
        Err(ErrorKind::Unsupported.into())
    }

    /// Ends both sides of the transport at once, so that a call that waits in another thread returns. Default: nothing.
    fn abort(&mut self) {}
}

/// What a connection writes to. A [`TcpStream`] is one; for other types, implement this, or use [`Untimed`].
pub trait Output: Write {
    /// Sets how long a write may wait, as [`TcpStream::set_write_timeout`] does.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](ErrorKind::Unsupported), as the default implementation returns, if writes wait as long as they like.
    fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        let _ = timeout;
        Err(ErrorKind::Unsupported.into())
    }

    /// Ends this side of the transport, with what belongs to that, such as TLS' alert; or, with [`Shutdown::Both`], both sides at
    /// once, so that a read that waits in another thread returns.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](ErrorKind::Unsupported), as the default implementation returns, if only dropping the transport ends it.
    fn shutdown(&mut self, how: Shutdown) -> io::Result<()> {
        let _ = how;
        Err(ErrorKind::Unsupported.into())
    }

    /// Has small writes leave at once: they hold whole messages. Default: nothing.
    ///
    /// # Errors
    ///
    /// Those of the transport.
    fn send_at_once(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A transport that can be read and written by two threads at the same time, for [`WebSocket::split`](crate::WebSocket::split).
pub trait Split: Input + Output + Sized {
    /// What the thread that receives reads from.
    type Input: Input;
    /// What both threads write to, one at a time.
    type Output: Output;

    /// Makes two of it.
    ///
    /// # Errors
    ///
    /// Those of [`TcpStream::try_clone`] and its like.
    fn split(self) -> io::Result<(Self::Input, Self::Output)>;
}

/// A transport that reads and writes, and knows no more: any [`Read`] and [`Write`].
///
/// Its reads and writes wait as long as they like, so that deadlines are looked at only when one returns; unless it does not
/// block, such as a socket of mio. Behind the closing handshake nobody waits for the transport's end.
///
/// # Examples
///
/// ```
/// use std::io::{Read, Write};
/// use wsproto_blocking::{AcceptError, Untimed, WebSocket, accept};
///
/// fn over_anything<S: Read + Write>(stream: S) -> Result<WebSocket<Untimed<S>>, AcceptError> {
///     accept(Untimed(stream))
/// }
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Untimed<S>(pub S);

impl<S: Read> Read for Untimed<S> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
}

impl<S: Write> Write for Untimed<S> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl<S: Read> Input for Untimed<S> {}
impl<S: Write> Output for Untimed<S> {}

macro_rules! sockets {
    ($($socket:ty, $send_at_once:expr;)*) => {$(
        impl Input for $socket {
            fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
                <$socket>::set_read_timeout(self, timeout)
            }

            fn abort(&mut self) {
                let _ = <$socket>::shutdown(self, Shutdown::Both);
            }
        }

        impl Output for $socket {
            fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
                <$socket>::set_write_timeout(self, timeout)
            }

            fn shutdown(&mut self, how: Shutdown) -> io::Result<()> {
                <$socket>::shutdown(self, how)
            }

            fn send_at_once(&mut self) -> io::Result<()> {
                $send_at_once(self)
            }
        }

        impl Split for $socket {
            type Input = Self;
            type Output = Self;

            fn split(self) -> io::Result<(Self, Self)> {
                Ok((self.try_clone()?, self))
            }
        }
    )*};
}
sockets! { TcpStream, |socket: &TcpStream| socket.set_nodelay(true); }
#[cfg(unix)]
sockets! { std::os::unix::net::UnixStream, |_| Ok(()); }
