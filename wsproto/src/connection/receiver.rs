use core::marker::PhantomData;

use super::under_way::{Message, Payload};
use super::{Config, Data, Event, MessageKind, ReceiveState, Received, Role};
use crate::error::{AbnormalClosure, ProtocolError};
use crate::wire::{CloseFrame, FrameHeader, MAX_CONTROL_FRAME, MaskingKey, Opcode, Rsv};

/// The half of a connection that takes bytes. See the [module](super) for the loop and for what holds.
///
/// # Examples
///
/// A message passes in pieces, however large it is; here through a socket that gives three bytes at a time:
///
/// ```
/// use wsproto::connection::{Client, Config, Event, Receiver};
///
/// let mut receiver = Receiver::<Client>::new(Config::new());
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
    config: Config,
    phase: Phase,
    message: Option<Message>,
    /// Whether permessage-deflate was agreed on.
    #[cfg(feature = "deflate")]
    takes_compressed: bool,
    role: PhantomData<R>,
}

/// What the next byte is.
#[derive(Debug, Clone, Copy)]
enum Phase {
    /// The first of a frame, or of what came of it.
    Header,
    /// One of a data frame's payload.
    Payload(Payload),
    /// One behind the peer's Close frame.
    Discard,
    /// One behind the end.
    Ended { clean: bool },
    /// One behind an error.
    Failed(ProtocolError),
}

/// The first byte of a frame that is a message: FIN, no RSV bit, the opcode.
const WHOLE_TEXT: u8 = 0x80 | Opcode::Text.bits();
const WHOLE_BINARY: u8 = 0x80 | Opcode::Binary.bits();

/// A message in one frame at the start of a buffer, not yet unmasked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WholeMessage {
    pub kind: MessageKind,
    pub header_len: usize,
    pub payload_len: usize,
    pub masking_key: Option<MaskingKey>,
}

impl<R: Role> Receiver<R> {
    /// The least bytes that the buffer has to have, so that the longest control frame fits: 131.
    pub const MIN_RECEIVE_BUFFER: usize = MAX_CONTROL_FRAME;

    /// Starts behind the opening handshake.
    pub const fn new(config: Config) -> Self {
        Self {
            config,
            phase: Phase::Header,
            message: None,
            #[cfg(feature = "deflate")]
            takes_compressed: false,
            role: PhantomData,
        }
    }

    /// Has compressed messages taken too, as agreed on in the opening handshake. Their pieces come as they were sent, and
    /// [say so](super::Data::is_compressed): they are an [`Inflater`](crate::deflate::Inflater)'s to decompress, and text
    /// has to be checked then.
    ///
    /// [`max_message_size`](Config::max_message_size) is a limit on what they become. What is sent of them can be an
    /// eighth more, and 1 KiB.
    #[cfg(feature = "deflate")]
    #[must_use]
    pub const fn with_deflate(mut self) -> Self {
        self.takes_compressed = true;
        self
    }

    #[cfg(feature = "deflate")]
    const fn takes_compressed(&self) -> bool {
        self.takes_compressed
    }

    #[cfg(not(feature = "deflate"))]
    #[allow(clippy::unused_self)] // with the feature it depends
    const fn takes_compressed(&self) -> bool {
        false
    }

