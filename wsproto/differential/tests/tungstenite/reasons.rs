//! In what `tungstenite` 0.30 and our session differ, and what makes ours right. A new one wants a line in
//! [`reason`], its RFC section, and a test.

use tungstenite::protocol::Role;
use wsproto::error::ProtocolError;
use wsproto::wire::{CloseFrameError, HeaderError};

use crate::ROLES;
use crate::ends::{Fate, Told, ours, theirs};
use crate::frames::RawFrame;

/// Why two ends tell differently of the same bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Theirs judges a frame when it is whole, ours when its header or a byte of its text shows the fault. So ours
    /// has failed when the bytes end inside that frame ([RFC 6455 §8.1]; limits are to be checked early).
    WaitsForTheWholeFrame,
    /// Theirs accepts a length that is not minimal. [RFC 6455 §5.2]: the minimal number of bytes MUST be used.
    AcceptsLongerLengths,
    /// Theirs takes a close code that may not be sent as a Close frame with 1002. [RFC 6455 §7.4.1]: it MUST NOT be
    /// set; ours fails the connection, with 1002 too.
    TakesForbiddenCloseCodes,
    /// Theirs does not know 1014, which the IANA registry has, and takes it for one that may not be sent.
    DoesNotKnow1014,
}

/// Finds the reason for a difference, if there is a known one for these bytes and this outcome.
pub fn reason(bytes: &[u8], ours: &Told, theirs: &Told) -> Option<Reason> {
    let any = |is_such: &dyn Fn(&Frame) -> bool| frames(bytes).iter().any(is_such);
    let same_so_far = ours.messages == theirs.messages;
    match (&ours.fate, &theirs.fate) {
        (Fate::Failed(Some(ProtocolError::Header(error))), _)
            if matches!(error, HeaderError::NonMinimalLength | HeaderError::ControlTooLong)
                && theirs.messages.starts_with(&ours.messages)
                && any(&Frame::has_longer_length) =>
        {
            Some(Reason::AcceptsLongerLengths)
        }
        (Fate::Failed(_), Fate::Ended) if same_so_far && any(&Frame::is_cut_short) => {
            Some(Reason::WaitsForTheWholeFrame)
        }
        (
            Fate::Failed(Some(ProtocolError::Close(CloseFrameError::ForbiddenCode { code }))),
            Fate::Closed(Some((1002, _))),
        ) if same_so_far && any(&|frame| frame.closes_with(*code)) => Some(Reason::TakesForbiddenCloseCodes),
        (Fate::Closed(Some((1014, _))), Fate::Closed(Some((1002, _))))
            if same_so_far && any(&|frame| frame.closes_with(1014)) =>
        {
            Some(Reason::DoesNotKnow1014)
        }
        _ => None,
    }
}

/// A frame, taken apart without judgement; zeros stand for what was cut off.
#[derive(Default)]
struct Frame {
    first: u8,
    second: u8,
    /// What is announced, once that is there.
    len: Option<u64>,
    /// All that is there of it, unmasked.
    payload: Vec<u8>,
}

fn frames(mut bytes: &[u8]) -> Vec<Frame> {
    let mut frames = Vec::new();
    while !bytes.is_empty() {
        let (frame, rest) = split_frame(bytes).unwrap_or_default();
        frames.push(frame);
        bytes = rest;
    }
    frames
}

fn split_frame(bytes: &[u8]) -> Option<(Frame, &[u8])> {
    let (&[first, second], bytes) = bytes.split_first_chunk()?;
    let (length, bytes) = bytes.split_at_checked(match second & 0x7F {
        126 => 2,
        127 => 8,
        _ => 0,
    })?;
    let len = match length {
        [] => u64::from(second & 0x7F),
        _ => length.iter().fold(0, |len, byte| len << 8 | u64::from(*byte)),
    };
    let (key, bytes) = bytes.split_at_checked(if second & 0x80 == 0 { 0 } else { 4 })?;
    let (payload, rest) = bytes.split_at(usize::try_from(len).unwrap_or(usize::MAX).min(bytes.len()));
    let key = if key.is_empty() { &[0; 4] } else { key };
    let payload = payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect();
    Some((Frame { first, second, len: Some(len), payload }, rest))
}

impl Frame {
    fn has_longer_length(&self) -> bool {
        match (self.second & 0x7F, self.len) {
            (126, Some(len)) => len < 126,
            (127, Some(len)) => len < 0x1_0000,
            _ => false,
        }
    }

    fn is_cut_short(&self) -> bool {
        self.len.is_none_or(|len| len > self.payload.len() as u64)
    }

    fn closes_with(&self, code: u16) -> bool {
        self.first & 0x0F == 0x8 && self.payload.starts_with(&code.to_be_bytes())
    }
}

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
