//! Frames as a client would send them.

use wsproto::wire::{FrameHeader, MaskingKey, Opcode, frame};

pub fn frame(opcode: Opcode, fin: bool, payload: &[u8]) -> Vec<u8> {
    let header = FrameHeader::new(opcode, fin, payload.len() as u64).expect("a frame");
    let mut bytes = vec![0; payload.len() + 14];
    let key = MaskingKey::new([0x37, 0xfa, 0x21, 0x3d]);
    let len = frame::encode(header.with_masking_key(Some(key)), payload, &mut bytes).expect("it fits");
    bytes.truncate(len);
    bytes
}

/// As many copies of `unit` as make `bytes`.
pub fn fill(unit: &[u8], bytes: usize) -> Vec<u8> {
    unit.repeat(bytes / unit.len())
}

pub fn text(bytes: usize) -> Vec<u8> {
    fill("caf\u{e9} \u{3ba}\u{1f600}".as_bytes(), bytes)
}
