//! The engine of permessage-deflate, by itself: what goes in and what comes out, however it is cut.

use proptest::prelude::*;
use wsproto::deflate::{Compressor, InflateError, Inflater, Level, WindowBits};

use crate::puff::puff;

/// All of a message, given `piece` bytes at a time, taken `space` bytes at a time.
fn inflate(
    inflater: &mut Inflater,
    payload: &[u8],
    piece: usize,
    space: usize,
) -> Result<Vec<u8>, InflateError> {
    let mut plain = Vec::new();
    let mut pieces = payload.chunks(piece).peekable();
    let mut input = pieces.next().unwrap_or_default();
    loop {
        let mut output = vec![0xEE; space];
        let inflated = inflater.inflate(input, pieces.peek().is_none(), &mut output)?;
        plain.extend_from_slice(&output[..inflated.written]);
        // The last step of a copy is whole where there is room.
        let behind = (inflated.written + 15).min(space);
        assert!(output[behind..].iter().all(|byte| *byte == 0xEE), "not written to");
        if inflated.is_done {
            assert_eq!(inflated.consumed, input.len());
            return Ok(plain);
        }
        input = &input[inflated.consumed..];
        if input.is_empty() && inflated.written < space {
            input = pieces.next().unwrap_or_default();
        }
    }
}

fn inflate_whole(inflater: &mut Inflater, payload: &[u8]) -> Result<Vec<u8>, InflateError> {
    inflate(inflater, payload, usize::MAX, 1 << 20)
}

fn fresh() -> Inflater {
    Inflater::new(WindowBits::MAX, true)
}

fn bits(bits: u8) -> WindowBits {
    WindowBits::new(bits).unwrap()
}

/// All of a message in one piece.
fn compress(compressor: &mut Compressor, message: &[u8]) -> Vec<u8> {
    let mut payload = vec![0; Compressor::bound(message.len())];
    let compressed = compressor.compress(message, true, &mut payload).unwrap();
    assert_eq!((compressed.consumed, compressed.is_done), (message.len(), true));
    payload.truncate(compressed.written);
    payload
}

// ---- the RFC's bytes ----

const HELLO: &[u8] = b"Hello";

#[test]
fn the_bytes_of_7_2_3_are_what_they_are_said_to_be() {
    let payloads: [(&str, &[u8], &[u8]); 6] = [
        ("7.2.3.1: one block", &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00], HELLO),
        (
            "7.2.3.3: no compression",
            &[0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00],
            HELLO,
        ),
        ("7.2.3.4: BFINAL", &[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00], HELLO),
        (
            "7.2.3.5: two blocks",
            &[0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00],
            HELLO,
        ),
        ("7.2.3.6: an empty message", &[0x00], b""),
        ("an empty message with BFINAL", &[0x01], b""),
    ];
    for (name, payload, message) in payloads {
        for (piece, space) in [(usize::MAX, 99), (1, 99), (usize::MAX, 1), (1, 1), (2, 3)] {
            // Twice: a block with BFINAL does not end the connection's stream.
            let mut inflater = fresh();
            for _ in 0..2 {
                assert_eq!(inflate(&mut inflater, payload, piece, space).as_deref(), Ok(message), "{name}");
            }
        }
        assert_eq!(puff(payload, b"").unwrap().plain, message, "{name}");
    }
}

#[test]
fn a_second_message_refers_to_the_first_with_takeover_only() {
    // [RFC 7692 §7.2.3.2]
    let (first, second) = ([0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00], [0xf2, 0x00, 0x11, 0x00, 0x00]);
    for (has_takeover, expected) in [(true, Ok(HELLO)), (false, Err(InflateError::Invalid))] {
        let mut inflater = Inflater::new(WindowBits::MAX, has_takeover);
        assert_eq!(inflate_whole(&mut inflater, &first).as_deref(), Ok(HELLO));
        assert_eq!(inflate_whole(&mut inflater, &second).as_deref(), expected.as_ref().map(|plain| *plain));
    }
}

