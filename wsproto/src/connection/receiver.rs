use core::marker::PhantomData;

use super::compression::ReceiverCompression;
use super::inbound::{InboundMessage, InboundPayload};
use super::state::Receiving;
use super::{Event, Limits, Message, MessageKind, ReceiveState, Received, Role};
use crate::error::{AbnormalClosure, ProtocolError};
use crate::wire::{
    CloseFrame, FrameHeader, IS_SMALL, MAX_CONTROL_FRAME, MaskingKey, Opcode, Rsv, from_utf8, part_mut,
};

/// The half of a connection that takes bytes. See the [module](super) for the loop and for what holds.
///
/// # Examples
///
/// A message passes in pieces, however large it is; here through a socket that gives three bytes at a time:
///
/// ```
/// use wsproto::connection::{Client, Event, Limits, Receiver};
///
/// let mut receiver = Receiver::<Client>::new(Limits::new());
/// let (mut buffer, mut text) = (Vec::new(), Vec::new());
/// for read in b"\x81\x06caf\xc3\xa9!".chunks(3) {
///     buffer.extend(read);
///     loop {
///         let received = receiver.receive(&mut buffer)?;
///         if let Some(Event::Data(data)) = received.event {
///             text.extend_from_slice(data.payload); // it may end inside a character, but it is text so far
///         }
///         match received.consumed {
///             0 => break,
///             n => drop(buffer.drain(..n)),
///         }
///     }
/// }
/// assert_eq!(text, "café!".as_bytes());
/// # Ok::<(), wsproto::ProtocolError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Receiver<R: Role> {
    limits: Limits,
    receiving: Receiving,
    compression: ReceiverCompression,
    /// A receiver holds nothing of its role, a client's keys least of all.
    role: PhantomData<fn() -> R>,
}

/// The first byte of a frame that is a message: FIN, no RSV bit, the opcode.
const WHOLE_TEXT: u8 = 0x80 | Opcode::Text.bits();
const WHOLE_BINARY: u8 = 0x80 | Opcode::Binary.bits();

/// A message in one frame at the start of a buffer, not yet unmasked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WholeMessage {
    pub kind: MessageKind,
    header_len: usize,
    pub payload_len: usize,
    masking_key: Option<MaskingKey>,
}

impl<R: Role> Receiver<R> {
    /// The size of the longest control frame in bytes, 131: a buffer for [`receive`](Self::receive) has to hold as
    /// much.
    pub const MIN_RECEIVE_BUFFER: usize = MAX_CONTROL_FRAME;

    /// Starts behind the opening handshake.
    pub const fn new(limits: Limits) -> Self {
        Self { limits, receiving: Receiving::Idle, compression: ReceiverCompression::NONE, role: PhantomData }
    }

    /// Accepts compressed messages, as agreed on in the opening handshake. Their pieces come as they were sent, and
    /// [say so](super::Data::is_compressed): an [`Inflater`](crate::deflate::Inflater) decompresses them, and text has
    /// to be checked then.
    ///
    /// [`max_message_size`](Limits::max_message_size) limits what they become. What is sent of them may be an eighth
    /// more, and 1 KiB.
    #[cfg(feature = "deflate")]
    #[must_use]
    pub const fn with_deflate(mut self) -> Self {
        self.compression = ReceiverCompression::AGREED;
        self
    }

