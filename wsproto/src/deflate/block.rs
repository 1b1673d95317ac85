use super::finder::{Match, common};
use super::huffman::{Code, Encoding, encoding};
use super::writer::Writer;

/// One block's symbols: runs of literals, which stand in the input, each with the match that follows it.
pub(super) struct Block<'b> {
    /// All that it says.
    pub(super) plain: &'b [u8],
    pub(super) sequences: &'b [Sequence],
}

/// So many literals and a match: 9 bits for the former, 8 for its length, 15 for its distance.
#[derive(Clone, Copy)]
pub(super) struct Sequence(u32);

/// That many literals, and no match.
const LITERALS_ONLY: u32 = 511;

impl Sequence {
    pub(super) const NONE: Self = Self(0);
    /// More literals than come before a match.
    pub(super) const LITERALS: usize = LITERALS_ONLY as usize;
    pub(super) const LITERALS_ONLY: Self = Self(LITERALS_ONLY << 23);

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "each has its bits")]
    pub(super) const fn new(literals: usize, found: Match) -> Self {
        let len = found.len.wrapping_sub(3) as u32;
        Self((literals as u32) << 23 | (len & 0xFF) << 15 | (found.distance.wrapping_sub(1) as u32) & 0x7FFF)
    }

    #[inline]
    const fn literals(self) -> usize {
        (self.0 >> 23) as usize
    }

    #[inline]
    const fn has_match(self) -> bool {
        self.0 >> 23 != LITERALS_ONLY
    }

    /// The match's length, less 3.
    #[inline]
    const fn len(self) -> usize {
        (self.0 >> 15 & 0xFF) as usize
    }

    /// The match's distance, less 1.
    #[inline]
    const fn distance(self) -> u32 {
        self.0 & 0x7FFF
    }
}

/// Literals 0 to 255, the end, and 29 lengths; 288 for the fixed code, of which two are never sent.
const LITERALS: usize = 288;
const DISTANCES: usize = 32;
const END: usize = 256;

/// [RFC 1951 §3.2.5]: by length less 3, the symbol above 256, how many bits are added, and their value.
#[derive(Clone, Copy)]
struct Length {
    symbol: u16,
    extra: u8,
    value: u8,
}

#[expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "by the compiler"
)]
static LENGTHS: [Length; 256] = {
    let mut all = [Length { symbol: 285, extra: 0, value: 0 }; 256];
    let (mut len, mut symbol) = (0_usize, 257);
    while len < 255 {
        let nth = symbol - 257;
        let extra = if nth < 8 { 0 } else { nth / 4 - 1 };
        let mut value = 0;
        while value < 1 << extra && len < 255 {
            all[len] = Length { symbol, extra: extra as u8, value: value as u8 };
            value += 1;
            len += 1;
        }
        symbol += 1;
    }
    all
};

/// [RFC 1951 §3.2.5]: a distance's symbol and how many bits are added: two more symbols for each bit more.
#[inline]
const fn distance_symbol(distance: u32) -> (usize, u32) {
    if distance < 4 {
        return (distance as usize, 0);
    }
    let extra = distance.ilog2().wrapping_sub(1);
    ((extra.wrapping_shl(1).wrapping_add(distance >> extra)) as usize, extra)
}

/// [RFC 1951 §3.2.6]
#[expect(clippy::indexing_slicing, reason = "by the compiler")]
static FIXED: Codes = {
    let mut all = [8; LITERALS];
    let mut symbol = 144;
    while symbol < 280 {
        all[symbol] = if symbol < 256 { 9 } else { 7 };
        symbol += 1;
    }
    Codes { literals: encoding(&all), distances: encoding(&[5; DISTANCES]) }
};

struct Codes {
    literals: Encoding<LITERALS>,
    distances: Encoding<DISTANCES>,
}

/// How often each symbol comes.
struct Counts {
    literals: [u16; LITERALS],
    distances: [u16; DISTANCES],
    /// Bits that are added to the symbols.
    extra: usize,
}

/// Where there is a match for fewer bytes than this, rare symbols may be better.
const SHORT: usize = 8;

