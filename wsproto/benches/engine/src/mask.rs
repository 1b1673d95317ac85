//! A payload unmasked in place, beside an XOR with a constant and beside a loop over the bytes.

use std::hint::black_box;

use wsproto::wire::MaskingKey;

use crate::Bench;

pub fn run(bench: &Bench) {
    let key = MaskingKey::new([0x37, 0xfa, 0x21, 0x3d]);
    for len in [1024, 65_536, 1 << 24] {
        for offset in [0, 1, 3] {
            let (mut ours, mut theirs) = (vec![1; len + 8], vec![1; len + 8]);
            let (ours, theirs) = (&mut ours[offset..][..len], &mut theirs[offset..][..len]);
            let count = (1 << 18) / len + 1;
            bench.compare(
                &format!("mask {len}, offset {offset}"),
                count,
                1.15,
                || {
                    for _ in 0..count {
                        black_box(key).apply(black_box(&mut *ours));
                    }
                },
                || {
                    for _ in 0..count {
                        pass(black_box(&mut *theirs));
                    }
                },
            );
        }
    }
    for len in 0..16 {
        for offset in [0, 1, 3] {
            let (mut ours, mut theirs) = ([1; 32], [1; 32]);
            let count = 10_000;
            bench.compare(
                &format!("mask {len}, offset {offset}"),
                count,
                1.0,
                || {
                    for _ in 0..count {
                        black_box(key).apply(&mut black_box(&mut ours)[offset..][..black_box(len)]);
                    }
                },
                || {
                    for _ in 0..count {
                        let bytes = &mut black_box(&mut theirs)[offset..][..black_box(len)];
                        byte_loop(black_box([0x37, 0xfa, 0x21, 0x3d]), bytes);
                    }
                },
            );
        }
    }
}

/// The limit of the memory, and of the machine's vectors.
#[inline(never)]
fn pass(bytes: &mut [u8]) {
    for byte in bytes {
        *byte ^= 0x37;
    }
}

fn byte_loop(key: [u8; 4], bytes: &mut [u8]) {
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte ^= key[at % 4];
    }
}
