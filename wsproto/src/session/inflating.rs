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

    pub(super) fn inflate(&mut self, data: &Data<'_>) -> Result<(), ProtocolError> {
        debug_assert!(self.0.is_some(), "compressed messages come only where they were agreed on");
        self.0.as_mut().map_or(Ok(()), |inflating| inflating.inflate(data.kind, data.payload, data.is_last))
    }

    /// Returns the message, once all of it came.
    pub(super) fn message(&self) -> &[u8] {
        self.0.as_ref().map_or(&[], |inflating| inflating.message())
    }

    /// Begins the next message.
    pub(super) fn clear(&mut self) {
        if let Some(inflating) = &mut self.0 {
            inflating.len = 0;
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

/// A memory of its own, which grows with what comes out, up to the limit.
#[derive(Debug, Clone)]
struct Inflating {
    inflater: Inflater,
    /// Of which `len` bytes are the message under way, so far.
    plain: Vec<u8>,
    len: usize,
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
            utf8: Utf8Validator::new(),
            max_message_size: usize::try_from(max_message_size).unwrap_or(usize::MAX),
        }
    }

    /// Decompresses a piece of the message under way [RFC 7692 §6.2]. Limit and text are checked while it comes out,
    /// in the order in which it does, so that the piece's borders make no difference.
    fn inflate(&mut self, kind: MessageKind, mut payload: &[u8], is_last: bool) -> Result<(), ProtocolError> {
        loop {
            self.make_room(payload.len());
            let space = part_mut(&mut self.plain, self.len..);
            let inflated = self.inflater.inflate(payload, is_last, space)?;
            let came = part(space, ..inflated.written);
            if kind == MessageKind::Text {
                // [RFC 6455 §8.1]
                self.utf8.validate(came).map_err(|_| ProtocolError::NotUtf8)?;
            }
            self.len = self.len.saturating_add(inflated.written);
            if self.len > self.max_message_size {
                return Err(ProtocolError::MessageTooBig { len: self.len as u64 });
            }
            payload = part(payload, inflated.consumed..);
            if inflated.is_done {
                let is_whole = core::mem::take(&mut self.utf8).is_complete();
                return if is_whole { Ok(()) } else { Err(ProtocolError::NotUtf8) };
            }
            // As long as something comes, an error may stand behind it, which is not to wait for the next piece.
            if payload.is_empty() && !is_last && inflated.written == 0 {
                return Ok(());
            }
        }
    }

    /// The message, once all of it came.
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

    /// Twice what came out, so that growing costs a constant per byte; never more than one byte above the limit.
    fn make_room(&mut self, payload: usize) {
        if self.len < self.plain.len() {
            return;
        }
        let size =
            self.len.max(payload).saturating_mul(2).max(LEAST).min(self.max_message_size.saturating_add(1));
        self.plain.reserve_exact(size.saturating_sub(self.len));
        self.plain.resize(size.max(self.len), 0);
    }
}
