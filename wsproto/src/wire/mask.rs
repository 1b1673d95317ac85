use super::xor::{Pattern, is_ascii, turned};
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
        self.pattern(bytes.len()).apply::<false>(bytes);
        self.rotated(bytes.len())
    }

    /// Does what [`apply`](Self::apply) does, and tells whether the result is ASCII. For most text that is the whole
    /// check, and in the same pass it is almost free.
    #[inline]
    pub(crate) fn apply_to_text(self, bytes: &mut [u8]) -> (Self, bool) {
        if IS_SMALL {
            return self.apply_by_words(bytes);
        }
        let seen = self.pattern(bytes.len()).apply::<true>(bytes);
        (self.rotated(bytes.len()), is_ascii(seen))
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
        self.pattern(needed).apply_into(src, dst);
        Ok(self.rotated(needed))
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
    pub(crate) const fn rotated(self, len: usize) -> Self {
        Self(turned(u32::from_ne_bytes(self.0), len).to_ne_bytes())
    }

    /// Returns the key as a pattern for `len` bytes.
    #[inline]
    const fn pattern(self, len: usize) -> Pattern {
        let first = u32::from_ne_bytes(self.0);
        Pattern { first, behind: turned(first, len) }
    }
}

impl From<[u8; 4]> for MaskingKey {
    fn from(bytes: [u8; 4]) -> Self {
        Self::new(bytes)
    }
}
