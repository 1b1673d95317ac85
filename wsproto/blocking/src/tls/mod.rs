//! A connection with TLS or without.

#[cfg(feature = "rustls")]
mod client;
#[cfg(not(feature = "rustls"))]
mod missing;
#[cfg(feature = "rustls")]
mod stream;

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use crate::{Input, Output, Split};

#[cfg(feature = "rustls")]
pub(crate) use client::{Tls, TlsClient};
#[cfg(not(feature = "rustls"))]
pub(crate) use missing::{Tls, TlsClient};
#[cfg(feature = "rustls")]
pub use stream::{TlsInput, TlsOutput};

/// A connection of a client, over TLS (`wss`) or without it (`ws`).
#[derive(Debug)]
pub struct MaybeTls<T: Input + Output = TcpStream>(Inner<T>);

#[derive(Debug)]
enum Inner<T: Input + Output> {
    Plain(T),
    #[cfg(feature = "rustls")]
    Tls(Box<rustls::StreamOwned<rustls::ClientConnection, T>>),
}

impl<T: Input + Output> MaybeTls<T> {
    pub(crate) const fn plain(stream: T) -> Self {
        Self(Inner::Plain(stream))
    }

    #[cfg(feature = "rustls")]
    pub(crate) fn tls(stream: rustls::StreamOwned<rustls::ClientConnection, T>) -> Self {
        Self(Inner::Tls(Box::new(stream)))
    }

    /// Tells whether the connection is over TLS.
    pub const fn is_tls(&self) -> bool {
        !matches!(self.0, Inner::Plain(_))
    }

    /// Returns the stream below: a [`TcpStream`], for its addresses and options.
    pub fn get_ref(&self) -> &T {
        match &self.0 {
            Inner::Plain(stream) => stream,
            #[cfg(feature = "rustls")]
            Inner::Tls(stream) => &stream.sock,
        }
    }

    /// Returns the state of TLS, for the peer's certificates, the version and the like.
    #[cfg(feature = "rustls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "rustls")))]
    pub fn tls_connection(&self) -> Option<&rustls::ClientConnection> {
        match &self.0 {
            Inner::Plain(_) => None,
            Inner::Tls(stream) => Some(&stream.conn),
        }
    }
}

/// The half of a [`MaybeTls`] that is read from.
#[derive(Debug)]
pub struct MaybeTlsInput<I>(InputInner<I>);

#[derive(Debug)]
enum InputInner<I> {
    Plain(I),
    #[cfg(feature = "rustls")]
    Tls(Box<TlsInput<rustls::ClientConnection, I>>),
}

/// The half of a [`MaybeTls`] that is written to.
#[derive(Debug)]
pub struct MaybeTlsOutput<O>(OutputInner<O>);

#[derive(Debug)]
enum OutputInner<O> {
    Plain(O),
    #[cfg(feature = "rustls")]
    Tls(Box<TlsOutput<rustls::ClientConnection, O>>),
}

impl<T: Split> Split for MaybeTls<T> {
    type Input = MaybeTlsInput<T::Input>;
    type Output = MaybeTlsOutput<T::Output>;

    fn split(self) -> io::Result<(Self::Input, Self::Output)> {
        Ok(match self.0 {
            Inner::Plain(stream) => {
                let (input, output) = stream.split()?;
                (MaybeTlsInput(InputInner::Plain(input)), MaybeTlsOutput(OutputInner::Plain(output)))
            }
            #[cfg(feature = "rustls")]
            Inner::Tls(stream) => {
                let (input, output) = stream.split()?;
                (
                    MaybeTlsInput(InputInner::Tls(Box::new(input))),
                    MaybeTlsOutput(OutputInner::Tls(Box::new(output))),
                )
            }
        })
    }
}

/// Calls a method of the stream, whichever it is.
macro_rules! each {
    ($self:ident, $inner:ident, $stream:ident => $call:expr) => {
        match &mut $self.0 {
            $inner::Plain($stream) => $call,
            #[cfg(feature = "rustls")]
            $inner::Tls($stream) => $call,
        }
    };
}
macro_rules! input {
    ($type:ident, $inner:ident, $($bound:tt)*) => {
        impl<T: $($bound)*> Read for $type<T> {
            fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
                each!(self, $inner, stream => stream.read(buf))
            }
        }

        impl<T: $($bound)*> Input for $type<T> {
            fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
                each!(self, $inner, stream => stream.set_read_timeout(timeout))
            }

            fn abort(&mut self) {
                each!(self, $inner, stream => stream.abort());
            }
        }
    };
}

macro_rules! output {
    ($type:ident, $inner:ident, $($bound:tt)*) => {
        impl<T: $($bound)*> Write for $type<T> {
            fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
                each!(self, $inner, stream => stream.write(buf))
            }

            fn flush(&mut self) -> io::Result<()> {
                each!(self, $inner, stream => stream.flush())
            }
        }

        impl<T: $($bound)*> Output for $type<T> {
            fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
                each!(self, $inner, stream => stream.set_write_timeout(timeout))
            }

            fn shutdown(&mut self, how: Shutdown) -> io::Result<()> {
                each!(self, $inner, stream => stream.shutdown(how))
            }

            fn send_at_once(&mut self) -> io::Result<()> {
                each!(self, $inner, stream => stream.send_at_once())
            }
        }
    };
}

input!(MaybeTls, Inner, Input + Output);
output!(MaybeTls, Inner, Input + Output);
input!(MaybeTlsInput, InputInner, Input);
output!(MaybeTlsOutput, OutputInner, Output);
