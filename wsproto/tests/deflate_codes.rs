//! Codes of all lengths: symbols that are rare have long ones [RFC 1951 §3.2.2].

#![cfg(feature = "deflate")]

use wsproto::deflate::{Compressor, Inflater, Level, WindowBits};

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
