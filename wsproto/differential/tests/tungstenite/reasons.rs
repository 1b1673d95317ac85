//! A test for each reason on the list.

use tungstenite::protocol::Role;
use wsproto_differential::ends::{Fate, Told, ours, theirs};
use wsproto_differential::reasons::{Reason, reason};

use crate::ROLES;
use crate::frames::RawFrame;

/// What both tell of one frame.
fn both(frame: &RawFrame, role: Role, keep: usize) -> (Told, Told, Option<Reason>) {
    let bytes = frame.bytes(role);
    let bytes = &bytes[..keep.min(bytes.len())];
    let (ours, theirs) = (ours(role, bytes, &[]), theirs(role, bytes, &[]));
    let reason = reason(bytes, &ours, &theirs);
    (ours, theirs, reason)
}

#[test]
fn a_fault_is_told_before_the_frame_is_whole() {
    let not_utf8 = RawFrame::new(0x1, b"\xFF and more".to_vec());
    let reserved = RawFrame { rsv: 0b100, ..RawFrame::text("and more") };
    let too_big = RawFrame { opcode: 0x9, ..RawFrame::new(0x2, vec![0; 126]) };
    for role in ROLES {
        for frame in [&not_utf8, &reserved, &too_big] {
            let (ours, theirs, reason) = both(frame, role, 9);
            assert!(matches!((ours.fate, theirs.fate), (Fate::Failed(_), Fate::Ended)));
            assert_eq!(reason, Some(Reason::WaitsForTheWholeFrame));
            // Once it is whole, both have failed.
            let (ours, theirs, _) = both(frame, role, usize::MAX);
            assert_eq!(ours, theirs);
        }
    }
}

#[test]
fn a_length_that_is_not_minimal_fails_the_connection() {
    for role in ROLES {
        for (opcode, length_bytes) in [(0x2, 2), (0x2, 8), (0x9, 2), (0x9, 8)] {
            let frame = RawFrame { length_bytes, ..RawFrame::new(opcode, "Hello") };
            let (ours, theirs, reason) = both(&frame, role, usize::MAX);
            assert!(matches!((ours.fate, theirs.fate), (Fate::Failed(_), Fate::Ended)));
            assert_eq!(theirs.messages.len(), 1);
            assert_eq!(reason, Some(Reason::AcceptsLongerLengths));
        }
    }
}

#[test]
fn a_close_code_that_may_not_be_sent_fails_the_connection() {
    for role in ROLES {
        for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, u16::MAX] {
            let (ours, theirs, reason) = both(&RawFrame::close(code, ""), role, usize::MAX);
            assert!(matches!((ours.fate, theirs.fate), (Fate::Failed(_), Fate::Closed(Some((1002, _))))));
            assert_eq!(reason, Some(Reason::TakesForbiddenCloseCodes));
        }
    }
}

#[test]
fn a_bad_gateway_is_a_reason_to_close() {
    for role in ROLES {
        let (ours, _, reason) = both(&RawFrame::close(1014, "bad gateway"), role, usize::MAX);
        assert_eq!(ours.fate, Fate::Closed(Some((1014, "bad gateway".to_owned()))));
        assert_eq!(reason, Some(Reason::DoesNotKnow1014));
    }
}
