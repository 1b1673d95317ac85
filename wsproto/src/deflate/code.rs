/// A Huffman code [RFC 1951 §3.2.2], made to be decoded: short codes by one look into a table of at most `FAST` entries,
/// a power of 2; longer ones, which are rare, bit by bit.
#[derive(Clone)]
pub(super) struct Code<const FAST: usize, const SYMBOLS: usize> {
    /// By the next bits: what the symbol means, and the length of its code; 0 if that is longer, or there is none.
    fast: [u32; FAST],
    /// The bits that the table is asked with: no more than the longest code has, so that a small code is made fast.
    mask: u16,
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
        Self { fast: [0; FAST], mask: 0, counts: [0; 16], symbols: [0; SYMBOLS], left: 0, longest: 0 };

    /// Makes the code whose symbols have these lengths, 0 to 15 bits.
    pub(super) const fn new(lengths: &[u8; SYMBOLS], meanings: &[u32; SYMBOLS]) -> Self {
        let mut code = Self::EMPTY;
        code.make(lengths, meanings);
        code
    }

    /// Becomes the code whose symbols have these lengths, 0 to 15 bits; those behind them have no code. The lowest four
    /// bits of a meaning are for the length.
    #[expect(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        reason = "indexes are cut to their array"
    )]
    #[expect(clippy::cast_possible_truncation, reason = "symbols are below 288, lengths below 16")]
    pub(super) const fn make(&mut self, lengths: &[u8], meanings: &[u32; SYMBOLS]) {
        self.counts = [0; 16];
        let mut symbol = used_from(lengths, 0);
        while symbol < lengths.len() {
            let len = lengths[symbol] as usize % 16;
            self.counts[len] = self.counts[len].wrapping_add(1);
            symbol = used_from(lengths, symbol.wrapping_add(1));
        }
        self.counts[0] = 0;
        // Where the symbols of each length begin.
        let mut offsets = [0_u16; 17];
        let (mut left, mut len) = (1_i32, 1);
        self.longest = 0;
        while len < 16 {
            let count = self.counts[len];
            offsets[len.wrapping_add(1)] = offsets[len].wrapping_add(count);
            left = left.wrapping_shl(1).wrapping_sub(count as i32);
            if left < 0 {
                self.left = left;
                return;
            }
            if count > 0 {
                self.longest = len as u8;
            }
            len = len.wrapping_add(1);
        }
        self.left = left;
        symbol = used_from(lengths, 0);
        while symbol < lengths.len() {
            let len = lengths[symbol] as usize % 16;
            if len > 0 {
                self.symbols[offsets[len] as usize % SYMBOLS] = symbol as u16;
                offsets[len] = offsets[len].wrapping_add(1);
            }
            symbol = used_from(lengths, symbol.wrapping_add(1));
        }
        self.fill(meanings);
    }

    /// Fills the table. For each length it doubles, and the codes of that length are entered once each: at the bits
    /// that come, with the lowest first, where codes have the highest first.
    #[expect(
        clippy::indexing_slicing,
        clippy::cast_possible_truncation,
        clippy::arithmetic_side_effects,
        reason = "as above"
    )]
    const fn fill(&mut self, meanings: &[u32; SYMBOLS]) {
        self.fast[0] = 0;
        let (mut size, mut len) = (1_usize, 1_u32);
        let (mut nth, mut code) = (0_usize, 0_u16);
        while len <= self.longest as u32 && size < FAST {
            if let Some((front, behind)) = self.fast.split_at_mut_checked(size) {
                let mut at = 0;
                while at < front.len() && at < behind.len() {
                    behind[at] = front[at];
                    at = at.wrapping_add(1);
                }
            }
            size = size.wrapping_shl(1);
            let mut count = self.counts[len as usize % 16];
            while count > 0 {
                let at = code.reverse_bits().wrapping_shr(16_u32.wrapping_sub(len)) as usize;
                self.fast[at & FAST.wrapping_sub(1)] =
                    meanings[self.symbols[nth % SYMBOLS] as usize % SYMBOLS] | len;
                (nth, code, count) = (nth.wrapping_add(1), code.wrapping_add(1), count.wrapping_sub(1));
            }
            code = code.wrapping_shl(1);
            len = len.wrapping_add(1);
        }
        self.mask = size.wrapping_sub(1) as u16;
    }

    /// Whether each sequence of bits means something; as zlib has it, a code of one symbol or none need not be so.
    pub(super) const fn is_usable(&self) -> bool {
        self.left == 0 || self.left > 0 && self.longest <= 1
    }

    /// The same, without the exception.
    pub(super) const fn is_complete(&self) -> bool {
        self.left == 0
    }

    /// Returns what the symbol means that `bits` begin with, and the length of its code in the lowest four bits; 0 if
    /// there is none.
    #[inline]
    pub(super) fn decode(&self, bits: u64, meanings: &[u32; SYMBOLS]) -> u32 {
        let mask = u64::from(self.mask) & (FAST as u64).wrapping_sub(1);
        let at = usize::try_from(bits & mask).unwrap_or_default();
        match self.fast.get(at).copied().unwrap_or_default() {
            0 => self.decode_long(bits, meanings),
            entry => entry,
        }
    }

    /// Bit by bit: codes of a length are consecutive numbers, and begin behind those that are shorter.
    #[cold]
    fn decode_long(&self, mut bits: u64, meanings: &[u32; SYMBOLS]) -> u32 {
        let (mut code, mut first, mut index) = (0_u16, 0_u16, 0_u16);
        for (len, count) in (1..).zip(self.counts.iter().skip(1)) {
            code |= u16::from(bits % 2 == 1);
            bits >>= 1;
            let nth = code.wrapping_sub(first);
            if nth < *count {
                let symbol =
                    self.symbols.get(usize::from(index.wrapping_add(nth))).copied().unwrap_or_default();
                return meanings.get(usize::from(symbol)).map_or(0, |meaning| meaning | len);
            }
            index = index.wrapping_add(*count);
            first = first.wrapping_add(*count).wrapping_shl(1);
            code = code.wrapping_shl(1);
        }
        0
    }
}

/// The next symbol that may have a code, from this one on: where eight together have none, as most of a small message,
/// they are passed over at once.
const fn used_from(lengths: &[u8], mut symbol: usize) -> usize {
    while symbol % 8 == 0 {
        match lengths.split_at_checked(symbol) {
            Some((_, rest)) => match rest.first_chunk() {
                Some(eight) if u64::from_ne_bytes(*eight) == 0 => symbol = symbol.wrapping_add(8),
                _ => break,
            },
            None => break,
        }
    }
    symbol
}
