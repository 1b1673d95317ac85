//! UTF-8 in pieces ([RFC 6455 §8.1]) against `core::str`.

use proptest::prelude::*;
use wsproto::wire::Utf8Validator;

/// How many bytes can stand at the start of some UTF-8 text: found by asking `core::str` of each prefix.
fn longest_possible_prefix(bytes: &[u8]) -> usize {
    (0..=bytes.len())
        .rev()
        .find(|end| match core::str::from_utf8(&bytes[..*end]) {
            Ok(_) => true,
            Err(error) => error.error_len().is_none(),
        })
        .unwrap_or(0)
}

fn check(bytes: &[u8], at: usize) {
    let possible = longest_possible_prefix(bytes);
    let (front, back) = bytes.split_at(at);
    let mut utf8 = Utf8Validator::new();
    let told = utf8
        .validate(front)
        .map_err(|error| error.valid_up_to)
        .and_then(|()| utf8.validate(back).map_err(|error| at + error.valid_up_to));
    if possible == bytes.len() {
        assert_eq!(told, Ok(()), "{bytes:x?} cut at {at}");
        assert_eq!(utf8.is_complete(), core::str::from_utf8(bytes).is_ok(), "{bytes:x?} cut at {at}");
    } else {
        assert_eq!(told, Err(possible), "{bytes:x?} cut at {at}: the first impossible byte");
        assert!(utf8.validate(&bytes[possible..=possible]).is_err(), "it stays impossible");
    }
}

#[test]
fn all_sequences_of_two_bytes() {
    for first in 0..=255 {
        for second in 0..=255 {
            check(&[first, second], 0);
            check(&[first, second], 1);
        }
    }
}

#[test]
fn all_sequences_of_four_bytes_at_the_edges_of_the_table() {
    let edges = [
        0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE,
        0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF,
    ];
    for a in edges {
        for b in edges {
            for c in edges {
                for d in edges {
                    let bytes = [a, b, c, d];
                    for at in 0..4 {
                        check(&bytes, at);
                    }
                }
            }
        }
    }
}

#[test]
fn a_failure_leaves_the_validator_before_the_impossible_byte() {
    let mut utf8 = Utf8Validator::new();
    assert_eq!(utf8.validate(b"abc\xE2\x82(").unwrap_err().valid_up_to, 5);
    assert!(!utf8.is_complete(), "inside the euro sign");
    assert!(utf8.validate(b"\xAC").is_ok());
    assert!(utf8.is_complete());
}

proptest! {
    #[test]
    fn text_cut_anywhere_is_text(text in ".{0,40}", cuts in proptest::collection::vec(0..200_usize, 0..4)) {
        let mut utf8 = Utf8Validator::new();
        let mut rest = text.as_bytes();
        for cut in cuts {
            let (piece, behind) = rest.split_at(cut.min(rest.len()));
            prop_assert!(utf8.validate(piece).is_ok());
            rest = behind;
        }
        prop_assert!(utf8.validate(rest).is_ok() && utf8.is_complete());
    }

    #[test]
    fn bytes_that_are_nearly_text(text in "\\PC{1,12}", at: prop::sample::Index, byte: u8, cut: prop::sample::Index) {
        let mut bytes = text.into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        check(&bytes, cut.index(bytes.len() + 1));
    }
}
