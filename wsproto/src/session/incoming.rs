use core::fmt;
use core::ops::Range;

use super::Buffer;
use super::inflating::Inflation;
use crate::connection::{
    Event, Limits, Message, MessageKind, ReceiveState, Receiver, Reply, Role, WholeMessage,
};
use crate::error::{AbnormalClosure, ProtocolError};
use crate::wire::{CloseFrame, IS_SMALL, MAX_CONTROL_FRAME, from_utf8, part, part_mut};

/// The half of a session that takes bytes and gives whole messages.
///
/// A task that only reads owns it and a [`Reply`], and hands over what is due ([`Reply::take`]) to the task that
/// writes.
///
/// ```text
///   buffer: │ free │ message under way │ free │ unread │ free: `buffer()` │
/// ```
#[derive(Clone)]
pub struct Incoming<R: Role, B> {
    pub(super) receiver: Receiver<R>,
    pub(super) buffer: B,
    /// The payload so far of the message under way, joined.
    pub(super) message: Range<usize>,
    /// What was received and not yet looked at.
    pub(super) unread: Range<usize>,
    pub(super) pending: Pending,
    /// Whether a piece of the message under way was given out: what is left of it is no message.
    pub(super) is_cut: bool,
    /// Where compressed messages become whole, if they were agreed on.
    pub(super) inflation: Inflation,
}

/// What was found and not yet given out, or given out and not yet forgotten.
#[derive(Debug, Clone, Copy)]
pub(super) enum Pending {
    Nothing,
    /// A message was given out; its bytes are free.
    Given,
    Found(Found),
    /// The bytes of `message` are compressed, and stand before the unread ones.
    Inflating,
    /// The peer failed, and the reply was told.
    Told,
}

/// The most bytes of a compressed message that come out in one piece.
pub(super) const MAX_PIECE: usize = 64 * 1024;

/// What came, whole but for pieces. The payload of a control frame, of at most 125 bytes, lies right before
/// the unread bytes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Found {
    Message(MessageKind),
    Inflated(MessageKind),
    /// A piece of a message, which does not end with it.
    Piece(MessageKind),
    InflatedPiece(MessageKind),
    Ping(u8),
    Pong(u8),
    Close(u8),
}

/// What [`Incoming::next`] will return, without its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Next {
    /// A text or binary message. A text may still turn out not to be UTF-8.
    Message(MessageKind),
    /// A Ping.
    Ping,
    /// A Pong.
    Pong,
    /// The peer's Close frame.
    Close,
    /// A [`ProtocolError`].
    Failure,
}

impl<R: Role, B: Buffer> Incoming<R, B> {
    /// The longest message that the buffer holds whole: a control frame may come in the middle of one.
    const FITS: usize = B::CAPACITY.saturating_sub(MAX_CONTROL_FRAME);

    pub(super) fn new(limits: Limits, buffer: B) -> Self {
        Self {
            receiver: Receiver::new(limits),
            buffer,
            message: 0..0,
            unread: 0..0,
            pending: Pending::Nothing,
            is_cut: false,
            inflation: Inflation::NONE,
        }
    }

    #[cfg(feature = "deflate")]
    pub(super) fn with_deflate(self, agreed: &crate::deflate::Parameters) -> Self {
        let (window, has_takeover) = R::peer_context(agreed);
        let most = self.receiver.max_message_size().min(Self::FITS as u64);
        let inflation = Inflation::new(window, has_takeover, most);
        Self { receiver: self.receiver.with_deflate(), inflation, ..self }
    }

    /// Returns the space to read into: never empty, if [`next`](Self::next) has returned `None` since the last read.
    /// If it has not, the space may be empty, and a read of no bytes is not the transport's end.
    pub fn buffer(&mut self) -> &mut [u8] {
        self.forget_given();
        self.make_room();
        part_mut(self.buffer.bytes_mut(), self.unread.end..)
    }

    /// Takes note that `n` bytes were read to the start of [`buffer`](Self::buffer), with no other call in between.
    /// More than it has are not counted.
    pub fn filled(&mut self, n: usize) {
        self.unread.end = self.unread.end.saturating_add(n).min(self.buffer.bytes().len());
    }

    /// Copies received bytes to [`buffer`](Self::buffer), as many as fit, and returns how many. The others are to be
    /// pushed again, after [`next`](Self::next) has returned `None`.
    #[must_use = "bytes that did not fit are to be pushed again"]
    pub fn push_some(&mut self, bytes: &[u8]) -> usize {
        let space = self.buffer();
        let pushed = space.len().min(bytes.len());
        if let (Some(to), Some(from)) = (space.get_mut(..pushed), bytes.get(..pushed)) {
            to.copy_from_slice(from);
        }
        self.filled(pushed);
        pushed
    }

