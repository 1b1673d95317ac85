/// A Huffman code [RFC 1951 §3.2.2], made to be decoded: short codes by one look into a table of `FAST` entries, a
/// power of 2; longer ones, which are rare, bit by bit.
#[derive(Clone)]
pub(super) struct Code<const FAST: usize, const SYMBOLS: usize> {
    /// By the next bits: the symbol, shifted by 4, and the length of its code; 0 if that is longer, or there is none.
    fast: [u16; FAST],
    /// How many codes there are of each length.
    counts: [u16; 16],
    /// The symbols in the order of their codes.
    symbols: [u16; SYMBOLS],
    /// How many codes of 15 bits are not taken: below 0 if too many are.
    left: i32,
    longest: u8,
}

impl<const FAST: usize, const SYMBOLS: usize> Code<FAST, SYMBOLS> {
    pub(super) const EMPTY: Self =
        Self { fast: [0; FAST], counts: [0; 16], symbols: [0; SYMBOLS], left: 0, longest: 0 };

    /// Makes the code whose symbols have these lengths, 0 to 15 bits.
    #[expect(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        reason = "indexes are cut to their array"
    )]
    #[expect(clippy::cast_possible_truncation, reason = "symbols are below 288, lengths below 16")]
    pub(super) const fn new(lengths: &[u8; SYMBOLS]) -> Self {
        let mut code = Self::EMPTY;
        let mut symbol = 0;
        while symbol < SYMBOLS {
            let len = lengths[symbol] as usize % 16;
            code.counts[len] = code.counts[len].wrapping_add((len > 0) as u16);
            symbol = symbol.wrapping_add(1);
        }
        // Where the symbols of each length begin, and their first code.
        let (mut offsets, mut next) = ([0_u16; 17], [0_u16; 17]);
        let (mut left, mut len) = (1_i32, 1);
        while len < 16 {
            let count = code.counts[len];
            offsets[len.wrapping_add(1)] = offsets[len].wrapping_add(count);
            next[len.wrapping_add(1)] = next[len].wrapping_add(count).wrapping_shl(1);
            left = left.wrapping_shl(1).wrapping_sub(count as i32);
            if left < 0 {
                code.left = left;
                return code;
            }
            if count > 0 {
                code.longest = len as u8;
            }
            len = len.wrapping_add(1);
        }
        code.left = left;
        symbol = 0;
        while symbol < SYMBOLS {
            let len = lengths[symbol] as usize % 16;
            if len > 0 {
                code.symbols[offsets[len] as usize % SYMBOLS] = symbol as u16;
                offsets[len] = offsets[len].wrapping_add(1);
                code.put(symbol, len as u32, next[len]);
                next[len] = next[len].wrapping_add(1);
            }
            symbol = symbol.wrapping_add(1);
        }
        code
    }

    /// Enters a code wherever the next bits begin with it. They come with the lowest first, codes with the highest.
    #[expect(clippy::indexing_slicing, clippy::cast_possible_truncation, reason = "as above")]
    const fn put(&mut self, symbol: usize, len: u32, bits: u16) {
        let step = 1_usize.wrapping_shl(len);
        let mut at = bits.reverse_bits().wrapping_shr(16_u32.wrapping_sub(len)) as usize;
        if step > FAST {
            return;
        }
        while at < FAST {
            self.fast[at & FAST.wrapping_sub(1)] = (symbol as u16).wrapping_shl(4) | len as u16;
            at = at.wrapping_add(step);
        }
    }

    /// Whether each sequence of bits means something; as zlib has it, a code of one symbol or none need not be so.
    pub(super) const fn is_usable(&self) -> bool {
        self.left == 0 || self.left > 0 && self.longest <= 1
    }

    /// The same, without the exception.
    pub(super) const fn is_complete(&self) -> bool {
        self.left == 0
    }

    /// Returns the symbol that `bits` begin with, and the length of its code.
    #[inline]
    pub(super) fn decode(&self, bits: u64) -> Option<(u16, u32)> {
        let at = usize::try_from(bits & (FAST as u64).wrapping_sub(1)).unwrap_or_default();
        match self.fast.get(at).copied().unwrap_or_default() {
            0 => self.decode_long(bits),
            entry => Some((entry >> 4, u32::from(entry % 16))),
        }
    }

    /// Bit by bit: codes of a length are consecutive numbers, and begin behind those that are shorter.
    #[cold]
    fn decode_long(&self, mut bits: u64) -> Option<(u16, u32)> {
        let (mut code, mut first, mut index) = (0_u16, 0_u16, 0_u16);
        for (len, count) in (1..).zip(self.counts.iter().skip(1)) {
            code |= u16::from(bits % 2 == 1);
            bits >>= 1;
            let nth = code.wrapping_sub(first);
            if nth < *count {
                let symbol = self.symbols.get(usize::from(index.wrapping_add(nth)))?;
                return Some((*symbol, len));
            }
            index = index.wrapping_add(*count);
            first = first.wrapping_add(*count).wrapping_shl(1);
            code = code.wrapping_shl(1);
        }
        None
    }
}