    /// Takes all bytes that were received and not consumed, and returns what stands at their start.
    ///
    /// Bytes are consumed one header or one piece of a message at a time: call it until `consumed` is 0. Payload is
    /// unmasked where it lies. After the peer's Close frame all bytes are consumed without an event
    /// ([RFC 6455 §5.5.1]).
    ///
    /// # Errors
    ///
    /// [`ProtocolError`] if the peer broke a rule or a limit; from then on at each call, until the transport's end.
    /// The contents of the buffer are unspecified then. Text before a byte that is impossible is given out first; the
    /// state is [`Failed`](ReceiveState::Failed) by then.
    ///
    /// [RFC 6455 §5.5.1]: https://www.rfc-editor.org/rfc/rfc6455#section-5.5.1
    #[inline]
    pub fn receive<'b>(&mut self, buf: &'b mut [u8]) -> Result<Received<'b>, ProtocolError> {
        let received = match self.receiving {
            Receiving::Idle | Receiving::InMessage(_) => self.receive_frame(buf),
            Receiving::InPayload(message, payload) => self.receive_payload(message, payload, 0, buf),
            Receiving::CloseReceived | Receiving::Ended(_) => {
                Ok(Received { consumed: buf.len(), event: None })
            }
            Receiving::Failed { error, .. } => Err(error),
        };
        received.inspect_err(|error| self.receiving.fail(*error))
    }

    /// Takes the end of the transport. Give what was received before to [`receive`](Self::receive) first: no event
    /// comes afterwards.
    ///
    /// # Errors
    ///
    /// [`AbnormalClosure`] if the peer's Close frame had not come ([RFC 6455 §7.1.5]).
    ///
    /// [RFC 6455 §7.1.5]: https://www.rfc-editor.org/rfc/rfc6455#section-7.1.5
    pub fn receive_eof(&mut self) -> Result<(), AbnormalClosure> {
        self.receiving.end()
    }

    /// Returns how far the peer's side of the connection has come.
    pub const fn state(&self) -> ReceiveState {
        self.receiving.state()
    }

    pub(crate) const fn max_message_size(&self) -> u64 {
        self.limits.max_message_size
    }

    /// Returns how many bytes the headers of the message under way have announced; none of one that is compressed.
    pub(crate) fn announced(&self) -> u64 {
        match &self.receiving {
            Receiving::InMessage(message) | Receiving::InPayload(message, _) => message.announced_plain(),
            _ => 0,
        }
    }

    /// Returns how many bytes are still to come of the message under way, if its last frame has announced them.
    pub(crate) const fn expected(&self) -> Option<u64> {
        match &self.receiving {
            Receiving::InPayload(_, payload) if payload.fin => Some(payload.remaining),
            _ => None,
        }
    }

    /// Finds what most messages are: one frame, all of it in the buffer, and nothing under way. `None` says nothing:
    /// [`receive`](Self::receive) tells what else it is. [`take_whole`](Self::take_whole) is to follow at once.
    #[expect(clippy::inline_always, reason = "as a call, a short message takes twice as long")]
    #[inline(always)]
    pub(crate) fn find_whole(&self, buf: &[u8]) -> Option<WholeMessage> {
        // The short way is more code.
        if IS_SMALL || !matches!(self.receiving, Receiving::Idle) {
            return None;
        }
        let (first, behind) = buf.split_first()?;
        let (kind, opcode) = match *first {
            WHOLE_TEXT => (MessageKind::Text, Opcode::Text),
            WHOLE_BINARY => (MessageKind::Binary, Opcode::Binary),
            _ => return None,
        };
        let (header, header_len) =
            FrameHeader::decode_behind_first(true, Rsv::NONE, opcode, behind).ok()??;
        let len = header.payload_len();
        R::check_masking(&header).ok()?;
        self.limits.check(len, len, self.limits.max_message_size).ok()?;
        let payload_len = usize::try_from(len).ok()?;
        let is_there = buf.len().saturating_sub(header_len) >= payload_len;
        is_there.then_some(WholeMessage { kind, header_len, payload_len, masking_key: header.masking_key() })
    }

    /// Takes what [`find_whole`](Self::find_whole) found. It ends where `buf` does, and what stands before it there is
    /// free. Other than in pieces, text is gone through once: what tells the compiler that it is text is also the check.
    ///
    /// # Errors
    ///
    /// [`ProtocolError::NotUtf8`].
    #[expect(clippy::inline_always, reason = "as a call, a short message takes twice as long")]
    #[inline(always)]
    pub(crate) fn take_whole<'b>(
        &mut self,
        whole: WholeMessage,
        buf: &'b mut [u8],
    ) -> Result<Message<'b>, ProtocolError> {
        let text = match (whole.kind, whole.masking_key) {
            (MessageKind::Binary, key) => {
                let payload = whole.payload(buf);
                if let Some(key) = key {
                    key.apply(payload);
                }
                return Ok(Message::Binary(payload));
            }
            (MessageKind::Text, None) => from_utf8(whole.payload(buf)),
            (MessageKind::Text, Some(key)) => key.apply_to_whole_text(buf, whole.payload_len),
        };
        text.map(Message::Text).ok_or_else(|| self.fail_in_message(ProtocolError::NotUtf8))
    }

    /// [`take_whole`](Self::take_whole), for a caller that has no use for a `&str`: most text is ASCII, and this is
    /// seen while it is unmasked.
    #[expect(clippy::inline_always, reason = "as a call, a short message takes twice as long")]
    #[inline(always)]
    pub(crate) fn take_whole_bytes<'b>(
        &mut self,
        whole: WholeMessage,
        buf: &'b mut [u8],
    ) -> Result<&'b [u8], ProtocolError> {
        let payload = whole.payload(buf);
        let is_ascii = match (whole.masking_key, whole.kind) {
            (Some(key), MessageKind::Text) => key.apply_to_text(payload).1,
            (Some(key), MessageKind::Binary) => {
                key.apply(payload);
                false
            }
            (None, _) => false,
        };
        if whole.kind == MessageKind::Text && !is_ascii && from_utf8(payload).is_none() {
            return Err(self.fail_in_message(ProtocolError::NotUtf8));
        }
        Ok(payload)
    }

    /// Fails inside a message, for what its bytes turned out to be.
    #[cold]
    pub(crate) fn fail_in_message(&mut self, error: ProtocolError) -> ProtocolError {
        self.receiving.fail_in_message(error)
    }

    #[inline]
    fn receive_frame<'b>(&mut self, buf: &'b mut [u8]) -> Result<Received<'b>, ProtocolError> {
        let Some((header, header_len)) = FrameHeader::decode(buf)? else {
            return Ok(Received { consumed: 0, event: None });
        };
        R::check_masking(&header)?;
        if header.rsv() != Rsv::NONE {
            self.check_compression(&header)?;
        }
        if header.opcode().is_control() {
            return self.receive_control(&header, header_len, buf);
        }
        let message = self.begin_data(&header)?;
        self.receive_payload(message, InboundPayload::of(&header), header_len, buf)
    }

    #[cold]
    fn check_compression(&self, header: &FrameHeader) -> Result<(), ProtocolError> {
        // [RFC 6455 §5.2]: a bit that no negotiated extension defines MUST fail the connection.
        if header.rsv() != Rsv::RSV1 || !self.compression.is_agreed() {
            return Err(ProtocolError::ReservedBits);
        }
        // [RFC 7692 §6]: it MUST NOT be set on control frames and on non-first fragments.
        match header.opcode() {
            Opcode::Text | Opcode::Binary => Ok(()),
            _ => Err(ProtocolError::UnexpectedCompression),
        }
    }

    /// Takes a control frame whole or not at all; its header has limited it to 125 bytes.
    fn receive_control<'b>(
        &mut self,
        header: &FrameHeader,
        header_len: usize,
        buf: &'b mut [u8],
    ) -> Result<Received<'b>, ProtocolError> {
        if let Receiving::InMessage(message) = &self.receiving {
            message.check_control_frame(&self.limits)?;
        }
        let payload_len = usize::try_from(header.payload_len()).unwrap_or(usize::MAX);
        let Some(payload) = buf.get_mut(header_len..).and_then(|rest| rest.get_mut(..payload_len)) else {
            return Ok(Received { consumed: 0, event: None });
        };
        if let Receiving::InMessage(message) = &mut self.receiving {
            message.control_frames = message.control_frames.saturating_add(1);
        }
        if let Some(key) = header.masking_key() {
            key.apply(payload);
        }
        let event = match header.opcode() {
            Opcode::Ping => Event::Ping(payload),
            Opcode::Pong => Event::Pong(payload),
            _ => {
                let frame = CloseFrame::decode(payload)?;
                self.receiving.close_received();
                Event::Close(frame)
            }
        };
        Ok(Received { consumed: header_len.saturating_add(payload_len), event: Some(event) })
    }

    /// Checks a data frame against the message under way and the limits.
    #[inline]
    fn begin_data(&self, header: &FrameHeader) -> Result<InboundMessage, ProtocolError> {
        let is_compressed = header.rsv() == Rsv::RSV1;
        let message = match (header.opcode(), &self.receiving) {
            // [RFC 6455 §5.4]: a fragmented message ends before another one begins.
            (Opcode::Continuation, Receiving::InMessage(message)) => *message,
            (Opcode::Continuation, _) => return Err(ProtocolError::UnexpectedContinuation),
            (_, Receiving::InMessage(_)) => return Err(ProtocolError::UnfinishedMessage),
            (Opcode::Text, _) => InboundMessage::new(MessageKind::Text, is_compressed),
            (_, _) => InboundMessage::new(MessageKind::Binary, is_compressed),
        };
        message.with_fragment(header.payload_len(), &self.limits)
    }

    /// Takes what is there of a data frame's payload, behind a header of `header_len` bytes (0 if that was consumed).
    #[inline]
    fn receive_payload<'b>(
        &mut self,
        mut message: InboundMessage,
        payload: InboundPayload,
        header_len: usize,
        buf: &'b mut [u8],
    ) -> Result<Received<'b>, ProtocolError> {
        let rest = part_mut(buf, header_len..);
        let len = usize::try_from(payload.remaining).unwrap_or(usize::MAX).min(rest.len());
        let remaining = payload.remaining.saturating_sub(len as u64);
        if len == 0 && remaining > 0 {
            self.receiving.piece_received(message, payload);
            return Ok(Received { consumed: header_len, event: None });
        }

        let is_last = payload.fin && remaining == 0;
        let piece = part_mut(rest, ..len);
        let is_text = message.is_plain_text();
        let (key, is_ascii) = payload.unmask(piece, is_text);
        if is_text && !(is_ascii && message.utf8.is_complete()) {
            if let Err(valid_up_to) = message.validate(piece, is_last) {
                payload.mask_behind(valid_up_to, piece);
                return self.receive_valid_text(message, header_len, part_mut(piece, ..valid_up_to));
            }
        }

        let received = Received {
            consumed: header_len.saturating_add(len),
            event: Some(Event::Data(message.piece(piece, is_last))),
        };
        message.is_begun = true;
        self.receiving.piece_received(message, InboundPayload { remaining, key, ..payload });
        Ok(received)
    }

    /// Fails at the first impossible byte, which is left, and gives out the text before it: the next call returns the
    /// error. So the events are the same however the bytes were cut.
    #[cold]
    fn receive_valid_text<'b>(
        &mut self,
        message: InboundMessage,
        header_len: usize,
        valid: &'b mut [u8],
    ) -> Result<Received<'b>, ProtocolError> {
        let error = self.fail_in_message(ProtocolError::NotUtf8);
        if valid.is_empty() {
            return Err(error);
        }
        let consumed = header_len.saturating_add(valid.len());
        Ok(Received { consumed, event: Some(Event::Data(message.piece(valid, false))) })
    }
}

impl WholeMessage {
    /// How many bytes of the buffer the message takes.
    pub(crate) const fn len(&self) -> usize {
        self.header_len.saturating_add(self.payload_len)
    }

    /// Returns the payload of the message that `buf` ends with.
    #[inline]
    fn payload<'b>(&self, buf: &'b mut [u8]) -> &'b mut [u8] {
        debug_assert!(self.len() <= buf.len(), "the message was found whole");
        let start = buf.len().saturating_sub(self.payload_len);
        part_mut(buf, start..)
    }
}
