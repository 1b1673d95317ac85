//! Frame headers ([RFC 6455 §5.2]): every form is read as it was written, and nothing else is taken.

use proptest::prelude::*;
use wsproto::wire::{FrameHeader, HeaderError, MAX_HEADER_LEN, MaskingKey, Opcode, Rsv};

const OPCODES: [Opcode; 6] =
    [Opcode::Continuation, Opcode::Text, Opcode::Binary, Opcode::Close, Opcode::Ping, Opcode::Pong];

#[test]
fn each_length_takes_its_shortest_form() {
    for (len, header_len) in [(0, 2), (125, 2), (126, 4), (65_535, 4), (65_536, 10), (u64::MAX >> 1, 10)] {
        let header = FrameHeader::new(Opcode::Binary, true, len).unwrap();
        assert_eq!(header.encode().len(), header_len, "{len} bytes, unmasked");
        let masked = header.with_masking_key(Some(MaskingKey::new([1, 2, 3, 4])));
        assert_eq!(masked.encode().len(), header_len + 4, "{len} bytes, masked");
    }
}

#[test]
fn lengths_not_in_their_shortest_form_are_refused() {
    let non_minimal = Err(HeaderError::NonMinimalLength);
    assert_eq!(FrameHeader::decode(&[0x82, 126, 0, 125]), non_minimal);
    assert_eq!(FrameHeader::decode(&[0x82, 126, 0, 0]), non_minimal);
    assert_eq!(FrameHeader::decode(&[0x82, 127, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]), non_minimal);
    assert_eq!(FrameHeader::decode(&[0x82, 127, 0, 0, 0, 0, 0, 0, 0, 1]), non_minimal);
    assert!(FrameHeader::decode(&[0x82, 126, 0, 126]).unwrap().is_some());
    assert!(FrameHeader::decode(&[0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]).unwrap().is_some());
}

#[test]
fn lengths_of_2_to_the_63_and_above_are_refused_at_their_first_byte() {
    for top in 0x80..=0xFF {
        assert_eq!(FrameHeader::decode(&[0x82, 127, top]), Err(HeaderError::LengthOver63Bits));
    }
    assert!(FrameHeader::new(Opcode::Binary, true, 1 << 63).is_none());
}

#[test]
fn reserved_opcodes_are_refused_at_the_first_byte() {
    for bits in (0x3..=0x7).chain(0xB..=0xF) {
        for flags in [0x00, 0x80] {
            assert_eq!(FrameHeader::decode(&[flags | bits]), Err(HeaderError::ReservedOpcode { bits }));
        }
    }
}

#[test]
fn control_frames_without_fin_are_refused_at_the_first_byte() {
    for opcode in [0x8, 0x9, 0xA] {
        assert_eq!(FrameHeader::decode(&[opcode]), Err(HeaderError::FragmentedControl));
    }
    assert!(FrameHeader::new(Opcode::Ping, false, 0).is_none());
}

#[test]
fn a_126_byte_ping_is_refused_from_its_header_alone() {
    for opcode in [0x88, 0x89, 0x8A] {
        for length in [126, 127, 0x80 | 126, 0x80 | 127] {
            assert_eq!(FrameHeader::decode(&[opcode, length]), Err(HeaderError::ControlTooLong));
        }
        assert!(FrameHeader::decode(&[opcode, 125]).unwrap().is_some());
    }
    assert!(FrameHeader::new(Opcode::Ping, true, 126).is_none());
    assert!(FrameHeader::new(Opcode::Ping, true, 125).is_some());
}

#[test]
fn all_headers_of_two_bytes_mean_what_the_figure_says() {
    for first in 0..=255_u8 {
        for second in 0..126_u8 {
            let Ok(decoded) = FrameHeader::decode(&[first, second]) else {
                let opcode = first & 0x0F;
                assert!(matches!(opcode, 3..=7 | 11..) || opcode >= 8 && first < 0x80);
                continue;
            };
            let (header, len) = decoded.unwrap();
            assert_eq!(len, 2);
            assert_eq!(header.fin(), first >= 0x80);
            assert_eq!(header.opcode().bits(), first & 0x0F);
            assert_eq!(header.rsv().contains(Rsv::RSV1), first & 0x40 != 0);
            assert_eq!(header.rsv().contains(Rsv::RSV2), first & 0x20 != 0);
            assert_eq!(header.rsv().contains(Rsv::RSV3), first & 0x10 != 0);
            assert_eq!(header.payload_len(), u64::from(second));
            assert_eq!(header.masking_key(), None);
            assert_eq!(&*header.encode(), [first, second]);
        }
    }
}

fn any_header() -> impl Strategy<Value = FrameHeader> {
    let len = prop_oneof![0..=125_u64, 126..=0xFFFF_u64, 0x1_0000..=u64::MAX >> 1];
    let rsv = proptest::sample::subsequence(vec![Rsv::RSV1, Rsv::RSV2, Rsv::RSV3], 0..=3);
    let key = any::<Option<[u8; 4]>>();
    (0..OPCODES.len(), any::<bool>(), len, rsv, key).prop_filter_map(
        "no such frame",
        |(opcode, fin, len, rsv, key)| {
            let rsv = rsv.into_iter().fold(Rsv::NONE, Rsv::union);
            let header = FrameHeader::new(OPCODES[opcode], fin, len)?;
            Some(header.with_rsv(rsv).with_masking_key(key.map(MaskingKey::new)))
        },
    )
}

proptest! {
    #[test]
    fn what_was_encoded_is_decoded(header in any_header(), behind in any::<[u8; 3]>()) {
        let encoded = header.encode();
        prop_assert!(encoded.len() <= MAX_HEADER_LEN);
        let mut bytes = encoded.to_vec();
        bytes.extend(behind);
        prop_assert_eq!(FrameHeader::decode(&bytes), Ok(Some((header, encoded.len()))));
        for end in 0..encoded.len() {
            prop_assert_eq!(FrameHeader::decode(&encoded[..end]), Ok(None), "{} bytes", end);
        }
    }

    #[test]
    fn what_was_decoded_is_encoded_to_the_same_bytes(bytes in any::<[u8; 14]>()) {
        if let Ok(Some((header, len))) = FrameHeader::decode(&bytes) {
            prop_assert_eq!(&*header.encode(), &bytes[..len]);
        }
    }

    #[test]
    fn an_error_of_a_prefix_is_the_error_of_the_whole(bytes in any::<[u8; 14]>()) {
        let whole = FrameHeader::decode(&bytes);
        for end in 0..bytes.len() {
            match FrameHeader::decode(&bytes[..end]) {
                Ok(None) => {}
                told => prop_assert_eq!(told, whole),
            }
        }
    }
}

#[test]
fn an_encoded_header_tells_its_masking_key_at_each_length() {
    let key = MaskingKey::new([0x37, 0xfa, 0x21, 0x3d]);
    for len in [0, 125, 126, 0xFFFF, 0x1_0000, (1 << 63) - 1] {
        let header = FrameHeader::new(Opcode::Binary, true, len).unwrap();
        assert_eq!(header.encode().masking_key(), None, "{len}");
        assert_eq!(header.with_masking_key(Some(key)).encode().masking_key(), Some(key), "{len}");
        let zero = MaskingKey::new([0; 4]);
        assert_eq!(header.with_masking_key(Some(zero)).encode().masking_key(), Some(zero), "{len}");
    }
}
