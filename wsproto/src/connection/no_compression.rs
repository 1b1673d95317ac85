//! What [`compression`](super::compression) is without feature `deflate`: nothing is ever compressed, and nothing of
//! it is left in the machine code.

use core::marker::PhantomData;

use crate::error::BufferTooSmall;
use crate::wire::{FrameHeader, frame};

/// Whether compressed messages may be received: never.
#[derive(Debug, Clone, Copy)]
pub(super) struct ReceiverCompression;

impl ReceiverCompression {
    pub(super) const NONE: Self = Self;

    #[expect(clippy::unused_self, reason = "with feature `deflate` the answer depends on it")]
    pub(super) const fn is_agreed(self) -> bool {
        false
    }
}

/// How a sender compresses: not at all.
#[derive(Debug, Clone)]
pub(super) struct SenderCompression;

impl SenderCompression {
    pub(super) const NONE: Self = Self;

    #[expect(clippy::unused_self, reason = "with feature `deflate` the answer depends on it")]
    pub(super) const fn of_frame(&mut self) -> FrameCompression<'_> {
        FrameCompression(PhantomData)
    }
}

/// How one frame is compressed: not at all.
#[derive(Debug)]
pub(super) struct FrameCompression<'s>(PhantomData<&'s mut ()>);

#[expect(clippy::unused_self, reason = "with feature `deflate` the answers depend on it")]
impl FrameCompression<'_> {
    #[cfg(feature = "alloc")]
    pub(super) const fn bound(len: usize) -> usize {
        len
    }

    #[cfg(feature = "alloc")]
    pub(super) const fn compresses(&self, _len: usize) -> bool {
        false
    }

    pub(super) const fn is_in_message(&self) -> bool {
        false
    }

    #[inline]
    pub(super) fn write_message(
        self,
        header: FrameHeader,
        message: &[u8],
        dst: &mut [u8],
    ) -> Result<usize, BufferTooSmall> {
        frame::write(header, message, dst)
    }

    pub(super) fn write_fragment(
        &mut self,
        header: FrameHeader,
        fragment: &[u8],
        dst: &mut [u8],
    ) -> Result<usize, BufferTooSmall> {
        frame::write(header, fragment, dst)
    }
}
