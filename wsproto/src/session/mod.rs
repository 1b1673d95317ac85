//! Layer 3: whole messages over one buffer, and replies that need no thought.
//!
//! A [`Session`] is what most programs want: it joins fragments in place, gives text out as `&str`, and keeps the
//! reply that is due (a Pong, a Close frame) in one fixed slot, so that a flood of Pings can't make anything grow.
//!
//! # The turn
//!
//! A program takes turns until the connection is over. Each turn has five steps, in this order:
//!
//! | step | call | |
//! |---|---|---|
//! | *take all* | [`next`](Session::next), until `None` or an error | answer messages while they are borrowed |
//! | *reply* | [`encode_reply`](Session::encode_reply) | the Pong or Close frame that is due, **after an error too** |
//! | *write* | | all that was encoded |
//! | *ask* | [`should_close_transport`](Session::should_close_transport) | if so, close it: the connection is over |
//! | *read* | [`buffer`](Session::buffer), [`filled`](Session::filled) | or [`receive_eof`](Session::receive_eof) |
//!
//! With feature `alloc` the first two steps are one call, `Session::turn`:
//!
#![cfg_attr(feature = "alloc", doc = "```")]
#![cfg_attr(not(feature = "alloc"), doc = "```text")]
//! # use std::io::{Read, Write};
//! # use wsproto::{Limits, Server, Session};
//! fn echo(mut transport: impl Read + Write) -> Result<(), Box<dyn std::error::Error>> {
//!     let mut session = Session::new(Server, Limits::new(), Vec::new());
//!     let mut out = Vec::new();
//!     loop {
//!         let outcome = session.turn(&mut out, |message, sender, out| match message.is_data() {
//!             true => sender.frame().append(message, out),
//!             false => Ok(()), // the reply to a control frame is appended by itself
//!         });
//!         transport.write_all(&out)?;
//!         out.clear();
//!         outcome?; // the Close frame that names the error is on its way
//!         if session.should_close_transport() {
//!             return Ok(());
//!         }
//!         match transport.read(session.buffer())? {
//!             0 => session.receive_eof()?,
//!             n => session.filled(n),
//!         }
//!     }
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
//! # // An unmasked frame: the Close frame goes out, and the error is seen.
//! # let mut transport = Transport(b"\x81\x05Hello", Vec::new());
//! # assert!(echo(&mut transport).unwrap_err().to_string().contains("not masked"));
//! # assert!(transport.1.starts_with(&[0x88]) && transport.1[2..].starts_with(b"\x03\xea"));
//! ```
//!
//! Messages still come after a Close frame of your own, until the peer's; none can be answered any more, and
//! [`frame`](Session::frame) says so ([`Misuse::CloseSent`](crate::Misuse::CloseSent)).
//!
//! `turn` answers every Ping. With [`next`](Session::next) alone, the reply is the one to the latest Ping
//! ([RFC 6455 §5.5.3]): to answer each, encode the reply after every call.
//!
//! [RFC 6455 §5.5.3]: https://www.rfc-editor.org/rfc/rfc6455#section-5.5.3

mod buffer;
#[cfg(feature = "alloc")]
mod growing;
mod incoming;
#[cfg_attr(not(feature = "deflate"), path = "no_inflating.rs")]
mod inflating;
mod pieces;
mod room;
#[cfg(feature = "alloc")]
mod turn;

pub use buffer::Buffer;
pub use incoming::{Incoming, Next};
#[cfg(feature = "alloc")]
pub use turn::TurnError;

use crate::connection::{
    ConnectionState, FrameEncoder, Limits, Message, ReceiveState, Receiver, Reply, Role, Sender,
    should_close_transport,
};
use crate::error::{AbnormalClosure, BufferTooSmall, ProtocolError};

/// One end of a connection that gives whole messages. See [the turn](self#the-turn) for how it is driven.
///
/// `B` is the one buffer: `[u8; N]`, `&mut [u8; N]`, or with feature `alloc` a `Vec<u8>`, which grows as bytes come
/// and never because a header announced them.
#[derive(Debug, Clone)]
pub struct Session<R: Role, B> {
    incoming: Incoming<R, B>,
    /// The reply that is due.
    reply: Reply,
    sender: Sender<R>,
}

