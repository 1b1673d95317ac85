//! The crate's own encoder: what it writes is read by three decoders, how small it is, and what it takes of memory.

#![cfg(all(feature = "deflate", not(feature = "zlib-rs")))]

#[path = "deflate/corpus.rs"]
mod corpus;
#[path = "common/heap.rs"]
mod heap;
#[path = "deflate/puff.rs"]
mod puff;

use proptest::prelude::*;
use puff::puff;
use wsproto::deflate::{Compressor, Inflater, Level, WindowBits};
use zlib_rs::{Inflate, InflateFlush};

const LEVELS: [Level; 2] = [Level::FAST, Level::BALANCED];

fn bits(bits: u8) -> WindowBits {
    WindowBits::new(bits).unwrap()
}

fn windows() -> impl Iterator<Item = WindowBits> {
    (8..=15).map(bits)
}

/// What can't be compressed.
fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed | 1;
    let next = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..len).map(next).collect()
}

/// A message in pieces, each with the space that it certainly fits into and not a byte more.
fn compress<'m>(compressor: &mut Compressor, pieces: impl Iterator<Item = &'m [u8]>) -> Vec<u8> {
    let mut payload = Vec::new();
    let mut pieces = pieces.peekable();
    loop {
        let piece = pieces.next().unwrap_or_default();
        let is_last = pieces.peek().is_none();
        let mut output = vec![0xEE; Compressor::bound(piece.len())];
        let compressed = compressor.compress(piece, is_last, &mut output).unwrap();
        assert_eq!((compressed.consumed, compressed.is_done), (piece.len(), is_last));
        payload.extend_from_slice(&output[..compressed.written]);
        if is_last {
            return payload;
        }
    }
}

fn compress_whole(compressor: &mut Compressor, message: &[u8]) -> Vec<u8> {
    compress(compressor, std::iter::once(message))
}

/// The three decoders, each with the window that was agreed on.
struct Readers {
    ours: Inflater,
    zlib: Inflate,
    history: Vec<u8>,
    window: WindowBits,
    has_takeover: bool,
}

impl Readers {
    fn new(window: WindowBits, has_takeover: bool) -> Self {
        let (ours, zlib) = (Inflater::new(window, has_takeover), Inflate::new(false, window.get()));
        Self { ours, zlib, history: Vec::new(), window, has_takeover }
    }

    /// Returns how far back references went, in bytes.
    fn read(&mut self, payload: &[u8], message: &[u8]) -> usize {
        let mut plain = vec![0; message.len() + 1];
        let inflated = self.ours.inflate(payload, true, &mut plain).unwrap();
        assert!(inflated.is_done && plain[..inflated.written] == *message, "our decoder");

        let whole = [payload, &[0x00, 0x00, 0xFF, 0xFF]].concat();
        let before = (self.zlib.total_in(), self.zlib.total_out());
        self.zlib.decompress(&whole, &mut plain, InflateFlush::SyncFlush).unwrap();
        let taken = (self.zlib.total_in() - before.0, self.zlib.total_out() - before.1);
        assert_eq!(taken, (whole.len() as u64, message.len() as u64), "zlib-rs");
        assert!(plain[..message.len()] == *message, "zlib-rs");

        let puffed = puff(payload, &self.history).unwrap();
        assert!(puffed.plain == message, "the plain decoder");
        assert!(puffed.farthest <= self.window.window_size(), "{} bytes back", puffed.farthest);
        if self.has_takeover {
            self.history.extend_from_slice(message);
            self.history.drain(..self.history.len().saturating_sub(32 * 1024));
        } else {
            self.zlib.reset(false);
        }
        puffed.farthest
    }
}

