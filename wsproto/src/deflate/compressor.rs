use core::fmt;

use super::engine::Engine;
use super::inflater::TAIL;
use super::{Level, Progress, WindowBits};
use crate::error::BufferTooSmall;

/// Compresses messages, piece by piece ([RFC 7692 §7.2.1]).
///
/// It takes all its memory when it is made: from 5 KB with a window of 8 bits to 61 KB with one of 15 (with feature `zlib-rs`
/// 250 to 380 KB). A thread can share one among all its connections
/// ([`FrameEncoder::with_compressor`](crate::connection::FrameEncoder::with_compressor)). On its own it is for those who
/// write frames themselves.
///
/// # Examples
///
/// ```
/// use wsproto::deflate::{Compressor, Inflater, Level, WindowBits};
///
/// let mut compressor = Compressor::new(Level::FAST, WindowBits::MAX);
/// let message = b"to be, or not to be, or not to be";
/// let mut payload = [0; Compressor::bound(33)];
/// let compressed = compressor.compress(message, true, &mut payload)?;
/// assert_eq!(compressed.consumed, 33);
/// assert!(compressed.written < 33);
///
/// let mut plain = [0; 64];
/// let inflated = Inflater::new(WindowBits::MAX, true).inflate(&payload[..compressed.written], true, &mut plain)?;
/// assert_eq!(plain[..inflated.written], *message);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// [RFC 7692 §7.2.1]: https://www.rfc-editor.org/rfc/rfc7692#section-7.2.1
pub struct Compressor {
    engine: Engine,
    level: Level,
    window: WindowBits,
}

/// The longest that one stored block can be, in bytes, and what comes before it [RFC 1951 §3.2.4].
const STORED_MAX: usize = 0xFFFF;
const STORED_HEADER: usize = 5;
/// What blocks begin and end with, where that is more than a stored block's header.
const MARGIN: usize = 16;

impl Compressor {
    /// Makes a compressor with an empty window. It never refers further back than `window`, which may be smaller than
    /// the agreed one.
    pub fn new(level: Level, window: WindowBits) -> Self {
        Self { engine: Engine::new(level, window), level, window }
    }

    /// Returns how large an output certainly holds `len` compressed bytes of a message: 16 bytes more, and 5 for each
    /// 64 KiB.
    pub const fn bound(len: usize) -> usize {
        let blocks = len.div_ceil(STORED_MAX);
        len.saturating_add(blocks.saturating_mul(STORED_HEADER)).saturating_add(MARGIN)
    }

    /// Returns how many bytes of a message certainly fit into `space` bytes.
    const fn certain(space: usize) -> usize {
        let space = space.saturating_sub(MARGIN);
        let blocks = space.div_ceil(STORED_MAX.saturating_add(STORED_HEADER));
        space.saturating_sub(blocks.saturating_mul(STORED_HEADER))
    }

    /// Compresses the next piece of a message to the start of `dst`, as much of it as certainly fits
    /// ([`bound`](Self::bound)); `is_last` marks the message's last piece.
    ///
    /// The output ends with a whole byte, and can be sent as a frame. The four bytes at the message's end are removed
    /// ([RFC 7692 §7.2.1]). If the result is not `is_done`, give what was not consumed again, first.
    ///
    /// # Errors
    ///
    /// [`BufferTooSmall`] if not even one byte certainly fits. 32 bytes are always enough for some progress.
    ///
    /// [RFC 7692 §7.2.1]: https://www.rfc-editor.org/rfc/rfc7692#section-7.2.1
    pub fn compress(
        &mut self,
        input: &[u8],
        is_last: bool,
        dst: &mut [u8],
    ) -> Result<Progress, BufferTooSmall> {
        let least = Self::bound(input.len().min(1));
        if dst.len() < least {
            return Err(BufferTooSmall { needed: least });
        }
        let consumed = input.len().min(Self::certain(dst.len()));
        let is_done = is_last && consumed == input.len();
        let piece = input.get(..consumed).unwrap_or_default();
        let written = self.compress_piece(piece, is_done, self.window, dst);
        Ok(Progress { consumed, written, is_done })
    }

    /// Empties the window: each message has to begin so without context takeover, and any message may.
    pub fn forget(&mut self) {
        self.engine.forget();
    }

    /// Returns the window within which it refers to earlier bytes.
    pub const fn window(&self) -> WindowBits {
        self.window
    }

    /// Fills an empty window with what the peer's has last, as far as the next `len` bytes may refer to it.
    pub(super) fn prime(&mut self, window: &[u8], len: usize, limit: WindowBits) {
        self.forget();
        if !window.is_empty() {
            self.engine.prime(window, len, limit.min(self.window));
        }
    }

    /// Compresses a whole message, if that fits, and if it has to shrink, to fewer bytes than it has. Otherwise the
    /// contents of `output` are unspecified, and what came before is forgotten.
    pub(crate) fn compress_message(
        &mut self,
        message: &[u8],
        has_to_shrink: bool,
        limit: WindowBits,
        output: &mut [u8],
    ) -> Option<usize> {
        if message.is_empty() {
            return None; // an empty frame is shorter than an empty block
        }
        let written = self.deflate(message, limit, output)?.saturating_sub(TAIL.len());
        if has_to_shrink && written >= message.len() {
            self.forget(); // the peer does not see it
            return None;
        }
        Some(written)
    }

    /// Compresses a piece to at most [`bound`](Self::bound) bytes, for which there has to be space.
    pub(super) fn compress_piece(
        &mut self,
        piece: &[u8],
        is_last: bool,
        limit: WindowBits,
        output: &mut [u8],
    ) -> usize {
        if piece.is_empty() {
            return write_stored(piece, is_last, output);
        }
        match self.deflate(piece, limit, output) {
            None => write_stored(piece, is_last, output),
            Some(written) if is_last => written.saturating_sub(TAIL.len()),
            Some(written) => written,
        }
    }

    /// Compresses all of `input`, with [`TAIL`] at its end, or forgets all.
    fn deflate(&mut self, input: &[u8], limit: WindowBits, output: &mut [u8]) -> Option<usize> {
        if self.level == Level::STORED {
            return None;
        }
        self.engine.deflate(input, limit.min(self.window), output)
    }
}

/// Writes a piece in blocks without compression, and returns how many bytes that took ([RFC 1951 §3.2.4]).
///
/// Each piece begins and ends with a whole byte. A message ends with the one byte that is left of an empty
/// block without its last four [RFC 7692 §7.2.3.6].
fn write_stored(piece: &[u8], is_last: bool, output: &mut [u8]) -> usize {
    let mut written = 0_usize;
    let mut put = |bytes: &[u8]| {
        let space = output.get_mut(written..).unwrap_or_default();
        for (to, from) in space.iter_mut().zip(bytes) {
            *to = *from;
        }
        written = written.saturating_add(bytes.len());
    };
    for block in piece.chunks(STORED_MAX) {
        let [low, high] = u16::try_from(block.len()).unwrap_or(u16::MAX).to_le_bytes();
        put(&[0x00, low, high, !low, !high]);
        put(block);
    }
    if is_last {
        put(&[0x00]);
    }
    written
}

impl fmt::Debug for Compressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compressor")
            .field("level", &self.level.get())
            .field("window_bits", &self.window.get())
            .finish_non_exhaustive()
    }
}
