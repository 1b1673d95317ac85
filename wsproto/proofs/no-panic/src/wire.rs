//! Layer 0: one frame.

use wsproto::wire::{
    CloseCode, CloseFrame, EncodedHeader, FrameHeader, MaskingKey, Opcode, Rsv, Utf8Validator, frame,
};

use crate::{EntryPoint, entry_points};

pub const ENTRY_POINTS: &[EntryPoint] = entry_points![
    FrameHeader::new,
    FrameHeader::with_masking_key,
    FrameHeader::with_rsv,
    FrameHeader::decode,
    FrameHeader::encode,
    <EncodedHeader as core::ops::Deref>::deref,
    <EncodedHeader as AsRef<[u8]>>::as_ref,
    Opcode::from_bits,
    Opcode::bits,
    Rsv::union,
    Rsv::contains,
    MaskingKey::apply,
    MaskingKey::apply_into,
    Utf8Validator::validate,
    CloseCode::new,
    CloseFrame::new,
    CloseFrame::of_code,
    CloseFrame::truncated,
    CloseFrame::payload_len,
    CloseFrame::decode,
    CloseFrame::encode,
    frame::decode,
    frame::encode,
];
