//! The same over the traits of `embedded-io`, for programs that block.
//!
//! Each call is the one of the same name above, driven to its end: over a transport that blocks it never has to wait.
//! Deadlines need a [`BlockingClock`](crate::BlockingClock).
//!
//! ```
//! use embedded_io::{Read, Write};
//! use wsproto_embedded::NoClock;
//! use wsproto_embedded::blocking::accept;
//!
//! fn echo<T: Read + Write>(transport: T, memory: &mut [u8; 1024]) {
//!     let Ok(mut socket) = accept(transport, memory, NoClock) else { return };
//!     while let Ok(Some((message, mut out))) = socket.read() {
//!         if out.send(message).is_err() {
//!             return;
//!         }
//!     }
//! }
//! ```

use core::fmt;
use core::future::Future;
use core::pin::pin;
use core::task::{Context, Poll, Waker};

use embedded_io::{ErrorType, Read, Write};
use rand_core::CryptoRng;
use wsproto::connection::{Data, Fragment, Role};
use wsproto::handshake::{Choice, Response};
use wsproto::session::Buffer;
use wsproto::{CloseCode, Message, Server};

use crate::{AcceptError, Clock, ConnectError, Error, Keys, Memory, Options};

/// A transport that blocks, with the traits of one that does not.
#[derive(Debug, Clone, Copy)]
pub struct Blocking<T>(pub T);

impl<T: ErrorType> ErrorType for Blocking<T> {
    type Error = T::Error;
}

impl<T: Read> embedded_io_async::Read for Blocking<T> {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, Self::Error> {
        self.0.read(buf)
    }
}

impl<T: Write> embedded_io_async::Write for Blocking<T> {
    async fn write(&mut self, buf: &[u8]) -> Result<usize, Self::Error> {
        self.0.write(buf)
    }

    async fn flush(&mut self) -> Result<(), Self::Error> {
        self.0.flush()
    }
}

/// Drives a future to its end; one over [`Blocking`] is there the first time.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return output;
        }
        core::hint::spin_loop();
    }
}

/// A WebSocket connection over a transport that blocks; see [`WebSocket`](crate::WebSocket).
#[derive(Debug)]
pub struct WebSocket<T, I, O, C, R: Role = Server>(crate::WebSocket<Blocking<T>, I, O, C, R>);

/// Sends while a received message is borrowed; see [`WebSocket::read`].
#[derive(Debug)]
pub struct Out<'s, T, O, C, R: Role = Server>(crate::Out<'s, Blocking<T>, O, C, R>);

/// The socket of a server in a [`Memory`].
pub type ServerSocket<T, M, C> = WebSocket<T, <M as Memory>::In, <M as Memory>::Out, C>;

/// The socket of a client in a [`Memory`].
pub type ClientSocket<T, M, C, G> =
    WebSocket<T, <M as Memory>::In, <M as Memory>::Out, C, wsproto::Client<Keys<G>>>;

/// Reads a client's request and accepts it; see [`accept`](crate::accept()).
///
/// # Errors
///
/// As there.
pub fn accept<T: Read + Write, M: Memory, C: Clock>(
    transport: T,
    memory: M,
    clock: C,
) -> Result<ServerSocket<T, M, C>, AcceptError<T::Error>> {
    accept_with(transport, memory, clock, &Options::new())
}

/// The same with options of one's own.
///
/// # Errors
///
/// As [`accept`].
pub fn accept_with<T: Read + Write, M: Memory, C: Clock>(
    transport: T,
    memory: M,
    clock: C,
    options: &Options<'_>,
) -> Result<ServerSocket<T, M, C>, AcceptError<T::Error>> {
    block_on(crate::accept_with(Blocking(transport), memory, clock, options)).map(WebSocket)
}

/// A client's request for a WebSocket connection; see [`Handshake`](crate::Handshake).
#[derive(Debug)]
pub struct Handshake<'o, T, I, O, C>(crate::Handshake<'o, Blocking<T>, I, O, C>);

impl<'o, T, I, O, C> Handshake<'o, T, I, O, C>
where
    T: Read + Write,
    I: Buffer + AsMut<[u8]>,
    O: AsRef<[u8]> + AsMut<[u8]>,
    C: Clock,
{
    /// Reads a request; see [`Handshake::read`](crate::Handshake::read).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn read<M: Memory<In = I, Out = O>>(
        transport: T,
        memory: M,
        clock: C,
        options: &Options<'o>,
    ) -> Result<Self, AcceptError<T::Error>> {
        block_on(crate::Handshake::read(Blocking(transport), memory, clock, options)).map(Self)
    }

    /// Accepts it; see [`Handshake::accept`](crate::Handshake::accept).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn accept(self, choice: Choice<'_>) -> Result<WebSocket<T, I, O, C>, AcceptError<T::Error>> {
        block_on(self.0.accept(choice)).map(WebSocket)
    }

    /// Refuses it; see [`Handshake::refuse`](crate::Handshake::refuse).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn refuse(self, status: u16, body: &[u8]) -> Result<T, AcceptError<T::Error>> {
        block_on(self.0.refuse(status, body)).map(|transport| transport.0)
    }

    /// Returns the request.
    pub const fn get_mut(&mut self) -> &mut crate::Handshake<'o, Blocking<T>, I, O, C> {
        &mut self.0
    }
}