impl<R: Role, B: Buffer> Session<R, B> {
    /// Starts behind the opening handshake; `push` takes the bytes that came with it. What the buffer holds counts for
    /// nothing, unless [`filled`](Self::filled) follows at once: it says that the first `n` bytes of the buffer were
    /// received, for a buffer that has held the handshake and where they were moved to the front.
    ///
    /// A message can be 131 bytes smaller than a fixed buffer (room for a control frame inside of it), or
    /// [`max_message_size`](Limits::max_message_size), whichever is less; only the latter limits those that are taken
    /// [in pieces](Incoming::next_piece). A fixed buffer has 131 bytes at least:
    ///
    /// ```
    /// # use wsproto::{Limits, Server, Session};
    /// let session = Session::new(Server, Limits::new(), [0; 131]);
    /// ```
    ///
    /// ```compile_fail,E0080
    /// # use wsproto::{Limits, Server, Session};
    /// let session = Session::new(Server, Limits::new(), [0; 130]);
    /// ```
    pub fn new(role: R, limits: Limits, buffer: B) -> Self {
        const { assert!(B::CAPACITY >= Receiver::<R>::MIN_RECEIVE_BUFFER, "a control frame must fit") };
        Self { incoming: Incoming::new(limits, buffer), reply: Reply::new(), sender: Sender::new(role) }
    }

    /// Compresses outgoing messages and accepts compressed ones, with the negotiated parameters. All else stays the
    /// same: messages are given and encoded as without.
    ///
    /// `agreed` is what a handshake says of permessage-deflate, or an `Option` of it: with `None` nothing changes.
    ///
    /// What a compressed message becomes has the same limit as any other, checked while it comes out, and is kept in
    /// memory of its own, whatever `B` is. To compress with a compressor that many connections share, see
    /// [`FrameEncoder::with_compressor`]; to give memory back, [`Incoming::shrink`] and [`Sender::shrink`].
    ///
    /// # Examples
    ///
    /// ```
    /// use wsproto::deflate::{Parameters, Policy};
    /// use wsproto::{Client, Limits, MaskingKey, Message, Server, Session};
    ///
    /// let agreed = Parameters::default(); // what the opening handshake said
    /// let keys = || MaskingKey::new([1, 2, 3, 4]);
    /// let client = Session::new(Client::new(keys), Limits::new(), Vec::new());
    /// let mut client = client.with_deflate(agreed, Policy::new());
    /// let mut server = Session::new(Server, Limits::new(), Vec::new()).with_deflate(agreed, Policy::new());
    ///
    /// let text = "to be, or not to be, ".repeat(10);
    /// let mut wire = Vec::new();
    /// client.frame().append(&text, &mut wire)?;
    /// assert!(wire.len() < 50);
    /// server.push(&wire);
    /// let (message, _sender) = server.next()?.expect("it came whole");
    /// assert_eq!(message, Message::Text(&text));
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

    /// Copies received bytes to the buffer, as many as fit, and returns how many; see [`Incoming::push_some`].
    #[must_use = "bytes that did not fit are to be pushed again"]
    pub fn push_some(&mut self, bytes: &[u8]) -> usize {
        self.incoming.push_some(bytes)
    }

    /// Returns the next message or control frame that is whole, or `None` if more bytes are needed; and the sender,
    /// which can be used while the message is borrowed.
    ///
    /// Nothing has to be done about a control frame: the reply is kept for [`encode_reply`](Self::encode_reply).
    ///
    /// # Errors
    ///
    /// [`ProtocolError`] if the peer broke a rule or a limit; from then on at each call. The reply is the Close frame
    /// that tells the peer.
    ///
    /// # Examples
    ///
    /// ```
    /// use wsproto::{Limits, Server, Session};
    ///
    /// let mut session = Session::new(Server, Limits::new(), [0; 1024]);
    /// let mut dst = [0; 1024];
    /// assert_eq!(session.push_some(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), 11);
    /// while let Some((message, sender)) = session.next()? {
    ///     let n = sender.frame().encode(message, &mut dst)?;
    ///     assert_eq!(dst[..n], *b"\x81\x05Hello");
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[expect(clippy::should_implement_trait, reason = "what it returns borrows the session: no iterator can")]
    #[inline]
    pub fn next(&mut self) -> Result<Option<(Message<'_>, &mut Sender<R>)>, ProtocolError> {
        // The short way needs no look at what the peer has done.
        if let Some(whole) = self.incoming.find_whole() {
            return match self.incoming.take_whole(whole, &mut self.reply) {
                Ok(message) => Ok(Some((message, &mut self.sender))),
                Err(error) => {
                    self.sender.peer_is(ReceiveState::Failed);
                    Err(error)
                }
            };
        }
        let found = self.incoming.next_found(&mut self.reply);
        match found {
            Ok(Some(Message::Close(_))) => self.sender.peer_is(ReceiveState::CloseReceived),
            Err(_) => self.sender.peer_is(ReceiveState::Failed),
            Ok(_) => {}
        }
        Ok(found?.map(|message| (message, &mut self.sender)))
    }

