use alloc::boxed::Box;
use alloc::vec;

use super::WindowBits;

/// A reference to what came before; none if its distance is 0.
#[derive(Clone, Copy)]
pub(super) struct Match {
    /// 4 to 258.
    pub(super) len: usize,
    /// 1 up to the window's size.
    pub(super) distance: usize,
}

impl Match {
    /// What a match has to be longer than.
    pub(super) const NONE: Self = Self { len: 3, distance: 0 };

    pub(super) const fn is_some(self) -> bool {
        self.distance > 0
    }
}

/// The longest reference [RFC 1951 §3.2.5].
pub(super) const LONGEST: usize = 258;

/// The last bytes that came, and where in them to look for what comes next.
///
/// A position is counted in 16 bits, which go round: it is never taken for another one within the window, which has 15 at the most,
/// and whatever an old one points to is compared before it is referred to. So nothing has to be cleared, ever.
pub(super) struct Finder {
    /// The last bytes, each at its position, as far as the size goes, a power of 2.
    ring: Box<[u8]>,
    /// The last four positions, the newest lowest, at which four bytes with this hash began.
    table: Box<[u64]>,
    /// Where the next byte goes.
    position: u16,
    /// How many bytes may be referred to.
    held: usize,
}

/// How hard to look.
#[derive(Clone, Copy)]
pub(super) struct Effort {
    /// How many of the four positions are compared.
    pub(super) depth: u32,
    /// From this length on a match is taken at once.
    pub(super) nice: usize,
    /// After so many positions without a match some are left out.
    pub(super) patience: u32,
    /// Of what a match covers, each how manyth position is found later.
    pub(super) step: usize,
}

/// Where nothing is found, one position more is left out after so many.
const STEPS: usize = 32;

/// How many entries the table has: one for every four bytes of the window, up to 24 KiB of them.
const fn buckets(window: WindowBits) -> usize {
    let all = window.window_size() / 4;
    if all < MOST_BUCKETS { all } else { MOST_BUCKETS }
}

const MOST_BUCKETS: usize = 3072;

impl Finder {
    pub(super) fn new(window: WindowBits) -> Self {
        Self {
            ring: vec![0; window.window_size()].into(),
            table: vec![0; buckets(window)].into(),
            position: 0,
            held: 0,
        }
    }

    pub(super) fn forget(&mut self) {
        self.held = 0;
    }

    /// Begins to look in what came before and in `input`, no further back than `limit` bytes.
    pub(super) fn search<'s>(&'s mut self, input: &'s [u8], limit: usize, effort: Effort) -> Search<'s> {
        let (position, held, limit) = (self.position, self.held, limit.min(self.ring.len()));
        let text = Text { input, ring: &self.ring, position, held, limit };
        Search { table: &mut self.table, text, effort }
    }

    /// Puts `input` into the window, as far as it has room.
    pub(super) fn remember(&mut self, input: &[u8]) {
        let size = self.ring.len();
        let last = input.get(input.len().saturating_sub(size)..).unwrap_or_default();
        let end = self.position.wrapping_add(low(input.len()));
        let start = usize::from(end.wrapping_sub(low(last.len()))) & size.wrapping_sub(1);
        let (to_end, from_start) = last.split_at_checked(size.wrapping_sub(start)).unwrap_or((last, &[]));
        if let Some(to) = self.ring.get_mut(start..).and_then(|to| to.get_mut(..to_end.len())) {
            to.copy_from_slice(to_end);
        }
        if let Some(to) = self.ring.get_mut(..from_start.len()) {
            to.copy_from_slice(from_start);
        }
        self.position = end;
        self.held = self.held.saturating_add(input.len()).min(size);
    }
}

/// Where to look while one input is under way.
pub(super) struct Search<'s> {
    table: &'s mut [u64],
    text: Text<'s>,
    effort: Effort,
}

/// What can be referred to.
#[derive(Clone, Copy)]
struct Text<'s> {
    input: &'s [u8],
    ring: &'s [u8],
    /// Of the start of `input`.
    position: u16,
    held: usize,
    limit: usize,
}

