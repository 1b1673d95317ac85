use alloc::boxed::Box;

use super::InflateError;
use super::bits::Bits;
use super::code::Code;
use super::history::{History, copy};

/// Decodes DEFLATE [RFC 1951], with nothing to refer to but the window that it is given: input, output and state can
/// be cut anywhere. Needed only while a message is under way.
#[derive(Clone)]
pub(super) struct Decoder {
    bits: Bits,
    phase: Phase,
    /// Whether the block under way is the last of its stream.
    is_final: bool,
    /// Once a block came that brings its codes along.
    dynamic: Option<Box<Dynamic>>,
}

/// What a block's own codes take: 6 KB, which most small messages do without.
#[derive(Clone)]
struct Dynamic {
    literals: LiteralCode,
    distances: DistanceCode,
    /// The code lengths of a dynamic block, as far as they have come: of the code for these, then of both codes.
    lengths: [u8; MAX_LENGTHS],
}

type LiteralCode = Code<1024, 288>;
type DistanceCode = Code<256, 32>;

const MAX_LENGTHS: usize = 286 + 30;

/// What comes next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Block,
    StoredLength,
    Stored {
        left: usize,
    },
    Sizes,
    /// The lengths of the code that the lengths of the other two are in.
    CodeLengths {
        sizes: Sizes,
        at: usize,
    },
    Lengths {
        sizes: Sizes,
        at: usize,
    },
    FixedSymbols,
    Symbols,
    /// What is still to be copied of a reference, before symbols go on.
    Copy {
        distance: usize,
        left: usize,
        is_fixed: bool,
    },
}

/// How many code lengths a dynamic block has.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Sizes {
    literals: usize,
    distances: usize,
    codes: usize,
}

/// Why decoding has stopped.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    NeedsInput,
    NeedsOutput,
}

/// [RFC 1951 §3.2.6]
#[expect(clippy::indexing_slicing, reason = "by the compiler")]
static FIXED_LITERALS: LiteralCode = {
    let mut lengths = [8; 288];
    let mut symbol = 144;
    while symbol < 280 {
        lengths[symbol] = if symbol < 256 { 9 } else { 7 };
        symbol += 1;
    }
    Code::new(&lengths, &LITERALS)
};
static FIXED_DISTANCES: DistanceCode = Code::new(&[5; 32], &DISTANCES);

/// What a symbol means: above bit 16 a number, from bit 8 on how many bits are added to it, and one of these. What has
/// none of them means nothing.
const LITERAL: u32 = 1 << 4;
const REFERENCE: u32 = 1 << 5;
const END_OF_BLOCK: u32 = 1 << 6;

const fn meaning(number: u32, extra: u32) -> u32 {
    number << 16 | extra << 8
}

/// A byte, the end, or the least length and how many bits are added to it [RFC 1951 §3.2.5].
#[expect(clippy::indexing_slicing, reason = "by the compiler")]
static LITERALS: [u32; 288] = {
    let mut meanings = [1 << 7; 288];
    let mut symbol = 0;
    while symbol < 256 {
        meanings[symbol as usize] = meaning(symbol, 0) | LITERAL;
        symbol += 1;
    }
    meanings[END_SYMBOL] = END_OF_BLOCK;
    let (mut nth, mut least) = (0, 3);
    while nth < 28 {
        let extra = if nth < 8 { 0 } else { nth / 4 - 1 };
        meanings[257 + nth as usize] = meaning(least, extra) | REFERENCE;
        least += 1 << extra;
        nth += 1;
    }
    meanings[285] = meaning(258, 0) | REFERENCE;
    meanings
};

/// The least distance, less one, and how many bits are added to it [RFC 1951 §3.2.5]: two more symbols for each bit
/// more.
#[expect(clippy::indexing_slicing, reason = "by the compiler")]
static DISTANCES: [u32; 32] = {
    let mut meanings = [1 << 7; 32];
    let (mut nth, mut least) = (0, 0);
    while nth < 30 {
        let extra = if nth < 2 { 0 } else { nth / 2 - 1 };
        meanings[nth as usize] = meaning(least, extra) | REFERENCE;
        least += 1 << extra;
        nth += 1;
    }
    meanings
};

/// What a symbol of the lengths' code means: itself.
#[expect(clippy::indexing_slicing, reason = "by the compiler")]
static THEMSELVES: [u32; 32] = {
    let mut meanings = [0; 32];
    let mut symbol = 0;
    while symbol < 32 {
        meanings[symbol as usize] = meaning(symbol, 0);
        symbol += 1;
    }
    meanings
};

