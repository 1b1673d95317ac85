//! In what `tungstenite` 0.30 and our session differ, and what makes ours right. A new one wants a line in
//! [`reason`], its RFC section, and a test.

use wsproto::error::ProtocolError;
use wsproto::wire::{CloseFrameError, HeaderError};

use crate::ends::{Fate, Told};

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
