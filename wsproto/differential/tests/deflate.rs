//! permessage-deflate against another implementation, zlib-rs by way of flate2: what the one compresses the other
//! decompresses.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use proptest::prelude::*;
use wsproto::deflate::{Compressor, Inflater, Level, WindowBits};

const TAIL: [u8; 4] = [0x00, 0x00, 0xFF, 0xFF];

/// Messages with something to find in them, and some without.
fn messages() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let words = prop::sample::select(vec!["the ", "sea", "{\"id\":", ",\n", "0", "17"]);
    let message = prop_oneof![
        4 => prop::collection::vec(words, 1..2000).prop_map(|words| words.concat().into_bytes()),
        2 => prop::collection::vec(any::<u8>(), 1..2000),
        1 => (any::<u8>(), 1..100_000_usize).prop_map(|(byte, len)| vec![byte; len]),
    ];
    prop::collection::vec(message, 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 64 } else { 512 }))]

    #[test]
    fn what_the_other_one_compresses_is_decompressed(
        messages in messages(),
        level in 0_u32..=9,
        window in 9_u8..=15,
        has_takeover: bool,
        piece in 1..3000_usize,
        space in 1..3000_usize,
    ) {
        let mut compress = Compress::new_with_window_bits(Compression::new(level), false, window);
        let mut inflater = Inflater::new(WindowBits::new(window).unwrap(), has_takeover);
        for message in messages {
            let mut payload = vec![0; 2 * message.len() + 100];
            let before = compress.total_out();
            compress.compress(&message, &mut payload, FlushCompress::Sync).unwrap();
            payload.truncate(usize::try_from(compress.total_out() - before).unwrap());
            let payload = payload.strip_suffix(&TAIL).expect("a sync flush");
            if !has_takeover {
                compress.reset();
            }
            prop_assert!(inflate(&mut inflater, payload, piece, space) == message);
        }
    }

    #[test]
    fn what_is_compressed_the_other_one_decompresses(
        messages in messages(),
        level in 0_u8..=9,
        window in 9_u8..=15,
        space in 32..3000_usize,
    ) {
        let window = WindowBits::new(window).unwrap();
        let mut compressor = Compressor::new(Level::new(level).unwrap(), window);
        let mut decompress = Decompress::new_with_window_bits(false, window.get());
        for message in messages {
            let (mut payload, mut rest) = (Vec::new(), &message[..]);
            loop {
                let mut out = vec![0; space];
                let compressed = compressor.compress(rest, true, &mut out).unwrap();
                payload.extend_from_slice(&out[..compressed.written]);
                rest = &rest[compressed.consumed..];
                if compressed.is_done {
                    break;
                }
            }
            payload.extend(TAIL);
            let mut plain = vec![0; message.len() + 1];
            let before = decompress.total_out();
            let status = decompress.decompress(&payload, &mut plain, FlushDecompress::Sync).unwrap();
            prop_assert_eq!(status, Status::Ok);
            plain.truncate(usize::try_from(decompress.total_out() - before).unwrap());
            prop_assert!(plain == message);
        }
    }
}

/// All of a message, given `piece` bytes at a time, taken `space` bytes at a time.
fn inflate(inflater: &mut Inflater, payload: &[u8], piece: usize, space: usize) -> Vec<u8> {
    let (mut plain, mut output) = (Vec::new(), vec![0; space]);
    let mut pieces = payload.chunks(piece).peekable();
    let mut input = pieces.next().unwrap_or_default();
    loop {
        let inflated = inflater.inflate(input, pieces.peek().is_none(), &mut output).unwrap();
        plain.extend_from_slice(&output[..inflated.written]);
        if inflated.is_done {
            return plain;
        }
        input = &input[inflated.consumed..];
        if input.is_empty() && inflated.written < space {
            input = pieces.next().unwrap_or_default();
        }
    }
}
