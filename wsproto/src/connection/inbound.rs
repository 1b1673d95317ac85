use super::{Data, Limits, MessageKind};
use crate::error::ProtocolError;
use crate::wire::{FrameHeader, MaskingKey, Utf8Validator, part_mut};

/// The message that is being received, from its first header to its last byte.
#[derive(Debug, Clone, Copy)]
pub(super) struct InboundMessage {
    /// All that its headers have announced.
    announced: u64,
    fragments: u32,
    /// Control frames since its last fragment.
    pub(super) control_frames: u32,
    pub(super) kind: MessageKind,
    pub(super) is_compressed: bool,
    /// Whether a piece of it was given out.
    pub(super) is_begun: bool,
    pub(super) utf8: Utf8Validator,
}

/// The rest of a data frame's payload.
#[derive(Debug, Clone, Copy)]
pub(super) struct InboundPayload {
    pub(super) remaining: u64,
    /// Rotated to the next byte.
    pub(super) key: Option<MaskingKey>,
    pub(super) fin: bool,
}

impl InboundMessage {
    pub(super) const fn new(kind: MessageKind, is_compressed: bool) -> Self {
        Self {
            announced: 0,
            fragments: 0,
            control_frames: 0,
            kind,
            is_compressed,
            is_begun: false,
            utf8: Utf8Validator::new(),
        }
    }

    /// Adds one more frame of `len` bytes, if the limits allow it: before its payload has come.
    #[inline]
    pub(super) fn with_fragment(self, len: u64, limits: &Limits) -> Result<Self, ProtocolError> {
        let announced = self.announced.saturating_add(len);
        let fragments = self.fragments.saturating_add(1);
        let most = if cfg!(feature = "deflate") && self.is_compressed {
            most_compressed(limits)
        } else {
            limits.max_message_size
        };
        limits.check(len, announced, most)?;
        if fragments > limits.max_fragments.max(1) {
            return Err(ProtocolError::TooManyFragments);
        }
        Ok(Self { announced, fragments, control_frames: 0, ..self })
    }

    /// Checks that one more control frame may come between two fragments.
    pub(super) const fn check_control_frame(&self, limits: &Limits) -> Result<(), ProtocolError> {
        if self.control_frames >= limits.max_control_frames {
            return Err(ProtocolError::TooManyControlFrames);
        }
        Ok(())
    }

    /// What its headers have announced, unless it is compressed.
    pub(super) const fn announced_plain(&self) -> u64 {
        if cfg!(feature = "deflate") && self.is_compressed { 0 } else { self.announced }
    }

    /// Whether the pieces are text to be checked as they come: compressed text is not text yet.
    pub(super) fn is_plain_text(&self) -> bool {
        self.kind == MessageKind::Text && !(cfg!(feature = "deflate") && self.is_compressed)
    }

    /// Checks a piece of text. `Err` tells how many of its bytes may be given out before the one that fails.
    #[inline]
    pub(super) fn validate(&mut self, piece: &[u8], is_last: bool) -> Result<(), usize> {
        self.utf8.validate(piece).map_err(|error| error.valid_up_to)?;
        // [RFC 6455 §8.1]: a message must not end inside a character, not even with an empty frame.
        if is_last && !self.utf8.is_complete() {
            return Err(piece.len().saturating_sub(1));
        }
        Ok(())
    }

    /// Describes a piece of the message.
    #[inline]
    pub(super) const fn piece<'b>(&self, payload: &'b mut [u8], is_last: bool) -> Data<'b> {
        let Self { kind, is_compressed, is_begun, .. } = *self;
        Data { kind, payload, is_compressed, is_first: !is_begun, is_last }
    }
}

impl InboundPayload {
    pub(super) const fn of(header: &FrameHeader) -> Self {
        Self { remaining: header.payload_len(), key: header.masking_key(), fin: header.fin() }
    }

    /// Unmasks the bytes that come next. Returns the key for those behind them, and whether they were seen to be ASCII
    /// on the way.
    #[inline]
    pub(super) fn unmask(&self, piece: &mut [u8], is_text: bool) -> (Option<MaskingKey>, bool) {
        match (self.key, is_text) {
            (None, _) => (None, false),
            (Some(key), false) => (Some(key.apply(piece)), false),
            (Some(key), true) => {
                let (next, is_ascii) = key.apply_to_text(piece);
                (Some(next), is_ascii)
            }
        }
    }

    /// Masks again what stands behind the first `len` bytes of a piece that was unmasked.
    #[cold]
    pub(super) fn mask_behind(&self, len: usize, piece: &mut [u8]) {
        if let Some(key) = self.key {
            key.rotated(len).apply(part_mut(piece, len..));
        }
    }
}

/// How many bytes of a compressed message may come, if the message may have `max_message_size` bytes: some more, since
/// what can't be compressed gets longer, but not many, since blocks without any content could come forever.
const fn most_compressed(limits: &Limits) -> u64 {
    let size = limits.max_message_size;
    size.saturating_add(size / 8).saturating_add(1024)
}
