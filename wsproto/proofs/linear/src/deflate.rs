//! Compressed messages.

use std::hint::black_box;

use wsproto::connection::{Limits, Server};
use wsproto::deflate::{Compressor, Level, Parameters, Policy, WindowBits};
use wsproto::session::Session;
use wsproto::wire::{FrameHeader, MaskingKey, Opcode, Rsv};

use crate::measured;
use crate::peer::{fill, frame};

/// Blocks without content, a fragment for each of their bytes.
pub fn one_byte_fragments(bytes: usize) {
    let blocks = fill(&[0x00, 0x00, 0x00, 0xFF, 0xFF], bytes / 7);
    let fragments = blocks.iter().flat_map(|byte| frame(Opcode::Continuation, false, &[*byte]));
    receive(&first(&[]).into_iter().chain(fragments).collect::<Vec<_>>());
}

/// Blocks without content, each with codes of its own, for which tables are made [RFC 1951 §3.2.7].
pub fn many_codes(bytes: usize) {
    let mut block = Vec::new();
    let mut put = |value: usize, bits: usize| block.extend((0..bits).map(|bit| value >> bit & 1 == 1));
    put(0b100, 3);
    put(0, 10); // 257 lengths, and 1
    put(14, 4); // 18 lengths of the lengths' code: of 1 and of 18, one bit each
    (0..18).for_each(|at| put(usize::from(at == 2 || at == 17), 3));
    [(1, 1), (127, 7), (1, 1), (107, 7)].iter().for_each(|(value, bits)| put(*value, *bits)); // 256 times 0
    put(0, 2); // twice 1: of the block's end, and of a distance
    put(0, 1); // the block's end
    let bits: Vec<_> = block.iter().cycle().take(bytes * 8).collect();
    let byte = |bits: &[&bool]| bits.iter().rev().fold(0, |byte, bit| byte << 1 | u8::from(**bit));
    receive(&first(&bits.chunks(8).map(byte).collect::<Vec<_>>()));
}

/// What comes out is a hundred times as much as is told.
pub fn bomb(bytes: usize) {
    let mut compressor = Compressor::new(Level::FAST, WindowBits::MAX);
    let (zeros, mut out) = (vec![0; bytes * 100], vec![0; bytes * 100 + 99]);
    let compressed = compressor.compress(&zeros, true, &mut out).expect("it fits");
    receive(&first(&out[..compressed.written]));
}

/// The first frame of a compressed message.
fn first(payload: &[u8]) -> Vec<u8> {
    let key = MaskingKey::new([0, 0, 0, 0]);
    let header = FrameHeader::new(Opcode::Binary, false, payload.len() as u64).expect("a frame");
    [&header.with_rsv(Rsv::RSV1).with_masking_key(Some(key)).encode(), payload].concat()
}

fn receive(bytes: &[u8]) {
    let limits = Limits::new().with_max_fragments(u32::MAX).with_max_message_size(1 << 30);
    let mut session = Session::new(Server, limits.with_max_frame_payload(1 << 30), Vec::new())
        .with_deflate(Parameters::default(), Policy::new());
    measured(&mut || {
        for piece in bytes.chunks(4096) {
            session.push(piece);
            assert!(black_box(session.next()).expect("it is valid so far").is_none());
        }
    });
}
