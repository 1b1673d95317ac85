use alloc::boxed::Box;

use super::{FrameEncoder, MessageKind, Role, Sender};
use crate::deflate::{Compressor, Outbound, Parameters, Policy, WindowBits};
use crate::error::{BufferTooSmall, Misuse, SendError};
use crate::wire::{FrameHeader, Opcode, Rsv, frame};

impl<R: Role> Sender<R> {
    /// Has messages compressed as was agreed on in the opening handshake, and as the policy wants it: those in one frame
    /// that have [`threshold`](Policy::threshold) bytes or more, and those in fragments.
    ///
    /// No frame of a whole message needs more space than without: one that does not shrink goes as it is. With context
    /// takeover it is still compressed where there is space for [`Compressor::bound`] bytes and a header, so that later
    /// messages can refer to it. And since they can, each frame that was encoded has to be sent, in that order.
    ///
    /// `agreed` is a [`Parameters`], or an `Option` of it, as a handshake has it: with `None` nothing is compressed.
    #[must_use]
    pub fn with_deflate(mut self, agreed: impl Into<Option<Parameters>>, policy: Policy) -> Self {
        self.deflate = agreed.into().map(|agreed| {
            let (window, has_takeover) = R::own_context(&agreed);
            Box::new(Outbound::new(window, has_takeover, policy))
        });
        self
    }

    /// Checks that a message which [`encode_shared_message`] wrote for `window` may be sent now, and takes note that it is:
    /// the next message begins with nothing to refer to, since what the peer remembers is no longer what was
    /// remembered here.
    ///
    /// # Errors
    ///
    /// [`Misuse::NotAgreed`] if the peer does not take compressed messages, or keeps a smaller window: it gets the
    /// message as it is. Or what [`check_message`](Self::check_message) says.
    pub fn begin_shared_message(&mut self, window: WindowBits) -> Result<(), Misuse> {
        self.check_message()?;
        match &mut self.deflate {
            Some(deflate) if window <= deflate.agreed() => {
                deflate.forget();
                Ok(())
            }
            _ => Err(Misuse::NotAgreed),
        }
    }

    /// Gives back the memory of the compressor, and of what it remembers. The next message begins with nothing to refer to.
    pub fn shrink(&mut self) {
        if let Some(deflate) = &mut self.deflate {
            deflate.shrink();
        }
    }
}

/// Writes a server's message once, for all connections whose agreed window for the server is `window` or larger, and returns
/// the frame's length: at the most 10 bytes more than the message's.
///
/// Such a message refers to nothing before it, so it is valid with context takeover and without. Each connection is
/// asked with [`Sender::begin_shared_message`] before it is written there. A message that does not shrink is written
/// as it is.
///
/// # Errors
///
/// [`BufferTooSmall`] if `dst` has less than the message and its header.
///
/// # Examples
///
/// ```
/// use wsproto::connection::{MessageKind, Sender, Server, encode_shared_message};
/// use wsproto::deflate::{Compressor, Level, Parameters, Policy, WindowBits};
///
/// let mut compressor = Compressor::new(Level::FAST, WindowBits::MAX); // one a thread
/// let news = "news ".repeat(100);
/// let mut shared = [0; 510];
/// let n = encode_shared_message(MessageKind::Text, news.as_bytes(), WindowBits::MAX, &mut compressor, &mut shared)?;
///
/// let compressing = Sender::<Server>::new().with_deflate(Parameters::default(), Policy::new());
/// for mut sender in [compressing, Sender::new()] {
///     if sender.begin_shared_message(WindowBits::MAX).is_ok() {
///         // write &shared[..n]
///     } else if sender.check_message().is_ok() {
///         // write the message as it is, encoded once too
///     }
/// }
/// # assert!(n < 50);
/// # Ok::<(), wsproto::error::BufferTooSmall>(())
/// ```
pub fn encode_shared_message(
    kind: MessageKind,
    message: &[u8],
    window: WindowBits,
    compressor: &mut Compressor,
    dst: &mut [u8],
) -> Result<usize, BufferTooSmall> {
    let plain = FrameHeader::of(kind.into(), true, message.len());
    compressor.forget();
    let compress = |space: &mut [u8]| compressor.compress_message(message, true, window, space);
    write_message(plain, message, compress, dst)
}