impl Block<'_> {
    /// Below this many bits in fixed codes, a code of its own is not tried: to tell it takes about as much.
    pub(super) const LEAST_DYNAMIC: usize = 800;

    /// Makes codes of its own, and perhaps leaves its matches out, if they are short and it takes fewer bits without.
    pub(super) fn make_codes(&mut self, codes: &mut Dynamic) {
        codes.make(&self.counts());
        if self.plain.len() / SHORT < self.sequences.len() {
            let literals = Self { sequences: &[], ..*self };
            let mut other = Dynamic::NONE;
            other.make(&literals.counts());
            if other.bits < codes.bits {
                (*self, *codes) = (literals, other);
            }
        }
    }

    /// How many bits it takes in the fixed codes [RFC 1951 §3.2.6].
    pub(super) fn fixed_bits(&self) -> usize {
        let mut bits = 3_usize.wrapping_add(7);
        let mut plain = self.plain;
        let is_ascii = plain.is_ascii();
        let of_literals = |run: &[u8]| {
            let long = if is_ascii { 0 } else { run.iter().filter(|byte| **byte >= 144).count() };
            run.len().wrapping_mul(8).wrapping_add(long)
        };
        for sequence in self.sequences {
            let (run, rest) = plain.split_at_checked(sequence.literals()).unwrap_or((plain, &[]));
            bits = bits.wrapping_add(of_literals(run));
            plain = rest;
            if sequence.has_match() {
                let length = length(*sequence);
                let (_, extra) = distance_symbol(sequence.distance());
                let of_length = if length.symbol < 280 { 7 } else { 8 };
                let of_match =
                    extra.wrapping_add(length.extra.into()).wrapping_add(of_length).wrapping_add(5);
                bits = bits.wrapping_add(of_match as usize);
                plain = plain.get(sequence.len().wrapping_add(3)..).unwrap_or_default();
            }
        }
        bits.wrapping_add(of_literals(plain))
    }

    /// Writes it so, in codes of its own or else in the fixed ones; there is space for it.
    pub(super) fn write(&self, codes: Option<&Dynamic>, writer: &mut Writer<'_>) {
        if let Some(codes) = codes {
            codes.write_header(writer);
            self.write_symbols(&codes.literals.encoding, &codes.distances.encoding, writer);
        } else {
            writer.put(0b010, 3);
            self.write_symbols(&FIXED.literals, &FIXED.distances, writer);
        }
    }

    fn counts(&self) -> Counts {
        let mut counts = Counts { literals: [0; LITERALS], distances: [0; DISTANCES], extra: 0 };
        let count = |counts: &mut [u16], symbol: usize| {
            if let Some(count) = counts.get_mut(symbol) {
                *count = count.wrapping_add(1);
            }
        };
        let mut plain = self.plain;
        for sequence in self.sequences {
            let (run, rest) = plain.split_at_checked(sequence.literals()).unwrap_or((plain, &[]));
            for byte in run {
                count(&mut counts.literals, usize::from(*byte));
            }
            plain = rest;
            if sequence.has_match() {
                let length = length(*sequence);
                count(&mut counts.literals, usize::from(length.symbol));
                let (symbol, extra) = distance_symbol(sequence.distance());
                count(&mut counts.distances, symbol);
                counts.extra =
                    counts.extra.wrapping_add(usize::from(length.extra)).wrapping_add(extra as usize);
                plain = plain.get(sequence.len().wrapping_add(3)..).unwrap_or_default();
            }
        }
        for byte in plain {
            count(&mut counts.literals, usize::from(*byte));
        }
        count(&mut counts.literals, END);
        counts
    }

    fn write_symbols(
        &self,
        literals: &Encoding<LITERALS>,
        distances: &Encoding<DISTANCES>,
        writer: &mut Writer<'_>,
    ) {
        let mut plain = self.plain;
        for sequence in self.sequences {
            let (run, rest) = plain.split_at_checked(sequence.literals()).unwrap_or((plain, &[]));
            write_literals(run, literals, writer);
            plain = rest;
            if sequence.has_match() {
                let length = length(*sequence);
                put(literals, length.symbol.into(), writer);
                writer.put(length.value.into(), length.extra.into());
                let distance = sequence.distance();
                let (symbol, extra) = distance_symbol(distance);
                put(distances, symbol, writer);
                writer.put(u64::from(distance & 1_u32.wrapping_shl(extra).wrapping_sub(1)), extra);
                writer.flush();
                plain = plain.get(sequence.len().wrapping_add(3)..).unwrap_or_default();
            }
        }
        write_literals(plain, literals, writer);
        put(literals, END, writer);
        writer.flush();
    }
}

fn write_literals(mut run: &[u8], code: &Encoding<LITERALS>, writer: &mut Writer<'_>) {
    while let Some((three, rest)) = run.split_first_chunk::<3>() {
        for byte in three {
            put(code, (*byte).into(), writer);
        }
        writer.flush();
        run = rest;
    }
    for byte in run {
        put(code, (*byte).into(), writer);
    }
    writer.flush();
}

#[inline]
fn put<const SYMBOLS: usize>(code: &Encoding<SYMBOLS>, symbol: usize, writer: &mut Writer<'_>) {
    let code = code.get(symbol).copied().unwrap_or_default();
    writer.put(u64::from(code & 0xFFFF), code >> 16);
}

#[inline]
fn length(sequence: Sequence) -> Length {
    LENGTHS.get(sequence.len()).copied().unwrap_or(Length { symbol: 285, extra: 0, value: 0 })
}

/// The codes that are best for a block, and how they are told [RFC 1951 §3.2.7].
pub(super) struct Dynamic {
    literals: Code<LITERALS>,
    distances: Code<DISTANCES>,
    /// How many lengths there are of the former.
    number_of_literals: usize,
    /// The lengths of both codes, as symbols of a code for these: each with its extra bits above bit 8.
    symbols: [u16; MOST_LENGTHS],
    len: usize,
    lengths: Code<19>,
    /// How many lengths there are of that.
    number_of_lengths: usize,
    /// How many bits all of it takes.
    pub(super) bits: usize,
}

