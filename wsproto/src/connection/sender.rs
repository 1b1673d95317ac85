use core::marker::PhantomData;

use super::outgoing::{Fragment, Outgoing};
use super::{Client, Event, MessageKind, ReceiveState, Role, SendState, Server};
#[cfg(feature = "deflate")]
use crate::deflate::{Compressor, Outbound};
use crate::error::{Misuse, ProtocolError, SendError};
use crate::wire::{CloseFrame, EncodedHeader, FrameHeader, MAX_CONTROL_PAYLOAD, MaskingKey, Opcode, frame};

/// The half of a connection that makes bytes. It has no buffer: each frame goes into a slice of the caller's.
#[derive(Debug, Clone)]
pub struct Sender<R: Role> {
    out: Outgoing,
    #[cfg(feature = "deflate")]
    pub(super) deflate: Option<alloc::boxed::Box<Outbound>>,
    role: PhantomData<R>,
}

impl<R: Role> Sender<R> {
    /// Starts behind the opening handshake.
    pub const fn new() -> Self {
        Self {
            out: Outgoing::NEW,
            #[cfg(feature = "deflate")]
            deflate: None,
            role: PhantomData,
        }
    }

    /// Returns how far our side of the connection has come.
    pub const fn state(&self) -> SendState {
        self.out.state
    }

    /// Checks that a whole message may be sent now, as far as this end is concerned: for those who write one that was encoded elsewhere, such as a
    /// broadcast that many connections share.
    ///
    /// # Errors
    ///
    /// [`Misuse`] if a Close frame was sent or a fragmented message is under way.
    ///
    /// # Examples
    ///
    /// ```
    /// use wsproto::connection::{Sender, Server};
    /// use wsproto::wire::{FrameHeader, Opcode, frame};
    ///
    /// // Encoded once: a server's frames are not masked, and so the same for all.
    /// let news = b"to everyone";
    /// let mut broadcast = [0; 32];
    /// let header = FrameHeader::new(Opcode::Text, true, news.len() as u64).expect("a valid frame");
    /// let n = frame::encode(header, news, &mut broadcast)?;
    ///
    /// for connection in [Sender::<Server>::new(), Sender::new()] {
    ///     if connection.check_message().is_ok() {
    ///         // write &broadcast[..n]
    ///     }
    /// }
    /// # Ok::<(), wsproto::wire::frame::EncodeError>(())
    /// ```
    pub const fn check_message(&self) -> Result<(), Misuse> {
        self.out.check_message()
    }

    #[inline]
    fn encoder(&mut self, masking_key: Option<MaskingKey>) -> FrameEncoder<'_> {
        FrameEncoder {
            out: &mut self.out,
            masking_key,
            peer: ReceiveState::Open,
            #[cfg(feature = "deflate")]
            deflate: self.deflate.as_deref_mut(),
            #[cfg(feature = "deflate")]
            compressor: None,
            #[cfg(feature = "deflate")]
            is_plain: false,
        }
    }
}

impl<R: Role> Default for Sender<R> {
    fn default() -> Self {
        Self::new()
    }
}

impl Sender<Server> {
    /// Begins a frame, which one of [`FrameEncoder`]'s methods writes.
    ///
    /// A sender alone does not know what came of the peer. After its Close frame, or a fault of its, only a Close frame
    /// is to be sent; [`Connection::frame`](super::Connection#method.frame) sees to that.
    ///
    /// A client's takes a masking key, so there is no `frame` for any [`Role`]: code for both, such as a proxy's, gets a
    /// [`FrameEncoder`], or a closure that makes one.
    #[inline]
    pub fn frame(&mut self) -> FrameEncoder<'_> {
        self.encoder(None)
    }
}

impl Sender<Client> {
    /// Begins a frame, which one of [`FrameEncoder`]'s methods masks with `key` and writes.
    ///
    /// Each frame needs a fresh key that nobody can predict ([RFC 6455 §5.3]); see [`MaskingKey`].
    ///
    /// [RFC 6455 §5.3]: https://www.rfc-editor.org/rfc/rfc6455#section-5.3
    #[inline]
    pub fn frame(&mut self, key: MaskingKey) -> FrameEncoder<'_> {
        self.encoder(Some(key))
    }
}

