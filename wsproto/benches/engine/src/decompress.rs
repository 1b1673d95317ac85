//! Decompressing what C zlib has compressed at its first level, beside C zlib.

use std::hint::black_box;
use std::mem::MaybeUninit;

use libz_sys as zlib;
use wsproto::deflate::{Inflater, WindowBits};

use crate::Bench;
use crate::compress::{WINDOW, Zlib, corpus};

/// What a sender leaves out at the end of each message ([RFC 7692 §7.2.1]).
///
/// [RFC 7692 §7.2.1]: https://www.rfc-editor.org/rfc/rfc7692#section-7.2.1
const TAIL: [u8; 4] = [0, 0, 0xFF, 0xFF];

pub fn run(bench: &Bench) {
    let chat: Vec<String> = (0..1000).map(corpus::chat_message).collect();
    let json = [corpus::json_document()];
    for (name, messages, has_takeover) in [
        ("decompress chat, nothing remembered", &chat[..], false),
        ("decompress chat, takeover", &chat[..], true),
        ("decompress JSON", &json[..], false),
    ] {
        if !bench.wants(name) {
            continue;
        }
        let mut compressor = Zlib::new();
        let mut out = vec![0; 80_000];
        let compressed: Vec<Vec<u8>> = messages
            .iter()
            .map(|message| {
                let len = compressor.compress(message.as_bytes(), has_takeover, &mut out);
                [&out[..len], &TAIL].concat()
            })
            .collect();
        let len: usize = messages.iter().map(String::len).sum();
        let mut others_out = vec![0; 80_000];
        bench.compare(
            name,
            messages.len(),
            1.0,
            || {
                let bits = WindowBits::new(WINDOW).expect("a window");
                let mut inflater = Inflater::new(bits, has_takeover);
                let mut written = 0;
                for message in &compressed {
                    let message = &black_box(message)[..message.len() - TAIL.len()];
                    written += inflater.inflate(message, true, &mut out).expect("valid").written;
                }
                assert_eq!(written, len);
            },
            || {
                let mut inflate = Inflate::new();
                let written = compressed
                    .iter()
                    .map(|message| inflate.decompress(black_box(message), has_takeover, &mut others_out));
                assert_eq!(written.sum::<usize>(), len);
            },
        );
    }
}

struct Inflate(Box<MaybeUninit<zlib::z_stream>>);

impl Inflate {
    fn new() -> Self {
        let mut stream = Box::new(MaybeUninit::<zlib::z_stream>::zeroed());
        // SAFETY: as of `Zlib::new`.
        let result = unsafe {
            let size = size_of::<zlib::z_stream>() as i32;
            zlib::inflateInit2_(stream.as_mut_ptr(), -i32::from(WINDOW), zlib::zlibVersion(), size)
        };
        assert_eq!(result, zlib::Z_OK);
        Self(stream)
    }

    fn decompress(&mut self, input: &[u8], has_takeover: bool, out: &mut [u8]) -> usize {
        let stream = self.0.as_mut_ptr();
        // SAFETY: `new` has initialised the stream, and both slices outlive the call.
        unsafe {
            if !has_takeover {
                zlib::inflateReset(stream);
            }
            (*stream).next_in = input.as_ptr().cast_mut();
            (*stream).avail_in = u32::try_from(input.len()).expect("a message");
            (*stream).next_out = out.as_mut_ptr();
            (*stream).avail_out = u32::try_from(out.len()).expect("a buffer");
            assert_eq!(zlib::inflate(stream, zlib::Z_SYNC_FLUSH), zlib::Z_OK);
            out.len() - (*stream).avail_out as usize
        }
    }
}

impl Drop for Inflate {
    fn drop(&mut self) {
        // SAFETY: `new` has initialised it.
        unsafe { zlib::inflateEnd(self.0.as_mut_ptr()) };
    }
}
