//! Short text, checked by words from its first byte to its last.
//!
//! `core::str::from_utf8` goes byte by byte where the bytes do not lie at a word, and where less than two words are left:
//! for short text that is most of the way. So the text is unmasked to a word before it, over what is free there, the
//! header at least, and padded with zeros to whole pairs of words.

use super::part::{part, part_mut};
use super::utf8::from_utf8;
use super::{MaskingKey, xor};

/// Up to how many bytes it costs less than a check in place.
const MAX_LEN: usize = 128;
/// The word's border, and the bytes of a pair.
const WORD: usize = 8;
const PAIR: usize = 16;

/// How many bytes before a masked frame have to be free for its text to be moved.
pub(crate) const FREE_BEFORE_TEXT: usize = PAIR;

/// Text that was moved: where it begins, and where its padding ends.
struct Padded {
    start: usize,
    end: usize,
    is_ascii: bool,
}

impl MaskingKey {
    /// Unmasks the text that is the last `len` bytes of `buf`, and returns it if it is one. What stands before it in
    /// `buf` may be overwritten.
    #[inline]
    pub(crate) fn apply_to_whole_text(self, buf: &mut [u8], len: usize) -> Option<&str> {
        if let Some(padded) = self.apply_to_short_text(buf, len) {
            return padded.text(buf, len);
        }
        let start = buf.len().saturating_sub(len);
        let text = part_mut(buf, start..);
        self.apply(text);
        from_utf8(text)
    }

    /// Unmasks it to a place before it that [`Padded::text`] knows. What
    /// stands there is overwritten. Returns `None`, and changes nothing, if the text is not short, or there is no room.
    #[inline]
    fn apply_to_short_text(self, buf: &mut [u8], len: usize) -> Option<Padded> {
        if len > MAX_LEN {
            return None;
        }
        let padded_len = len.div_ceil(PAIR).saturating_mul(PAIR);
        let least = buf.len().checked_sub(padded_len.saturating_add(WORD))?;
        let start = least.saturating_add(part(buf, least..).as_ptr().align_offset(WORD).min(WORD));
        let is_ascii = self.apply_downwards(part_mut(buf, start..), len, padded_len)?;
        Some(Padded { start, end: start.saturating_add(padded_len), is_ascii })
    }

    /// Unmasks the last `len` bytes to the front, and puts zeros behind them. Each pair is stored below where the next
    /// one is loaded.
    #[inline]
    fn apply_downwards(self, bytes: &mut [u8], len: usize, padded_len: usize) -> Option<bool> {
        let from = bytes.len().checked_sub(len)?;
        let whole = padded_len.checked_sub(PAIR)?;
        // The last pair ends with the text, and its first bytes are in the pair before it already.
        let known = u32::try_from(padded_len.saturating_sub(len)).ok()?.wrapping_mul(8);
        let last = u128::from_le_bytes(*bytes.last_chunk()?) ^ self.rotated(len).word_pair();
        let last = last.wrapping_shr(known);

        let keys = self.word_pair();
        let (mut seen, mut rest) = (last, &mut bytes[..]);
        for _ in 0..whole / PAIR {
            // From where a pair goes to where it comes from.
            let window = rest.get_mut(..from.saturating_add(PAIR))?;
            let plain = u128::from_le_bytes(*window.last_chunk()?) ^ keys;
            seen |= plain;
            *window.first_chunk_mut()? = plain.to_le_bytes();
            rest = rest.get_mut(PAIR..)?;
        }
        *bytes.get_mut(whole..)?.first_chunk_mut()? = last.to_le_bytes();
        Some(xor::is_ascii_pair(seen))
    }

    /// The key four times, as the little-endian number that a pair of words is read as.
    #[inline]
    const fn word_pair(self) -> u128 {
        let word = u32::from_le_bytes(self.to_bytes()) as u128;
        let word = word | word << 32;
        word | word << 64
    }
}

impl Padded {
    /// Returns the text, if it is one. A character that the end cut is none: a zero follows it.
    #[inline]
    fn text<'b>(&self, buf: &'b [u8], len: usize) -> Option<&'b str> {
        let padded = part(buf, self.start..self.end);
        let text = if self.is_ascii { core::str::from_utf8(padded).ok() } else { from_utf8(padded) };
        text?.get(..len)
    }
}
