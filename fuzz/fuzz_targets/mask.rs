//! Masking in place, in two pieces, and while copying, against a byte loop.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wsproto::wire::{BufferTooSmall, MaskingKey};

fuzz_target!(|input: &[u8]| {
    let Some((&[k0, k1, k2, k3, cut], payload)) = input.split_first_chunk() else { return };
    let (key, len) = ([k0, k1, k2, k3], payload.len());
    let expected: Vec<u8> = payload.iter().enumerate().map(|(i, byte)| byte ^ key[i % 4]).collect();
    let mut masked = payload.to_vec();
    let (front, back) = masked.split_at_mut(usize::from(cut).min(len));
    let next = MaskingKey::new(key).apply(front).apply(back);
    assert_eq!(masked, expected);
    assert_eq!(next.to_bytes(), [0, 1, 2, 3].map(|i| key[(len + i) % 4]));
    let mut copied = vec![0xEE; len + 1];
    assert_eq!(MaskingKey::new(key).apply_into(payload, &mut copied), Ok(next));
    assert_eq!(copied, [&expected[..], &[0xEE]].concat());
    let Some(short) = len.checked_sub(1) else { return };
    assert_eq!(next.apply_into(payload, &mut copied[..short]), Err(BufferTooSmall { needed: len }));
    assert_eq!(copied[..short], expected[..short], "untouched");
});