#[test]
fn hello_is_compressed_as_in_the_rfc() {
    let mut compressor = Compressor::new(Level::FAST, WindowBits::MAX);
    assert_eq!(compress(&mut compressor, HELLO), [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]);
    let again = compress(&mut compressor, HELLO);
    assert!(again.len() <= 5, "with a reference: {again:02x?}");
    compressor.forget();
    assert_eq!(compress(&mut compressor, HELLO), [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]);
    assert_eq!(compress(&mut compressor, b""), [0x00]);
    compressor = Compressor::new(Level::STORED, WindowBits::MAX);
    assert_eq!(compress(&mut compressor, HELLO), *b"\x00\x05\x00\xfa\xffHello\x00");
}

#[test]
fn bfinal_keeps_the_window() {
    let mut inflater = fresh();
    assert_eq!(inflate_whole(&mut inflater, b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00").as_deref(), Ok(HELLO));
    assert_eq!(inflate_whole(&mut inflater, b"\xf2\x00\x11\x00\x00").as_deref(), Ok(HELLO));
    // In the middle of a message too, several times.
    let many = [b"\xf3\x48\xcd\xc9\xc9\x07\x00".repeat(3), vec![0x00]].concat();
    for (piece, space) in [(usize::MAX, 99), (1, 1)] {
        assert_eq!(inflate(&mut inflater, &many, piece, space).as_deref(), Ok(&HELLO.repeat(3)[..]));
    }
}

// ---- what is refused ----

#[test]
fn what_is_not_deflate_is_refused_and_so_is_what_comes_after_it() {
    let invalid: [(&str, &[u8]); 5] = [
        ("block type 3", &[0x07]),
        ("a length that is not its complement's", &[0x00, 0x05, 0x00, 0x05, 0x00, 0x48]),
        ("a reference before the beginning", &[0xf2, 0x00, 0x11, 0x00, 0x00]),
        ("too many literal codes", &[0xfc, 0xff, 0xff, 0xff]),
        ("garbage behind a last block", b"\xf3\x48\xcd\xc9\xc9\x07\x00\xff\xff\xff\xff"),
    ];
    for (name, payload) in invalid {
        for (piece, space) in [(usize::MAX, 99), (1, 1)] {
            let mut inflater = fresh();
            assert_eq!(inflate(&mut inflater, payload, piece, space), Err(InflateError::Invalid), "{name}");
            assert_eq!(
                inflate_whole(&mut inflater, &[0x00]),
                Err(InflateError::Invalid),
                "{name}: it latches"
            );
        }
        assert_eq!(puff(payload, b""), None, "{name}");
    }
}

#[test]
fn what_ends_inside_a_block_is_refused() {
    let whole = b"\x00\x05\x00\xfa\xffHello\x00";
    // One byte is an empty message; with six, the four that are put behind them are what is missing of five.
    for len in (2..whole.len()).filter(|len| *len != 6) {
        let payload = &whole[..len];
        for (piece, space) in [(usize::MAX, 99), (1, 1)] {
            let mut inflater = fresh();
            let inflated = inflate(&mut inflater, payload, piece, space);
            assert!(inflated.is_err(), "{len} bytes: {inflated:02x?}");
            assert_eq!(inflate_whole(&mut inflater, &[0x00]), inflated, "it latches");
        }
        assert_eq!(puff(payload, b""), None, "{len} bytes");
    }
    assert_eq!(inflate_whole(&mut fresh(), b"\x00\x09\x00\xf6\xffHel"), Err(InflateError::Unfinished));
    // Its last block ends, but not as a message does: the four bytes taken off are not an empty block's.
    assert_eq!(inflate_whole(&mut fresh(), b"\xf3\x48\xcd\xc9\xc9\x07\x00"), Err(InflateError::Unfinished));
}

#[test]
fn no_payload_at_all_is_the_empty_message_and_leaves_the_window_as_it_is() {
    let mut inflater = Inflater::new(WindowBits::MAX, true);
    assert_eq!(inflate_whole(&mut inflater, b"\xf2\x48\xcd\xc9\xc9\x07\x00"), Ok(b"Hello".to_vec()));
    assert_eq!(inflate_whole(&mut inflater, b""), Ok(vec![]));
    // "Hello" again, by a reference to the one before ([RFC 7692 §7.2.3.2]).
    assert_eq!(inflate_whole(&mut inflater, b"\xf2\x00\x11\x00\x00"), Ok(b"Hello".to_vec()));
}

// ---- the window ----

/// A stored block of `len` bytes, and a reference from behind it as far back as that, three bytes long.
fn reference_over(len: usize) -> Vec<u8> {
    let mut payload = Vec::new();
    for block in vec![b'x'; len].chunks(0xFFFF) {
        let len = u16::try_from(block.len()).unwrap();
        payload.push(0);
        payload.extend(len.to_le_bytes());
        payload.extend((!len).to_le_bytes());
        payload.extend(block);
    }
    // A block of fixed codes: length 3 is 257, seven bits 0000001; a distance code has five bits.
    let mut bits: Vec<bool> = vec![false, true, false];
    bits.extend([false, false, false, false, false, false, true]);
    let (mut symbol, mut extra, mut rest) = (0, 0, len - 1);
    if len > 4 {
        extra = (len - 1).ilog2() as usize - 1;
        symbol = 2 * (extra + 1) + ((len - 1) >> extra & 1);
        rest = (len - 1) & ((1 << extra) - 1);
    } else {
        symbol += rest;
        rest = 0;
    }
    bits.extend((0..5).rev().map(|bit| symbol >> bit & 1 == 1));
    bits.extend((0..extra).map(|bit| rest >> bit & 1 == 1));
    bits.extend([false; 7]); // end of block
    bits.extend([false; 3]); // the empty block
    for byte in bits.chunks(8) {
        payload.push(byte.iter().rev().fold(0, |byte, bit| byte << 1 | u8::from(*bit)));
    }
    payload
}

#[test]
fn a_reference_goes_back_as_far_as_the_window_and_no_further() {
    for window in 8..=15 {
        let size = bits(window).window_size();
        for len in [1, 2, 3, 4, 5, 255, 256, size / 2 + 1, size - 1, size, size + 1, 2 * size, 32 * 1024] {
            let payload = reference_over(len);
            if len <= 32 * 1024 {
                assert_eq!(puff(&payload, b"").unwrap().farthest, len);
            }
            if len > 32 * 1024 {
                continue;
            }
            for (piece, space) in [(usize::MAX, 1 << 17), (1000, 100), (7, 1)] {
                let mut inflater = Inflater::new(bits(window), true);
                let expected = if len <= size { Ok(vec![b'x'; len + 3]) } else { Err(InflateError::Invalid) };
                let inflated = inflate(&mut inflater, &payload, piece, space);
                assert!(inflated == expected, "window {window}, {len} bytes back, {piece}, {space}");
            }
        }
    }
}

#[test]
fn what_was_not_sent_is_never_given_out() {
    // 100 bytes came; a reference of 101 would show what was in the memory before.
    let stored = [&[0x00, 100, 0x00, 155, 0xff][..], &[b'x'; 100], &[0x00]].concat();
    let mut inflater = fresh();
    assert_eq!(inflate_whole(&mut inflater, &stored), Ok(vec![b'x'; 100]));
    let reference = &reference_over(101)[5 + 101..];
    assert_eq!(inflate_whole(&mut inflater, reference), Err(InflateError::Invalid));
}

#[test]
fn without_takeover_nothing_is_held_between_messages_and_with_it_the_window_only() {
    let message: Vec<u8> = (0..100_000_usize).flat_map(usize::to_le_bytes).collect();
    let payload = compress(&mut Compressor::new(Level::FAST, bits(8)), &message);
    for window in 8..=15 {
        for has_takeover in [false, true] {
            let mut inflater = Inflater::new(bits(window), has_takeover);
            assert_eq!(inflater.capacity(), 0);
            let _ = inflater.inflate(&payload, false, &mut vec![0; message.len() / 2]).unwrap();
            let size = bits(window).window_size();
            assert!((size..size + 4096).contains(&inflater.capacity()), "{}", inflater.capacity());
            let mut inflater = Inflater::new(bits(window), has_takeover);
            assert!(inflate_whole(&mut inflater, &payload).unwrap() == message);
            assert_eq!(inflater.capacity(), if has_takeover { size } else { 0 });
        }
    }
}

// ---- compressing ----

/// Messages with something to find in them, and some without.
fn message() -> impl Strategy<Value = Vec<u8>> {
    let words = prop::collection::vec(
        prop::sample::select(vec!["the ", "sea", "{\"id\":", ",\n", "0", "17"]),
        0..400,
    );
    prop_oneof![
        4 => words.prop_map(|words| words.concat().into_bytes()),
        2 => prop::collection::vec(any::<u8>(), 0..2000),
        1 => (any::<u8>(), 0..70_000_usize).prop_map(|(byte, len)| vec![byte; len]),
        1 => any::<u64>().prop_map(|seed| noise(seed, 70_000)),
    ]
}

/// What can't be compressed.
fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed | 1;
    let next = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    };
    (0..len).map(next).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 64 } else { 512 }))]

    /// Any messages, any level, any window, any cut; with takeover and without.
    #[test]
    fn what_was_compressed_comes_out_again(
        messages in prop::collection::vec(message(), 1..5),
        level in 0_u8..=9,
        window in 8_u8..=15,
        has_takeover: bool,
        space_to_compress in 32..5000_usize,
        piece in 1..3000_usize,
        space in 1..3000_usize,
    ) {
        let mut compressor = Compressor::new(Level::new(level).unwrap(), bits(window));
        let mut inflater = Inflater::new(bits(window), has_takeover);
        let mut history = Vec::new();
        for message in messages {
            let mut payload = Vec::new();
            let mut rest = &message[..];
            loop {
                let mut output = vec![0; space_to_compress];
                let compressed = compressor.compress(rest, true, &mut output).unwrap();
                payload.extend_from_slice(&output[..compressed.written]);
                rest = &rest[compressed.consumed..];
                if compressed.is_done { break }
            }
            if !has_takeover { compressor.forget() }
            prop_assert!(inflate(&mut inflater, &payload, piece, space) == Ok(message.clone()));

            if message.len() < 3000 {
                let size = bits(window).window_size();
                let puffed = puff(&payload, &history).unwrap();
                prop_assert!(puffed.plain == message);
                prop_assert!(puffed.farthest <= size, "{} of {size} bytes", puffed.farthest);
                if has_takeover { history.extend(message) }
            } else {
                history.clear();
                compressor.forget();
            }
        }
    }

    /// Any bytes: the same as the plain decoder says, however they are cut.
    #[test]
    fn any_bytes_give_what_the_plain_decoder_gives(
        message in message().prop_filter("short, for the plain decoder is slow", |message| message.len() < 3000),
        level in 1_u8..=9,
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0_u8..8), 0..4),
        keep in any::<prop::sample::Index>(),
        piece in 1..100_usize,
        space in 1..300_usize,
    ) {
        let mut payload = compress(&mut Compressor::new(Level::new(level).unwrap(), WindowBits::MAX), &message);
        for (at, bit) in &changes {
            let at = at.index(payload.len());
            payload[at] ^= 1 << bit;
        }
        if changes.len() > 2 {
            payload.truncate(keep.index(payload.len() + 1));
        }
        let whole = inflate_whole(&mut fresh(), &payload);
        // No payload at all is the empty message, though no DEFLATE stream (its test is above).
        let plain = if payload.is_empty() { Some(Vec::new()) } else { puff(&payload, b"").map(|puffed| puffed.plain) };
        prop_assert_eq!(whole.clone().ok(), plain);
        prop_assert_eq!(inflate(&mut fresh(), &payload, piece, space), whole);
    }
}

#[test]
fn what_cannot_be_compressed_stays_within_the_bound() {
    for len in [0, 1, 2, 100, 65_534, 65_535, 65_536, 200_000] {
        let message = noise(7, len);
        for level in [0, 1, 6] {
            let mut compressor = Compressor::new(Level::new(level).unwrap(), WindowBits::MAX);
            let payload = compress(&mut compressor, &message);
            assert!(payload.len() <= Compressor::bound(len));
            assert!(inflate_whole(&mut fresh(), &payload).unwrap() == message);
        }
    }
    let mut compressor = Compressor::new(Level::FAST, WindowBits::MAX);
    assert!(compressor.compress(HELLO, true, &mut [0; 8]).is_err());
}