impl Search<'_> {
    /// Finds the first match that begins from `at` on and before `end`, and has what stands before it found from then on. Returns where it
    /// begins; `end` and no match, if there is none.
    #[inline(never)]
    pub(super) fn next(&mut self, at: usize, end: usize) -> (usize, Match) {
        let (text, effort) = (&self.text, self.effort);
        let table = &mut *self.table;
        let sparse = end.min(at.wrapping_add(effort.patience as usize));
        let last = sparse.wrapping_add(3).min(text.input.len());
        let words = text.input.get(at..last).unwrap_or_default().windows(4);
        for (at, word) in (at..).zip(words) {
            let found = text.find(table, effort, at, word, Match::NONE);
            if found.is_some() {
                return (at, found);
            }
        }
        self.next_sparse(sparse, end)
    }

    /// The same, where so long there was none that it does not pay to look at each position.
    #[inline(never)]
    fn next_sparse(&mut self, mut at: usize, end: usize) -> (usize, Match) {
        let mut step = 2 * STEPS;
        while at < end {
            let found = self.find(at, Match::NONE);
            if found.is_some() {
                return (at, found);
            }
            at = at.wrapping_add(step / STEPS);
            step = step.wrapping_add(1);
        }
        (end, Match::NONE)
    }

    /// Finds the longest match for what stands at `at`, if it is longer than `best`, and has that found from then on.
    #[inline]
    pub(super) fn find(&mut self, at: usize, best: Match) -> Match {
        match self.text.input.get(at..at.wrapping_add(4)) {
            Some(word) => self.text.find(self.table, self.effort, at, word, best),
            None => best,
        }
    }

    /// Has what begins from `from` to before `to` found, at each `step`th position.
    #[inline]
    pub(super) fn insert(&mut self, from: usize, to: usize, step: usize) {
        let end = to.wrapping_add(3).min(self.text.input.len());
        let mut position = self.text.position.wrapping_add(low(from));
        let words = self.text.input.get(from..end).unwrap_or_default().windows(4);
        for word in words.step_by(step) {
            let word = word.first_chunk().copied().map_or(0, u32::from_le_bytes);
            if let Some(bucket) = bucket(self.table, word) {
                *bucket = *bucket << 16 | u64::from(position);
            }
            position = position.wrapping_add(low(step));
        }
    }
}

