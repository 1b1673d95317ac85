//! Masking ([RFC 6455 §5.3]) against the RFC's own formula, at every length, alignment and cut.

use proptest::prelude::*;
use wsproto::error::BufferTooSmall;
use wsproto::wire::MaskingKey;

/// `transformed-octet-i = original-octet-i XOR masking-key-octet-(i MOD 4)`
fn naive(key: [u8; 4], bytes: &[u8]) -> Vec<u8> {
    bytes.iter().enumerate().map(|(i, byte)| byte ^ key[i % 4]).collect()
}

/// Bytes around what is masked, to see that nothing else is touched.
const AROUND: u8 = 0xA5;

#[test]
fn every_length_and_alignment_up_to_some_lines_of_the_cache() {
    let key = [0xDE, 0xAD, 0xBE, 0xEF];
    let source: Vec<u8> = (0..600_u32).map(|at| (at * 7 + at / 256).to_le_bytes()[0]).collect();
    let mut memory = vec![0; 800];
    let line = memory.as_ptr().align_offset(64);
    for len in 0..600 {
        let plain = &source[..len];
        let expected = naive(key, plain);
        for start in line..line + 64 {
            memory.fill(AROUND);
            memory[start..start + len].copy_from_slice(plain);
            let next = MaskingKey::new(key).apply(&mut memory[start..start + len]);
            assert_eq!(memory[start..start + len], expected, "{len} bytes from {start}");
            assert!(memory[..start].iter().chain(&memory[start + len..]).all(|byte| *byte == AROUND));
            assert_eq!(next.to_bytes(), std::array::from_fn(|at| key[(len + at) % 4]));
        }
    }
}

#[test]
fn every_length_and_alignment_of_a_copy_up_to_some_lines_of_the_cache() {
    let key = [0xDE, 0xAD, 0xBE, 0xEF];
    let source: Vec<u8> = (0..700_u32).map(|at| (at * 7 + at / 256).to_le_bytes()[0]).collect();
    let mut memory = vec![0; 800];
    let line = memory.as_ptr().align_offset(64);
    for len in 0..600 {
        for start in line..line + 64 {
            let plain = &source[(start * 5) % 64..][..len];
            memory.fill(AROUND);
            let next = MaskingKey::new(key).apply_into(plain, &mut memory[start..]).unwrap();
            assert_eq!(memory[start..start + len], naive(key, plain), "{len} bytes from {start}");
            assert!(memory[..start].iter().chain(&memory[start + len..]).all(|byte| *byte == AROUND));
            assert_eq!(next.to_bytes(), std::array::from_fn(|at| key[(len + at) % 4]));
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