    /// Returns the same as [`next`](Self::next) as its kind and checked bytes, and the sender. Text is UTF-8, but not
    /// typed as `&str`, which would take a second pass; see [`Incoming::next_bytes`].
    ///
    /// # Errors
    ///
    /// [`ProtocolError`] as for [`next`](Self::next).
    ///
    /// # Examples
    ///
    /// ```
    /// use wsproto::session::Next;
    /// use wsproto::{Limits, MessageKind, Server, Session};
    ///
    /// let mut session = Session::new(Server, Limits::new(), [0; 1024]);
    /// assert_eq!(session.push_some(b"\x81\x82\0\0\0\0[]"), 8);
    /// while let Some((next, bytes, _sender)) = session.next_bytes()? {
    ///     assert_eq!(next, Next::Message(MessageKind::Text));
    ///     assert_eq!(bytes, b"[]"); // for a parser that takes bytes, such as `serde_json::from_slice`
    /// }
    /// # Ok::<(), wsproto::ProtocolError>(())
    /// ```
    #[expect(clippy::type_complexity, reason = "what `next` returns, but for the message")]
    #[inline]
    pub fn next_bytes(&mut self) -> Result<Option<(Next, &[u8], &mut Sender<R>)>, ProtocolError> {
        match self.incoming.next_bytes(&mut self.reply) {
            Ok(None) => Ok(None),
            Ok(Some((next, bytes))) => {
                if next == Next::Close {
                    self.sender.peer_is(ReceiveState::CloseReceived);
                }
                Ok(Some((next, bytes, &mut self.sender)))
            }
            Err(error) => {
                self.sender.peer_is(ReceiveState::Failed);
                Err(error)
            }
        }
    }

    /// Begins a frame; see [`Sender::frame`].
    #[inline]
    pub fn frame(&mut self) -> FrameEncoder<'_> {
        self.sender.frame()
    }

    /// Tells whether [`encode_reply`](Self::encode_reply) may have a frame to write.
    pub fn is_reply_due(&self) -> bool {
        self.reply.is_due()
    }

    /// Writes the reply that is due, if any, and returns its length in bytes: 0 where none is.
    ///
    /// # Errors
    ///
    /// [`BufferTooSmall`] if `dst` is too small; the reply stays due. 131 bytes are always enough.
    pub fn encode_reply(&mut self, dst: &mut [u8]) -> Result<usize, BufferTooSmall> {
        if !self.reply.is_due() {
            return Ok(0);
        }
        let written = self.sender.encode_due(&self.reply, dst)?;
        self.reply = Reply::new();
        Ok(written)
    }

    /// Appends the reply that is due, if any.
    #[cfg(feature = "alloc")]
    pub fn append_reply(&mut self, out: &mut alloc::vec::Vec<u8>) {
        if self.reply.is_due() {
            self.sender.append_reply(self.reply.take(), out);
        }
    }

    /// Takes the end of the transport, after [`next`](Self::next) has returned `None`; see [`Incoming::receive_eof`].
    ///
    /// # Errors
    ///
    /// [`AbnormalClosure`] if the peer's Close frame had not come.
    pub fn receive_eof(&mut self) -> Result<(), AbnormalClosure> {
        self.sender.peer_is(ReceiveState::Ended);
        self.incoming.receive_eof()
    }

    /// Returns where the connection stands.
    pub const fn state(&self) -> ConnectionState {
        ConnectionState::of(self.incoming.state(), self.sender.state())
    }

    /// Tells whether this end has to close the transport now; see
    /// [`Connection::should_close_transport`](crate::connection::Connection::should_close_transport).
    pub fn should_close_transport(&self) -> bool {
        should_close_transport::<R>(self.incoming.state(), self.sender.state())
    }

    /// Returns the sender, as a program needs it that writes frames encoded elsewhere.
    pub const fn sender(&mut self) -> &mut Sender<R> {
        &mut self.sender
    }

    /// Returns the halves, for instance for two tasks. They share nothing: what the incoming half learns of the peer
    /// reaches the sender with each [`Reply`]. A reply that was due here is lost: [encode](Self::encode_reply) it
    /// before.
    pub fn split(self) -> (Incoming<R, B>, Sender<R>) {
        (self.incoming, self.sender)
    }

    /// Joins two halves again.
    pub fn join(incoming: Incoming<R, B>, mut sender: Sender<R>) -> Self {
        sender.peer_is(incoming.state());
        Self { incoming, reply: Reply::new(), sender }
    }
}

#[cfg(feature = "alloc")]
impl<R: Role> Session<R, alloc::vec::Vec<u8>> {
    /// Copies all of the received bytes into the buffer: those that came with the opening handshake, or out of TLS.
    pub fn push(&mut self, bytes: &[u8]) {
        self.incoming.push(bytes);
    }

    /// Gives back all memory but what holds bytes still needed; see [`Incoming::shrink`].
    pub fn shrink(&mut self) {
        self.incoming.shrink();
        #[cfg(feature = "deflate")]
        self.sender.shrink();
    }

    /// Returns how many bytes of memory the buffer holds; see [`Incoming::capacity`].
    pub fn capacity(&self) -> usize {
        self.incoming.capacity()
    }
}
