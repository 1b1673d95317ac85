use super::{BufferTooSmall, IS_SMALL};

/// Masks the payload of one frame of a client: a 32-bit key ([RFC 6455 §5.3]).
///
/// Both methods that mask bytes return the key rotated to the byte that follows, so a payload can be masked in pieces
/// and there is no position to keep beside the key.
///
/// **Where keys come from.** Each frame needs a fresh key from a strong source of entropy, one that the author of the
/// payload can't predict. A [`Client`](crate::Client) owns a source of them; `RandomKeys`, of feature `getrandom`,
/// asks the operating system.
///
/// # Examples
///
/// ```
/// use wsproto::wire::MaskingKey;
///
/// let key = MaskingKey::new([0x37, 0xfa, 0x21, 0x3d]);
/// let mut payload = *b"Hello";
/// let (front, back) = payload.split_at_mut(3);
/// let key = key.apply(front);
/// key.apply(back);
/// assert_eq!(payload, [0x7f, 0x9f, 0x4d, 0x51, 0x58]);
/// ```
///
/// [RFC 6455 §5.3]: https://www.rfc-editor.org/rfc/rfc6455#section-5.3
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MaskingKey([u8; 4]);

/// One step of the fast loops: wide enough for the compiler's vectors, a multiple of the key. Handling fewer bytes by
/// words costs more than it saves.
const BLOCK: usize = 32;

impl MaskingKey {
    /// Makes a key of four bytes, in the order of the wire.
    pub const fn new(bytes: [u8; 4]) -> Self {
        Self(bytes)
    }

    /// Returns the four bytes, in the order of the wire.
    pub const fn to_bytes(self) -> [u8; 4] {
        self.0
    }

    /// Masks or unmasks `bytes` in place and returns the key for the byte that follows them.
    #[inline]
    #[allow(clippy::return_self_not_must_use)] // the last piece of a payload needs no further key
    pub fn apply(self, bytes: &mut [u8]) -> Self {
        if IS_SMALL {
            return self.apply_by_words(bytes).0;
        }
        let pattern = self.pattern();
        let next = self.rotated(bytes.len());
        let last = next.apply_to_last(bytes);
        let key = self.word();
        for block in bytes.chunks_exact_mut(BLOCK) {
            for word in block.chunks_exact_mut(8) {
                if let Some(word) = word.first_chunk_mut() {
                    *word = (u64::from_ne_bytes(*word) ^ key).to_ne_bytes();
                }
            }
        }
        match (last, bytes.last_chunk_mut()) {
            (Some(last), Some(to)) => *to = last,
            _ => {
                for (byte, key) in bytes.iter_mut().zip(&pattern) {
                    *byte ^= key;
                }
            }
        }
        next
    }

    /// Does what [`apply`](Self::apply) does, and tells whether the result is ASCII. For most text that is the whole
    /// check, and in the same pass it is almost free.
    #[inline(never)] // in a large function the pattern would be loaded byte by byte
    pub(crate) fn apply_to_text(self, bytes: &mut [u8]) -> (Self, bool) {
        if IS_SMALL {
            return self.apply_by_words(bytes);
        }
        let pattern = self.pattern();
        let next = self.rotated(bytes.len());
        let last = next.apply_to_last(bytes);
        let mut seen = last.unwrap_or_default();
        for block in bytes.chunks_exact_mut(BLOCK) {
            for ((byte, key), seen) in block.iter_mut().zip(&pattern).zip(&mut seen) {
                *byte ^= key;
                *seen |= *byte;
            }
        }
        match (last, bytes.last_chunk_mut()) {
            (Some(last), Some(to)) => *to = last,
            _ => {
                for ((byte, key), seen) in bytes.iter_mut().zip(&pattern).zip(&mut seen) {
                    *byte ^= key;
                    *seen |= *byte;
                }
            }
        }
        (next, seen.is_ascii())
    }

