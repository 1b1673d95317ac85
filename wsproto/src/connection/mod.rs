//! Layer 2: the state machine of a connection, once the opening handshake is done.
//!
//! Bytes in, [`Event`]s out; intent in, bytes out. It owns no buffer, allocates nothing, and does no I/O:
//!
//! ```text
//!            ┌───────────────────── your buffer ─────────────────────┐
//!   read ──▶ │ consumed │ event's payload │ not consumed: comes again │
//!            └──────────┴────────┬────────┴──────────────────────────┘
//!                                ▼
//!                     receive(&mut buffer) ─▶ Event ─▶ encode_reply ─▶ write
//! ```
//!
//! # The loop
//!
//! 1. Read bytes to the end of your buffer, which holds at least [`Connection::MIN_RECEIVE_BUFFER`] bytes.
//! 2. Call [`receive`](Connection::receive) with all that is in the buffer, over and over, dropping what it `consumed`,
//!    until it consumes nothing. Give each event to [`encode_reply`](FrameEncoder::encode_reply), write what it encodes.
//! 3. On an error, send its [`close_frame`](ProtocolError::close_frame). Bytes that still come are read and dropped.
//! 4. When [`should_close_transport`](Connection::should_close_transport) says so, close the transport. When the
//!    transport ends, call [`receive_eof`](Connection::receive_eof).
//!
//! # What holds
//!
//! 1. Bytes outside `consumed` are untouched. They are to be presented again, first. (After an error the buffer is done
//!    with.)
//! 2. Every call makes progress or asks for more bytes; it never asks for more than 131.
//! 3. Events do not depend on how the input was cut (pieces of a message do; what they say together doesn't).
//! 4. Errors latch: no event comes after one, only the same error, until the transport ends. Limits fire at a frame's
//!    header.
//! 5. Check, then commit: an `encode_*` that returns `Err` has changed neither state nor output.
//! 6. The pieces of a text are together a valid prefix of UTF-8, and whole with the last one, even if that is empty.
//! 7. Receiving can be dropped and resumed at any byte.

#[cfg(feature = "alloc")]
mod append;
#[cfg(feature = "deflate")]
mod compression;
mod config;
mod event;
mod message;
mod outgoing;
mod receiver;
mod role;
mod sender;
mod state;
mod under_way;

#[cfg(feature = "alloc")]
pub(crate) use append::append_control;
#[cfg(feature = "deflate")]
pub use compression::encode_shared_message;
pub use config::Config;
pub use event::{Data, Event, MessageKind, Received};
pub use receiver::Receiver;
pub(crate) use receiver::WholeMessage;
pub use role::{Client, Role, Server};
pub use sender::{FrameEncoder, Sender};
pub use state::{ConnectionState, ReceiveState, SendState, should_close_transport};

use crate::error::{AbnormalClosure, ProtocolError};
use crate::wire::MaskingKey;

/// One end of a connection: a [`Receiver`] and a [`Sender`].
///
/// To take bytes: [`receive`](Self::receive), [`receive_eof`](Self::receive_eof). To make bytes: `frame` (of a client,
/// with a masking key). To know where it stands: [`state`](Self::state),
/// [`should_close_transport`](Self::should_close_transport). To use both directions at once: [`split`](Self::split).
///
/// # Examples
///
/// ```
/// use wsproto::connection::{Client, Config, Connection, Event, Server};
/// use wsproto::wire::MaskingKey;
///
/// let mut client = Connection::<Client>::new(Config::new());
/// let mut server = Connection::<Server>::new(Config::new());
///
/// // A fresh random key for each frame; this one is the RFC's.
/// let key = MaskingKey::new([0x37, 0xfa, 0x21, 0x3d]);
/// let mut wire = [0; 131];
/// let sent = client.frame(key).encode_text("Hello", &mut wire)?;
///
/// let received = server.receive(&mut wire[..sent])?;
/// assert_eq!(received.consumed, sent);
/// let Some(Event::Data(data)) = received.event else { panic!("a piece of a message") };
/// assert_eq!(data.payload, b"Hello");
/// assert!(data.is_last);
///
/// // The event borrows the buffer only: an echo can be written while it is held.
/// let mut reply = [0; 16];
/// let sent = server.frame().encode_binary(data.payload, &mut reply)?;
/// assert_eq!(reply[..sent], *b"\x82\x05Hello");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Connection<R: Role> {
    receiver: Receiver<R>,
    sender: Sender<R>,
}

