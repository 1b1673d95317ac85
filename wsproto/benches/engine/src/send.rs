//! Whole frames into a buffer.

use std::hint::black_box;

use wsproto::connection::{Client, Sender, Server};
use wsproto::wire::MaskingKey;

use crate::Bench;

pub fn run(bench: &Bench) {
    for size in [16, 125, 1024, 16_384, 1 << 20] {
        let text = "x".repeat(size);
        let (mut out, mut copied) = (vec![0; size + 14], vec![0; size + 14]);
        let count = (1 << 18) / (size + 64) + 1;
        let key = MaskingKey::new([0x37, 0xfa, 0x21, 0x3d]);

        let mut server = Sender::new(Server);
        bench.compare(
            &format!("send {size}"),
            count,
            1.15,
            || {
                for _ in 0..count {
                    let n = server.frame().encode(black_box(&text), black_box(&mut out));
                    assert!(black_box(n).is_ok());
                }
            },
            || copy(count, text.as_bytes(), &mut copied),
        );

        let mut appended = Vec::with_capacity(count * (size + 10));
        bench.compare(
            &format!("append {size}"),
            count,
            1.15,
            || {
                appended.clear();
                for _ in 0..count {
                    let text = black_box(&text);
                    assert!(server.frame().append(text, black_box(&mut appended)).is_ok());
                }
            },
            || copy(count, text.as_bytes(), &mut copied),
        );

        let mut client = Sender::new(Client::new(|| black_box(key)));
        bench.compare(
            &format!("send masked {size}"),
            count,
            1.15,
            || {
                for _ in 0..count {
                    let n = client.frame().encode(black_box(&text), black_box(&mut out));
                    assert!(black_box(n).is_ok());
                }
            },
            || copy(count, text.as_bytes(), &mut copied),
        );
    }
}

/// What a header of four bytes, known beforehand, and the payload cost.
fn copy(count: usize, text: &[u8], out: &mut [u8]) {
    for _ in 0..count {
        let (text, out) = (black_box(text), black_box(&mut *out));
        let (header, payload) = out.split_at_mut(4);
        header.copy_from_slice(b"abcd");
        payload[..text.len()].copy_from_slice(text);
        black_box(out);
    }
}
