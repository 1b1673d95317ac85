use alloc::boxed::Box;
use alloc::vec;

use super::block::{Block, Dynamic, Sequence};
use super::finder::{Effort, Finder};
use super::inflater::TAIL;
use super::writer::Writer;
use super::{Level, WindowBits};

/// Encodes DEFLATE [RFC 1951]. All its memory is taken when it is made.
pub(super) struct Engine {
    finder: Finder,
    /// What the block under way has so far.
    sequences: Box<[Sequence]>,
    effort: Effort,
    is_lazy: bool,
}

/// How many matches one block has at the most.
const MOST_SEQUENCES: usize = 1000;
/// How many bytes one block says at the most, but for a match at its end: no symbol comes more often than 16 bits can count.
const MOST_PLAIN: usize = 0xFF00;
/// Of a window that is given, each how manyth position is found.
const PRIMED: usize = 2;
/// How many bytes one block has that is not compressed.
const STORED_MAX: usize = 0xFFFF;

/// The header of a block that is not compressed: 3 bits, up to 7 up to a whole byte, 32 for its length [RFC 1951 §3.2.4].
const STORED_BITS: usize = 42;

impl Engine {
    pub(super) fn new(level: Level, window: WindowBits) -> Self {
        let is_lazy = level.get() > 3;
        let effort = if is_lazy {
            Effort { depth: 4, nice: 32, patience: 512, step: 4 }
        } else {
            Effort { depth: 3, nice: 32, patience: 64, step: 4 }
        };
        Self {
            finder: Finder::new(window),
            sequences: vec![Sequence::NONE; MOST_SEQUENCES].into(),
            effort,
            is_lazy,
        }
    }

    /// Goes on with an empty window.
    pub(super) fn forget(&mut self) {
        self.finder.forget();
    }

    /// Fills an empty window with what the peer's has last.
    pub(super) fn prime(&mut self, window: &[u8], _len: usize, _limit: WindowBits) {
        self.finder.search(window, 0, self.effort).insert(0, window.len(), PRIMED);
        self.finder.remember(window);
    }

    /// Compresses all of `input` up to the end of a byte, with an empty block at its end; refers to no more than `limit` bytes
    /// back. `None` if that does not fit; then the window is empty.
    pub(super) fn deflate(&mut self, input: &[u8], limit: WindowBits, output: &mut [u8]) -> Option<usize> {
        let mut writer = Writer::new(output);
        let written = self.write(input, limit, &mut writer);
        match written {
            Some(()) => self.finder.remember(input),
            None => self.finder.forget(),
        }
        written.map(|()| writer.written())
    }

    fn write(&mut self, input: &[u8], limit: WindowBits, writer: &mut Writer<'_>) -> Option<()> {
        // What does not shrink waits, so that it comes in as few blocks as it can.
        let (mut at, mut waits) = (0, 0_usize);
        while at < input.len() {
            let (end, count) = self.parse(input, at, limit.window_size());
            let plain = input.get(at..end).unwrap_or_default();
            let sequences = self.sequences.get(..count).unwrap_or_default();
            // Between two that are stored it has to win what the second one's header takes.
            let bits = plain.len().saturating_mul(8);
            let is_alone = waits == 0 && end == input.len();
            let most =
                if is_alone { bits.saturating_add(STORED_BITS) } else { bits.saturating_sub(STORED_BITS) };
            let before = input.get(at.saturating_sub(waits)..at).unwrap_or_default();
            if write_block(Block { plain, sequences }, most, before, writer)? {
                waits = 0;
            } else {
                waits = waits.saturating_add(plain.len());
            }
            at = end;
        }
        write_stored(input.get(at.saturating_sub(waits)..).unwrap_or_default(), writer)?;
        write_empty(writer)
    }

    /// Finds what one block says, from `from` on. Returns where it ends, and how many sequences it has.
    fn parse(&mut self, input: &[u8], from: usize, limit: usize) -> (usize, usize) {
        let mut search = self.finder.search(input, limit, self.effort);
        let end = input.len().min(from.saturating_add(MOST_PLAIN));
        let (mut at, mut count) = (from, 0_usize);
        for slot in &mut self.sequences {
            if at >= end {
                break;
            }
            let most = end.min(at.wrapping_add(Sequence::LITERALS));
            let (next, mut found) = search.next(at, most);
            let mut literals = next.wrapping_sub(at);
            at = next;
            if !found.is_some() {
                if at >= end {
                    break; // the literals at the end need none
                }
                *slot = Sequence::LITERALS_ONLY;
                count = count.wrapping_add(1);
                continue;
            }
            let mut inserted = at.wrapping_add(1);
            if self.is_lazy {
                // A longer one that begins a byte later is better.
                while found.len < self.effort.nice && literals.wrapping_add(1) < Sequence::LITERALS {
                    let later = search.find(inserted, found);
                    inserted = inserted.wrapping_add(1);
                    if later.len <= found.len {
                        break;
                    }
                    (found, at, literals) = (later, at.wrapping_add(1), literals.wrapping_add(1));
                }
            }
            *slot = Sequence::new(literals, found);
            count = count.wrapping_add(1);
            at = at.wrapping_add(found.len);
            search.insert(inserted, at, self.effort.step);
        }
        (at, count)
    }
}

/// Writes a block behind what waits, if it takes no more than `most` bits; tells whether it did.
fn write_block(block: Block<'_>, most: usize, before: &[u8], writer: &mut Writer<'_>) -> Option<bool> {
    let fixed = block.fixed_bits();
    if fixed < Block::LEAST_DYNAMIC {
        write_in(None, fixed, &block, most, before, writer)
    } else {
        write_best(block, fixed, most, before, writer)
    }
}

/// The same in codes of its own, if these take fewer bits than the fixed ones. What it takes of the stack is not touched without.
#[inline(never)]
fn write_best(
    mut block: Block<'_>,
    fixed: usize,
    most: usize,
    before: &[u8],
    writer: &mut Writer<'_>,
) -> Option<bool> {
    let mut codes = Dynamic::NONE;
    let with_matches = Block { ..block };
    block.make_codes(&mut codes);
    if codes.bits < fixed {
        write_in(Some(&codes), codes.bits, &block, most, before, writer)
    } else {
        write_in(None, fixed, &with_matches, most, before, writer)
    }
}

fn write_in(
    codes: Option<&Dynamic>,
    bits: usize,
    block: &Block<'_>,
    most: usize,
    before: &[u8],
    writer: &mut Writer<'_>,
) -> Option<bool> {
    if bits > most {
        return Some(false);
    }
    write_stored(before, writer)?;
    if !writer.has_space(bits, 0) {
        return None;
    }
    block.write(codes, writer);
    Some(true)
}

/// Writes what is in `plain` as it is [RFC 1951 §3.2.4]: nothing, if there is nothing.
fn write_stored(plain: &[u8], writer: &mut Writer<'_>) -> Option<()> {
    for block in plain.chunks(STORED_MAX) {
        if !writer.has_space(3, block.len().saturating_add(4)) {
            return None;
        }
        let len = u64::try_from(block.len()).unwrap_or_default();
        writer.put(0, 3);
        writer.align();
        writer.put(len | (len ^ 0xFFFF) << 16, 32);
        writer.flush();
        writer.copy(block);
    }
    Some(())
}

/// Writes an empty block that is stored: it ends with a whole byte, and four more.
fn write_empty(writer: &mut Writer<'_>) -> Option<()> {
    if !writer.has_space(3, TAIL.len()) {
        return None;
    }
    writer.put(0, 3);
    writer.align();
    writer.copy(&TAIL);
    Some(())
}
