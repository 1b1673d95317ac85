//! Whole messages out of bytes that are read, 64 KiB at most at a time.

use std::hint::black_box;

use wsproto::connection::{Limits, Message, Server};
use wsproto::session::{Buffer, Session};
use wsproto::wire::{FrameHeader, MaskingKey, Opcode, frame};

use crate::Bench;

const READ: usize = 65_536;

pub fn run(bench: &Bench) {
    for (kind, opcode, unit) in [
        ("text", Opcode::Text, "x"),
        ("text (CJK)", Opcode::Text, "\u{6587}"),
        ("binary", Opcode::Binary, "x"),
    ] {
        for size in [16, 125, 1024, 16_384, 1 << 20] {
            let payload = message(unit, size);
            receive(bench, &format!("receive {kind} {size}"), opcode, &payload, 1 << 18);
            receive(bench, &format!("receive {kind} {size}, not in cache"), opcode, &payload, 1 << 27);
        }
        receive(bench, &format!("receive {kind} 64 MiB"), opcode, &message(unit, 1 << 26), 0);
    }
}

/// As long as told, but for a last character that does not fit.
fn message(unit: &str, size: usize) -> Vec<u8> {
    unit.repeat(size / unit.len()).into_bytes()
}

/// Copies of one message, `total` bytes or so, at least one.
fn receive(bench: &Bench, name: &str, opcode: Opcode, payload: &[u8], total: usize) {
    if !bench.wants(name) {
        return;
    }
    let count = (total / (payload.len() + 8)).max(1);
    let one = encode(opcode, payload);
    let stream = one.repeat(count);
    let limits = Limits::new().with_max_message_size(1 << 26).with_max_frame_payload(1 << 26);
    let mut session = Session::new(Server, limits, vec![0; READ]);
    // As large as the message that is gathered in it.
    let mut buffer = vec![0; READ.max(payload.len() + 131)];
    bench.compare(
        name,
        count,
        if opcode == Opcode::Text { 2.1 } else { 1.6 },
        || assert_eq!(receive_all(&mut session, &stream, payload.len()), count),
        || copy_all(&mut buffer, &stream),
    );
}

fn receive_all<B: Buffer>(session: &mut Session<Server, B>, stream: &[u8], payload_len: usize) -> usize {
    let (mut rest, mut received) = (stream, 0);
    while !rest.is_empty() {
        let space = session.buffer();
        let n = space.len().min(rest.len()).min(READ);
        space[..n].copy_from_slice(&rest[..n]);
        session.filled(n);
        rest = &rest[n..];
        while let Some((message, _sender)) = session.next().expect("valid frames") {
            let len = match message {
                Message::Text(text) => black_box(text).len(),
                Message::Binary(bytes) => black_box(bytes).len(),
                _ => panic!("a message"),
            };
            received += usize::from(len == payload_len);
        }
    }
    received
}

/// The same reads into a buffer that is filled over and over.
fn copy_all(buffer: &mut [u8], stream: &[u8]) {
    let mut filled = 0;
    for read in stream.chunks(READ) {
        if filled + read.len() > buffer.len() {
            filled = 0;
        }
        buffer[filled..filled + read.len()].copy_from_slice(read);
        filled += read.len();
        black_box(&mut *buffer);
    }
}

pub fn encode(opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    let header = FrameHeader::new(opcode, true, payload.len() as u64).expect("a frame");
    let mut bytes = vec![0; payload.len() + 14];
    let key = MaskingKey::new([0x37, 0xfa, 0x21, 0x3d]);
    let len = frame::encode(header.with_masking_key(Some(key)), payload, &mut bytes).expect("it fits");
    bytes.truncate(len);
    bytes
}
