//! Layer 3: whole messages over one buffer, and replies that need no thought.
//!
//! A [`Session`] is what most programs want: it joins fragments in place, shows text as `&str`, and keeps the reply
//! that is due (a Pong, a Close frame) in one fixed slot, so that a flood of Pings can't make anything grow.
//!
//! # The loop
//!
//! ```
//! # use std::io::{Read, Write};
//! # use wsproto::connection::{Config, Server};
//! # use wsproto::session::{Message, Session};
//! fn echo(mut transport: impl Read + Write) -> Result<(), Box<dyn std::error::Error>> {
//!     let mut session = Session::<Server, _>::new(Config::new(), [0; 4096]);
//!     let mut out = [0; 4096];
//!     while !session.should_close_transport() {
//!         match transport.read(session.buffer())? {
//!             0 => session.receive_eof()?,
//!             n => session.filled(n),
//!         }
//!         // The parts of a session can be used side by side: here, to answer while a message is borrowed.
//!         let Session { incoming, reply, sender } = &mut session;
//!         while let Some(message) = incoming.next(reply).unwrap_or(None) {
//!             let n = match message {
//!                 Message::Text(text) => sender.frame().encode_text(text, &mut out)?,
//!                 Message::Binary(bytes) => sender.frame().encode_binary(bytes, &mut out)?,
//!                 _ => 0, // replies to control frames are in the slot
//!             };
//!             transport.write_all(&out[..n])?;
//!         }
//!         // Also after an error: the slot then holds the Close frame that tells the peer.
//!         let n = session.encode_reply(&mut out)?;
//!         transport.write_all(&out[..n])?;
//!     }
//!     Ok(())
//! }
//! # // A masked "Hello" and a Close frame; then the transport is closed by the server.
//! # struct Transport<'a>(&'a [u8], Vec<u8>);
//! # impl Read for Transport<'_> { fn read(&mut self, b: &mut [u8]) -> std::io::Result<usize> { self.0.read(b) } }
//! # impl Write for Transport<'_> {
//! #     fn write(&mut self, b: &[u8]) -> std::io::Result<usize> { self.1.write(b) }
//! #     fn flush(&mut self) -> std::io::Result<()> { Ok(()) }
//! # }
//! # let bytes = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58\x88\x80\x00\x00\x00\x00";
//! # let mut transport = Transport(bytes, Vec::new());
//! # echo(&mut transport).unwrap();
//! # assert_eq!(transport.1, b"\x81\x05Hello\x88\x00");
//! ```
//!
//! Messages still come after a Close frame of your own, until the peer's; none can be answered any more. Where you begin the closing
//! handshake, ask `sender.state() == SendState::Open` before you answer.
//!
//! Of several Pings in one read the latest is answered ([RFC 6455 §5.5.3]). To answer each, encode the reply after every
//! `next`.
//!
//! [RFC 6455 §5.5.3]: https://www.rfc-editor.org/rfc/rfc6455#section-5.5.3

mod buffer;
mod incoming;
#[cfg(feature = "deflate")]
mod inflating;
mod reply;

pub use buffer::Buffer;
pub use incoming::{Incoming, Message};
pub use reply::Reply;

use crate::connection::{
    Client, Config, ConnectionState, FrameEncoder, Receiver, Role, Sender, Server, should_close_transport,
};
use crate::error::{AbnormalClosure, ProtocolError, SendError};
use crate::wire::MaskingKey;

/// One end of a connection that gives whole messages. See the [module](self) for the loop.
///
/// `B` is the one buffer: `[u8; N]`, `&mut [u8; N]`, or with feature `alloc` a `Vec<u8>`, which grows as bytes come and
/// never because a header announced them.
///
/// Its parts are public, so that they can be borrowed side by side, or moved to different tasks.
#[derive(Debug, Clone)]
pub struct Session<R: Role, B> {
    /// Takes bytes, gives messages.
    pub incoming: Incoming<R, B>,
    /// The reply that is due.
    pub reply: Reply,
    /// Makes frames.
    pub sender: Sender<R>,
}

