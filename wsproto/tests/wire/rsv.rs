//! The reserved bits ([RFC 6455 §5.2]): each has its place in the first byte, alone and together.

use wsproto::wire::{FrameHeader, Opcode, Rsv};

/// The first byte's bits, written from the RFC's figure.
const BITS: [(Rsv, u8); 3] = [(Rsv::RSV1, 0x40), (Rsv::RSV2, 0x20), (Rsv::RSV3, 0x10)];

/// Every set of the three, with its bits.
fn sets() -> impl Iterator<Item = (Rsv, u8)> {
    (0..8).map(|chosen| {
        let members = BITS.iter().enumerate().filter(|(i, _)| chosen >> i & 1 != 0);
        members.fold((Rsv::NONE, 0), |(rsv, bits), (_, member)| (rsv.union(member.0), bits | member.1))
    })
}

#[test]
fn they_are_written_and_read_where_the_figure_has_them() {
    let header = FrameHeader::new(Opcode::Text, true, 5).unwrap();
    for (rsv, bits) in sets() {
        let header = header.with_rsv(rsv);
        assert_eq!(*header.encode(), [0x81 | bits, 5]);
        assert_eq!(FrameHeader::decode(&[0x81 | bits, 5]), Ok(Some((header, 2))));
        assert_eq!(header.rsv(), rsv);
    }
}

#[test]
fn a_set_contains_what_it_is_a_union_of() {
    for (one, its_bits) in sets() {
        for (other, others_bits) in sets() {
            assert_eq!(one.contains(other), its_bits & others_bits == others_bits);
            assert!(one.union(other).contains(one) && one.union(other).contains(other));
            assert_eq!(one.union(other) == one, one.contains(other), "what is in it adds nothing");
        }
    }
}