impl<R: Role> Connection<R> {
    /// The least bytes that the buffer for [`receive`](Self::receive) has to have, so that the longest control frame
    /// fits: 131.
    pub const MIN_RECEIVE_BUFFER: usize = Receiver::<R>::MIN_RECEIVE_BUFFER;

    /// Starts behind the opening handshake.
    pub const fn new(config: Config) -> Self {
        Self { receiver: Receiver::new(config), sender: Sender::new() }
    }

    /// Takes the bytes received so far; see [`Receiver::receive`].
    ///
    /// # Errors
    ///
    /// [`ProtocolError`], from the first time on at each call.
    #[inline]
    pub fn receive<'b>(&mut self, buf: &'b mut [u8]) -> Result<Received<'b>, ProtocolError> {
        self.receiver.receive(buf)
    }

    /// Takes the end of the transport, after all that was received before it; see [`Receiver::receive_eof`].
    ///
    /// # Errors
    ///
    /// [`AbnormalClosure`] if the peer's Close frame had not come.
    pub fn receive_eof(&mut self) -> Result<(), AbnormalClosure> {
        self.receiver.receive_eof()
    }

    /// Returns where the connection stands.
    pub const fn state(&self) -> ConnectionState {
        ConnectionState::of(self.receiver.state(), self.sender.state())
    }

    /// Tells whether it is for this end to close the transport now ([RFC 6455 §5.5.1], [§7.1.1], [§7.1.7]).
    ///
    /// That is: when the transport has ended; when a Close frame was sent after the peer broke a rule; and for a server,
    /// when both Close frames have passed. A client waits for the server then, for as long as it likes.
    ///
    /// [RFC 6455 §5.5.1]: https://www.rfc-editor.org/rfc/rfc6455#section-5.5.1
    /// [§7.1.1]: https://www.rfc-editor.org/rfc/rfc6455#section-7.1.1
    /// [§7.1.7]: https://www.rfc-editor.org/rfc/rfc6455#section-7.1.7
    pub fn should_close_transport(&self) -> bool {
        should_close_transport::<R>(self.receiver.state(), self.sender.state())
    }

    /// Returns the halves, for instance for two tasks. They share nothing but the events: a reply, or the Close frame
    /// after an error, is the sender's to encode.
    pub fn split(self) -> (Receiver<R>, Sender<R>) {
        (self.receiver, self.sender)
    }

    /// Joins two halves again.
    pub const fn join(receiver: Receiver<R>, sender: Sender<R>) -> Self {
        Self { receiver, sender }
    }
}

impl Connection<Server> {
    /// Begins a frame; see [`Sender::frame`](Sender#method.frame). Other than a sender alone, a connection knows whether
    /// the peer has closed or failed, and begins no message then ([`Misuse::NotOpen`](crate::Misuse::NotOpen)).
    #[inline]
    pub fn frame(&mut self) -> FrameEncoder<'_> {
        self.sender.frame().to(self.receiver.state())
    }
}

impl Connection<Client> {
    /// Begins a frame, masked with a fresh key; see [`Sender::frame`](Sender#method.frame-1). Other than a sender alone,
    /// a connection knows whether the peer has closed or failed, and begins no message then
    /// ([`Misuse::NotOpen`](crate::Misuse::NotOpen)).
    #[inline]
    pub fn frame(&mut self, key: MaskingKey) -> FrameEncoder<'_> {
        self.sender.frame(key).to(self.receiver.state())
    }
}