    /// Returns the next message or control frame that is whole, or `None` if more bytes are needed. What a control
    /// frame or an error asks to send goes to `reply`.
    ///
    /// What is left of a message of which [`next_piece`](Self::next_piece) gave the beginning is dropped.
    ///
    /// # Errors
    ///
    /// [`ProtocolError`] if the peer broke a rule or a limit; from then on at each call.
    #[inline]
    pub fn next(&mut self, reply: &mut Reply) -> Result<Option<Message<'_>>, ProtocolError> {
        match self.find_whole() {
            Some(whole) => self.take_whole(whole, reply).map(Some),
            None => self.next_found(reply),
        }
    }

    /// Returns the same as [`next`](Self::next) as its kind and checked bytes: text is UTF-8, but not typed as `&str`,
    /// which would take a second pass. For echoes, relays, and parsers that take bytes. A Close frame's bytes are its
    /// payload.
    ///
    /// # Errors
    ///
    /// [`ProtocolError`] if the peer broke a rule or a limit; from then on at each call.
    #[inline]
    pub fn next_bytes(&mut self, reply: &mut Reply) -> Result<Option<(Next, &[u8])>, ProtocolError> {
        if let Some(whole) = self.find_whole() {
            self.unread.start = self.unread.start.saturating_add(whole.len());
            let bytes = part_mut(self.buffer.bytes_mut(), ..self.unread.start);
            return match self.receiver.take_whole_bytes(whole, bytes) {
                Ok(payload) => Ok(Some((Next::Message(whole.kind), payload))),
                Err(error) => Err(tell(error, &mut self.pending, reply)),
            };
        }
        let Some(found) = self.take_found(reply)? else {
            return Ok(None);
        };
        let payload = self.payload(found);
        match found {
            Found::Ping(_) => reply.answer_ping(payload),
            Found::Close(_) => reply.answer_close(CloseFrame::decode(payload)?),
            _ => {}
        }
        Ok(Some((found.as_next(), payload)))
    }

    /// Tells what [`next`](Self::next) will return, if anything, and borrows nothing: for adapters that may wait
    /// between the two.
    ///
    /// # Examples
    ///
    /// ```
    /// use wsproto::connection::{MessageKind, Reply, Server};
    /// use wsproto::session::{Next, Session};
    /// use wsproto::{Limits, Message};
    ///
    /// let (mut incoming, _sender) = Session::new(Server, Limits::new(), [0; 1024]).split();
    /// assert_eq!(incoming.peek(), None);
    /// assert_eq!(incoming.push_some(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), 11);
    /// assert_eq!(incoming.peek(), Some(Next::Message(MessageKind::Text)));
    /// assert_eq!(incoming.next(&mut Reply::new())?, Some(Message::Text("Hello")));
    /// # Ok::<(), wsproto::ProtocolError>(())
    /// ```
    pub fn peek(&mut self) -> Option<Next> {
        self.rejoin();
        self.peek_with(Self::find)
    }

    /// Looks for what is next, with `find` where it takes the long way.
    pub(super) fn peek_with(
        &mut self,
        find: impl FnOnce(&mut Self) -> Result<Option<Found>, ProtocolError>,
    ) -> Option<Next> {
        if let Pending::Found(found) = self.pending {
            return Some(found.as_next());
        }
        if let Some(whole) = self.find_whole() {
            return Some(Next::Message(whole.kind));
        }
        match find(self) {
            Ok(found) => {
                let found = found?;
                self.pending = Pending::Found(found);
                Some(found.as_next())
            }
            Err(_) => Some(Next::Failure), // `next` meets it again
        }
    }

    /// Takes the end of the transport. Call [`next`](Self::next) until it returns `None` first: nothing comes
    /// afterwards. A sender of its own is told by [`Reply::tell_eof`].
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

    /// Finds a message that is there in one frame: the short way, which most take.
    #[expect(clippy::inline_always, reason = "as of the receiver's")]
    #[inline(always)]
    pub(super) fn find_whole(&mut self) -> Option<WholeMessage> {
        match self.pending {
            Pending::Nothing => {}
            Pending::Given => self.forget_given(),
            Pending::Inflating | Pending::Found(_) | Pending::Told => return None,
        }
        if matches!(self.pending, Pending::Inflating) {
            return None;
        }
        let unread = part(self.buffer.bytes(), self.unread.clone());
        self.receiver.find_whole(unread).filter(|whole| whole.payload_len <= Self::FITS)
    }

    /// Takes what [`find_whole`](Self::find_whole) found. Nothing before it is needed any more.
    #[expect(clippy::inline_always, reason = "as of the receiver's")]
    #[inline(always)]
    pub(super) fn take_whole(
        &mut self,
        whole: WholeMessage,
        reply: &mut Reply,
    ) -> Result<Message<'_>, ProtocolError> {
        self.unread.start = self.unread.start.saturating_add(whole.len());
        let bytes = part_mut(self.buffer.bytes_mut(), ..self.unread.start);
        let taken = self.receiver.take_whole(whole, bytes);
        taken.map_err(|error| tell(error, &mut self.pending, reply))
    }

    /// The long way of [`next`](Self::next).
    pub(super) fn next_found(&mut self, reply: &mut Reply) -> Result<Option<Message<'_>>, ProtocolError> {
        let Some(found) = self.take_found(reply)? else {
            return Ok(None);
        };
        let payload = self.payload(found);
        Ok(Some(match found {
            // Its pieces were checked; only this tells the compiler.
            Found::Message(MessageKind::Text) | Found::Inflated(MessageKind::Text) => {
                Message::Text(from_utf8(payload).ok_or(ProtocolError::NotUtf8)?)
            }
            // No piece is found here.
            Found::Message(_) | Found::Inflated(_) | Found::Piece(_) | Found::InflatedPiece(_) => {
                Message::Binary(payload)
            }
            Found::Ping(_) => {
                reply.answer_ping(payload);
                Message::Ping(payload)
            }
            Found::Pong(_) => Message::Pong(payload),
            Found::Close(_) => {
                let close = CloseFrame::decode(payload)?;
                reply.answer_close(close);
                Message::Close(close)
            }
        }))
    }

    /// The long way: takes what was peeked, or finds what is next.
    fn take_found(&mut self, reply: &mut Reply) -> Result<Option<Found>, ProtocolError> {
        self.rejoin();
        let found = match self.pending {
            Pending::Found(found) => {
                self.pending = Pending::Nothing;
                Some(found)
            }
            _ => self.find().map_err(|error| tell(error, &mut self.pending, reply))?,
        };
        if let Some(Found::Message(_) | Found::Inflated(_)) = found {
            self.pending = Pending::Given;
        }
        Ok(found)
    }

    pub(super) fn payload(&self, found: Found) -> &[u8] {
        let range = match found {
            Found::Inflated(_) | Found::InflatedPiece(_) => return self.inflation.message(),
            Found::Message(_) | Found::Piece(_) => self.message.clone(),
            Found::Ping(len) | Found::Pong(len) | Found::Close(len) => {
                self.unread.start.saturating_sub(len.into())..self.unread.start
            }
        };
        let bytes = self.buffer.bytes();
        debug_assert!(range.end <= bytes.len(), "what was found lies in the buffer");
        part(bytes, range)
    }

    /// Goes through the unread bytes until something is whole, joining the pieces of the message under way.
    fn find(&mut self) -> Result<Option<Found>, ProtocolError> {
        loop {
            let most = if self.is_cut { MAX_PIECE } else { usize::MAX };
            let found = self.find_part(most)?;
            self.check_fits(found)?;
            match found {
                Some(found) if found.is_data() && self.is_cut => self.drop_piece(found),
                Some(Found::Piece(_) | Found::InflatedPiece(_)) => {}
                found => return Ok(found),
            }
        }
    }

    /// Checks that the message under way, which is to be joined, fits into the buffer: from its header on.
    fn check_fits(&mut self, found: Option<Found>) -> Result<(), ProtocolError> {
        let len = match found {
            Some(Found::Message(_)) => self.message.len() as u64,
            // A control frame announces no more of it; where code is to be short, that is not looked at.
            Some(found) if !IS_SMALL && !found.is_data() => return Ok(()),
            _ => self.receiver.announced(),
        };
        if len > Self::FITS as u64 && !self.is_cut {
            return Err(self.receiver.fail_in_message(ProtocolError::MessageTooBig { len }));
        }
        Ok(())
    }

    /// Goes through the unread bytes until there is more of the message under way, or a control frame. Of a compressed
    /// message at most `most` bytes come out, and what was there.
    pub(super) fn find_part(&mut self, most: usize) -> Result<Option<Found>, ProtocolError> {
        loop {
            if matches!(self.pending, Pending::Inflating) {
                if let Some(found) = self.inflate(most)? {
                    return Ok(Some(found));
                }
            }
            let unread = part_mut(self.buffer.bytes_mut(), self.unread.clone());
            let received = self.receiver.receive(unread)?;
            if received.consumed == 0 {
                return Ok(None);
            }
            self.unread.start = self.unread.start.saturating_add(received.consumed);
            debug_assert!(self.unread.start <= self.unread.end, "no more is consumed than was there");
            // A payload always lies at the end of what was consumed.
            let end = self.unread.start;
            // At most 125: the lowest byte is all of it.
            let control_len = |len: usize| len.to_le_bytes()[0];
            match received.event {
                None => {}
                Some(Event::Data(data)) if Inflation::concerns(&data) => {
                    self.message = end.saturating_sub(data.payload.len())..end;
                    self.inflation.begin(&data);
                    self.pending = Pending::Inflating;
                }
                Some(Event::Data(data)) => {
                    let (kind, is_last) = (data.kind, data.is_last);
                    let piece = end.saturating_sub(data.payload.len())..end;
                    self.join(piece);
                    return Ok(Some(if is_last { Found::Message(kind) } else { Found::Piece(kind) }));
                }
                Some(Event::Ping(payload)) => return Ok(Some(Found::Ping(control_len(payload.len())))),
                Some(Event::Pong(payload)) => return Ok(Some(Found::Pong(control_len(payload.len())))),
                Some(Event::Close(close)) => {
                    let len = close.map_or(0, |close| close.payload_len());
                    return Ok(Some(Found::Close(control_len(len))));
                }
            }
        }
    }

    /// Decompresses what came of a message.
    fn inflate(&mut self, most: usize) -> Result<Option<Found>, ProtocolError> {
        let compressed = part(self.buffer.bytes(), self.message.clone());
        let inflated = match self.inflation.inflate(compressed, most) {
            Ok(inflated) => inflated,
            Err(error) => {
                self.pending = Pending::Nothing;
                return Err(self.receiver.fail_in_message(error));
            }
        };
        self.message.start = self.message.start.saturating_add(inflated.consumed);
        if !self.inflation.is_busy() {
            self.pending = Pending::Nothing;
            self.message = self.unread.start..self.unread.start;
        }
        Ok(match inflated.is_last {
            true => Some(Found::Inflated(inflated.kind)),
            false if self.inflation.message().is_empty() => None,
            false => Some(Found::InflatedPiece(inflated.kind)),
        })
    }

    /// Makes part of a message again what was peeked as a piece and not taken.
    fn rejoin(&mut self) {
        match self.pending {
            Pending::Found(found) if found.is_data() && self.is_cut => self.drop_piece(found),
            Pending::Found(Found::InflatedPiece(_)) if self.inflation.is_busy() => {
                self.pending = Pending::Inflating;
            }
            Pending::Found(Found::Piece(_) | Found::InflatedPiece(_)) => self.pending = Pending::Nothing,
            _ => {}
        }
    }

    /// Drops what is left of a message of which a piece was given out.
    #[cold]
    #[inline(never)]
    fn drop_piece(&mut self, found: Found) {
        self.is_cut = !found.is_last();
        self.forget();
    }

    /// Puts a piece behind the message so far. The first piece stays where it is, and so does one that lies there
    /// already.
    fn join(&mut self, piece: Range<usize>) {
        if self.message.is_empty() {
            self.message = piece;
            return;
        }
        let end = self.message.end.saturating_add(piece.len());
        self.move_down(piece, self.message.end);
        self.message.end = end;
    }

    #[inline]
    pub(super) fn forget_given(&mut self) {
        if matches!(self.pending, Pending::Given) {
            self.forget();
        }
    }

    #[inline(never)]
    fn forget(&mut self) {
        self.inflation.clear();
        if self.inflation.is_busy() {
            self.pending = Pending::Inflating;
            return;
        }
        self.pending = Pending::Nothing;
        self.message = self.unread.start..self.unread.start;
    }
}

