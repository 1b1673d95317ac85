//! Codes of all lengths: symbols that are rare have long ones [RFC 1951 §3.2.2].

use wsproto::deflate::{Compressor, InflateError, Inflater, Level, Progress, WindowBits};

/// Bytes of which each is half as frequent as the one before.
fn skewed(len: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.trailing_zeros().min(17).to_le_bytes()[0].wrapping_mul(37)
    })
    .take(len)
    .collect()
}

#[test]
fn codes_of_up_to_fifteen_bits_are_read() {
    let message = skewed(200_000);
    for level in [Level::BALANCED, Level::BEST] {
        let mut compressed = vec![0; Compressor::bound(message.len())];
        let mut compressor = Compressor::new(level, WindowBits::MAX);
        let written = compressor.compress(&message, true, &mut compressed).unwrap().written;
        assert!(written < message.len() / 3);
        for cut in [1, 7, written] {
            let mut inflater = Inflater::new(WindowBits::MAX, false);
            let (mut plain, mut len) = (vec![0; message.len() + 1], 0);
            let mut pieces = compressed[..written].chunks(cut).peekable();
            while let Some(mut piece) = pieces.next() {
                let is_last = pieces.peek().is_none();
                loop {
                    let inflated = inflater.inflate(piece, is_last, &mut plain[len..]).unwrap();
                    len += inflated.written;
                    piece = &piece[inflated.consumed..];
                    if inflated.is_done || (piece.is_empty() && !is_last) {
                        break;
                    }
                }
            }
            assert!(plain[..len] == message, "in pieces of {cut}");
        }
    }
}

/// A block whose code has one symbol, its end (0), and then the bit that means nothing.
fn nothing_meant() -> Vec<u8> {
    let mut bits = Vec::new();
    let mut put = |value: u32, count: u32| bits.extend((0..count).map(|bit| value >> bit & 1));
    put(0b100, 3); // a block with codes of its own
    put(0, 10); // 257 lengths of one code, and 1 of the other
    put(14, 4); // 18 lengths of the lengths' code: of 1 and of 18, one bit each
    (0..18).for_each(|at| put(u32::from(at == 2 || at == 17), 3));
    for (value, count) in [(1, 1), (127, 7), (1, 1), (107, 7)] {
        put(value, count); // 256 times 0
    }
    put(0, 2); // twice 1: of the block's end, and of a distance
    put(1, 1);
    to_bytes(&bits)
}

/// A block whose code has two symbols, `a` and its end, both of `len` bits, 1 or 2; and `a`.
fn two_symbols(len: u32) -> Vec<u8> {
    let mut bits = Vec::new();
    let mut put = |value: u32, count: u32| bits.extend((0..count).map(|bit| value >> bit & 1));
    put(0b100, 3); // a block with codes of its own
    put(0, 10); // 257 lengths of one code, and 1 of the other
    put(14, 4); // 18 lengths of the lengths' code: of 18 one bit, of 2 and of 1 two
    (0..18)
        .for_each(|at| put([(2, 1), (15, 2), (17, 2)].iter().find(|of| of.0 == at).map_or(0, |of| of.1), 3));
    let length = if len == 1 { 0b01 } else { 0b11 };
    // 97 times 0, `a`, 158 times 0, the end, and one distance of one bit.
    for (value, count) in
        [(0, 1), (86, 7), (length, 2), (0, 1), (127, 7), (0, 1), (9, 7), (length, 2), (0b01, 2)]
    {
        put(value, count);
    }
    // `a` and the end, the highest bit first, and the start of what every message ends with.
    put(0, len);
    put(1 << (len - 1), len);
    put(0, 3);
    to_bytes(&bits)
}

fn to_bytes(bits: &[u32]) -> Vec<u8> {
    bits.chunks(8)
        .map(|byte| byte.iter().rev().fold(0, |byte, bit| byte << 1 | u8::from(*bit == 1)))
        .collect()
}

#[test]
fn a_code_that_leaves_bits_without_meaning_is_refused_also_where_they_do_not_come() {
    let mut output = [0; 8];
    let inflated = Inflater::new(WindowBits::MAX, false).inflate(&two_symbols(1), true, &mut output).unwrap();
    assert!(inflated.is_done && output[..inflated.written] == *b"a");
    let inflated = Inflater::new(WindowBits::MAX, false).inflate(&two_symbols(2), true, &mut output);
    assert_eq!(inflated, Err(InflateError::Invalid));
}

#[test]
fn bits_that_mean_nothing_are_a_fault_once_no_code_can_be_longer() {
    let mut output = [0; 8];
    let bytes = nothing_meant();
    let mut inflater = Inflater::new(WindowBits::MAX, false);
    let Progress { consumed, written, is_done, .. } = inflater.inflate(&bytes, false, &mut output).unwrap();
    assert_eq!((consumed, written, is_done), (bytes.len(), 0, false));
    assert_eq!(inflater.inflate(&[0, 0], false, &mut output), Err(InflateError::Invalid));

    let whole = [&bytes[..], &[0; 16]].concat();
    let inflated = Inflater::new(WindowBits::MAX, false).inflate(&whole, false, &mut output);
    assert_eq!(inflated, Err(InflateError::Invalid));
    let inflated = Inflater::new(WindowBits::MAX, false).inflate(&bytes, true, &mut output);
    assert_eq!(inflated, Err(InflateError::Invalid));
}

#[test]
fn a_fault_is_told_at_once_when_nothing_came_out_before_it() {
    let mut inflater = Inflater::new(WindowBits::MAX, false);
    assert_eq!(inflater.inflate(&[0x07], false, &mut [0; 8]), Err(InflateError::Invalid));
    assert_eq!(inflater.inflate(&[], true, &mut [0; 8]), Err(InflateError::Invalid), "from then on");
}

#[test]
fn an_inflater_in_a_log_shows_what_it_is_at() {
    let shown = format!("{:?}", Inflater::new(WindowBits::MIN, true));
    for part in ["window_bits: 8", "has_takeover: true", "is_in_message: false"] {
        assert!(shown.contains(part), "{shown}");
    }
}
