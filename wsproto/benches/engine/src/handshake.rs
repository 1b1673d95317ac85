//! A browser's request, parsed and answered.

use std::hint::black_box;

use wsproto::handshake::{Answer, Request, accept_key};

use crate::Bench;

const REQUEST: &[u8] = b"GET /chat?room=1 HTTP/1.1\r\n\
    Host: example.com:8080\r\n\
    Connection: keep-alive, Upgrade\r\n\
    Pragma: no-cache\r\n\
    Cache-Control: no-cache\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36\r\n\
    Upgrade: websocket\r\n\
    Origin: https://example.com\r\n\
    Sec-WebSocket-Version: 13\r\n\
    Accept-Encoding: gzip, deflate, br, zstd\r\n\
    Accept-Language: en-US,en;q=0.9\r\n\
    Cookie: session=0123456789abcdef0123456789abcdef\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n";

/// The goal is a time, not a ratio: a microsecond. Beside it the one thing that cannot be spared, SHA-1 and Base64.
pub fn run(bench: &Bench) {
    let mut out = [0; 1024];
    bench.compare(
        "a browser's handshake, parsed and answered",
        100,
        1.0,
        || {
            for _ in 0..100 {
                let Ok(Some((Request::Upgrade(upgrade), _))) = Request::decode(black_box(REQUEST)) else {
                    panic!("a handshake");
                };
                let acceptance = upgrade.accept(Answer::default()).expect("an answer");
                black_box(acceptance.encode(black_box(&mut out)).expect("it fits"));
            }
        },
        || {
            for _ in 0..100 {
                black_box(accept_key(black_box(b"dGhlIHNhbXBsZSBub25jZQ==")));
            }
        },
    );
}
