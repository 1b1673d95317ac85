//! Compressing, beside C zlib and zlib-rs at their first level.
//!
//! The goals are 0.9 of what a prototype did in the encoder's place, beside these two on its machine.

use std::hint::black_box;
use std::mem::MaybeUninit;

use libz_sys as zlib;
use wsproto::deflate::{Compressor, Level, WindowBits};

use crate::Bench;

#[expect(clippy::manual_is_multiple_of, reason = "it compiles with the library's oldest compiler")]
#[path = "../../../tests/deflate/corpus.rs"]
pub mod corpus;

pub const WINDOW: u8 = 12;

pub fn run(bench: &Bench) {
    let chat: Vec<String> = (0..1000).map(corpus::chat_message).collect();
    let json = [corpus::json_document()];
    for (name, messages, has_takeover, other, goal) in [
        ("chat, nothing remembered", &chat[..], false, "C zlib", 1.0),
        ("chat, nothing remembered", &chat[..], false, "zlib-rs", 0.36),
        ("chat, takeover", &chat[..], true, "C zlib", 0.24),
        ("JSON", &json[..], false, "C zlib", 0.83),
    ] {
        let name = format!("compress {name}; {other}");
        if !bench.wants(&name) {
            continue;
        }
        let mut ours = Compressor::new(Level::FAST, WindowBits::new(WINDOW).expect("a window"));
        let (mut c, mut rust) = (Zlib::new(), zlib_rs::Deflate::new(1, false, WINDOW));
        let (mut out, mut others_out) = (vec![0; 80_000], vec![0; 80_000]);
        let (mut sent, mut others_sent) = (0, 0);
        bench.compare(
            &name,
            messages.len(),
            goal,
            || {
                sent = 0;
                for message in messages {
                    if !has_takeover {
                        ours.forget();
                    }
                    let compressed = ours.compress(black_box(message).as_bytes(), true, black_box(&mut out));
                    sent += compressed.expect("it fits").written;
                }
            },
            || {
                others_sent = 0;
                for message in messages {
                    let (input, out) = (black_box(message).as_bytes(), black_box(&mut others_out[..]));
                    others_sent += if other == "C zlib" {
                        c.compress(input, has_takeover, out)
                    } else {
                        compress_by_zlib_rs(&mut rust, input, has_takeover, out)
                    };
                }
            },
        );
        println!("{:<44} {sent:>12} {others_sent:>12} bytes sent", "");
    }
}

fn compress_by_zlib_rs(
    deflate: &mut zlib_rs::Deflate,
    input: &[u8],
    has_takeover: bool,
    out: &mut [u8],
) -> usize {
    if !has_takeover {
        deflate.reset();
    }
    let before = deflate.total_out();
    deflate.compress(input, out, zlib_rs::DeflateFlush::SyncFlush).expect("it fits");
    (deflate.total_out() - before) as usize - 4
}

/// With as little memory as it would be given for so small a window: memory level 4.
pub struct Zlib(Box<MaybeUninit<zlib::z_stream>>);

impl Zlib {
    pub fn new() -> Self {
        let mut stream = Box::new(MaybeUninit::<zlib::z_stream>::zeroed());
        // SAFETY: zlib takes a stream of zeros; it stays where it is, since zlib's state points back to it.
        let result = unsafe {
            let size = size_of::<zlib::z_stream>() as i32;
            zlib::deflateInit2_(
                stream.as_mut_ptr(),
                1,
                zlib::Z_DEFLATED,
                -i32::from(WINDOW),
                4,
                0,
                zlib::zlibVersion(),
                size,
            )
        };
        assert_eq!(result, zlib::Z_OK);
        Self(stream)
    }

    pub fn compress(&mut self, input: &[u8], has_takeover: bool, out: &mut [u8]) -> usize {
        let stream = self.0.as_mut_ptr();
        // SAFETY: `new` has initialised the stream, and both slices outlive the call.
        unsafe {
            if !has_takeover {
                zlib::deflateReset(stream);
            }
            (*stream).next_in = input.as_ptr().cast_mut();
            (*stream).avail_in = u32::try_from(input.len()).expect("a message");
            (*stream).next_out = out.as_mut_ptr();
            (*stream).avail_out = u32::try_from(out.len()).expect("a buffer");
            assert_eq!(zlib::deflate(stream, zlib::Z_SYNC_FLUSH), zlib::Z_OK);
            out.len() - (*stream).avail_out as usize - 4
        }
    }
}

impl Drop for Zlib {
    fn drop(&mut self) {
        // SAFETY: `new` has initialised it.
        unsafe { zlib::deflateEnd(self.0.as_mut_ptr()) };
    }
}