const MOST_LENGTHS: usize = 286 + 30;

/// The order in which the lengths of the lengths' code come [RFC 1951 §3.2.7].
const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

impl Dynamic {
    pub(super) const NONE: Self = Self {
        literals: Code::NONE,
        distances: Code::NONE,
        number_of_literals: 0,
        symbols: [0; MOST_LENGTHS],
        len: 0,
        lengths: Code::NONE,
        number_of_lengths: 0,
        bits: 0,
    };

    fn make(&mut self, counts: &Counts) {
        self.literals.make(&counts.literals, 15);
        self.distances.make(&counts.distances, 15);
        self.number_of_literals = self.literals.used.max(257);
        let mut all = [0_u8; MOST_LENGTHS];
        let parts =
            [(0, self.literals.lengths.as_slice()), (self.number_of_literals, &self.distances.lengths)];
        for (start, lengths) in parts {
            // What is behind the last that is used is 0, and not sent.
            let space = all.get_mut(start..).unwrap_or_default();
            let len = space.len().min(lengths.len());
            if let (Some(to), Some(from)) = (space.get_mut(..len), lengths.get(..len)) {
                to.copy_from_slice(from);
            }
        }
        let all = all.get(..self.number_of_literals.wrapping_add(self.distances.used)).unwrap_or_default();
        let mut counts_of_lengths = [0_u16; 19];
        self.len = 0;
        for (to, symbol) in self.symbols.iter_mut().zip(runs(all)) {
            *to = symbol;
            self.len = self.len.wrapping_add(1);
            if let Some(count) = counts_of_lengths.get_mut(usize::from(symbol & 0xFF)) {
                *count = count.wrapping_add(1);
            }
        }
        self.lengths.make(&counts_of_lengths, 7);
        let is_used = |symbol: &usize| self.lengths.lengths.get(*symbol).is_some_and(|len| *len > 0);
        let last = ORDER.iter().rposition(is_used);
        self.number_of_lengths = last.unwrap_or_default().saturating_add(1).max(4);
        let of_lengths = self.number_of_lengths.wrapping_mul(3).wrapping_add(self.lengths.bits);
        let of_symbols = self.literals.bits.wrapping_add(self.distances.bits).wrapping_add(counts.extra);
        let of_extra = EXTRA
            .iter()
            .zip(counts_of_lengths)
            .map(|(extra, count)| usize::from(*extra).wrapping_mul(count.into()))
            .fold(17, usize::wrapping_add);
        self.bits = of_extra.wrapping_add(of_lengths).wrapping_add(of_symbols);
    }

    fn write_header(&self, writer: &mut Writer<'_>) {
        writer.put(0b100, 3);
        writer.put(self.number_of_literals.saturating_sub(257) as u64, 5);
        writer.put(self.distances.used.saturating_sub(1) as u64, 5);
        writer.put(self.number_of_lengths.saturating_sub(4) as u64, 4);
        writer.flush();
        for some in ORDER.get(..self.number_of_lengths).unwrap_or_default().chunks(16) {
            for symbol in some {
                let len = self.lengths.lengths.get(*symbol).copied().unwrap_or_default();
                writer.put(len.into(), 3);
            }
            writer.flush();
        }
        for four in self.symbols.get(..self.len).unwrap_or_default().chunks(4) {
            for symbol in four {
                put(&self.lengths.encoding, (symbol & 0xFF).into(), writer);
                let extra = EXTRA.get(usize::from(symbol & 31)).copied().unwrap_or_default();
                writer.put((symbol >> 8).into(), extra.into());
            }
            writer.flush();
        }
    }
}

/// How many bits are added to a symbol [RFC 1951 §3.2.7].
static EXTRA: [u8; 32] = {
    let mut all = [0; 32];
    (all[16], all[17], all[18]) = (2, 3, 7);
    all
};

/// Lengths as symbols, in which runs of one are one or two [RFC 1951 §3.2.7].
fn runs(mut lengths: &[u8]) -> impl Iterator<Item = u16> {
    let mut last = u8::MAX;
    core::iter::from_fn(move || {
        let (len, after) = lengths.split_first()?;
        let len = *len;
        let run = if after.first() == Some(&len) { common(lengths, after).wrapping_add(1) } else { 1 };
        let (symbol, taken, extra) = match run {
            11.. if len == 0 => (18, run.min(138), run.min(138).wrapping_sub(11)),
            3.. if len == 0 => (17, run.min(10), run.min(10).wrapping_sub(3)),
            3.. if last == len => (16, run.min(6), run.min(6).wrapping_sub(3)),
            _ => (u16::from(len), 1, 0),
        };
        last = len;
        lengths = lengths.get(taken..).unwrap_or_default();
        u16::try_from(extra).ok().map(|extra| symbol | extra << 8)
    })
}
