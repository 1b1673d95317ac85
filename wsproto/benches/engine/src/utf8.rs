//! Text that comes in pieces of 1000 bytes, beside `core::str::from_utf8` over all of it.

use std::hint::black_box;

use wsproto::wire::Utf8Validator;

use crate::Bench;

pub fn run(bench: &Bench) {
    for (name, unit) in [
        ("ASCII", "plain text, "),
        ("Latin-1", "caf\u{e9} cr\u{e8}me "),
        ("CJK", "\u{6587}\u{5b57}"),
        ("emoji", "\u{1f600}"),
    ] {
        let text = unit.repeat(65_536 / unit.len()).into_bytes();
        bench.compare(
            &format!("UTF-8, {name}"),
            1,
            1.0,
            || {
                let mut utf8 = Utf8Validator::new();
                for piece in black_box(&text[..]).chunks(1000) {
                    assert!(utf8.validate(piece).is_ok());
                }
                assert!(utf8.is_complete());
            },
            || assert!(std::str::from_utf8(black_box(&text)).is_ok()),
        );
    }
}
