//! A browser's request, parsed and answered.

use std::hint::black_box;

use wsproto::handshake::{Choice, Request, accept_key};

use crate::Bench;
use crate::browser_request::REQUEST;

/// The goal is a time, not a ratio: a microsecond. Beside it the one thing that cannot be spared, SHA-1 and Base64.
pub fn run(bench: &Bench) {
    let mut out = [0; 1024];
    bench.compare(
        "a browser's handshake, parsed and answered",
        100,
        1.0,
        || {
            for _ in 0..100 {
                let Ok(Some((Request::WebSocket(handshake), _))) = Request::decode(black_box(REQUEST)) else {
                    panic!("a handshake");
                };
                let answer = handshake.accept(Choice::default()).expect("an answer");
                black_box(answer.encode(black_box(&mut out)).expect("it fits"));
            }
        },
        || {
            for _ in 0..100 {
                black_box(accept_key(black_box(b"dGhlIHNhbXBsZSBub25jZQ==")));
            }
        },
    );
}
