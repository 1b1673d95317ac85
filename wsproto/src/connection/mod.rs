//! Layer 2: the state machine of a connection, once the opening handshake is done.
//!
//! Bytes in, [`Event`]s out; intent in, bytes out. It owns no buffer, does no I/O, and allocates nothing but, with
//! feature `deflate`, what compressing takes:
//!
//! ```text
//!            ┌───────────────────── your buffer ─────────────────────┐
//!   read ──▶ │ consumed │ event's payload │ not consumed: comes again │
//!            └──────────┴────────┬────────┴──────────────────────────┘
//!                                ▼
//!                     receive(&mut buffer) ─▶ Event ─▶ encode_reply ─▶ write
//! ```
//!
//! # The turn
//!
//! [The turn](crate::session#the-turn) of a session, by hand:
//!
//! 1. *Take all.* Call [`receive`](Connection::receive) with all that is in the buffer, over and over, dropping what
//!    it `consumed`, until it consumes nothing.
//! 2. *Reply.* Give each event, and an error too, to [`encode_reply`](Connection::encode_reply).
//! 3. *Write* what was encoded.
//! 4. *Ask.* When [`should_close_transport`](Connection::should_close_transport) says so, close the transport.
//! 5. *Read* bytes to the end of your buffer, which holds at least [`Connection::MIN_RECEIVE_BUFFER`] bytes. When the
//!    transport ends, call [`receive_eof`](Connection::receive_eof).
//!
//! # What holds
//!
//! 1. Bytes outside `consumed` are untouched. They are to be presented again, first. (After an error the contents
//!    of the buffer are unspecified.)
//! 2. Every call makes progress or asks for more bytes; it never asks for more than 131.
//! 3. Events do not depend on how the input was cut (pieces of a message do; what they say together doesn't).
//! 4. Errors latch: no event comes after one, only the same error, until the transport ends. Limits fire at a frame's
//!    header.
//! 5. Check, then commit: an `encode_*` that returns `Err` has changed neither state nor output.
//! 6. The pieces of a text are together a valid prefix of UTF-8, and whole with the last one, even if that is empty.
//! 7. Receiving can be dropped and resumed at any byte.

#[cfg(feature = "deflate")]
mod compressing;
#[cfg_attr(not(feature = "deflate"), path = "no_compression.rs")]
mod compression;
mod encoder;
mod event;
mod inbound;
#[cfg(feature = "getrandom")]
mod keys;
mod limits;
mod message;
mod receiver;
mod reply;
mod role;
mod sender;
mod state;

#[cfg(feature = "deflate")]
pub use compressing::encode_shared_message;
pub use encoder::FrameEncoder;
pub use event::{Data, Event, MessageKind, Received};
#[cfg(feature = "getrandom")]
pub use keys::RandomKeys;
pub use limits::Limits;
pub use message::{Fragment, Message};
pub use receiver::Receiver;
pub(crate) use receiver::WholeMessage;
pub use reply::Reply;
pub use role::{Client, MaskingKeys, Role, Server};
pub use sender::Sender;
pub use state::{ConnectionState, ReceiveState, SendState, should_close_transport};

use crate::error::{AbnormalClosure, BufferTooSmall, ProtocolError};

/// One end of a connection: a [`Receiver`] and a [`Sender`].
///
/// To take bytes: [`receive`](Self::receive), [`receive_eof`](Self::receive_eof). To make bytes:
/// [`frame`](Self::frame), [`encode_reply`](Self::encode_reply). To know where it stands: [`state`](Self::state),
/// [`should_close_transport`](Self::should_close_transport). To use both directions at once: [`split`](Self::split).
///
/// # Examples
///
/// ```
/// use wsproto::connection::{Client, Connection, Event, Limits, Server};
/// use wsproto::wire::MaskingKey;
///
/// // A source of fresh random keys; this one has only the RFC's.
/// let keys = || MaskingKey::new([0x37, 0xfa, 0x21, 0x3d]);
/// let mut client = Connection::new(Client::new(keys), Limits::new());
/// let mut server = Connection::new(Server, Limits::new());
///
/// let mut wire = [0; 131];
/// let sent = client.frame().encode("Hello", &mut wire)?;
///
/// let received = server.receive(&mut wire[..sent])?;
/// assert_eq!(received.consumed, sent);
/// let Some(Event::Data(data)) = received.event else { panic!("a piece of a message") };
/// assert_eq!(data.payload, b"Hello");
/// assert!(data.is_last);
///
/// // The event borrows the buffer only: an echo can be written while it is held.
/// let mut reply = [0; 16];
/// let sent = server.frame().encode_fragment(data, &mut reply)?;
/// assert_eq!(reply[..sent], *b"\x81\x05Hello");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Connection<R: Role> {
    receiver: Receiver<R>,
    sender: Sender<R>,
}