/// Messages with something to find in them, and some without.
fn message() -> impl Strategy<Value = Vec<u8>> {
    let words = vec!["the ", "sea", "{\"id\":", ",\n", "0", "17", "true", "\u{e9}t\u{e9} "];
    let words = prop::collection::vec(prop::sample::select(words), 0..600);
    let words = words.prop_map(|words| words.concat().into_bytes());
    let noise_of = |len| (any::<u64>(), 0..len).prop_map(|(seed, len)| noise(seed, len));
    prop_oneof![
        4 => words.clone(),
        1 => Just(Vec::new()),
        2 => noise_of(300_usize),
        1 => noise_of(70_000),
        1 => (any::<u8>(), 0..140_000_usize).prop_map(|(byte, len)| vec![byte; len]),
        // The same again, from near to far.
        2 => (any::<u64>(), 1..40_000_usize, 1..80_000_usize)
            .prop_map(|(seed, period, len)| noise(seed, period).into_iter().cycle().take(len).collect()),
        // What shrinks and what doesn't, in turn.
        1 => prop::collection::vec((words, noise_of(3000)), 0..6)
            .prop_map(|parts| parts.into_iter().flat_map(|(words, noise)| [words, noise]).flatten().collect()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 96 } else { 2000 }))]

    /// Any messages in any pieces, any level, any window; with takeover and without, and forgotten in between.
    #[test]
    fn what_is_written_is_read_by_three_decoders(
        messages in prop::collection::vec((message(), any::<prop::sample::Index>(), 0_u8..10), 1..6),
        level in 0_u8..=9,
        window in 8_u8..=15,
        has_takeover: bool,
    ) {
        let mut compressor = Compressor::new(Level::new(level).unwrap(), bits(window));
        let mut readers = Readers::new(bits(window), has_takeover);
        for (message, cut, choice) in messages {
            if choice == 0 || !has_takeover {
                compressor.forget();
            }
            let size = if choice < 6 { usize::MAX } else { 1 + cut.index(message.len().max(4)) / 4 };
            let payload = compress(&mut compressor, message.chunks(size.max(message.len() / 200)));
            readers.read(&payload, &message);
        }
    }
}

#[test]
fn references_go_as_far_as_the_window_and_no_further() {
    for level in LEVELS {
        for window in windows() {
            let size = window.window_size();
            for (distance, is_found) in [(size - 1, true), (size, true), (size + 1, false)] {
                for is_in_one in [true, false] {
                    let (mark, gap) = (noise(distance as u64, 100), vec![b' '; distance - 100]);
                    let mut compressor = Compressor::new(level, window);
                    let mut readers = Readers::new(window, true);
                    let mut messages = vec![mark.clone(), gap, mark.clone()];
                    if is_in_one {
                        messages = vec![messages.concat()];
                    }
                    let mut farthest = 0;
                    for message in &messages {
                        let payload = compress_whole(&mut compressor, message);
                        farthest = readers.read(&payload, message);
                    }
                    let name = format!("level {}, window {}, {distance} back", level.get(), window.get());
                    assert_eq!(farthest == distance, is_found, "{name}: {farthest}");
                }
            }
        }
    }
}

#[test]
fn a_match_runs_from_the_window_into_the_message_and_round_the_ring() {
    for level in LEVELS {
        for window in windows() {
            let mut compressor = Compressor::new(level, window);
            let mut readers = Readers::new(window, true);
            // Each begins with the end of the one before, at each place of the ring in time.
            let unit = noise(3, 61);
            for round in 0..3 * window.window_size() / 61 {
                let message = unit.repeat(2 + round % 3);
                let payload = compress_whole(&mut compressor, &message);
                readers.read(&payload, &message);
                assert!(round == 0 || payload.len() < 12, "window {}: {}", window.get(), payload.len());
            }
        }
    }
}

#[test]
fn what_was_forgotten_is_not_referred_to() {
    let message = noise(5, 200);
    for level in LEVELS {
        let mut compressor = Compressor::new(level, bits(12));
        let first = compress_whole(&mut compressor, &message);
        assert!(compress_whole(&mut compressor, &message).len() < 20);
        // Also where positions, counted in 16 bits, have gone round and are the same again.
        for between in [0, 65_536 - 400, 65_536] {
            compress_whole(&mut compressor, &vec![0; between]);
            compressor.forget();
            assert_eq!(compress_whole(&mut compressor, &message), first);
        }
    }
}

#[test]
fn nothing_takes_more_than_the_bound() {
    // Parts that shrink by a little, between such as do not: each could cost the header of one more block.
    for level in LEVELS {
        for part in [40, 300, 1000, 1100, 3000, 20_000] {
            let mut message = Vec::new();
            for i in 0..100_000 / part as u64 {
                message.extend(noise(i, part));
                message.extend(noise(i, part).iter().map(|byte| byte % 250));
                message.extend(noise(i, part / 20).iter().map(|byte| byte % 16));
            }
            let payload = compress_whole(&mut Compressor::new(level, bits(9)), &message);
            let mut plain = vec![0; message.len() + 1];
            let inflated = Inflater::new(bits(9), false).inflate(&payload, true, &mut plain).unwrap();
            assert!(inflated.is_done && plain[..inflated.written] == message, "parts of {part}");
        }
        for len in (0..300).chain(65_270..65_290) {
            compress_whole(&mut Compressor::new(level, bits(9)), &noise(9, len));
        }
    }
}