impl<R: Role, B: Buffer> Session<R, B> {
    /// Starts behind the opening handshake; [`push`](Self::push) takes the bytes that came with it. What the buffer holds
    /// counts for nothing, unless [`filled`](Self::filled) follows at once: it says that the first `n` bytes of the buffer were
    /// received, for a buffer that has held the handshake and where they were moved to the front.
    ///
    /// A message can be 131 bytes smaller than a fixed buffer (room for a control frame inside of it), or
    /// [`max_message_size`](Config::max_message_size), whichever is less. A fixed buffer has 131 bytes at least:
    ///
    /// ```
    /// # use wsproto::{connection::{Config, Server}, session::Session};
    /// let session = Session::<Server, _>::new(Config::new(), [0; 131]);
    /// ```
    ///
    /// ```compile_fail,E0080
    /// # use wsproto::{connection::{Config, Server}, session::Session};
    /// let session = Session::<Server, _>::new(Config::new(), [0; 130]);
    /// ```
    pub fn new(config: Config, buffer: B) -> Self {
        const { assert!(B::CAPACITY >= Receiver::<R>::MIN_RECEIVE_BUFFER, "a control frame must fit") };
        Self { incoming: Incoming::new(config, buffer), reply: Reply::new(), sender: Sender::new() }
    }

    /// Has messages compressed, and compressed ones taken, as was agreed on in the opening handshake. All else stays the
    /// same: messages are given and encoded as without.
    ///
    /// `agreed` is what a server has of `Agreement::parameters` and a client of `Accepted::deflate`, or an `Option` of it: with
    /// `None` all stays as it is.
    ///
    /// What a compressed message becomes has the same limit as any other, checked while it comes out, and is kept in memory
    /// of its own, whatever `B` is. To compress with a compressor that many connections share, see
    /// [`FrameEncoder::with_compressor`]; to give memory back, [`Incoming::shrink`] and [`Sender::shrink`].
    ///
    /// # Examples
    ///
    /// ```
    /// use wsproto::deflate::{Parameters, Policy};
    /// use wsproto::{Config, MaskingKey, Message, Client, Server, Session};
    ///
    /// let agreed = Parameters::default(); // what the opening handshake said
    /// let mut client = Session::<Client, _>::new(Config::new(), Vec::new()).with_deflate(agreed, Policy::new());
    /// let mut server = Session::<Server, _>::new(Config::new(), Vec::new()).with_deflate(agreed, Policy::new());
    ///
    /// let text = "to be, or not to be, ".repeat(10);
    /// let mut wire = [0; 220];
    /// let sent = client.frame(MaskingKey::new([1, 2, 3, 4])).encode_text(&text, &mut wire)?;
    /// assert!(sent < 50);
    /// assert_eq!(server.push(&wire[..sent]), sent);
    /// assert_eq!(server.next()?, Some(Message::Text(&text)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "deflate")]
    #[must_use]
    pub fn with_deflate(
        self,
        agreed: impl Into<Option<crate::deflate::Parameters>>,
        policy: crate::deflate::Policy,
    ) -> Self {
        let Some(agreed) = agreed.into() else { return self };
        Self {
            incoming: self.incoming.with_deflate(&agreed),
            sender: self.sender.with_deflate(agreed, policy),
            ..self
        }
    }

    /// Returns the space to read into; see [`Incoming::buffer`].
    pub fn buffer(&mut self) -> &mut [u8] {
        self.incoming.buffer()
    }

    /// Takes note that `n` bytes were read into [`buffer`](Self::buffer); see [`Incoming::filled`].
    pub fn filled(&mut self, n: usize) {
        self.incoming.filled(n);
    }

