//! XOR with four bytes over and over, which is what masking is: by words, by blocks, and by the machine's vectors.
//!
//! A block's length is a multiple of the pattern's, so that each begins with the pattern's first byte. What no block is
//! left for at the end is in the last block, which overlaps with the one before it: computed beforehand, and put where
//! it belongs at the end, it costs no more than a block.

#![expect(
    clippy::inline_always,
    reason = "what is not inlined is not compiled for the vectors of its caller"
)]

use super::part::{part, part_mut};
use super::vectors::vectorized;

/// A step of the loops over bytes that need not be many, and the widest vector.
const BLOCK: usize = 32;
/// A step of those over many, of which each should lie in one line of the cache.
const LINE: usize = 64;
/// How many are many: from here on it pays to look for lines, and for vectors.
const MANY: usize = 512;

/// Four bytes over and over, twice: from the first byte on, and from the byte behind the last on.
#[derive(Clone, Copy)]
pub(super) struct Pattern {
    pub first: u32,
    pub behind: u32,
}

impl Pattern {
    /// XORs in place, and returns what the highest bit of some byte tells: whether it is set in any result. For `LOOKS`
    /// to be false costs less, and the result says nothing.
    #[inline]
    pub(super) fn apply<const LOOKS: bool>(self, bytes: &mut [u8]) -> u64 {
        match bytes.len() {
            0..4 => apply_to_each(self.first, bytes),
            4..=8 => self.apply_to_ends::<4>(bytes),
            9..=16 => self.apply_to_ends::<8>(bytes),
            17..=BLOCK => self.apply_to_ends::<16>(bytes),
            33..MANY => self.apply_to_blocks::<LOOKS>(bytes),
            MANY.. => self.apply_to_lines::<LOOKS>(bytes),
        }
    }

    /// Puts what [`apply`](Self::apply) would make of `src` to `dst`, which is as long.
    #[inline]
    pub(super) fn apply_into(self, src: &[u8], dst: &mut [u8]) {
        debug_assert_eq!(src.len(), dst.len(), "each byte has its place");
        match src.len() {
            0..4 => copy_each(self.first, src, dst),
            4..=8 => self.copy_ends::<4>(src, dst),
            9..=16 => self.copy_ends::<8>(src, dst),
            17..=BLOCK => self.copy_ends::<16>(src, dst),
            33..MANY => self.copy_blocks(src, dst),
            MANY.. => self.copy_lines(src, dst),
        }
    }

    /// The first and the last `N` bytes, which overlap, or lie side by side.
    #[inline]
    fn apply_to_ends<const N: usize>(self, bytes: &mut [u8]) -> u64 {
        let (Some(first), Some(last)) = (bytes.first_chunk::<N>(), bytes.last_chunk::<N>()) else {
            return 0;
        };
        let (first, last) = (xored(self.first, *first), xored(self.behind, *last));
        put_ends(first, last, bytes);
        seen(&first) | seen(&last)
    }

    #[inline]
    fn copy_ends<const N: usize>(self, src: &[u8], dst: &mut [u8]) {
        if let (Some(first), Some(last)) = (src.first_chunk::<N>(), src.last_chunk::<N>()) {
            put_ends(xored(self.first, *first), xored(self.behind, *last), dst);
        }
    }

    #[inline(never)] // in a large function the pattern would be loaded byte by byte
    fn apply_to_blocks<const LOOKS: bool>(self, bytes: &mut [u8]) -> u64 {
        let Some(last) = bytes.last_chunk::<BLOCK>() else {
            return 0;
        };
        let last = xored(self.behind, *last);
        let seen_in_all = apply_to_all::<{ BLOCK / 8 }, LOOKS>(self.first, bytes) | seen(&last);
        put_last(last, bytes);
        seen_in_all
    }

    #[inline(never)]
    fn copy_blocks(self, src: &[u8], dst: &mut [u8]) {
        copy_all::<BLOCK>(self.first, src, dst);
        if let Some(last) = src.last_chunk::<BLOCK>() {
            put_last(xored(self.behind, *last), dst);
        }
    }

    #[inline(never)]
    fn apply_to_lines<const LOOKS: bool>(self, bytes: &mut [u8]) -> u64 {
        let (Some(first), Some(last)) = (bytes.first_chunk::<BLOCK>(), bytes.last_chunk::<LINE>()) else {
            return 0;
        };
        let (first, last) = (xored(self.first, *first), xored(self.behind, *last));
        let (start, pattern) = self.at_next_block(bytes);
        let lines = part_mut(bytes, start..);
        let seen_in_lines = vectorized(
            #[inline(always)]
            || apply_to_all::<{ LINE / 8 }, LOOKS>(pattern, lines),
        );
        put_ends(first, last, bytes);
        seen_in_lines | seen(&first) | seen(&last)
    }