impl Text<'_> {
    /// As [`Search::find`], for the four bytes there.
    #[inline]
    fn find(&self, table: &mut [u64], effort: Effort, at: usize, word: &[u8], best: Match) -> Match {
        let Some(word) = word.first_chunk().copied().map(u32::from_le_bytes) else { return best };
        let position = self.position.wrapping_add(low(at));
        let Some(bucket) = bucket(table, word) else { return best };
        let candidates = *bucket;
        *bucket = candidates << 16 | u64::from(position);
        let reach = self.limit.min(self.held.wrapping_add(at));
        let distance = usize::from(position.wrapping_sub(low_of(candidates)));
        if distance.wrapping_sub(1) >= reach {
            return best; // those behind it are older
        }
        self.longest(candidates, effort, at, best)
    }

    /// The longest match for what stands at `at` among the candidates, if it is longer than `best`.
    #[inline(never)]
    fn longest(&self, mut candidates: u64, effort: Effort, at: usize, mut best: Match) -> Match {
        let Self { input, ring, position, held, limit } = *self;
        let position = position.wrapping_add(low(at));
        let reach = limit.min(held.wrapping_add(at));
        // Where the last four bytes of a longer match begin, and these.
        let mut offset = best.len.wrapping_sub(3);
        let Some(mut word) = word(input, at.wrapping_add(offset)) else { return best };
        for _ in 0..effort.depth {
            let place = low_of(candidates);
            let distance = usize::from(position.wrapping_sub(place));
            candidates >>= 16;
            if distance.wrapping_sub(1) >= reach {
                break;
            }
            let there = match at.checked_sub(distance) {
                Some(from) => self::word(input, from.wrapping_add(offset)),
                None if distance.wrapping_sub(at) < offset.wrapping_add(4) => Some(word), // it runs into the input
                None => {
                    let place = usize::from(place).wrapping_add(offset) & ring.len().wrapping_sub(1);
                    self::word(ring, place).or(Some(word)) // it runs round the ring
                }
            };
            if there != Some(word) {
                continue;
            }
            let len = self.common(at, distance);
            if len > best.len {
                best = Match { len, distance };
                offset = len.wrapping_sub(3);
                word = match self::word(input, at.wrapping_add(offset)) {
                    Some(word) if len < effort.nice => word,
                    _ => break,
                };
            }
        }
        best
    }

    /// Returns how many bytes from `at` on are the same as those `distance` bytes before.
    #[inline(never)]
    fn common(&self, at: usize, distance: usize) -> usize {
        let rest = self.input.get(at..).unwrap_or_default();
        let rest = rest.get(..LONGEST).unwrap_or(rest);
        match at.checked_sub(distance) {
            Some(from) => common(self.input.get(from..).unwrap_or_default(), rest),
            None => self.common_with_window(distance.wrapping_sub(at), rest),
        }
    }

    /// Returns how many bytes of `rest` are the same as those that come `back` bytes before the input's start, and behind these.
    fn common_with_window(&self, back: usize, rest: &[u8]) -> usize {
        let mask = self.ring.len().wrapping_sub(1);
        let next = usize::from(self.position) & mask;
        let from = usize::from(self.position).wrapping_sub(back) & mask;
        let (first, second): (&[u8], &[u8]) = if from < next {
            (self.ring.get(from..next).unwrap_or_default(), &[])
        } else {
            (self.ring.get(from..).unwrap_or_default(), self.ring.get(..next).unwrap_or_default())
        };
        if first.len() >= rest.len() {
            return common(first, rest);
        }
        self.common_across(first, second, rest)
    }

    /// The same for a place from which on there is less in the ring than in `rest`.
    fn common_across(&self, first: &[u8], second: &[u8], rest: &[u8]) -> usize {
        let mut len = 0_usize;
        for part in [first, second, self.input] {
            let more = common(part, rest.get(len..).unwrap_or_default());
            len = len.wrapping_add(more);
            if more < part.len() {
                break;
            }
        }
        len
    }
}

/// The four bytes there.
#[inline]
fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().copied().map(u32::from_le_bytes)
}

/// The entry for what begins with these bytes.
#[inline]
fn bucket(table: &mut [u64], word: u32) -> Option<&mut u64> {
    let hash = word.wrapping_mul(0x9E37_79B1);
    let at = u64::from(hash).wrapping_mul(table.len() as u64) >> 32;
    table.get_mut(usize::try_from(at).unwrap_or_default())
}

/// How many bytes both begin with.
#[inline]
pub(super) fn common(mut one: &[u8], mut other: &[u8]) -> usize {
    let mut len = 0_usize;
    while let (Some((a, one_rest)), Some((b, other_rest))) =
        (one.split_first_chunk(), other.split_first_chunk())
    {
        let differs = u64::from_le_bytes(*a) ^ u64::from_le_bytes(*b);
        if differs != 0 {
            return len.wrapping_add((differs.trailing_zeros() / 8) as usize);
        }
        len = len.wrapping_add(8);
        (one, other) = (one_rest, other_rest);
    }
    len.wrapping_add(one.iter().zip(other).take_while(|(a, b)| a == b).count())
}

/// A position's 16 bits.
#[expect(clippy::cast_possible_truncation, reason = "it goes round")]
const fn low(position: usize) -> u16 {
    position as u16
}

#[expect(clippy::cast_possible_truncation, reason = "the rest is the next ones'")]
const fn low_of(positions: u64) -> u16 {
    positions as u16
}