impl<R: Role> Connection<R> {
    /// The size of the longest control frame in bytes, 131: a buffer for [`receive`](Self::receive) has to hold as
    /// much.
    pub const MIN_RECEIVE_BUFFER: usize = Receiver::<R>::MIN_RECEIVE_BUFFER;

    /// Starts behind the opening handshake.
    pub const fn new(role: R, limits: Limits) -> Self {
        Self { receiver: Receiver::new(limits), sender: Sender::new(role) }
    }

    /// Takes the bytes received so far; see [`Receiver::receive`].
    ///
    /// # Errors
    ///
    /// [`ProtocolError`], from the first time on at each call. [`encode_reply`](Self::encode_reply) makes the Close
    /// frame of it.
    #[inline]
    pub fn receive<'b>(&mut self, buf: &'b mut [u8]) -> Result<Received<'b>, ProtocolError> {
        let received = self.receiver.receive(buf);
        if let Err(_) | Ok(Received { event: Some(Event::Close(_)), .. }) = received {
            self.sender.peer_is(self.receiver.state());
        }
        received
    }

    /// Takes the end of the transport, after all that was received before it; see [`Receiver::receive_eof`].
    ///
    /// # Errors
    ///
    /// [`AbnormalClosure`] if the peer's Close frame had not come.
    pub fn receive_eof(&mut self) -> Result<(), AbnormalClosure> {
        self.sender.peer_is(ReceiveState::Ended);
        self.receiver.receive_eof()
    }

    /// Begins a frame; see [`Sender::frame`].
    #[inline]
    pub fn frame(&mut self) -> FrameEncoder<'_> {
        self.sender.frame()
    }

    /// Writes the frame that answers an event or an error, if any is due; see [`Sender::encode_reply`].
    ///
    /// # Errors
    ///
    /// [`BufferTooSmall`] if `dst` is too small; nothing has changed then. 131 bytes are always enough.
    pub fn encode_reply(&mut self, reply: impl Into<Reply>, dst: &mut [u8]) -> Result<usize, BufferTooSmall> {
        self.sender.encode_reply(reply, dst)
    }

    /// Appends the frame that answers an event or an error, if any is due; see [`Sender::encode_reply`].
    #[cfg(feature = "alloc")]
    pub fn append_reply(&mut self, reply: impl Into<Reply>, out: &mut alloc::vec::Vec<u8>) {
        self.sender.append_reply(reply, out);
    }

    /// Returns where the connection stands.
    pub const fn state(&self) -> ConnectionState {
        ConnectionState::of(self.receiver.state(), self.sender.state())
    }

    /// Tells whether this end has to close the transport now ([RFC 6455 §5.5.1], [§7.1.1], [§7.1.7]).
    ///
    /// That is: when the transport has ended; when a Close frame was sent after the peer broke a rule; and for a
    /// server, when both Close frames have passed. A client waits for the server then, as long as its deadline allows.
    ///
    /// [RFC 6455 §5.5.1]: https://www.rfc-editor.org/rfc/rfc6455#section-5.5.1
    /// [§7.1.1]: https://www.rfc-editor.org/rfc/rfc6455#section-7.1.1
    /// [§7.1.7]: https://www.rfc-editor.org/rfc/rfc6455#section-7.1.7
    pub fn should_close_transport(&self) -> bool {
        should_close_transport::<R>(self.receiver.state(), self.sender.state())
    }

    /// Returns the halves, for instance for two tasks. They share nothing: what the receiver learns of the peer
    /// reaches the sender with each [`Reply`].
    pub fn split(self) -> (Receiver<R>, Sender<R>) {
        (self.receiver, self.sender)
    }

    /// Joins two halves again.
    pub fn join(receiver: Receiver<R>, mut sender: Sender<R>) -> Self {
        sender.peer_is(receiver.state());
        Self { receiver, sender }
    }
}