impl<'s> FrameEncoder<'s> {
    /// The same frame, compressed by a compressor that many connections share: one a thread is enough. The connection then
    /// holds none of its own: with context takeover its window, up to 32 KiB, otherwise nothing.
    ///
    /// Without effect where nothing is compressed.
    pub fn with_compressor(mut self, compressor: &'s mut Compressor) -> Self {
        self.compressor = Some(compressor);
        self
    }

    /// The same frame, not compressed: for a message with a secret in it that stands beside what someone else has chosen, whose
    /// length would tell of it. A message that was begun compressed goes on so.
    pub fn uncompressed(mut self) -> Self {
        self.is_plain = true;
        self
    }

    /// Tells whether a message of so many bytes is to be compressed.
    pub(super) fn compresses(&self, len: usize) -> bool {
        !self.is_plain && self.deflate.as_ref().is_some_and(|deflate| deflate.is_worth(len))
    }

    /// Writes a whole message, compressed if that is agreed on, wanted, and smaller.
    pub(super) fn write_message(
        self,
        opcode: Opcode,
        message: &[u8],
        dst: &mut [u8],
    ) -> Result<usize, SendError> {
        let plain = self.header(opcode, true, message.len());
        let is_plain = !self.compresses(message.len());
        let (deflate, compressor) = (self.deflate.filter(|_| !is_plain), self.compressor);
        let compress = |space: &mut [u8]| deflate?.message(message, compressor, space);
        Ok(write_message(plain, message, compress, dst)?)
    }

    /// Writes a fragment: compressed, if the message's first is ([RFC 7692 §6]).
    pub(super) fn write_fragment(
        &mut self,
        opcode: Opcode,
        is_last: bool,
        fragment: &[u8],
        dst: &mut [u8],
    ) -> Result<usize, SendError> {
        let is_first = opcode != Opcode::Continuation;
        let is_plain = self.is_plain;
        let deflate = self.deflate.as_deref_mut().filter(|deflate| match is_first {
            true if is_last => !is_plain && deflate.is_worth(fragment.len()),
            true => !is_plain && deflate.is_worth_in_fragments(),
            false => deflate.is_in_message,
        });
        let Some(deflate) = deflate else {
            return self.write(opcode, is_last, fragment, dst);
        };
        // Check, then commit: with so much space it is certain to fit.
        let key = self.masking_key;
        let header = |len| FrameHeader::of(opcode, is_last, len).with_masking_key(key);
        let bound = Compressor::bound(fragment.len());
        let offset = header(bound).encode().len();
        let needed = offset.saturating_add(bound);
        let space = dst.get_mut(offset..needed).ok_or(BufferTooSmall { needed })?;
        let len = deflate.fragment(fragment, is_last, self.compressor.as_deref_mut(), space);
        deflate.is_in_message = !is_last;
        // [RFC 7692 §6]: the bit is set on a message's first frame, and on no other.
        let rsv = if is_first { Rsv::RSV1 } else { Rsv::NONE };
        Ok(finish_frame(header(len).with_rsv(rsv), offset, dst))
    }
}

/// Writes a whole message: what `compress` makes of it, or the message as it is.
fn write_message(
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
    match compress(dst.get_mut(offset..end).unwrap_or_default()) {
        // [RFC 7692 §6]: the bit is set on a message's first frame.
        Some(len) => Ok(finish_frame(header(len).with_rsv(Rsv::RSV1), offset, dst)),
        None => frame::write(plain, message, dst),
    }
}

/// Writes the header of a payload that lies at `offset` of `dst`, closes the gap between them, and masks the payload;
/// returns the frame's length.
fn finish_frame(header: FrameHeader, offset: usize, dst: &mut [u8]) -> usize {
    let encoded = header.encode();
    let len = usize::try_from(header.payload_len()).unwrap_or(usize::MAX);
    let (start, end) = (encoded.len(), encoded.len().saturating_add(len));
    let payload = offset..offset.saturating_add(len);
    if start < offset && payload.end <= dst.len() {
        dst.copy_within(payload, start);
    }
    if let Some(to_header) = dst.get_mut(..start) {
        to_header.copy_from_slice(&encoded);
    }
    if let (Some(key), Some(payload)) = (header.masking_key(), dst.get_mut(start..end)) {
        key.apply(payload);
    }
    end
}
