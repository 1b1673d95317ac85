use core::fmt;

use super::compression::FrameCompression;
use super::role::Masking;
use super::state::{NextFragment, Sending};
use super::{Fragment, Message};
use crate::error::{BufferTooSmall, Misuse, SendError};
use crate::wire::{
    CloseFrame, EncodedHeader, FrameHeader, MAX_CONTROL_PAYLOAD, MAX_HEADER_LEN, Opcode, frame, part,
};

/// One frame that is about to be written. Each method but `with_compressor` and `uncompressed` writes the frame.
///
/// | | a [`Message`] | a [`Fragment`] |
/// |---|---|---|
/// | into a slice | [`encode`], [`encode_fmt`] | [`encode_fragment`] |
/// | to the end of a `Vec<u8>` | `append`, `append_with` | `append_fragment` |
/// | its header alone | [`header`] | [`fragment_header`] |
///
/// [`encode`]: Self::encode
/// [`encode_fmt`]: Self::encode_fmt
/// [`encode_fragment`]: Self::encode_fragment
/// [`header`]: Self::header
/// [`fragment_header`]: Self::fragment_header
///
/// A frame takes 2 to 10 bytes more than its payload for a server, 6 to 14 for a client. A header alone is for a
/// vectored write: the caller then owes the payload, which a client masks itself with [`EncodedHeader::masking_key`].
///
/// A method that returns `Err` has changed neither the state nor the output.
#[derive(Debug)]
#[must_use = "a frame is written by one of the encoder's methods"]
pub struct FrameEncoder<'s> {
    sending: &'s mut Sending,
    masking: Masking,
    pub(super) compression: FrameCompression<'s>,
}

impl<'s> FrameEncoder<'s> {
    #[inline]
    pub(super) const fn new(
        sending: &'s mut Sending,
        masking: Masking,
        compression: FrameCompression<'s>,
    ) -> Self {
        Self { sending, masking, compression }
    }
}