    /// The lines are those of `dst`: a store that goes over the border of two costs more than a load.
    #[inline(never)]
    fn copy_lines(self, src: &[u8], dst: &mut [u8]) {
        let (Some(first), Some(last)) = (src.first_chunk::<BLOCK>(), src.last_chunk::<LINE>()) else {
            return;
        };
        let (start, pattern) = self.at_next_block(dst);
        let (from, to) = (part(src, start..), part_mut(dst, start..));
        vectorized(
            #[inline(always)]
            || copy_all::<LINE>(pattern, from, to),
        );
        put_ends(xored(self.first, *first), xored(self.behind, *last), dst);
    }

    /// Where the first block begins that lies in one line, as all behind it do, and the pattern there. Where addresses tell nothing, it is the first byte.
    #[inline]
    fn at_next_block(self, bytes: &[u8]) -> (usize, u32) {
        let start = bytes.as_ptr().align_offset(BLOCK);
        if start < BLOCK { (start, turned(self.first, start)) } else { (0, self.first) }
    }
}

/// The pattern as it goes on `len` bytes further.
#[inline]
#[allow(clippy::cast_possible_truncation)] // four bytes are one turn, so the low bits tell all
pub(super) const fn turned(pattern: u32, len: usize) -> u32 {
    let bits = (len as u32).wrapping_shl(3);
    u32::from_ne_bytes(u32::from_le_bytes(pattern.to_ne_bytes()).rotate_right(bits).to_le_bytes())
}

/// Tells whether no byte has its highest bit set, by the OR of all.
#[inline]
pub(super) const fn is_ascii(seen: u64) -> bool {
    seen & 0x8080_8080_8080_8080 == 0
}

/// Does what [`is_ascii`] does, for two words at once.
#[inline]
pub(super) const fn is_ascii_pair(seen: u128) -> bool {
    seen & 0x8080_8080_8080_8080_8080_8080_8080_8080 == 0
}

/// All blocks, each by words. It is inlined into what is compiled for vectors.
#[inline(always)]
fn apply_to_all<const WORDS: usize, const LOOKS: bool>(pattern: u32, bytes: &mut [u8]) -> u64 {
    let pattern = twice(pattern);
    let mut seen = [0; WORDS];
    for block in bytes.chunks_exact_mut(WORDS.saturating_mul(8)) {
        for (word, seen) in block.chunks_exact_mut(8).zip(&mut seen) {
            if let Some(word) = word.first_chunk_mut() {
                let plain = u64::from_ne_bytes(*word) ^ pattern;
                *word = plain.to_ne_bytes();
                if LOOKS {
                    *seen |= plain;
                }
            }
        }
    }
    seen.into_iter().fold(0, |all, seen| all | seen)
}

#[inline(always)]
fn copy_all<const N: usize>(pattern: u32, src: &[u8], dst: &mut [u8]) {
    for (to, from) in dst.chunks_exact_mut(N).zip(src.chunks_exact(N)) {
        if let (Some(to), Some(from)) = (to.first_chunk_mut::<N>(), from.first_chunk()) {
            *to = xored(pattern, *from);
        }
    }
}

#[inline]
fn apply_to_each(pattern: u32, bytes: &mut [u8]) -> u64 {
    let mut seen = 0;
    for (byte, key) in bytes.iter_mut().zip(pattern.to_ne_bytes()) {
        *byte ^= key;
        seen |= *byte;
    }
    seen.into()
}

#[inline]
fn copy_each(pattern: u32, src: &[u8], dst: &mut [u8]) {
    for ((to, from), key) in dst.iter_mut().zip(src).zip(pattern.to_ne_bytes()) {
        *to = from ^ key;
    }
}

#[inline(always)]
fn xored<const N: usize>(pattern: u32, mut bytes: [u8; N]) -> [u8; N] {
    if N < 8 {
        for word in bytes.chunks_exact_mut(4) {
            if let Some(word) = word.first_chunk_mut() {
                *word = (u32::from_ne_bytes(*word) ^ pattern).to_ne_bytes();
            }
        }
    } else {
        for word in bytes.chunks_exact_mut(8) {
            if let Some(word) = word.first_chunk_mut() {
                *word = (u64::from_ne_bytes(*word) ^ twice(pattern)).to_ne_bytes();
            }
        }
    }
    bytes
}

#[inline(always)]
const fn twice(pattern: u32) -> u64 {
    pattern as u64 | (pattern as u64) << 32
}

/// The OR of a block's words.
#[inline(always)]
fn seen<const N: usize>(bytes: &[u8; N]) -> u64 {
    if N < 8 {
        return bytes.first_chunk().map_or(0, |word| u32::from_ne_bytes(*word).into());
    }
    let words = bytes.chunks_exact(8).filter_map(|word| word.first_chunk());
    words.fold(0, |seen, word| seen | u64::from_ne_bytes(*word))
}

#[inline]
fn put_ends<const N: usize, const M: usize>(first: [u8; N], last: [u8; M], bytes: &mut [u8]) {
    if let Some(place) = bytes.first_chunk_mut() {
        *place = first;
    }
    put_last(last, bytes);
}

#[inline]
fn put_last<const N: usize>(last: [u8; N], bytes: &mut [u8]) {
    if let Some(place) = bytes.last_chunk_mut() {
        *place = last;
    }
}