/// The order in which the lengths of the lengths' code come [RFC 1951 §3.2.7].
const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

const END_SYMBOL: usize = 256;

impl Decoder {
    pub(super) const fn new() -> Self {
        Self { bits: Bits::EMPTY, phase: Phase::Block, is_final: false, dynamic: None }
    }

    /// Returns how many bytes of memory it holds, beside its own size.
    pub(super) fn capacity(&self) -> usize {
        self.dynamic.as_deref().map_or(0, size_of_val)
    }

    /// Whether it stands between two blocks, and between two bytes.
    pub(super) fn is_between_blocks(&self) -> bool {
        self.phase == Phase::Block && self.bits.count == 0
    }

    /// Takes from the start of `input` and writes behind `written` bytes of `output`, until one of them is at its end.
    pub(super) fn run(
        &mut self,
        input: &mut &[u8],
        history: &impl History,
        output: &mut [u8],
        written: &mut usize,
    ) -> Result<Stop, InflateError> {
        let mut bits = self.bits;
        let stop = loop {
            bits.refill(input);
            let step = match self.phase {
                Phase::Block => self.block(&mut bits),
                Phase::StoredLength => self.stored_length(&mut bits),
                Phase::Stored { left } => self.stored(left, &mut bits, input, output, written),
                Phase::Sizes => self.sizes(&mut bits),
                Phase::CodeLengths { sizes, at } => self.code_lengths(sizes, at, &mut bits),
                Phase::Lengths { sizes, at } => self.lengths(sizes, at, &mut bits),
                Phase::Copy { distance, left, is_fixed } => {
                    self.copy(distance, left, is_fixed, history, output, written)
                }
                Phase::FixedSymbols | Phase::Symbols => {
                    let is_fixed = self.phase == Phase::FixedSymbols;
                    let codes = match &self.dynamic {
                        Some(dynamic) if !is_fixed => (&dynamic.literals, &dynamic.distances),
                        _ => (&FIXED_LITERALS, &FIXED_DISTANCES),
                    };
                    let next = symbols(codes, is_fixed, &mut bits, input, history, output, written);
                    next.map(|(phase, stop)| {
                        self.phase = phase.unwrap_or_else(|| self.after_block(&mut bits));
                        stop
                    })
                }
            };
            match step? {
                None => {}
                // A step takes bits; for the next one there may be more.
                Some(Stop::NeedsInput) if !input.is_empty() => {}
                Some(stop) => break stop,
            }
        };
        bits.clear_unread();
        self.bits = bits;
        Ok(stop)
    }

    /// [RFC 1951 §3.2.3]
    fn block(&mut self, bits: &mut Bits) -> Step {
        let Some(header) = bits.take(3) else { return NEEDS_INPUT };
        self.is_final = header % 2 == 1;
        self.phase = match header / 2 {
            0 => {
                bits.drop(bits.count % 8);
                Phase::StoredLength
            }
            1 => Phase::FixedSymbols,
            2 => Phase::Sizes,
            _ => return Err(InflateError::Invalid),
        };
        GO_ON
    }

    /// What comes after a block. One with BFINAL ends no message: another one follows at the next byte
    /// [RFC 7692 §7.2.3.4], and refers to the same window.
    fn after_block(&self, bits: &mut Bits) -> Phase {
        if self.is_final {
            bits.drop(bits.count % 8);
        }
        Phase::Block
    }

    /// [RFC 1951 §3.2.4]
    fn stored_length(&mut self, bits: &mut Bits) -> Step {
        let Some(lengths) = bits.take(32) else { return NEEDS_INPUT };
        let (len, complement) = (lengths % 0x1_0000, lengths >> 16);
        if len != complement ^ 0xFFFF {
            return Err(InflateError::Invalid);
        }
        self.phase = Phase::Stored { left: len };
        GO_ON
    }

    fn stored(
        &mut self,
        mut left: usize,
        bits: &mut Bits,
        input: &mut &[u8],
        output: &mut [u8],
        written: &mut usize,
    ) -> Step {
        // Some of its bytes were taken for bits already.
        while left > 0 && bits.count > 0 {
            let Some(to) = output.get_mut(*written) else { break };
            let Some(byte) = bits.take(8) else { break };
            *to = byte.to_le_bytes()[0];
            *written = written.saturating_add(1);
            left = left.saturating_sub(1);
        }
        if bits.count == 0 {
            bits.clear_unread();
            let space = output.get_mut(*written..).unwrap_or_default();
            let len = left.min(input.len()).min(space.len());
            if let (Some((from, rest)), Some(to)) = (input.split_at_checked(len), space.get_mut(..len)) {
                to.copy_from_slice(from);
                *input = rest;
                *written = written.saturating_add(len);
                left = left.saturating_sub(len);
            }
        }
        if left == 0 {
            self.phase = self.after_block(bits);
            return GO_ON;
        }
        self.phase = Phase::Stored { left };
        if *written == output.len() { NEEDS_OUTPUT } else { NEEDS_INPUT }
    }

