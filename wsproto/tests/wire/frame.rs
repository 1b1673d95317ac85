//! One whole frame in one call, and the byte strings printed in [RFC 6455 §5.7].

use proptest::prelude::*;
use wsproto::error::BufferTooSmall;
use wsproto::wire::frame::{self, EncodeError, Frame, FrameError};
use wsproto::wire::{FrameHeader, HeaderError, MaskingKey, Opcode, Rsv};

/// Encodes to the bytes printed, and decodes from them.
fn check(header: FrameHeader, payload: &[u8], printed: &[u8]) {
    let mut out = vec![0; printed.len()];
    assert_eq!(frame::encode(header, payload, &mut out), Ok(printed.len()));
    assert_eq!(out, printed);
    assert_eq!(frame::decode(&mut out, payload.len()), Ok(Some((Frame { header, payload }, printed.len()))));
}

fn header(opcode: Opcode, fin: bool, len: u64) -> FrameHeader {
    FrameHeader::new(opcode, fin, len).unwrap()
}

#[test]
fn the_examples_of_section_5_7() {
    let key = Some(MaskingKey::new([0x37, 0xfa, 0x21, 0x3d]));
    // A single-frame unmasked text message
    check(header(Opcode::Text, true, 5), b"Hello", &[0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]);
    // A single-frame masked text message
    check(
        header(Opcode::Text, true, 5).with_masking_key(key),
        b"Hello",
        &[0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58],
    );
    // A fragmented unmasked text message
    check(header(Opcode::Text, false, 3), b"Hel", &[0x01, 0x03, 0x48, 0x65, 0x6c]);
    check(header(Opcode::Continuation, true, 2), b"lo", &[0x80, 0x02, 0x6c, 0x6f]);
    // Unmasked Ping request and masked Pong response
    check(header(Opcode::Ping, true, 5), b"Hello", &[0x89, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]);
    check(
        header(Opcode::Pong, true, 5).with_masking_key(key),
        b"Hello",
        &[0x8a, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58],
    );
    // 256 bytes binary message in a single unmasked frame
    let payload: Vec<u8> = (0..=255).collect();
    check(header(Opcode::Binary, true, 256), &payload, &[&[0x82, 0x7E, 0x01, 0x00], &payload[..]].concat());
    // 64KiB binary message in a single unmasked frame
    let payload = payload.repeat(256);
    let printed = [0x82, 0x7F, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00];
    check(header(Opcode::Binary, true, 65_536), &payload, &[&printed, &payload[..]].concat());
}

#[test]
fn an_incomplete_frame_is_no_error_and_stays_as_it_is() {
    let whole = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
    for end in 0..whole.len() {
        let mut bytes = whole[..end].to_vec();
        assert_eq!(frame::decode(&mut bytes, 125), Ok(None));
        assert_eq!(bytes, whole[..end]);
    }
}

#[test]
fn a_payload_over_the_limit_is_refused_from_its_header() {
    let mut bytes = [0x82, 127, 0x40, 0, 0, 0, 0, 0, 0, 0];
    assert_eq!(
        frame::decode(&mut bytes, usize::MAX),
        if usize::BITS == 64 { Ok(None) } else { Err(FrameError::PayloadTooBig { len: 1 << 62 }) }
    );
    assert_eq!(frame::decode(&mut bytes, 1000), Err(FrameError::PayloadTooBig { len: 1 << 62 }));
    assert_eq!(
        frame::decode(&mut [0x83, 0], 1000),
        Err(FrameError::Header(HeaderError::ReservedOpcode { bits: 3 }))
    );
}

#[test]
fn encoding_into_too_small_a_slice_changes_nothing() {
    for key in [None, Some(MaskingKey::new([1, 2, 3, 4]))] {
        let header = header(Opcode::Text, true, 5).with_masking_key(key);
        let needed = header.encode().len() + 5;
        for len in 0..needed {
            let mut dst = vec![0xEE; len];
            let too_small = EncodeError::BufferTooSmall(BufferTooSmall { needed });
            assert_eq!(frame::encode(header, b"Hello", &mut dst), Err(too_small));
            assert!(dst.iter().all(|byte| *byte == 0xEE));
        }
    }
}

#[test]
fn a_header_for_another_length_is_refused() {
    let mismatch = EncodeError::LengthMismatch { header: 4, payload: 5 };
    assert_eq!(frame::encode(header(Opcode::Text, true, 4), b"Hello", &mut [0; 20]), Err(mismatch));
}

proptest! {
    #[test]
    fn what_was_encoded_is_decoded(
        key: Option<[u8; 4]>,
        fin: bool,
        payload in proptest::collection::vec(any::<u8>(), 0..400),
        behind in proptest::collection::vec(any::<u8>(), 0..4),
    ) {
        let header = header(Opcode::Binary, fin, payload.len() as u64).with_masking_key(key.map(MaskingKey::new));
        let mut bytes = vec![0; 414];
        let written = frame::encode(header, &payload, &mut bytes).unwrap();
        bytes.truncate(written);
        bytes.extend(&behind);
        let (frame, taken) = frame::decode(&mut bytes, 400).unwrap().unwrap();
        prop_assert_eq!((frame.header, frame.payload, taken), (header, &payload[..], written));
        prop_assert_eq!(&bytes[written..], behind);
    }
}

#[test]
fn a_frame_begins_with_its_header_as_that_is_encoded_alone() {
    for len in [0, 1, 125, 126, 65_535, 65_536] {
        for key in [None, Some(MaskingKey::new([0x37, 0xfa, 0x21, 0x3d]))] {
            for (opcode, fin) in [(Opcode::Text, true), (Opcode::Binary, false), (Opcode::Continuation, true)]
            {
                let header = header(opcode, fin, len as u64).with_masking_key(key).with_rsv(Rsv::RSV1);
                let (encoded, mut frame) = (header.encode(), vec![0; len + 14]);
                assert_eq!(frame::encode(header, &vec![0; len], &mut frame), Ok(encoded.len() + len));
                assert_eq!(frame[..encoded.len()], *encoded);
            }
        }
    }
}