    /// Takes all bytes that were received and not consumed, and returns what stands at their start.
    ///
    /// Bytes are consumed one header or one piece of a message at a time: call it until `consumed` is 0. Payload is
    /// unmasked where it lies. After the peer's Close frame all bytes are consumed without an event
    /// ([RFC 6455 §5.5.1]).
    ///
    /// # Errors
    ///
    /// [`ProtocolError`] if the peer broke a rule or a limit; from then on at each call, until the transport's end. The
    /// buffer is done with then.
    ///
    /// [RFC 6455 §5.5.1]: https://www.rfc-editor.org/rfc/rfc6455#section-5.5.1
    #[inline]
    pub fn receive<'b>(&mut self, buf: &'b mut [u8]) -> Result<Received<'b>, ProtocolError> {
        let received = match self.phase {
            Phase::Header => self.receive_frame(buf),
            Phase::Payload(frame) => self.receive_payload(frame, 0, buf),
            Phase::Discard | Phase::Ended { .. } => Ok(Received { consumed: buf.len(), event: None }),
            Phase::Failed(error) => Err(error),
        };
        received.inspect_err(|error| self.phase = Phase::Failed(*error))
    }

    /// Takes the end of the transport. What was received before is to be given to [`receive`](Self::receive) first: no
    /// event comes afterwards.
    ///
    /// # Errors
    ///
    /// [`AbnormalClosure`] if the peer's Close frame had not come ([RFC 6455 §7.1.5]).
    ///
    /// [RFC 6455 §7.1.5]: https://www.rfc-editor.org/rfc/rfc6455#section-7.1.5
    pub fn receive_eof(&mut self) -> Result<(), AbnormalClosure> {
        let clean = matches!(self.phase, Phase::Discard | Phase::Ended { clean: true });
        self.phase = Phase::Ended { clean };
        if clean { Ok(()) } else { Err(AbnormalClosure { inside_message: self.message.is_some() }) }
    }

    /// Returns how far the peer's side of the connection has come.
    pub const fn state(&self) -> ReceiveState {
        match self.phase {
            Phase::Header | Phase::Payload(_) => ReceiveState::Open,
            Phase::Discard => ReceiveState::CloseReceived,
            Phase::Ended { .. } => ReceiveState::Ended,
            Phase::Failed(_) => ReceiveState::Failed,
        }
    }

    pub(crate) const fn max_message_size(&self) -> u64 {
        self.config.max_message_size
    }

    /// Finds what most messages are: one frame, all of it in the buffer, and nothing under way. `None` says nothing:
    /// [`receive`](Self::receive) tells what else it is.
    ///
    /// Whoever takes it unmasks it and, if it is text, checks it: the receiver stands where it stood then, or
    /// [`fail_text`](Self::fail_text)s.
    #[inline]
    pub(crate) fn whole_message(&self, buf: &[u8]) -> Option<WholeMessage> {
        if !matches!(self.phase, Phase::Header) || self.message.is_some() {
            return None;
        }
        let kind = match *buf.first()? {
            WHOLE_TEXT => MessageKind::Text,
            WHOLE_BINARY => MessageKind::Binary,
            _ => return None,
        };
        let (header, header_len) = FrameHeader::decode(buf).ok()??;
        let len = header.payload_len();
        let is_allowed = len <= self.config.max_frame_payload && len <= self.config.max_message_size;
        if !is_allowed || R::check_masking(&header).is_err() {
            return None;
        }
        let payload_len = usize::try_from(len).ok()?;
        let is_there = buf.len().saturating_sub(header_len) >= payload_len;
        is_there.then_some(WholeMessage { kind, header_len, payload_len, masking_key: header.masking_key() })
    }

    /// Fails inside a whole message whose text is not UTF-8.
    #[cold]
    pub(crate) fn fail_text(&mut self) -> ProtocolError {
        self.fail(ProtocolError::NotUtf8)
    }

    /// Fails inside a message, for what its bytes turned out to be.
    #[cold]
    pub(crate) fn fail(&mut self, error: ProtocolError) -> ProtocolError {
        self.message = self.message.or(Some(Message::new(MessageKind::Binary, false)));
        self.phase = Phase::Failed(error);
        error
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
        let frame = self.begin_data(&header)?;
        self.receive_payload(frame, header_len, buf)
    }

    #[cold]
    fn check_compression(&self, header: &FrameHeader) -> Result<(), ProtocolError> {
        // [RFC 6455 §5.2]: a bit that no negotiated extension defines MUST fail the connection.
        if header.rsv() != Rsv::RSV1 || !self.takes_compressed() {
            return Err(ProtocolError::ReservedBits);
        }
        // [RFC 7692 §6]: it MUST NOT be set on control frames and on non-first fragments.
        match header.opcode() {
            Opcode::Text | Opcode::Binary => Ok(()),
            _ => Err(ProtocolError::UnexpectedCompression),
        }
    }

    /// A control frame is taken whole or not at all; its header has limited it to 125 bytes.
    fn receive_control<'b>(
        &mut self,
        header: &FrameHeader,
        header_len: usize,
        buf: &'b mut [u8],
    ) -> Result<Received<'b>, ProtocolError> {
        let allowed = self.config.max_control_frames;
        if self.message.is_some_and(|message| message.control_frames >= allowed) {
            return Err(ProtocolError::TooManyControlFrames);
        }
        let payload_len = usize::try_from(header.payload_len()).unwrap_or(usize::MAX);
        let Some(payload) = buf.get_mut(header_len..).and_then(|rest| rest.get_mut(..payload_len)) else {
            return Ok(Received { consumed: 0, event: None });
        };
        if let Some(message) = &mut self.message {
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
                // [RFC 6455 §5.5.1]: what comes after a Close frame is not looked at.
                self.phase = Phase::Discard;
                Event::Close(frame)
            }
        };
        Ok(Received { consumed: header_len.saturating_add(payload_len), event: Some(event) })
    }

    /// Checks a data frame against the message under way and the limits, and commits to its header.
    #[inline]
    fn begin_data(&mut self, header: &FrameHeader) -> Result<Payload, ProtocolError> {
        let is_compressed = header.rsv() == Rsv::RSV1;
        let message = match (header.opcode(), self.message) {
            // [RFC 6455 §5.4]: a fragmented message ends before another one begins.
            (Opcode::Continuation, None) => return Err(ProtocolError::UnexpectedContinuation),
            (Opcode::Continuation, Some(message)) => message,
            (_, Some(_)) => return Err(ProtocolError::UnfinishedMessage),
            (Opcode::Text, None) => Message::new(MessageKind::Text, is_compressed),
            (_, None) => Message::new(MessageKind::Binary, is_compressed),
        };
        self.message = Some(message.with_fragment(header.payload_len(), &self.config)?);
        Ok(Payload { remaining: header.payload_len(), key: header.masking_key(), fin: header.fin() })
    }

    /// Takes what is there of a data frame's payload, behind a header of `header_len` bytes (0 if that was consumed).
    #[inline]
    fn receive_payload<'b>(
        &mut self,
        frame: Payload,
        header_len: usize,
        buf: &'b mut [u8],
    ) -> Result<Received<'b>, ProtocolError> {
        let Some(message) = &mut self.message else {
            return Err(ProtocolError::UnexpectedContinuation); // no payload without a message
        };
        let rest = buf.get_mut(header_len..).unwrap_or_default();
        let len = usize::try_from(frame.remaining).unwrap_or(usize::MAX).min(rest.len());
        let remaining = frame.remaining.saturating_sub(len as u64);
        if len == 0 && remaining > 0 {
            self.phase = Phase::Payload(frame);
            return Ok(Received { consumed: header_len, event: None });
        }

        let is_last = frame.fin && remaining == 0;
        let piece = rest.get_mut(..len).unwrap_or_default();
        let is_text = message.kind == MessageKind::Text && !message.is_compressed;
        let (next_key, is_ascii) = frame.unmask(piece, is_text);
        if is_text && !(is_ascii && message.utf8.is_complete()) {
            if let Err(valid_up_to) = message.validate(piece, is_last) {
                frame.mask_again(piece);
                let valid = piece.get_mut(..valid_up_to).unwrap_or_default();
                return self.receive_valid_text(frame, header_len, valid);
            }
        }

        let data = Data {
            kind: message.kind,
            payload: piece,
            is_compressed: message.is_compressed,
            is_first: !message.is_begun,
            is_last,
        };
        message.is_begun = true;
        if is_last {
            self.message = None;
        }
        self.phase = match remaining {
            0 => Phase::Header,
            _ => Phase::Payload(Payload { remaining, key: next_key, ..frame }),
        };
        Ok(Received { consumed: header_len.saturating_add(len), event: Some(Event::Data(data)) })
    }

    /// Gives out the text before the first impossible byte, and leaves that byte as it came: the next call meets it
    /// first, and fails. So the events are the same however the bytes were cut.
    #[cold]
    fn receive_valid_text<'b>(
        &mut self,
        frame: Payload,
        header_len: usize,
        valid: &'b mut [u8],
    ) -> Result<Received<'b>, ProtocolError> {
        if valid.is_empty() {
            return Err(ProtocolError::NotUtf8);
        }
        let received = self.receive_payload(frame, 0, valid)?;
        Ok(Received { consumed: received.consumed.saturating_add(header_len), ..received })
    }
}