/// Messages and control frames.
impl FrameEncoder<'_> {
    /// Writes a message or control frame to the start of `dst`, and returns the frame's length in bytes.
    ///
    /// A Ping or Pong has at most 125 bytes. A Close frame begins the closing handshake ([RFC 6455 §7.1.2]): no
    /// message may follow; one that is under way stays unfinished.
    ///
    /// # Errors
    ///
    /// [`SendError`] if the connection is closing, a fragmented message is under way, a control frame is too long, or
    /// `dst` is too small.
    ///
    /// # Examples
    ///
    /// ```
    /// use wsproto::{CloseCode, CloseFrame, connection::Sender, Server};
    ///
    /// let mut sender = Sender::new(Server);
    /// let mut dst = [0; 64];
    /// let n = sender.frame().encode("Hello", &mut dst)?;
    /// let m = sender.frame().encode(CloseFrame::new(CloseCode::NORMAL, "bye")?, &mut dst[n..])?;
    /// assert_eq!(dst[..n + m], *b"\x81\x05Hello\x88\x05\x03\xe8bye");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// [RFC 6455 §7.1.2]: https://www.rfc-editor.org/rfc/rfc6455#section-7.1.2
    #[inline]
    pub fn encode<'m>(self, message: impl Into<Message<'m>>, dst: &mut [u8]) -> Result<usize, SendError> {
        match message.into() {
            Message::Text(text) => self.encode_data(Opcode::Text, text.as_bytes(), dst),
            Message::Binary(payload) => self.encode_data(Opcode::Binary, payload, dst),
            control => self.encode_control(control, dst),
        }
    }

    /// Appends a message or control frame to `out`. So the answers to all that one read brought can leave in one
    /// write.
    ///
    /// # Errors
    ///
    /// [`Misuse`] as for [`encode`](Self::encode); nothing was appended then.
    ///
    /// # Examples
    ///
    /// ```
    /// use wsproto::{Server, connection::Sender};
    ///
    /// let (mut sender, mut out) = (Sender::new(Server), Vec::new());
    /// sender.frame().append("Hello", &mut out)?;
    /// sender.frame().append(&[1, 2], &mut out)?;
    /// assert_eq!(out, b"\x81\x05Hello\x82\x02\x01\x02");
    /// # Ok::<(), wsproto::Misuse>(())
    /// ```
    #[cfg(feature = "alloc")]
    #[inline]
    pub fn append<'m>(
        self,
        message: impl Into<Message<'m>>,
        out: &mut alloc::vec::Vec<u8>,
    ) -> Result<(), Misuse> {
        match message.into() {
            Message::Text(text) => self.append_data(Opcode::Text, text.as_bytes(), out),
            Message::Binary(payload) => self.append_data(Opcode::Binary, payload, out),
            control => {
                append_within(out, crate::wire::MAX_CONTROL_FRAME, |dst| self.encode_control(control, dst))
            }
        }
    }

    /// Returns the header of a message or control frame, which is not compressed. The caller owes the payload.
    ///
    /// # Errors
    ///
    /// [`Misuse`] as for [`encode`](Self::encode).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::{IoSlice, Write};
    /// use wsproto::{Server, connection::Sender};
    ///
    /// let text = "not copied";
    /// let header = Sender::new(Server).frame().header(text)?;
    /// let mut socket = Vec::new();
    /// socket.write_vectored(&[IoSlice::new(&header), IoSlice::new(text.as_bytes())])?;
    /// assert_eq!(socket, b"\x81\x0anot copied");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn header<'m>(self, message: impl Into<Message<'m>>) -> Result<EncodedHeader, Misuse> {
        let message = message.into();
        let opcode = match message {
            Message::Text(_) => Opcode::Text,
            Message::Binary(_) => Opcode::Binary,
            Message::Ping(_) => Opcode::Ping,
            Message::Pong(_) => Opcode::Pong,
            Message::Close(_) => Opcode::Close,
        };
        match message {
            Message::Ping(payload) | Message::Pong(payload) => self.sending.check_control(payload)?,
            Message::Close(_) => self.sending.check_close()?,
            Message::Text(_) | Message::Binary(_) => self.sending.check_message()?,
        }
        let header = self.frame_header(opcode, true, message.len())?;
        if opcode == Opcode::Close {
            self.sending.close_sent();
        }
        Ok(header.encode())
    }

    /// Formats a text message straight into `dst`, without a buffer between, and returns the frame's length in bytes.
    /// The message is not compressed.
    ///
    /// # Errors
    ///
    /// [`SendError`] as for [`encode`](Self::encode). With [`BufferTooSmall`] the contents of `dst` are unspecified,
    /// and [`needed`](BufferTooSmall::needed) is the text's length and 14 bytes, room for any header.
    ///
    /// # Examples
    ///
    /// ```
    /// use wsproto::{Server, connection::Sender};
    ///
    /// let mut dst = [0; 64];
    /// let n = Sender::new(Server).frame().encode_fmt(format_args!("{{\"t\":{}}}", 21.5), &mut dst)?;
    /// assert_eq!(dst[..n], *b"\x81\x0a{\"t\":21.5}");
    /// # Ok::<(), wsproto::SendError>(())
    /// ```
    pub fn encode_fmt(self, text: fmt::Arguments<'_>, dst: &mut [u8]) -> Result<usize, SendError> {
        self.sending.check_message()?;
        self.frame_header(Opcode::Text, true, 0)?;
        // Written behind the longest header, then moved down to the one that the length asks for.
        let mut to = Formatted { space: dst.get_mut(MAX_HEADER_LEN..).unwrap_or_default(), len: 0 };
        let formatted = fmt::Write::write_fmt(&mut to, text);
        debug_assert!(formatted.is_ok(), "a formatting trait that fails although the stream did not");
        let len = to.len;
        let header = self.frame_header(Opcode::Text, true, len)?;
        if dst.len() < MAX_HEADER_LEN.saturating_add(len) {
            return Err(BufferTooSmall { needed: MAX_HEADER_LEN.saturating_add(len) }.into());
        }
        Ok(frame::finish(header, MAX_HEADER_LEN, dst))
    }

    /// Appends a message that `write` appends to `out`, in one frame: JSON from a serialiser, without a buffer
    /// between. What `write` returns is returned. `write` must not shorten `out`: bytes that it cuts off are sent as
    /// zeros.
    ///
    /// # Errors
    ///
    /// [`Misuse`] as for [`encode`](Self::encode), or if a text is not UTF-8; nothing was appended then, and `write`
    /// may not have been called.
    ///
    /// # Examples
    ///
    /// ```
    /// use wsproto::{MessageKind, Server, connection::Sender};
    ///
    /// let (mut sender, mut out) = (Sender::new(Server), Vec::new());
    /// // With serde_json: `|out| serde_json::to_writer(out, &value)`.
    /// sender.frame().append_with(MessageKind::Text, &mut out, |out| out.extend(b"[1,2]"))?;
    /// assert_eq!(out, b"\x81\x05[1,2]");
    /// # Ok::<(), wsproto::Misuse>(())
    /// ```
    #[cfg(feature = "alloc")]
    pub fn append_with<T>(
        self,
        kind: super::MessageKind,
        out: &mut alloc::vec::Vec<u8>,
        write: impl FnOnce(&mut alloc::vec::Vec<u8>) -> T,
    ) -> Result<T, Misuse> {
        self.sending.check_message()?;
        self.frame_header(kind.into(), true, 0)?;
        let start = out.len();
        out.resize(start.saturating_add(MAX_HEADER_LEN), 0);
        let written = write(out);
        let payload = out.get(start.saturating_add(MAX_HEADER_LEN)..).unwrap_or_default();
        if kind == super::MessageKind::Text && crate::wire::from_utf8(payload).is_none() {
            out.truncate(start);
            return Err(Misuse::NotUtf8);
        }
        let len = payload.len();
        if self.compression.compresses(len) {
            let payload = out.split_off(start.saturating_add(MAX_HEADER_LEN).min(out.len()));
            out.truncate(start);
            self.append_data(kind.into(), &payload, out)?;
            return Ok(written);
        }
        let header = self.frame_header(kind.into(), true, len)?;
        out.resize(start.saturating_add(MAX_HEADER_LEN).saturating_add(len), 0); // `write` may have cut it short
        let frame_len = frame::finish(header, MAX_HEADER_LEN, crate::wire::part_mut(out, start..));
        out.truncate(start.saturating_add(frame_len));
        Ok(written)
    }
}

