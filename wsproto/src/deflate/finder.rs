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
    /// Of what a match covers, each how manyth position is found later.
    pub(super) step: usize,
}

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
        Search {
            input,
            ring: &self.ring,
            table: &mut self.table,
            position: self.position,
            held: self.held,
            limit: limit.min(self.ring.len()),
            effort,
        }
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
    input: &'s [u8],
    ring: &'s [u8],
    table: &'s mut [u64],
    /// Of the start of `input`.
    position: u16,
    held: usize,
    limit: usize,
    effort: Effort,
}

impl Search<'_> {
    /// Finds the longest match for what stands at `at`, if it is longer than `best`, and has that found from then on.
    #[inline]
    pub(super) fn find(&mut self, at: usize, mut best: Match) -> Match {
        let rest = self.input.get(at..).unwrap_or_default();
        let Some(word) = rest.first_chunk::<4>() else { return best };
        let rest = rest.get(..LONGEST).unwrap_or(rest);
        let position = self.position.wrapping_add(low(at));
        let Some(bucket) = bucket(self.table, *word) else { return best };
        let mut candidates = *bucket;
        *bucket = candidates << 16 | u64::from(position);
        let reach = self.limit.min(self.held.saturating_add(at));
        for _ in 0..self.effort.depth {
            let distance = usize::from(position.wrapping_sub(low_of(candidates)));
            candidates >>= 16;
            if distance.wrapping_sub(1) >= reach {
                break; // those behind it are older
            }
            let len = match at.checked_sub(distance) {
                Some(from) => common_beyond(best.len, self.input.get(from..).unwrap_or_default(), rest),
                None => self.common_with_window(best.len, distance.wrapping_sub(at), rest),
            };
            if len > best.len {
                best = Match { len, distance };
                if len >= self.effort.nice {
                    break;
                }
            }
        }
        best
    }

    /// Has what begins from `from` to before `to` found, at each `step`th position.
    #[inline]
    pub(super) fn insert(&mut self, from: usize, to: usize, step: usize) {
        let end = to.wrapping_add(3).min(self.input.len());
        let mut position = self.position.wrapping_add(low(from));
        let words = self.input.get(from..end).unwrap_or_default().windows(4);
        for word in words.step_by(step) {
            if let Some(bucket) = bucket(self.table, *word.first_chunk().unwrap_or(&[0; 4])) {
                *bucket = *bucket << 16 | u64::from(position);
            }
            position = position.wrapping_add(low(step));
        }
    }

    /// Returns how many bytes of `rest` are the same as those that come `back` bytes before the input's start, and behind these; 0
    /// perhaps, if they are no more than `least`.
    #[inline]
    fn common_with_window(&self, least: usize, back: usize, rest: &[u8]) -> usize {
        let next = usize::from(self.position) & self.ring.len().wrapping_sub(1);
        // What lies before the next position is newer than what lies behind it.
        let (mut from, end) = match next.checked_sub(back) {
            Some(from) => (self.ring.get(from..next), None),
            None => (
                self.ring.get(self.ring.len().wrapping_add(next).wrapping_sub(back)..),
                self.ring.get(..next),
            ),
        };
        let first = from.take().unwrap_or_default();
        if first.len() >= rest.len() {
            return common_beyond(least, first, rest);
        }
        self.common_across(first, end.unwrap_or_default(), rest)
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

/// Returns how many bytes both begin with; 0 perhaps, if they are no more than `least`, which is 3 at the least.
#[inline]
fn common_beyond(least: usize, one: &[u8], other: &[u8]) -> usize {
    match (one.first_chunk::<4>(), other.first_chunk::<4>()) {
        (Some(a), Some(b)) if a == b && one.get(least) == other.get(least) => common(one, other),
        _ => 0,
    }
}

/// The entry for what begins with these bytes.
#[inline]
fn bucket(table: &mut [u64], word: [u8; 4]) -> Option<&mut u64> {
    let hash = u32::from_le_bytes(word).wrapping_mul(0x9E37_79B1);
    let at = u64::from(hash).wrapping_mul(table.len() as u64) >> 32;
    table.get_mut(usize::try_from(at).unwrap_or_default())
}

/// How many bytes both begin with.
#[inline]
fn common(mut one: &[u8], mut other: &[u8]) -> usize {
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
