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

/// A connection of a client, over TLS (`wss`) or without it (`ws`), on a way that may have TLS of its own as far as a proxy.
#[derive(Debug)]
pub struct MaybeTls<T: Input + Output = TcpStream>(Layer<Layer<T>>);

/// A stream, with TLS over it or without.
#[derive(Debug)]
pub(crate) enum Layer<T: Input + Output> {
    Plain(T),
    #[cfg(feature = "rustls")]
    Tls(Box<rustls::StreamOwned<rustls::ClientConnection, T>>),
}

impl<T: Input + Output> Layer<T> {
    fn get_ref(&self) -> &T {
        match self {
            Self::Plain(stream) => stream,
            #[cfg(feature = "rustls")]
            Self::Tls(stream) => &stream.sock,
        }
    }
}

impl<T: Input + Output> MaybeTls<T> {
    pub(crate) const fn new(layers: Layer<Layer<T>>) -> Self {
        Self(layers)
    }

    /// Tells whether the connection is over TLS.
    pub const fn is_tls(&self) -> bool {
        !matches!(self.0, Layer::Plain(_))
    }

    /// Returns the stream below: a [`TcpStream`], for its addresses and options.
    pub fn get_ref(&self) -> &T {
        self.0.get_ref().get_ref()
    }

    /// Returns the state of TLS, for the peer's certificates, the version and the like.
    #[cfg(feature = "rustls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "rustls")))]
    pub fn tls_connection(&self) -> Option<&rustls::ClientConnection> {
        match &self.0 {
            Layer::Plain(_) => None,
            Layer::Tls(stream) => Some(&stream.conn),
        }
    }
}

/// The half of a [`MaybeTls`] that is read from.
#[derive(Debug)]
pub struct MaybeTlsInput<I>(LayerInput<LayerInput<I>>);

#[derive(Debug)]
pub(crate) enum LayerInput<I> {
    Plain(I),
    #[cfg(feature = "rustls")]
    Tls(Box<TlsInput<rustls::ClientConnection, I>>),
}

/// The half of a [`MaybeTls`] that is written to.
#[derive(Debug)]
pub struct MaybeTlsOutput<O>(LayerOutput<LayerOutput<O>>);

#[derive(Debug)]
pub(crate) enum LayerOutput<O> {
    Plain(O),
    #[cfg(feature = "rustls")]
    Tls(Box<TlsOutput<rustls::ClientConnection, O>>),
}

impl<T: Split> Split for MaybeTls<T> {
    type Input = MaybeTlsInput<T::Input>;
    type Output = MaybeTlsOutput<T::Output>;

    fn split(self) -> io::Result<(Self::Input, Self::Output)> {
        let (input, output) = self.0.split()?;
        Ok((MaybeTlsInput(input), MaybeTlsOutput(output)))
    }
}

impl<T: Split> Split for Layer<T> {
    type Input = LayerInput<T::Input>;
    type Output = LayerOutput<T::Output>;

    fn split(self) -> io::Result<(Self::Input, Self::Output)> {
        Ok(match self {
            Self::Plain(stream) => {
                let (input, output) = stream.split()?;
                (LayerInput::Plain(input), LayerOutput::Plain(output))
            }
            #[cfg(feature = "rustls")]
            Self::Tls(stream) => {
                let (input, output) = stream.split()?;
                (LayerInput::Tls(Box::new(input)), LayerOutput::Tls(Box::new(output)))
            }
        })
    }
}

/// Calls a method of the stream, whichever it is.
macro_rules! layer {
    ($self:ident, $stream:ident => $call:expr) => {
        match $self {
            Self::Plain($stream) => $call,
            #[cfg(feature = "rustls")]
            Self::Tls($stream) => $call,
        }
    };
}

/// Calls a method of the layers.
macro_rules! layers {
    ($self:ident, $stream:ident => $call:expr) => {{
        let $stream = &mut $self.0;
        $call
    }};
}

macro_rules! input {
    ($type:ident, $each:ident, $($bound:tt)*) => {
        impl<T: $($bound)*> Read for $type<T> {
            fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
                $each!(self, stream => stream.read(buf))
            }
        }

        impl<T: $($bound)*> Input for $type<T> {
            fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
                $each!(self, stream => stream.set_read_timeout(timeout))
            }

            fn abort(&mut self) {
                $each!(self, stream => stream.abort());
            }
        }
    };
}

macro_rules! output {
    ($type:ident, $each:ident, $($bound:tt)*) => {
        impl<T: $($bound)*> Write for $type<T> {
            fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
                $each!(self, stream => stream.write(buf))
            }

            fn flush(&mut self) -> io::Result<()> {
                $each!(self, stream => stream.flush())
            }
        }

        impl<T: $($bound)*> Output for $type<T> {
            fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
                $each!(self, stream => stream.set_write_timeout(timeout))
            }

            fn shutdown(&mut self, how: Shutdown) -> io::Result<()> {
                $each!(self, stream => stream.shutdown(how))
            }

            fn send_at_once(&mut self) -> io::Result<()> {
                $each!(self, stream => stream.send_at_once())
            }
        }
    };
}

input!(Layer, layer, Input + Output);
output!(Layer, layer, Input + Output);
input!(LayerInput, layer, Input);
output!(LayerOutput, layer, Output);
input!(MaybeTls, layers, Input + Output);
output!(MaybeTls, layers, Input + Output);
input!(MaybeTlsInput, layers, Input);
output!(MaybeTlsOutput, layers, Output);