    /// Masks a copy of the last block of `bytes`, if they have one, with the key for the byte behind it.
    ///
    /// The copy replaces the last block once all whole blocks are masked. So the up to 31 bytes that these leave over
    /// cost no more than a block, and it makes no difference that some bytes are computed twice.
    #[inline]
    fn apply_to_last(self, bytes: &[u8]) -> Option<[u8; BLOCK]> {
        let key = u32::from_ne_bytes(self.0);
        let mut last = *bytes.last_chunk()?;
        for word in last.chunks_exact_mut(4) {
            if let Some(word) = word.first_chunk_mut() {
                *word = (u32::from_ne_bytes(*word) ^ key).to_ne_bytes();
            }
        }
        Some(last)
    }

    /// Writes `src`, masked or unmasked, to the start of `dst`, and returns the key for the byte that follows.
    ///
    /// This is one pass, where a copy and [`apply`](Self::apply) are two.
    ///
    /// # Errors
    ///
    /// [`BufferTooSmall`] if `dst` is shorter than `src`; `dst` is then unchanged.
    #[inline]
    pub fn apply_into(self, src: &[u8], dst: &mut [u8]) -> Result<Self, BufferTooSmall> {
        let needed = src.len();
        let dst = dst.get_mut(..needed).ok_or(BufferTooSmall { needed })?;
        if IS_SMALL {
            dst.copy_from_slice(src);
            return Ok(self.apply(dst));
        }
        let pattern = self.pattern();
        for (to, from) in dst.chunks_exact_mut(BLOCK).zip(src.chunks_exact(BLOCK)) {
            for ((to, from), key) in to.iter_mut().zip(from).zip(&pattern) {
                *to = from ^ key;
            }
        }
        let next = self.rotated(needed);
        match (next.apply_to_last(src), dst.last_chunk_mut()) {
            (Some(last), Some(to)) => *to = last,
            _ => {
                for ((to, from), key) in dst.iter_mut().zip(src).zip(&pattern) {
                    *to = from ^ key;
                }
            }
        }
        Ok(next)
    }

    /// Does what [`apply_to_text`](Self::apply_to_text) does, word by word: a fifth of the code.
    #[inline(never)]
    fn apply_by_words(self, bytes: &mut [u8]) -> (Self, bool) {
        let next = self.rotated(bytes.len());
        let key = u32::from_ne_bytes(self.0);
        let (mut words, mut seen) = (bytes.chunks_exact_mut(4), 0);
        for word in &mut words {
            if let Some(word) = word.first_chunk_mut() {
                let plain = u32::from_ne_bytes(*word) ^ key;
                seen |= plain;
                *word = plain.to_ne_bytes();
            }
        }
        for (byte, key) in words.into_remainder().iter_mut().zip(self.0) {
            *byte ^= key;
            seen |= u32::from(*byte);
        }
        (next, seen & 0x8080_8080 == 0)
    }

    /// Returns the key for the byte `len` bytes further on.
    #[inline]
    #[allow(clippy::cast_possible_truncation)] // four bytes are one turn, so the low bits tell all
    pub(crate) const fn rotated(self, len: usize) -> Self {
        let bits = (len as u32).wrapping_shl(3);
        Self(u32::from_le_bytes(self.0).rotate_right(bits).to_le_bytes())
    }

    /// Returns the key twice: a word in a register, where the compiler can't come to load a pattern's bytes one by one, as it
    /// does when all of this is inlined into a large function.
    #[inline]
    const fn word(self) -> u64 {
        let key = u32::from_ne_bytes(self.0) as u64;
        key | key << 32
    }

    #[inline]
    fn pattern(self) -> [u8; BLOCK] {
        let [a, b, c, d] = self.0;
        let mut pattern = [0; BLOCK];
        for word in pattern.chunks_exact_mut(4) {
            word.copy_from_slice(&[a, b, c, d]);
        }
        pattern
    }
}

impl From<[u8; 4]> for MaskingKey {
    fn from(bytes: [u8; 4]) -> Self {
        Self::new(bytes)
    }
}
