use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::connection::{Data, MessageKind};
use crate::deflate::{Inflater, WindowBits};
use crate::error::ProtocolError;
use crate::wire::{Utf8Validator, part, part_mut};

/// Where compressed messages become whole, if they were agreed on.
#[derive(Debug, Clone)]
pub(super) struct Inflation(Option<Box<Inflating>>);

impl Inflation {
    pub(super) const NONE: Self = Self(None);

    pub(super) fn new(window: WindowBits, has_takeover: bool, max_message_size: u64) -> Self {
        Self(Some(Box::new(Inflating::new(window, has_takeover, max_message_size))))
    }

    /// Tells whether a piece is one of a compressed message.
    pub(super) const fn concerns(data: &Data<'_>) -> bool {
        data.is_compressed
    }

    /// Takes note of a piece of a compressed message, which [`inflate`](Self::inflate) is given until it is not busy.
    pub(super) fn begin(&mut self, data: &Data<'_>) {
        debug_assert!(self.0.is_some(), "compressed messages come only where they were agreed on");
        if let Some(inflating) = &mut self.0 {
            inflating.under_way = Some((data.kind, data.is_last));
        }
    }

    /// Tells whether there is a piece of which not all has come out.
    pub(super) fn is_busy(&self) -> bool {
        self.0.as_ref().is_some_and(|inflating| inflating.under_way.is_some())
    }

    /// Decompresses what is left of the piece, until `most` bytes of the message are there.
    pub(super) fn inflate(&mut self, payload: &[u8], most: usize) -> Result<Inflated, ProtocolError> {
        match &mut self.0 {
            Some(inflating) => inflating.inflate(payload, most),
            None => Ok(Inflated::NOTHING),
        }
    }

    /// Returns what came out of the message, since a piece of it was given out.
    pub(super) fn message(&self) -> &[u8] {
        self.0.as_ref().map_or(&[], |inflating| inflating.message())
    }

    /// Begins the next message, or the next piece of one that has not ended.
    pub(super) fn clear(&mut self) {
        if let Some(inflating) = &mut self.0 {
            inflating.clear();
        }
    }

    /// Gives back what holds nothing that is still needed.
    pub(super) fn shrink(&mut self) {
        if let Some(inflating) = &mut self.0 {
            inflating.shrink();
        }
    }

    /// Returns how many bytes of memory it holds.
    pub(super) fn capacity(&self) -> usize {
        self.0.as_ref().map_or(0, |inflating| inflating.capacity())
    }
}

/// What [`Inflation::inflate`] did.
pub(super) struct Inflated {
    pub consumed: usize,
    pub kind: MessageKind,
    /// Whether the message has ended.
    pub is_last: bool,
}

impl Inflated {
    const NOTHING: Self = Self { consumed: 0, kind: MessageKind::Binary, is_last: false };
}

/// A memory of its own, which grows with what comes out, up to the limit.
#[derive(Debug, Clone)]
struct Inflating {
    inflater: Inflater,
    /// Of which `len` bytes are the message under way, so far.
    plain: Vec<u8>,
    len: usize,
    /// How many bytes of it came out before, and were given out.
    given: usize,
    /// The piece of which not all has come out: its kind, and whether it is the message's last.
    under_way: Option<(MessageKind, bool)>,
    /// Whether it has ended.
    has_ended: bool,
    utf8: Utf8Validator,
    max_message_size: usize,
}

/// The least memory that is taken, in bytes.
const LEAST: usize = 512;

impl Inflating {
    fn new(window: WindowBits, has_takeover: bool, max_message_size: u64) -> Self {
        Self {
            inflater: Inflater::new(window, has_takeover),
            plain: Vec::new(),
            len: 0,
            given: 0,
            under_way: None,
            has_ended: false,
            utf8: Utf8Validator::new(),
            max_message_size: usize::try_from(max_message_size).unwrap_or(usize::MAX),
        }
    }

    /// Decompresses a piece of the message under way [RFC 7692 §6.2]. Limit and text are checked while it comes out,
    /// in the order in which it does, so that the piece's borders make no difference.
    fn inflate(&mut self, mut payload: &[u8], most: usize) -> Result<Inflated, ProtocolError> {
        let Some((kind, is_last)) = self.under_way else { return Ok(Inflated::NOTHING) };
        let size = payload.len();
        let mut is_done = false;
        while !is_done && self.len < most {
            self.make_room(payload.len(), most);
            let space = part_mut(&mut self.plain, self.len..);
            let inflated = self.inflater.inflate(payload, is_last, space)?;
            let came = part(space, ..inflated.written);
            if kind == MessageKind::Text {
                // [RFC 6455 §8.1]
                self.utf8.validate(came).map_err(|_| ProtocolError::NotUtf8)?;
            }
            self.len = self.len.saturating_add(inflated.written);
            let len = self.given.saturating_add(self.len);
            if len > self.max_message_size {
                return Err(ProtocolError::MessageTooBig { len: len as u64 });
            }
            payload = part(payload, inflated.consumed..);
            is_done = inflated.is_done;
            // As long as something comes, an error may stand behind it, which is not to wait for the next piece.
            if is_done || payload.is_empty() && !is_last && inflated.written == 0 {
                self.under_way = None;
                break;
            }
        }
        if is_done && !core::mem::take(&mut self.utf8).is_complete() {
            return Err(ProtocolError::NotUtf8);
        }
        self.has_ended = is_done;
        Ok(Inflated { consumed: size.saturating_sub(payload.len()), kind, is_last: is_done })
    }

    fn clear(&mut self) {
        let given = self.given.saturating_add(self.len);
        self.given = if core::mem::take(&mut self.has_ended) { 0 } else { given };
        self.len = 0;
    }

    /// What came out of the message, since a piece of it was given out.
    fn message(&self) -> &[u8] {
        part(&self.plain, ..self.len)
    }

    /// Gives back what holds nothing that is still needed.
    fn shrink(&mut self) {
        self.plain.truncate(self.len);
        self.plain.shrink_to_fit();
    }

    /// Returns how many bytes of memory it holds.
    fn capacity(&self) -> usize {
        self.plain.capacity().saturating_add(self.inflater.capacity())
    }

    /// Twice what came out, so that growing costs a constant per byte; never more than `most`, or one byte
    /// above the limit.
    fn make_room(&mut self, payload: usize, most: usize) {
        if self.len < self.plain.len() {
            return;
        }
        let most = most.min(self.max_message_size.saturating_sub(self.given).saturating_add(1));
        let size = self.len.max(payload).saturating_mul(2).max(LEAST).min(most);
        self.plain.reserve_exact(size.saturating_sub(self.len));
        self.plain.resize(size.max(self.len), 0);
    }
}
