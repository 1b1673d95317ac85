//! Masking ([RFC 6455 §5.3]) against the RFC's own formula, at every length, alignment and cut.

use proptest::prelude::*;
use wsproto::error::BufferTooSmall;
use wsproto::wire::MaskingKey;

/// `transformed-octet-i = original-octet-i XOR masking-key-octet-(i MOD 4)`
fn naive(key: [u8; 4], bytes: &[u8]) -> Vec<u8> {
    bytes.iter().enumerate().map(|(i, byte)| byte ^ key[i % 4]).collect()
}

#[test]
fn every_length_and_alignment_up_to_some_blocks() {
    let key = [0xDE, 0xAD, 0xBE, 0xEF];
    let source: Vec<u8> = (0..=255).collect();
    for start in 0..33 {
        for len in 0..131 {
            let bytes = &source[start..start + len];
            let mut masked = bytes.to_vec();
            MaskingKey::new(key).apply(&mut masked);
            assert_eq!(masked, naive(key, bytes), "{len} bytes from {start}");
        }
    }
}

#[test]
fn copying_into_too_small_a_slice_changes_nothing() {
    let mut dst = [7; 3];
    assert_eq!(MaskingKey::new([1; 4]).apply_into(b"four", &mut dst), Err(BufferTooSmall { needed: 4 }));
    assert_eq!(dst, [7; 3]);
}

proptest! {
    #[test]
    fn the_returned_key_continues_where_the_piece_ended(
        key: [u8; 4],
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        cuts in proptest::collection::vec(0..300_usize, 0..5),
    ) {
        let mut masked = bytes.clone();
        let mut rest = &mut masked[..];
        let mut running = MaskingKey::new(key);
        for cut in cuts {
            let (piece, behind) = rest.split_at_mut(cut.min(rest.len()));
            running = running.apply(piece);
            rest = behind;
        }
        running.apply(rest);
        prop_assert_eq!(&masked, &naive(key, &bytes));
    }

    #[test]
    fn copying_and_masking_in_one_pass_is_the_same(
        key: [u8; 4],
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        spare in 0..40_usize,
    ) {
        let mut dst = vec![0xAA; bytes.len() + spare];
        let next = MaskingKey::new(key).apply_into(&bytes, &mut dst).unwrap();
        prop_assert_eq!(&dst[..bytes.len()], &naive(key, &bytes)[..]);
        prop_assert!(dst[bytes.len()..].iter().all(|byte| *byte == 0xAA), "nothing behind it is touched");
        prop_assert_eq!(next, MaskingKey::new(key).apply(&mut bytes.clone()));
    }
}
