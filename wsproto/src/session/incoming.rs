use core::ops::Range;

use super::{Buffer, Reply};
use crate::connection::{Config, Event, MessageKind, ReceiveState, Receiver, Role, WholeMessage};
use crate::error::{AbnormalClosure, ProtocolError};
use crate::wire::{CloseFrame, MAX_CONTROL_FRAME, from_utf8};

/// The half of a session that takes bytes and gives whole messages.
///
/// A task that only reads owns it and a [`Reply`], and hands over what is due ([`Reply::take`]) to the task that writes.
///
/// ```text
///   buffer: │ done with │ message under way │ done with │ unread │ free: `buffer()` │
/// ```
#[derive(Debug, Clone)]
pub struct Incoming<R: Role, B> {
    receiver: Receiver<R>,
    buffer: B,
    /// The payload so far of the message under way, joined.
    message: Range<usize>,
    /// Whether that message was given out, and is done with.
    is_given: bool,
    /// What was received and not yet looked at.
    unread: Range<usize>,
    /// Where compressed messages become whole, if they were agreed on.
    #[cfg(feature = "deflate")]
    inflating: Option<alloc::boxed::Box<super::inflating::Inflating>>,
}

/// What came whole. Nothing has to be done about a control frame: the reply to it is in the slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message<'a> {
    /// A text message.
    Text(&'a str),
    /// A binary message.
    Binary(&'a [u8]),
    /// A Ping and its payload, 0 to 125 bytes.
    Ping(&'a [u8]),
    /// A Pong and its payload, 0 to 125 bytes.
    Pong(&'a [u8]),
    /// The peer's Close frame. Nothing comes after it.
    Close(Option<CloseFrame<'a>>),
}

impl<'a> Message<'a> {
    fn of(kind: MessageKind, payload: &'a [u8]) -> Result<Self, ProtocolError> {
        match kind {
            MessageKind::Binary => Ok(Self::Binary(payload)),
            // It was seen piece by piece; only this tells the compiler.
            MessageKind::Text => from_utf8(payload).map(Self::Text).ok_or(ProtocolError::NotUtf8),
        }
    }
}

/// What came whole, and where it lies.
enum Found {
    Message(MessageKind),
    #[cfg(feature = "deflate")]
    Inflated(MessageKind),
    Ping(Range<usize>),
    Pong(Range<usize>),
    Close(Range<usize>),
}

impl<R: Role, B: Buffer> Incoming<R, B> {
    pub(super) fn new(config: Config, buffer: B) -> Self {
        let fits = B::CAPACITY.saturating_sub(MAX_CONTROL_FRAME);
        let max_message_size = config.max_message_size.min(fits as u64);
        Self {
            receiver: Receiver::new(config.with_max_message_size(max_message_size)),
            buffer,
            message: 0..0,
            is_given: false,
            unread: 0..0,
            #[cfg(feature = "deflate")]
            inflating: None,
        }
    }

    #[cfg(feature = "deflate")]
    pub(super) fn with_deflate(self, agreed: &crate::deflate::Parameters) -> Self {
        let (window, has_takeover) = R::peer_context(agreed);
        let max_message_size = self.receiver.max_message_size();
        let inflating = super::inflating::Inflating::new(window, has_takeover, max_message_size);
        Self {
            receiver: self.receiver.with_deflate(),
            inflating: Some(alloc::boxed::Box::new(inflating)),
            ..self
        }
    }

    /// Returns the space to read into: never empty, if [`next`](Self::next) has returned `None` since the last read.
    /// If it has not, the space may be empty, and a read of no bytes is not the transport's end.
    pub fn buffer(&mut self) -> &mut [u8] {
        self.forget_given();
        self.make_room();
        self.buffer.bytes_mut().get_mut(self.unread.end..).unwrap_or_default()
    }

    /// Takes note that `n` bytes were read to the start of [`buffer`](Self::buffer), with no other call in between. More
    /// than it has are not counted.
    pub fn filled(&mut self, n: usize) {
        self.unread.end = self.unread.end.saturating_add(n).min(self.buffer.bytes().len());
    }

    /// Copies received bytes to [`buffer`](Self::buffer), as many as fit, and returns how many. For bytes that were read
    /// elsewhere: those that came with the opening handshake, or out of TLS.
    #[must_use = "bytes that did not fit are to be pushed again"]
    pub fn push(&mut self, bytes: &[u8]) -> usize {
        let space = self.buffer();
        let pushed = space.len().min(bytes.len());
        for (to, from) in space.iter_mut().zip(bytes) {
            *to = *from;
        }
        self.filled(pushed);
        pushed
    }

    /// Returns the next message or control frame that is whole, or `None` if more bytes are needed. What a control
    /// frame or an error asks to send goes to `reply`.
    ///
    /// # Errors
    ///
    /// [`ProtocolError`] if the peer broke a rule or a limit; from then on at each call.
    pub fn next(&mut self, reply: &mut Reply) -> Result<Option<Message<'_>>, ProtocolError> {
        self.forget_given();
        let unread = self.buffer.bytes().get(self.unread.clone()).unwrap_or_default();
        if let Some(whole) = self.receiver.whole_message(unread) {
            return self.take_whole(whole, reply).map(Some);
        }
        let has_failed = self.state() == ReceiveState::Failed;
        let found = self.find().inspect_err(|error| {
            if !has_failed {
                reply.tell(*error);
            }
        })?;
        let bytes = self.buffer.bytes();
        let at = |range| bytes.get(range).unwrap_or_default();
        Ok(match found {
            None => None,
            Some(Found::Message(kind)) => {
                self.is_given = true;
                Some(Message::of(kind, at(self.message.clone()))?)
            }
            #[cfg(feature = "deflate")]
            Some(Found::Inflated(kind)) => {
                self.is_given = true;
                let payload = self.inflating.as_deref().map_or(&[][..], super::inflating::Inflating::message);
                Some(Message::of(kind, payload)?)
            }
            Some(Found::Ping(range)) => {
                reply.answer_ping(at(range.clone()));
                Some(Message::Ping(at(range)))
            }
            Some(Found::Pong(range)) => Some(Message::Pong(at(range))),
            Some(Found::Close(range)) => {
                reply.answer_close(at(range.clone()));
                Some(Message::Close(CloseFrame::decode(at(range))?))
            }
        })
    }

    /// Takes the end of the transport. Call [`next`](Self::next) until it returns `None` first: nothing comes
    /// afterwards.
    ///
    /// # Errors
    ///
    /// [`AbnormalClosure`] if the peer's Close frame had not come.
    pub fn receive_eof(&mut self) -> Result<(), AbnormalClosure> {
        self.receiver.receive_eof()
    }

    /// Returns how far the peer's side of the connection has come.
    pub const fn state(&self) -> ReceiveState {
        self.receiver.state()
    }

    /// Takes a message that is there in one frame. Other than in pieces, text is gone through once: what tells the
    /// compiler that it is text is also the check.
    #[inline]
    fn take_whole(&mut self, whole: WholeMessage, reply: &mut Reply) -> Result<Message<'_>, ProtocolError> {
        let start = self.unread.start.saturating_add(whole.header_len);
        let end = start.saturating_add(whole.payload_len);
        let payload = self.buffer.bytes_mut().get_mut(start..end).unwrap_or_default();
        if let Some(key) = whole.masking_key {
            key.apply(payload);
        }
        self.unread.start = end;
        match whole.kind {
            MessageKind::Binary => Ok(Message::Binary(payload)),
            MessageKind::Text => from_utf8(payload).map(Message::Text).ok_or_else(|| {
                let error = self.receiver.fail_text();
                reply.tell(error);
                error
            }),
        }
    }

    /// Goes through the unread bytes until something is whole, joining the pieces of the message under way.
    fn find(&mut self) -> Result<Option<Found>, ProtocolError> {
        loop {
            let unread = self.buffer.bytes_mut().get_mut(self.unread.clone()).unwrap_or_default();
            let received = self.receiver.receive(unread)?;
            if received.consumed == 0 {
                return Ok(None);
            }
            self.unread.start = self.unread.start.saturating_add(received.consumed);
            // A payload always lies at the end of what was consumed.
            let end = self.unread.start;
            let last = |len: usize| end.saturating_sub(len)..end;
            match received.event {
                None => {}
                #[cfg(feature = "deflate")]
                Some(Event::Data(data)) if data.is_compressed => {
                    if let Some(inflating) = &mut self.inflating {
                        let inflated = inflating.inflate(data.kind, data.payload, data.is_last);
                        inflated.map_err(|error| self.receiver.fail(error))?;
                    }
                    if data.is_last {
                        return Ok(Some(Found::Inflated(data.kind)));
                    }
                }
                Some(Event::Data(data)) => {
                    let (kind, is_last, piece) = (data.kind, data.is_last, last(data.payload.len()));
                    self.join(piece);
                    if is_last {
                        return Ok(Some(Found::Message(kind)));
                    }
                }
                Some(Event::Ping(payload)) => return Ok(Some(Found::Ping(last(payload.len())))),
                Some(Event::Pong(payload)) => return Ok(Some(Found::Pong(last(payload.len())))),
                Some(Event::Close(close)) => {
                    let len = close.map_or(0, |close| close.payload_len());
                    return Ok(Some(Found::Close(last(len))));
                }
            }
        }
    }

    /// Puts a piece behind the message so far. The first piece stays where it is, and so does one that lies there already.
    fn join(&mut self, piece: Range<usize>) {
        if self.message.is_empty() {
            self.message = piece;
            return;
        }
        let end = self.message.end.saturating_add(piece.len());
        self.move_down(piece, self.message.end);
        self.message.end = end;
    }

    fn forget_given(&mut self) {
        if self.is_given {
            self.is_given = false;
            #[cfg(feature = "deflate")]
            if let Some(inflating) = &mut self.inflating {
                inflating.clear();
            }
            self.message = self.unread.start..self.unread.start;
        }
    }

    /// Moves what is still needed to the front where that pays, and has the buffer grow where that is not enough.
    ///
    /// The cost stays linear in what comes: a message is moved once (it lies at the front then), unread bytes only if
    /// as many are won, or if they are but the beginning of a frame.
    fn make_room(&mut self) {
        let size = self.buffer.bytes().len();
        let free = size.saturating_sub(self.unread.end);
        let kept = self.message.len().saturating_add(self.unread.len());
        let won = self.unread.end.saturating_sub(kept);
        let is_cheap = self.message.is_empty() || self.message.start == 0 || free < size / 2;
        if is_cheap && self.unread.len() <= won.max(MAX_CONTROL_FRAME) {
            self.compact();
        }
        if self.buffer.bytes().len().saturating_sub(self.unread.end) < MAX_CONTROL_FRAME {
            self.buffer.grow(self.unread.end, self.receiver.max_message_size());
        }
    }

    /// Moves what is still needed to the front.
    fn compact(&mut self) {
        let message = 0..self.message.len();
        let unread = message.end..message.end.saturating_add(self.unread.len());
        self.move_down(self.message.clone(), message.start);
        self.move_down(self.unread.clone(), unread.start);
        (self.message, self.unread) = (message, unread);
    }

    fn move_down(&mut self, from: Range<usize>, to: usize) {
        if to < from.start && from.start < from.end && from.end <= self.buffer.bytes().len() {
            self.buffer.bytes_mut().copy_within(from, to);
        }
    }
}

#[cfg(feature = "alloc")]
impl<R: Role> Incoming<R, alloc::vec::Vec<u8>> {
    /// Gives back all memory but what holds bytes still needed: none at all for a connection that is idle between
    /// messages, but for the window of a peer that may refer to earlier messages. [`buffer`](Self::buffer) takes some again.
    pub fn shrink(&mut self) {
        self.forget_given();
        self.compact();
        self.buffer.truncate(self.unread.end);
        self.buffer.shrink_to_fit();
        #[cfg(feature = "deflate")]
        if let Some(inflating) = &mut self.inflating {
            inflating.shrink();
        }
    }

    /// Returns how many bytes of memory the buffer holds; with permessage-deflate, what is needed to decompress too.
    pub fn capacity(&self) -> usize {
        #[cfg(feature = "deflate")]
        let inflating = self.inflating.as_deref().map_or(0, super::inflating::Inflating::capacity);
        #[cfg(not(feature = "deflate"))]
        let inflating = 0;
        self.buffer.capacity().saturating_add(inflating)
    }
}