/// Fragments.
impl FrameEncoder<'_> {
    /// Writes one fragment of a message to the start of `dst`, and returns the frame's length in bytes.
    ///
    /// # Errors
    ///
    /// [`SendError`] if a Close frame was sent, the peer has closed and no message is under way, a message of the
    /// other kind is under way, the text is not UTF-8, or `dst` is too small.
    pub fn encode_fragment<'m>(
        mut self,
        fragment: impl Into<Fragment<'m>>,
        dst: &mut [u8],
    ) -> Result<usize, SendError> {
        let Fragment { kind, payload, is_last } = fragment.into();
        let next = self.sending.next_fragment(kind, payload, is_last)?;
        let header = self.frame_header(next.0, is_last, payload.len())?;
        let written = self.compression.write_fragment(header, payload, dst)?;
        self.sending.fragment_sent(next);
        Ok(written)
    }

    /// Appends one fragment of a message to `out`; see [`encode_fragment`](Self::encode_fragment).
    ///
    /// # Errors
    ///
    /// [`Misuse`] as for [`encode_fragment`](Self::encode_fragment); nothing was appended then.
    #[cfg(feature = "alloc")]
    pub fn append_fragment<'m>(
        self,
        fragment: impl Into<Fragment<'m>>,
        out: &mut alloc::vec::Vec<u8>,
    ) -> Result<(), Misuse> {
        let fragment = fragment.into();
        let space = MAX_HEADER_LEN.saturating_add(FrameCompression::bound(fragment.payload.len()));
        append_within(out, space, |dst| self.encode_fragment(fragment, dst))
    }

    /// Returns the header of one fragment of a message. The payload is taken unmasked, to check text. A message that
    /// begins with this is not compressed. The caller owes the payload.
    ///
    /// # Errors
    ///
    /// [`Misuse`] as for [`encode_fragment`](Self::encode_fragment), or if a compressed message is under way.
    pub fn fragment_header<'m>(self, fragment: impl Into<Fragment<'m>>) -> Result<EncodedHeader, Misuse> {
        let Fragment { kind, payload, is_last } = fragment.into();
        let next: NextFragment = self.sending.next_fragment(kind, payload, is_last)?;
        if self.compression.is_in_message() {
            return Err(Misuse::MessageUnderWay);
        }
        let header = self.frame_header(next.0, is_last, payload.len())?;
        self.sending.fragment_sent(next);
        Ok(header.encode())
    }
}