    /// [RFC 1951 §3.2.7]
    fn sizes(&mut self, bits: &mut Bits) -> Step {
        let Some(packed) = bits.take(14) else { return NEEDS_INPUT };
        let sizes = Sizes {
            literals: (packed % 32).saturating_add(257),
            distances: (packed >> 5).rem_euclid(32).saturating_add(1),
            codes: (packed >> 10).saturating_add(4),
        };
        if sizes.literals > 286 || sizes.distances > 30 {
            return Err(InflateError::Invalid);
        }
        self.dynamic.get_or_insert_with(|| Box::new(Dynamic::NEW)).lengths = [0; MAX_LENGTHS];
        self.phase = Phase::CodeLengths { sizes, at: 0 };
        GO_ON
    }

    fn code_lengths(&mut self, sizes: Sizes, mut at: usize, bits: &mut Bits) -> Step {
        let Some(dynamic) = &mut self.dynamic else { return Err(InflateError::Invalid) };
        for symbol in ORDER.iter().take(sizes.codes).skip(at) {
            if bits.count < 3 {
                self.phase = Phase::CodeLengths { sizes, at };
                return NEEDS_INPUT;
            }
            let len = bits.take(3).unwrap_or_default();
            if let Some(to) = dynamic.lengths.get_mut(*symbol) {
                *to = len.to_le_bytes()[0];
            }
            at = at.saturating_add(1);
        }
        // It is no longer needed when the code for distances is made, and uses its place until then.
        dynamic.distances.make(dynamic.lengths.first_chunk().unwrap_or(&[0; ORDER.len()]), &THEMSELVES);
        if !dynamic.distances.is_complete() {
            return Err(InflateError::Invalid);
        }
        dynamic.lengths = [0; MAX_LENGTHS];
        self.phase = Phase::Lengths { sizes, at: 0 };
        GO_ON
    }

    fn lengths(&mut self, sizes: Sizes, at: usize, bits: &mut Bits) -> Step {
        let Some(dynamic) = &mut self.dynamic else { return Err(InflateError::Invalid) };
        let at = dynamic.take_lengths(sizes, at, bits)?;
        if at < sizes.all() {
            self.phase = Phase::Lengths { sizes, at };
            return NEEDS_INPUT;
        }
        dynamic.make_codes(sizes)?;
        self.phase = Phase::Symbols;
        GO_ON
    }

    fn copy(
        &mut self,
        distance: usize,
        left: usize,
        is_fixed: bool,
        history: &impl History,
        output: &mut [u8],
        written: &mut usize,
    ) -> Step {
        let len = left.min(output.len().saturating_sub(*written));
        copy(distance, len, history, output, written);
        let left = left.saturating_sub(len);
        if left > 0 {
            self.phase = Phase::Copy { distance, left, is_fixed };
            return NEEDS_OUTPUT;
        }
        self.phase = if is_fixed { Phase::FixedSymbols } else { Phase::Symbols };
        GO_ON
    }
}

impl Sizes {
    const fn all(self) -> usize {
        self.literals.saturating_add(self.distances)
    }
}

impl Dynamic {
    const NEW: Self = Self { literals: Code::EMPTY, distances: Code::EMPTY, lengths: [0; MAX_LENGTHS] };

    /// Takes code lengths from the one at `at` on, as long as there are bits, and returns which is next.
    fn take_lengths(&mut self, sizes: Sizes, mut at: usize, bits: &mut Bits) -> Result<usize, InflateError> {
        while at < sizes.all() {
            let mut peek = *bits;
            let entry = self.distances.decode(peek.next, &THEMSELVES);
            if entry == 0 {
                return no_code(bits).map(|_| at);
            }
            let Some(()) = peek.skip(entry % 16) else { break };
            let symbol = entry >> 16;
            let (extra, least) = match symbol {
                16 => (2, 3),
                17 => (3, 3),
                18 => (7, 11),
                _ => (0, 1),
            };
            let Some(more) = peek.take(extra) else { break };
            *bits = peek;
            let value = match symbol {
                16 => {
                    *at.checked_sub(1).and_then(|last| self.lengths.get(last)).ok_or(InflateError::Invalid)?
                }
                17 | 18 => 0,
                len => len.to_le_bytes()[0],
            };
            let end = at.saturating_add(least).saturating_add(more);
            let is_within = end <= sizes.all();
            let run = self.lengths.get_mut(at..end).filter(|_| is_within).ok_or(InflateError::Invalid)?;
            match run {
                [one] => *one = value, // most of them
                run => run.fill(value),
            }
            at = end;
        }
        Ok(at)
    }

