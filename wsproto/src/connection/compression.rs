use alloc::boxed::Box;

use crate::deflate::{Compressor, Outbound};
use crate::error::BufferTooSmall;
use crate::wire::{FrameHeader, Opcode, Rsv, frame, part_mut};

/// Whether compressed messages may be received.
#[derive(Debug, Clone, Copy)]
pub(super) struct ReceiverCompression(bool);

impl ReceiverCompression {
    pub(super) const NONE: Self = Self(false);
    pub(super) const AGREED: Self = Self(true);

    pub(super) const fn is_agreed(self) -> bool {
        self.0
    }
}

/// How a sender compresses, if that was agreed on.
#[derive(Debug, Clone)]
pub(super) struct SenderCompression(pub(super) Option<Box<Outbound>>);

impl SenderCompression {
    pub(super) const NONE: Self = Self(None);

    #[inline]
    pub(super) fn of_frame(&mut self) -> FrameCompression<'_> {
        FrameCompression { deflate: self.0.as_deref_mut(), compressor: None, is_plain: false }
    }
}

/// How one frame is compressed.
#[derive(Debug)]
pub(super) struct FrameCompression<'s> {
    deflate: Option<&'s mut Outbound>,
    /// One that others use too, in place of the connection's own.
    pub(super) compressor: Option<&'s mut Compressor>,
    pub(super) is_plain: bool,
}

impl FrameCompression<'_> {
    pub(super) const fn bound(len: usize) -> usize {
        Compressor::bound(len)
    }

    pub(super) fn compresses(&self, len: usize) -> bool {
        !self.is_plain && self.deflate.as_ref().is_some_and(|deflate| deflate.is_worth(len))
    }

    pub(super) fn may_compress(&self) -> bool {
        let is_wanted = |deflate: &&mut Outbound| !self.is_plain && deflate.is_worth_in_fragments();
        self.is_in_message() || self.deflate.as_ref().is_some_and(is_wanted)
    }

    pub(super) fn is_in_message(&self) -> bool {
        self.deflate.as_ref().is_some_and(|deflate| deflate.is_in_message)
    }

    /// Writes a whole message, compressed if that is agreed on, wanted, and smaller.
    #[inline]
    pub(super) fn write_message(
        self,
        plain: FrameHeader,
        message: &[u8],
        dst: &mut [u8],
    ) -> Result<usize, BufferTooSmall> {
        if !self.compresses(message.len()) {
            return frame::write(plain, message, dst);
        }
        let (deflate, compressor) = (self.deflate, self.compressor);
        write_message(plain, message, |space: &mut [u8]| deflate?.message(message, compressor, space), dst)
    }

    /// Writes a fragment: compressed, if the message's first is ([RFC 7692 §6]).
    pub(super) fn write_fragment(
        &mut self,
        plain: FrameHeader,
        fragment: &[u8],
        dst: &mut [u8],
    ) -> Result<usize, BufferTooSmall> {
        let (opcode, is_last) = (plain.opcode(), plain.fin());
        let is_first = opcode != Opcode::Continuation;
        let is_plain = self.is_plain;
        let deflate = self.deflate.as_deref_mut().filter(|deflate| match is_first {
            true if is_last => !is_plain && deflate.is_worth(fragment.len()),
            true => !is_plain && deflate.is_worth_in_fragments(),
            false => deflate.is_in_message,
        });
        let Some(deflate) = deflate else {
            return frame::write(plain, fragment, dst);
        };
        // Check, then commit: with so much space it is certain to fit.
        let header = |len| FrameHeader::of(opcode, is_last, len).with_masking_key(plain.masking_key());
        let bound = Compressor::bound(fragment.len());
        let offset = header(bound).encode().len();
        let needed = offset.saturating_add(bound);
        let space = dst.get_mut(offset..needed).ok_or(BufferTooSmall { needed })?;
        let len = deflate.fragment(fragment, is_last, self.compressor.as_deref_mut(), space);
        deflate.is_in_message = !is_last;
        // [RFC 7692 §6]: the bit is set on a message's first frame, and on no other.
        let rsv = if is_first { Rsv::RSV1 } else { Rsv::NONE };
        Ok(frame::finish(header(len).with_rsv(rsv), offset, dst))
    }
}

/// Writes a whole message: what `compress` makes of it, or the message as it is.
pub(super) fn write_message(
    plain: FrameHeader,
    message: &[u8],
    compress: impl FnOnce(&mut [u8]) -> Option<usize>,
    dst: &mut [u8],
) -> Result<usize, BufferTooSmall> {
    // Check, then commit: it fits as it is.
    let needed = plain.encode().len().saturating_add(message.len());
    if dst.len() < needed {
        return Err(BufferTooSmall { needed });
    }
    let bound = Compressor::bound(message.len());
    let header = |len| FrameHeader::of(plain.opcode(), true, len).with_masking_key(plain.masking_key());
    let offset = header(bound).encode().len();
    let end = offset.saturating_add(bound).min(dst.len());
    match compress(part_mut(dst, offset..end)) {
        // [RFC 7692 §6]: the bit is set on a message's first frame.
        Some(len) => Ok(frame::finish(header(len).with_rsv(Rsv::RSV1), offset, dst)),
        None => frame::write(plain, message, dst),
    }
}