/// What the methods above are made of.
impl FrameEncoder<'_> {
    #[inline]
    fn encode_data(self, opcode: Opcode, payload: &[u8], dst: &mut [u8]) -> Result<usize, SendError> {
        self.sending.check_message()?;
        let header = self.frame_header(opcode, true, payload.len())?;
        Ok(self.compression.write_message(header, payload, dst)?)
    }

    #[cfg(feature = "alloc")]
    fn append_data(
        self,
        opcode: Opcode,
        payload: &[u8],
        out: &mut alloc::vec::Vec<u8>,
    ) -> Result<(), Misuse> {
        self.sending.check_message()?;
        if self.compression.compresses(payload.len()) {
            let space = MAX_HEADER_LEN.saturating_add(FrameCompression::bound(payload.len()));
            return append_within(out, space, |dst| self.encode_data(opcode, payload, dst));
        }
        let header = self.frame_header(opcode, true, payload.len())?;
        let encoded = header.encode();
        out.reserve(encoded.len().saturating_add(payload.len()));
        // A server's shortest is one store; a copy of a length not known beforehand is a call.
        match *encoded {
            [first, second] => out.extend_from_slice(&[first, second]),
            _ => out.extend_from_slice(&encoded),
        }
        let start = out.len();
        out.extend_from_slice(payload);
        if let (Some(key), Some(payload)) = (header.masking_key(), out.get_mut(start..)) {
            key.apply(payload);
        }
        Ok(())
    }

    fn encode_control(self, control: Message<'_>, dst: &mut [u8]) -> Result<usize, SendError> {
        let (opcode, payload) = match control {
            Message::Close(close) => return self.encode_close(close, dst),
            Message::Ping(payload) => (Opcode::Ping, payload),
            Message::Pong(payload) => (Opcode::Pong, payload),
            Message::Text(text) => return self.encode_data(Opcode::Text, text.as_bytes(), dst),
            Message::Binary(payload) => return self.encode_data(Opcode::Binary, payload, dst),
        };
        self.sending.check_control(payload)?;
        self.write_control(opcode, payload, dst)
    }

    fn encode_close(self, close: Option<CloseFrame<'_>>, dst: &mut [u8]) -> Result<usize, SendError> {
        self.sending.check_close()?;
        let mut payload = [0; MAX_CONTROL_PAYLOAD];
        let len = close.map_or(Ok(0), |close| close.encode(&mut payload))?;
        let written = self.write_control(Opcode::Close, part(&payload, ..len), dst)?;
        self.sending.close_sent();
        Ok(written)
    }

    /// Writes a control frame that may be sent.
    pub(super) fn write_control(
        &self,
        opcode: Opcode,
        payload: &[u8],
        dst: &mut [u8],
    ) -> Result<usize, SendError> {
        Ok(frame::write(self.frame_header(opcode, true, payload.len())?, payload, dst)?)
    }

    /// The lengths were checked, and no slice reaches 2⁶³ bytes: there is always such a header.
    #[inline]
    fn frame_header(&self, opcode: Opcode, fin: bool, payload_len: usize) -> Result<FrameHeader, Misuse> {
        let key = match self.masking {
            Masking::Off => None,
            Masking::On(key) => Some(key),
            Masking::NoKey => return Err(Misuse::NoMaskingKey),
        };
        Ok(FrameHeader::of(opcode, fin, payload_len).with_masking_key(key))
    }
}

/// Appends the frame that `encode` writes into `space` bytes, which are enough for it.
#[cfg(feature = "alloc")]
fn append_within(
    out: &mut alloc::vec::Vec<u8>,
    space: usize,
    encode: impl FnOnce(&mut [u8]) -> Result<usize, SendError>,
) -> Result<(), Misuse> {
    let start = out.len();
    out.resize(start.saturating_add(space), 0);
    let (written, result) = match encode(crate::wire::part_mut(out, start..)) {
        Ok(written) => (written, Ok(())),
        Err(SendError::Misuse(misuse)) => (0, Err(misuse)),
        Err(SendError::BufferTooSmall(_)) => {
            debug_assert!(false, "the space is enough for the frame");
            (0, Ok(()))
        }
    };
    out.truncate(start.saturating_add(written));
    result
}

/// Counts what is formatted, and keeps as much as there is space for.
struct Formatted<'d> {
    /// The space that is left; none, once something did not fit.
    space: &'d mut [u8],
    len: usize,
}

impl fmt::Write for Formatted<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.len = self.len.saturating_add(text.len());
        if let Some((to, space)) = core::mem::take(&mut self.space).split_at_mut_checked(text.len()) {
            to.copy_from_slice(text.as_bytes());
            self.space = space;
        }
        Ok(())
    }
}