    fn make_codes(&mut self, sizes: Sizes) -> Result<(), InflateError> {
        let (literals, distances) = self.lengths.split_at_checked(sizes.literals).unwrap_or_default();
        // A block without an end is refused before any of it comes out.
        if literals.get(END_SYMBOL).is_none_or(|len| *len == 0) {
            return Err(InflateError::Invalid);
        }
        self.distances.make(distances.get(..sizes.distances).unwrap_or_default(), &DISTANCES);
        self.literals.make(literals, &LITERALS);
        if self.literals.is_usable() && self.distances.is_usable() {
            Ok(())
        } else {
            Err(InflateError::Invalid)
        }
    }
}

/// Whether to stop; `Err` for what is not DEFLATE.
type Step = Result<Option<Stop>, InflateError>;

const GO_ON: Step = Ok(None);
const NEEDS_INPUT: Step = Ok(Some(Stop::NeedsInput));
const NEEDS_OUTPUT: Step = Ok(Some(Stop::NeedsOutput));

/// Decodes symbols [RFC 1951 §3.2.3] as long as there are bits and space. Returns the phase that follows, or `None` at
/// the block's end.
#[inline]
fn symbols(
    (literals, distances): (&LiteralCode, &DistanceCode),
    is_fixed: bool,
    bits: &mut Bits,
    input: &mut &[u8],
    history: &impl History,
    output: &mut [u8],
    written: &mut usize,
) -> Result<(Option<Phase>, Option<Stop>), InflateError> {
    let symbols = if is_fixed { Phase::FixedSymbols } else { Phase::Symbols };
    let limit = history.limit();
    let (mut now, mut at) = (*bits, *written);
    let result = loop {
        // A symbol is taken with all that belongs to it, at the most 48 bits, or not at all.
        if now.count < 48 {
            now.refill(input);
        }
        let entry = literals.decode(now.next, &LITERALS);
        let mut peek = now;
        if peek.skip(entry % 16).is_none() {
            break Ok((Some(symbols), Some(Stop::NeedsInput)));
        }
        if entry & LITERAL != 0 {
            let Some(to) = output.get_mut(at) else {
                break Ok((Some(symbols), Some(Stop::NeedsOutput)));
            };
            *to = (entry >> 16).to_le_bytes()[0];
            at = at.wrapping_add(1);
            now = peek;
            continue;
        }
        if entry & REFERENCE == 0 {
            break match entry {
                0 => no_code(&peek).map(|stop| (Some(symbols), stop)),
                _ if entry & END_OF_BLOCK == 0 => Err(InflateError::Invalid),
                _ => {
                    now = peek;
                    Ok((None, None))
                }
            };
        }
        let Some(length) = peek.take_number(entry) else {
            break Ok((Some(symbols), Some(Stop::NeedsInput)));
        };
        let entry = distances.decode(peek.next, &DISTANCES);
        if entry == 0 {
            break no_code(&peek).map(|stop| (Some(symbols), stop));
        }
        let Some(distance) = peek.skip(entry % 16).and_then(|()| peek.take_number(entry)) else {
            break Ok((Some(symbols), Some(Stop::NeedsInput)));
        };
        let distance = distance.wrapping_add(1);
        // A reference to what has not come out, or lies outside of the agreed window, would show what never was.
        if entry & REFERENCE == 0 || distance > limit.min(history.len().wrapping_add(at)) {
            break Err(InflateError::Invalid);
        }
        now = peek;
        let space = output.len().saturating_sub(at);
        copy(distance, length.min(space), history, output, &mut at);
        if length > space {
            let left = length.saturating_sub(space);
            break Ok((Some(Phase::Copy { distance, left, is_fixed }), Some(Stop::NeedsOutput)));
        }
    };
    (*bits, *written) = (now, at);
    result
}

/// What it means that no code begins with these bits: with 15 of them, that there is none.
fn no_code(bits: &Bits) -> Step {
    if bits.count < 15 { NEEDS_INPUT } else { Err(InflateError::Invalid) }
}