/// Keeps the reply to a failure, once: the same error may come at many calls.
#[cold]
pub(super) fn tell(error: ProtocolError, pending: &mut Pending, reply: &mut Reply) -> ProtocolError {
    if !matches!(pending, Pending::Told) {
        *pending = Pending::Told;
        reply.tell(error);
    }
    error
}

/// Shows how many bytes lie in the buffer, not which.
impl<R: Role, B> fmt::Debug for Incoming<R, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Incoming");
        shown.field("receiver", &self.receiver).field("message", &self.message.len());
        shown.field("unread", &self.unread.len()).field("pending", &self.pending).finish_non_exhaustive()
    }
}

impl Found {
    pub(super) const fn is_data(self) -> bool {
        matches!(self, Self::Message(_) | Self::Inflated(_) | Self::Piece(_) | Self::InflatedPiece(_))
    }

    /// Whether a message ends with it.
    pub(super) const fn is_last(self) -> bool {
        matches!(self, Self::Message(_) | Self::Inflated(_))
    }

    const fn as_next(self) -> Next {
        match self {
            Self::Message(kind) | Self::Inflated(kind) | Self::Piece(kind) | Self::InflatedPiece(kind) => {
                Next::Message(kind)
            }
            Self::Ping(_) => Next::Ping,
            Self::Pong(_) => Next::Pong,
            Self::Close(_) => Next::Close,
        }
    }
}
