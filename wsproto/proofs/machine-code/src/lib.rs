//! The functions that are proven, as a C compiler would see them: `prove.py` executes their machine code.
//!
//! Each only unpacks its arguments and packs its result. All pointers are to as much memory as `len`, or the type, says.

use core::slice::{from_raw_parts, from_raw_parts_mut};

use wsproto::wire::{FrameHeader, HeaderError, MaskingKey, Opcode, Rsv, Utf8Validator};

/// The fields of a header, 16 bytes without a gap.
#[repr(C)]
pub struct Fields {
    payload_len: u64,
    masking_key: [u8; 4],
    is_masked: u8,
    opcode: u8,
    rsv: u8,
    fin: u8,
}

/// 0: incomplete. 2 to 14: that many bytes were taken, and `fields` is filled. From 0x100 on: an error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn decode(bytes: *const u8, len: usize, fields: *mut Fields) -> u64 {
    let (header, taken) = match FrameHeader::decode(unsafe { from_raw_parts(bytes, len) }) {
        Ok(None) => return 0,
        Ok(Some(decoded)) => decoded,
        Err(HeaderError::ReservedOpcode { bits }) => return 0x100 + u64::from(bits),
        Err(HeaderError::FragmentedControl) => return 0x200,
        Err(HeaderError::ControlTooLong) => return 0x300,
        Err(HeaderError::NonMinimalLength) => return 0x400,
        Err(HeaderError::LengthOver63Bits) => return 0x500,
        Err(_) => return 0x600,
    };
    let rsv = header.rsv();
    let fields = unsafe { &mut *fields };
    fields.payload_len = header.payload_len();
    fields.masking_key = header.masking_key().map_or([0; 4], MaskingKey::to_bytes);
    fields.is_masked = header.masking_key().is_some().into();
    fields.opcode = header.opcode().bits();
    fields.rsv = u8::from(rsv.contains(Rsv::RSV1)) << 2
        | u8::from(rsv.contains(Rsv::RSV2)) << 1
        | u8::from(rsv.contains(Rsv::RSV3));
    fields.fin = header.fin().into();
    taken as u64
}

/// Writes the header to `out`, 14 bytes, and returns its length: 0 if there is no such header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encode(fields: *const Fields, out: *mut u8) -> usize {
    let fields = unsafe { &*fields };
    let Some(opcode) = Opcode::from_bits(fields.opcode) else {
        return 0;
    };
    let Some(header) = FrameHeader::new(opcode, fields.fin != 0, fields.payload_len) else {
        return 0;
    };
    let mut rsv = Rsv::NONE;
    for (bit, flag) in [(4, Rsv::RSV1), (2, Rsv::RSV2), (1, Rsv::RSV3)] {
        if fields.rsv & bit != 0 {
            rsv = rsv.union(flag);
        }
    }
    let masking_key = (fields.is_masked != 0).then_some(MaskingKey::new(fields.masking_key));
    let encoded = header.with_rsv(rsv).with_masking_key(masking_key).encode();
    unsafe { from_raw_parts_mut(out, encoded.len()) }.copy_from_slice(&encoded);
    encoded.len()
}

/// Masks in place; `key`, 4 bytes, becomes that of the next byte.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mask(key: *mut [u8; 4], bytes: *mut u8, len: usize) {
    let next = MaskingKey::new(unsafe { *key }).apply(unsafe { from_raw_parts_mut(bytes, len) });
    unsafe { *key = next.to_bytes() };
}

/// Masks from `src` to `dst`, `len` bytes each; `key`, 4 bytes, becomes that of the next byte.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mask_into(key: *mut [u8; 4], src: *const u8, dst: *mut u8, len: usize) {
    let (src, dst) = unsafe { (from_raw_parts(src, len), from_raw_parts_mut(dst, len)) };
    if let Ok(next) = MaskingKey::new(unsafe { *key }).apply_into(src, dst) {
        unsafe { *key = next.to_bytes() };
    }
}

/// Puts a validator that has seen nothing to `validator`, 3 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn utf8_new(validator: *mut Utf8Validator) {
    unsafe { validator.write(Utf8Validator::new()) };
}

/// Gives the validator one more piece. `len`: it is valid. Less: that byte is impossible.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn utf8_validate(validator: *mut Utf8Validator, bytes: *const u8, len: usize) -> usize {
    let piece = unsafe { from_raw_parts(bytes, len) };
    unsafe { &mut *validator }.validate(piece).map_or_else(|error| error.valid_up_to, |()| len)
}

/// 1 if the text so far ends with a whole character.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn utf8_is_complete(validator: *const Utf8Validator) -> u64 {
    unsafe { &*validator }.is_complete().into()
}