    /// Copies received bytes to the buffer, as many as fit, and returns how many; see [`Incoming::push`].
    #[must_use = "bytes that did not fit are to be pushed again"]
    pub fn push(&mut self, bytes: &[u8]) -> usize {
        self.incoming.push(bytes)
    }

    /// Returns the next message or control frame that is whole; see [`Incoming::next`].
    ///
    /// # Errors
    ///
    /// [`ProtocolError`] if the peer broke a rule or a limit. The Close frame that tells it is in the slot.
    #[allow(clippy::should_implement_trait)] // what it returns borrows the session: no iterator can
    pub fn next(&mut self) -> Result<Option<Message<'_>>, ProtocolError> {
        self.incoming.next(&mut self.reply)
    }

    /// Takes the end of the transport, after [`next`](Self::next) has returned `None`; see [`Incoming::receive_eof`].
    ///
    /// # Errors
    ///
    /// [`AbnormalClosure`] if the peer's Close frame had not come.
    pub fn receive_eof(&mut self) -> Result<(), AbnormalClosure> {
        self.incoming.receive_eof()
    }

    /// Returns where the connection stands.
    pub const fn state(&self) -> ConnectionState {
        ConnectionState::of(self.incoming.state(), self.sender.state())
    }

    /// Tells whether it is for this end to close the transport now; see
    /// [`Connection::should_close_transport`](crate::connection::Connection::should_close_transport).
    pub fn should_close_transport(&self) -> bool {
        should_close_transport::<R>(self.incoming.state(), self.sender.state())
    }
}

impl<B: Buffer> Session<Server, B> {
    /// Begins a frame; see [`Connection::frame`](crate::Connection#method.frame).
    pub fn frame(&mut self) -> FrameEncoder<'_> {
        self.sender.frame().to(self.incoming.state())
    }

    /// Writes the reply that is due, if any, and returns its length; see [`Reply::encode`].
    ///
    /// # Errors
    ///
    /// [`SendError::BufferTooSmall`] if `dst` is too small; 131 bytes are always enough.
    pub fn encode_reply(&mut self, dst: &mut [u8]) -> Result<usize, SendError> {
        self.reply.encode(self.sender.frame(), dst)
    }

    /// Appends the reply that is due, if any; see [`Reply::append`].
    ///
    /// # Errors
    ///
    /// No case is known: [`encode_reply`](Self::encode_reply) fails only for lack of space.
    #[cfg(feature = "alloc")]
    pub fn append_reply(&mut self, out: &mut alloc::vec::Vec<u8>) -> Result<(), SendError> {
        self.reply.append(self.sender.frame(), out)
    }
}

impl<B: Buffer> Session<Client, B> {
    /// Begins a frame, masked with a fresh key; see [`Connection::frame`](crate::Connection#method.frame-1).
    pub fn frame(&mut self, key: MaskingKey) -> FrameEncoder<'_> {
        self.sender.frame(key).to(self.incoming.state())
    }

    /// Writes the reply that is due, if any, masked with a fresh key, and returns its length; see [`Reply::encode`].
    ///
    /// # Errors
    ///
    /// [`SendError::BufferTooSmall`] if `dst` is too small; 131 bytes are always enough.
    pub fn encode_reply(&mut self, key: MaskingKey, dst: &mut [u8]) -> Result<usize, SendError> {
        self.reply.encode(self.sender.frame(key), dst)
    }

    /// Appends the reply that is due, if any, masked with a fresh key; see [`Reply::append`]. `reply.is_due()` tells beforehand, and
    /// spares a key.
    ///
    /// # Errors
    ///
    /// No case is known: [`encode_reply`](Self::encode_reply) fails only for lack of space.
    #[cfg(feature = "alloc")]
    pub fn append_reply(&mut self, key: MaskingKey, out: &mut alloc::vec::Vec<u8>) -> Result<(), SendError> {
        self.reply.append(self.sender.frame(key), out)
    }
}
