//! An echo server over wsproto: 1,024 bytes for the opening handshake and for messages.
#![cfg_attr(target_os = "none", no_std, no_main)]

use wsproto::handshake::{Choice, HeadLimits, Request, RequestDecoder};
use wsproto::{Limits, Message, Server, Session};

include!("board.rs");
include!("converse.rs");

fn serve(line: &mut Line) {
    let mut memory = [0; 1024];
    if let Some(first_bytes) = handshake(line, &mut memory) {
        converse(line, &mut memory, first_bytes);
    }
}

fn handshake(line: &mut Line, memory: &mut [u8]) -> Option<usize> {
    let mut decoder = RequestDecoder::with_limits(HeadLimits::DEFAULT.with_bytes(memory.len()));
    let (mut filled, mut out) = (0, [0; 170]);
    loop {
        filled += line.read(&mut memory[filled..]);
        let (answer, opened) = match decoder.decode(&memory[..filled]) {
            Ok(None) => continue,
            Ok(Some(head)) => match head.request(memory) {
                Request::WebSocket(handshake) => {
                    (handshake.accept(Choice::default()).ok()?.encode(&mut out), Some(head.end()))
                }
                Request::Http(_) => return None,
            },
            Err(error) => (error.answer_without_text().encode(&mut out), None),
        };
        line.write_all(&out[..answer.ok()?]);
        memory.copy_within(opened?..filled, 0);
        return Some(filled - opened?);
    }
}
