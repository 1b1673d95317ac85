//! Text, cut in two anywhere and byte by byte, against `core::str`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wsproto_fuzz::frames::{read_text, validate_pieces};

fuzz_target!(|text: &[u8]| {
    let expected = read_text(text);
    for cut in 0..=text.len() {
        let (front, back) = text.split_at(cut);
        assert_eq!(validate_pieces([front, back]), expected, "cut at {cut}");
    }
    assert_eq!(validate_pieces(text.chunks(1)), expected, "byte by byte");
});