#[test]
fn symbols_come_as_often_as_can_be() {
    // Of one byte 65,536 and more, without matches to speak of; and codes as skewed as can be.
    for level in LEVELS {
        let pairs: Vec<u8> =
            noise(1, 200_000).iter().map(|byte| if *byte < 250 { 0 } else { *byte }).collect();
        let mut fibonacci = Vec::new();
        let (mut a, mut b) = (1, 1);
        for symbol in 0..24 {
            fibonacci.extend(std::iter::repeat_n(symbol, a));
            (a, b) = (b, a + b);
        }
        // In an order in which hardly anything repeats.
        let order = noise(2, fibonacci.len() * 4);
        for at in (1..fibonacci.len()).rev() {
            let random = u32::from_le_bytes(order[at * 4..][..4].try_into().unwrap());
            fibonacci.swap(at, random as usize % (at + 1));
        }
        for message in [pairs, fibonacci] {
            let payload = compress_whole(&mut Compressor::new(level, bits(10)), &message);
            assert!(payload.len() < message.len() / 2);
            Readers::new(bits(10), false).read(&payload, &message);
        }
    }
}

#[test]
fn a_match_runs_over_the_end_of_a_block() {
    for level in LEVELS {
        for len in 65_270..65_300 {
            let message = vec![0; len];
            let payload = compress_whole(&mut Compressor::new(level, bits(8)), &message);
            Readers::new(bits(8), false).read(&payload, &message);
        }
    }
}

/// By zlib 1.2.13 at level 1, memory level 8: 1,000 chat messages with takeover, the same without, and the JSON document.
const BY_ZLIB: [[usize; 3]; 7] = [
    [90_329, 137_090, 18_572],
    [84_885, 137_090, 15_698],
    [28_444, 137_090, 14_256],
    [27_283, 137_090, 14_191],
    [26_642, 137_090, 14_785],
    [22_895, 137_090, 15_008],
    [20_312, 137_090, 15_257],
];

#[test]
fn it_takes_no_more_bytes_than_zlib_at_its_first_level() {
    let chat: Vec<String> = (0..1000).map(corpus::chat_message).collect();
    let json = [corpus::json_document()];
    for (window, by_zlib) in (9..=15).map(bits).zip(BY_ZLIB) {
        let rows: [(&[String], bool); 3] = [(&chat, true), (&chat, false), (&json, false)];
        let mut of_levels = Vec::new();
        for level in LEVELS {
            for ((messages, has_takeover), most) in rows.iter().zip(by_zlib) {
                let mut compressor = Compressor::new(level, window);
                let mut readers = Readers::new(window, *has_takeover);
                let mut sent = 0;
                for message in *messages {
                    if !has_takeover {
                        compressor.forget();
                    }
                    let payload = compress_whole(&mut compressor, message.as_bytes());
                    readers.read(&payload, message.as_bytes());
                    sent += payload.len();
                }
                assert!(sent <= most, "level {}, window {}: {sent} of {most}", level.get(), window.get());
                of_levels.push(sent);
            }
        }
        assert!(of_levels[5] < of_levels[2], "lazy is smaller than greedy");
    }
}

/// In bytes, by window: 8 to 15 bits.
const HELD: [isize; 8] = [4768, 5536, 7072, 10_144, 16_288, 28_576, 44_960, 61_344];

#[test]
fn all_its_memory_is_taken_when_it_is_made() {
    assert!(size_of::<Compressor>() <= 112, "{}", size_of::<Compressor>());
    let messages: Vec<_> = (0..40).map(|i| noise(7, 50 * i)).collect();
    let mut output = vec![0; 5000];
    for (window, most) in windows().zip(HELD) {
        for level in (0..=9).map(|level| Level::new(level).unwrap()) {
            let before = heap::HELD.get();
            let mut compressor = Compressor::new(level, window);
            let held = heap::HELD.get() - before;
            assert_eq!(held, most, "window {}", window.get());
            let before = heap::ALLOCATIONS.get();
            for message in &messages {
                let _ = compressor.compress(message, true, &mut output).unwrap();
                let _ = compressor.compress(&[b'x'; 3000], true, &mut output).unwrap();
                compressor.forget();
            }
            assert_eq!(heap::ALLOCATIONS.get(), before, "window {}", window.get());
        }
    }
}