/// One frame about to be written, with its masking key if this end is a client. Each method writes one frame.
///
/// `encode_*` writes the whole frame to the start of `dst` and returns how many bytes it took: 2 to 10 more than the
/// payload for a server, 6 to 14 for a client. `*_header` returns the header alone, for a vectored write; the
/// caller then owes the payload, which a client masks itself with [`MaskingKey::apply`].
///
/// A method that returns `Err` has changed nothing.
#[derive(Debug)]
#[must_use = "a frame is written by one of the encoder's methods"]
pub struct FrameEncoder<'s> {
    out: &'s mut Outgoing,
    pub(super) masking_key: Option<MaskingKey>,
    /// How far the peer's side has come, as far as that is known.
    peer: ReceiveState,
    #[cfg(feature = "deflate")]
    pub(super) deflate: Option<&'s mut Outbound>,
    /// One that others use too, in place of the connection's own.
    #[cfg(feature = "deflate")]
    pub(super) compressor: Option<&'s mut Compressor>,
    #[cfg(feature = "deflate")]
    pub(super) is_plain: bool,
}

impl FrameEncoder<'_> {
    /// The same frame, to a peer that has come so far.
    #[inline]
    pub(crate) fn to(self, peer: ReceiveState) -> Self {
        Self { peer, ..self }
    }

    /// Writes a text message in one frame.
    ///
    /// # Errors
    ///
    /// [`SendError`] if the connection is closing, a fragmented message is under way, or `dst` is too small.
    #[inline]
    pub fn encode_text(self, text: &str, dst: &mut [u8]) -> Result<usize, SendError> {
        self.check_message()?;
        self.write_message(Opcode::Text, text.as_bytes(), dst)
    }

    /// Writes a binary message in one frame.
    ///
    /// # Errors
    ///
    /// [`SendError`] if the connection is closing, a fragmented message is under way, or `dst` is too small.
    #[inline]
    pub fn encode_binary(self, payload: &[u8], dst: &mut [u8]) -> Result<usize, SendError> {
        self.check_message()?;
        self.write_message(Opcode::Binary, payload, dst)
    }

    /// Writes one fragment of a message, whose `kind` is the same in all its fragments ([RFC 6455 §5.4]).
    ///
    /// The first one after a message's end begins a new message; `is_last` ends it. Text may be cut anywhere, also
    /// inside a character. Pings, Pongs and a Close frame may be sent between fragments.
    ///
    /// # Errors
    ///
    /// [`SendError`] if a Close frame was sent, a message of the other kind is under way, the text is not UTF-8, or
    /// `dst` is too small.
    ///
    /// # Examples
    ///
    /// ```
    /// use wsproto::connection::{MessageKind, Sender, Server};
    ///
    /// let mut sender = Sender::<Server>::new();
    /// let mut out = [0; 16];
    /// let first = sender.frame().encode_fragment(MessageKind::Text, b"Hel", false, &mut out)?;
    /// let last = sender.frame().encode_fragment(MessageKind::Text, b"lo", true, &mut out[first..])?;
    /// assert_eq!(out[..first + last], *b"\x01\x03Hel\x80\x02lo"); // [RFC 6455 §5.7]
    /// # Ok::<(), wsproto::error::SendError>(())
    /// ```
    ///
    /// [RFC 6455 §5.4]: https://www.rfc-editor.org/rfc/rfc6455#section-5.4
    pub fn encode_fragment(
        mut self,
        kind: MessageKind,
        payload: &[u8],
        is_last: bool,
        dst: &mut [u8],
    ) -> Result<usize, SendError> {
        let (opcode, next) = self.next_fragment(kind, payload, is_last)?;
        let written = self.write_fragment(opcode, is_last, payload, dst)?;
        self.out.message = next;
        Ok(written)
    }

    /// Returns the header of a text message in one frame, which is not compressed.
    ///
    /// # Errors
    ///
    /// [`Misuse`] if a Close frame was sent or a fragmented message is under way.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::{IoSlice, Write};
    /// use wsproto::connection::{Sender, Server};
    ///
    /// let text = "not copied";
    /// let header = Sender::<Server>::new().frame().text_header(text)?;
    /// let mut socket = Vec::new();
    /// socket.write_vectored(&[IoSlice::new(&header), IoSlice::new(text.as_bytes())])?;
    /// assert_eq!(socket, b"\x81\x0anot copied");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn text_header(self, text: &str) -> Result<EncodedHeader, Misuse> {
        self.check_message()?;
        Ok(self.header(Opcode::Text, true, text.len()).encode())
    }

    /// Returns the header of a binary message in one frame, which is not compressed.
    ///
    /// # Errors
    ///
    /// [`Misuse`] if a Close frame was sent or a fragmented message is under way.
    #[inline]
    pub fn binary_header(self, payload: &[u8]) -> Result<EncodedHeader, Misuse> {
        self.check_message()?;
        Ok(self.header(Opcode::Binary, true, payload.len()).encode())
    }

    /// Returns the header of one fragment of a message; see [`encode_fragment`](Self::encode_fragment). The payload is
    /// taken unmasked, to check text. A message that begins with this is not compressed.
    ///
    /// # Errors
    ///
    /// [`Misuse`] if a Close frame was sent, a message of the other kind, or a compressed one, is under way, or the text is
    /// not UTF-8.
    pub fn fragment_header(
        self,
        kind: MessageKind,
        payload: &[u8],
        is_last: bool,
    ) -> Result<EncodedHeader, Misuse> {
        let (opcode, next) = self.next_fragment(kind, payload, is_last)?;
        #[cfg(feature = "deflate")]
        if self.deflate.as_ref().is_some_and(|deflate| deflate.is_in_message) {
            return Err(Misuse::MessageUnderWay);
        }
        self.out.message = next;
        Ok(self.header(opcode, is_last, payload.len()).encode())
    }

    /// Writes a Ping of at most 125 bytes ([RFC 6455 §5.5.2]). The peer answers with a Pong of the same payload.
    ///
    /// # Errors
    ///
    /// [`SendError`] if the payload is too long, the closing handshake is done, or `dst` is too small.
    ///
    /// [RFC 6455 §5.5.2]: https://www.rfc-editor.org/rfc/rfc6455#section-5.5.2
    pub fn encode_ping(self, payload: &[u8], dst: &mut [u8]) -> Result<usize, SendError> {
        self.check_control(payload)?;
        self.write(Opcode::Ping, true, payload, dst)
    }

    /// Writes a Pong of at most 125 bytes ([RFC 6455 §5.5.3]): a heartbeat, or the answer to a Ping that was kept.
    /// While the Ping's event is at hand, [`encode_reply`](Self::encode_reply) does it.
    ///
    /// # Errors
    ///
    /// [`SendError`] if the payload is too long, the closing handshake is done, or `dst` is too small.
    ///
    /// [RFC 6455 §5.5.3]: https://www.rfc-editor.org/rfc/rfc6455#section-5.5.3
    pub fn encode_pong(self, payload: &[u8], dst: &mut [u8]) -> Result<usize, SendError> {
        self.check_control(payload)?;
        self.write(Opcode::Pong, true, payload, dst)
    }

    /// Writes a Close frame, which begins the closing handshake ([RFC 6455 §7.1.2]). No message may follow it; one
    /// that is under way stays unfinished.
    ///
    /// # Errors
    ///
    /// [`SendError`] if one was sent before, or `dst` is too small.
    ///
    /// [RFC 6455 §7.1.2]: https://www.rfc-editor.org/rfc/rfc6455#section-7.1.2
    pub fn encode_close(self, close: Option<CloseFrame<'_>>, dst: &mut [u8]) -> Result<usize, SendError> {
        // [RFC 6455 §5.5.1]: one Close frame in each direction.
        if self.out.state != SendState::Open {
            return Err(Misuse::CloseSent.into());
        }
        let written = self.write_close(close, dst)?;
        self.out.state = match self.peer {
            ReceiveState::Open => SendState::CloseSent,
            _ => SendState::Done,
        };
        Ok(written)
    }

    /// Writes the reply that `event` asks for, if any, and returns its length: 0 where none is due.
    ///
    /// A Ping is answered with a Pong of the same payload ([RFC 6455 §5.5.2]), a Close frame with one of the same code,
    /// without its reason, unless ours was sent before ([RFC 6455 §5.5.1]).
    ///
    /// # Errors
    ///
    /// [`SendError`] if `dst` is too small, for which 131 bytes are always enough; or if the event was made by hand, of
    /// a Ping over 125 bytes.
    ///
    /// [RFC 6455 §5.5.1]: https://www.rfc-editor.org/rfc/rfc6455#section-5.5.1
    /// [RFC 6455 §5.5.2]: https://www.rfc-editor.org/rfc/rfc6455#section-5.5.2
    pub fn encode_reply(self, event: &Event<'_>, dst: &mut [u8]) -> Result<usize, SendError> {
        match (event, self.out.state) {
            // [RFC 6455 §5.5.2]: unless it already received a Close frame.
            (Event::Ping(payload), SendState::Open | SendState::CloseSent)
                if self.peer == ReceiveState::Open =>
            {
                self.encode_pong(payload, dst)
            }
            (Event::Close(close), state) => {
                let written = match state {
                    SendState::Open => self.write_close(close.map(CloseFrame::without_reason), dst)?,
                    SendState::CloseSent | SendState::Done => 0,
                };
                // [RFC 6455 §5.5.1]: both Close frames have passed: the connection is closed, whoever began.
                self.out.state = SendState::Done;
                Ok(written)
            }
            _ => Ok(0),
        }
    }

    /// Writes the Close frame that tells the peer of its fault ([RFC 6455 §7.1.7]), and returns its length: 0 if a Close
    /// frame was sent before.
    ///
    /// # Errors
    ///
    /// [`SendError::BufferTooSmall`] if `dst` is too small; 131 bytes are always enough.
    ///
    /// [RFC 6455 §7.1.7]: https://www.rfc-editor.org/rfc/rfc6455#section-7.1.7
    pub fn encode_failure(self, error: ProtocolError, dst: &mut [u8]) -> Result<usize, SendError> {
        match self.out.state {
            SendState::Open => self.to(ReceiveState::Failed).encode_close(Some(error.close_frame()), dst),
            SendState::CloseSent | SendState::Done => Ok(0),
        }
    }

    /// [RFC 6455 §6.1]: the connection is open, and [RFC 6455 §5.4]: no fragmented message is under way.
    #[inline]
    pub(super) fn check_message(&self) -> Result<(), Misuse> {
        self.out.check_message()?;
        self.check_peer()
    }

    #[inline]
    fn check_peer(&self) -> Result<(), Misuse> {
        match self.peer {
            ReceiveState::Open => Ok(()),
            _ => Err(Misuse::NotOpen),
        }
    }

    /// [RFC 6455 §5.5]: 125 bytes at most. Only data has to end with our Close frame: a Ping is answered until the
    /// peer's Close frame has come.
    fn check_control(&self, payload: &[u8]) -> Result<(), Misuse> {
        if payload.len() > MAX_CONTROL_PAYLOAD {
            return Err(Misuse::ControlTooLong { len: payload.len() });
        }
        if self.out.state == SendState::Done {
            return Err(Misuse::CloseSent);
        }
        self.check_peer()
    }

    /// The opcode of a fragment, and what is under way after it. [RFC 6455 §5.5.1]: a message may be finished when the
    /// peer's Close frame has come, not begun.
    fn next_fragment(&self, kind: MessageKind, payload: &[u8], is_last: bool) -> Result<Fragment, Misuse> {
        if self.out.message.is_none() {
            self.check_peer()?;
        }
        self.out.next_fragment(kind, payload, is_last)
    }

    fn write_close(&self, close: Option<CloseFrame<'_>>, dst: &mut [u8]) -> Result<usize, SendError> {
        let mut payload = [0; MAX_CONTROL_PAYLOAD];
        let len = close.map_or(Ok(0), |close| close.encode(&mut payload))?;
        self.write(Opcode::Close, true, payload.get(..len).unwrap_or_default(), dst)
    }

    /// Without feature `deflate` nothing is compressed.
    #[cfg(not(feature = "deflate"))]
    #[inline]
    pub(super) fn write_message(
        self,
        opcode: Opcode,
        message: &[u8],
        dst: &mut [u8],
    ) -> Result<usize, SendError> {
        self.write(opcode, true, message, dst)
    }

    #[cfg(not(feature = "deflate"))]
    fn write_fragment(
        &mut self,
        opcode: Opcode,
        is_last: bool,
        fragment: &[u8],
        dst: &mut [u8],
    ) -> Result<usize, SendError> {
        self.write(opcode, is_last, fragment, dst)
    }

    #[inline]
    pub(super) fn write(
        &self,
        opcode: Opcode,
        fin: bool,
        payload: &[u8],
        dst: &mut [u8],
    ) -> Result<usize, SendError> {
        Ok(frame::write(self.header(opcode, fin, payload.len()), payload, dst)?)
    }

    /// The lengths were checked, and no slice reaches 2⁶³ bytes: there is always such a header.
    #[inline]
    pub(super) fn header(&self, opcode: Opcode, fin: bool, payload_len: usize) -> FrameHeader {
        FrameHeader::of(opcode, fin, payload_len).with_masking_key(self.masking_key)
    }
}