impl crate::Connect<'_> {
    /// Opens a WebSocket connection over a transport that blocks; see [`connect`](Self::connect).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn connect_blocking<T: Read + Write, M: Memory, C: Clock, G: CryptoRng>(
        &self,
        transport: T,
        memory: M,
        clock: C,
        random: G,
        look: impl FnOnce(&Response<'_>),
    ) -> Result<ClientSocket<T, M, C, G>, ConnectError<T::Error>> {
        block_on(self.connect_with_response(Blocking(transport), memory, clock, random, look)).map(WebSocket)
    }
}

impl<T, I, O, C, R> WebSocket<T, I, O, C, R>
where
    T: Read + Write,
    I: Buffer,
    O: AsRef<[u8]> + AsMut<[u8]>,
    C: Clock,
    R: Role,
{
    /// Waits for a message; see [`WebSocket::read`](crate::WebSocket::read).
    ///
    /// # Errors
    ///
    /// As there.
    #[allow(clippy::type_complexity)] // it is a pair
    pub fn read(&mut self) -> Result<Option<(Message<'_>, Out<'_, T, O, C, R>)>, Error<T::Error>> {
        Ok(block_on(self.0.read())?.map(|(message, out)| (message, Out(out))))
    }

    /// Waits for the next piece of a message; see [`WebSocket::read_piece`](crate::WebSocket::read_piece).
    ///
    /// # Errors
    ///
    /// As there.
    #[allow(clippy::type_complexity)] // it is a pair
    pub fn read_piece(&mut self) -> Result<Option<(Data<'_>, Out<'_, T, O, C, R>)>, Error<T::Error>> {
        Ok(block_on(self.0.read_piece())?.map(|(piece, out)| (piece, Out(out))))
    }

    /// Sends a message; see [`WebSocket::send`](crate::WebSocket::send).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn send<'m>(&mut self, message: impl Into<Message<'m>>) -> Result<(), Error<T::Error>> {
        block_on(self.0.send(message))
    }

    /// Sends a text that is formatted; see [`WebSocket::send_fmt`](crate::WebSocket::send_fmt).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn send_fmt(&mut self, text: fmt::Arguments<'_>) -> Result<(), Error<T::Error>> {
        block_on(self.0.send_fmt(text))
    }

    /// Sends a fragment; see [`WebSocket::send_fragment`](crate::WebSocket::send_fragment).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn send_fragment<'m>(&mut self, fragment: impl Into<Fragment<'m>>) -> Result<(), Error<T::Error>> {
        block_on(self.0.send_fragment(fragment))
    }

    /// Sends a Ping; see [`WebSocket::ping`](crate::WebSocket::ping).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn ping(&mut self) -> Result<(), Error<T::Error>> {
        block_on(self.0.ping())
    }

    /// Closes the connection; see [`WebSocket::close`](crate::WebSocket::close).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn close(&mut self, code: CloseCode, reason: &str) -> Result<(), Error<T::Error>> {
        block_on(self.0.close(code, reason))
    }

    /// Returns the code in the peer's Close frame, if that came and had one.
    pub fn close_code(&self) -> Option<CloseCode> {
        self.0.close_code()
    }

    /// Returns the transport.
    pub fn into_transport(self) -> T {
        self.0.into_transport().0
    }
}

impl<T, O, C, R> Out<'_, T, O, C, R>
where
    T: Write,
    O: AsRef<[u8]> + AsMut<[u8]>,
    C: Clock,
    R: Role,
{
    /// Sends a message; see [`WebSocket::send`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn send<'m>(&mut self, message: impl Into<Message<'m>>) -> Result<(), Error<T::Error>> {
        block_on(self.0.send(message))
    }

    /// Sends a text that is formatted; see [`WebSocket::send_fmt`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn send_fmt(&mut self, text: fmt::Arguments<'_>) -> Result<(), Error<T::Error>> {
        block_on(self.0.send_fmt(text))
    }

    /// Sends a fragment; see [`WebSocket::send_fragment`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn send_fragment<'m>(&mut self, fragment: impl Into<Fragment<'m>>) -> Result<(), Error<T::Error>> {
        block_on(self.0.send_fragment(fragment))
    }
}
