//! Frames as bytes, written by hand here so that neither implementation's encoder is trusted; also such as may not be.

use proptest::collection::vec;
use proptest::prelude::*;
use tungstenite::protocol::Role;

/// A frame as it is put on the wire, whether that is allowed or not.
#[derive(Debug, Clone)]
pub struct RawFrame {
    pub fin: bool,
    pub rsv: u8,
    pub opcode: u8,
    /// Masked although it should not be, or the other way round.
    pub wrongly_masked: bool,
    /// The length takes at least so many bytes behind the second: 0, 2 or 8.
    pub length_bytes: usize,
    pub payload: Vec<u8>,
}

impl RawFrame {
    pub fn new(opcode: u8, payload: impl Into<Vec<u8>>) -> Self {
        let payload = payload.into();
        Self { fin: true, rsv: 0, opcode, wrongly_masked: false, length_bytes: 0, payload }
    }

    pub fn text(text: &str) -> Self {
        Self::new(0x1, text)
    }

    pub fn close(code: u16, reason: &str) -> Self {
        Self::new(0x8, [&code.to_be_bytes(), reason.as_bytes()].concat())
    }

    /// The bytes that an end of this `role` receives.
    pub fn bytes(&self, role: Role) -> Vec<u8> {
        const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
        let masked = (role == Role::Server) != self.wrongly_masked;
        let len = self.payload.len();
        let shortest = if len < 126 { 0 } else { 2 + 6 * usize::from(len > 0xFFFF) };
        let (code, length) = match self.length_bytes.max(shortest) {
            0 => (len.to_be_bytes()[7], vec![]),
            2 => (126, len.to_be_bytes()[6..].to_vec()),
            _ => (127, len.to_be_bytes().to_vec()),
        };
        let mut bytes =
            vec![u8::from(self.fin) << 7 | self.rsv << 4 | self.opcode, u8::from(masked) << 7 | code];
        bytes.extend(length);
        if masked {
            bytes.extend(KEY);
            bytes.extend(self.payload.iter().zip(KEY.iter().cycle()).map(|(byte, key)| byte ^ key));
        } else {
            bytes.extend(&self.payload);
        }
        bytes
    }
}

pub fn bytes_of(frames: &[RawFrame], role: Role) -> Vec<u8> {
    frames.iter().flat_map(|frame| frame.bytes(role)).collect()
}

/// What a peer may send: whole messages, in fragments or not, with control frames anywhere, often a Close at the end.
pub fn conversation() -> impl Strategy<Value = Vec<RawFrame>> {
    let close = prop_oneof![
        Just(RawFrame::new(0x8, "")),
        (prop_oneof![1000..=1003_u16, 1007..=1013_u16, 3000..=4999_u16], "\\PC{0,30}")
            .prop_map(|(code, reason)| RawFrame::close(code, &reason)),
    ];
    (vec(prop_oneof![3 => message(), 1 => vec(control(), 1..3)], 0..5), prop::option::of(close))
        .prop_map(|(groups, close)| groups.into_iter().flatten().chain(close).collect())
}

/// A message cut anywhere, also inside a character, with control frames between its fragments.
fn message() -> impl Strategy<Value = Vec<RawFrame>> {
    let payload = prop_oneof![
        "\\PC{0,60}".prop_map(|text| (0x1, text.into_bytes())),
        vec(any::<u8>(), 0..200).prop_map(|bytes| (0x2, bytes)),
    ];
    let cuts = vec((any::<prop::sample::Index>(), vec(control(), 0..2)), 0..4);
    (payload, cuts).prop_map(|((opcode, payload), mut cuts)| {
        cuts.sort_by_key(|(at, _)| at.index(payload.len() + 1));
        let (mut frames, mut start) = (Vec::new(), 0);
        let opcode_at = |start: &Vec<RawFrame>| if start.is_empty() { opcode } else { 0x0 };
        for (at, controls) in cuts {
            let end = at.index(payload.len() + 1);
            let fragment = RawFrame::new(opcode_at(&frames), &payload[start..end]);
            frames.push(RawFrame { fin: false, ..fragment });
            frames.extend(controls);
            start = end;
        }
        frames.push(RawFrame::new(opcode_at(&frames), &payload[start..]));
        frames
    })
}

fn control() -> impl Strategy<Value = RawFrame> {
    (0x9..=0xA_u8, vec(any::<u8>(), 0..=125)).prop_map(|(opcode, payload)| RawFrame::new(opcode, payload))
}

/// A frame that may break any rule, and often breaks none.
pub fn any_frame() -> impl Strategy<Value = RawFrame> {
    let opcode = prop_oneof![9 => prop::sample::select(vec![0x0, 0x1, 0x2, 0x8, 0x9, 0xA]), 1 => 0..16_u8];
    let payload = prop_oneof![
        3 => "\\PC{0,40}".prop_map(String::into_bytes),
        2 => (0..5010_u16, "\\PC{0,9}").prop_map(|(code, reason)| RawFrame::close(code, &reason).payload),
        2 => vec(any::<u8>(), 0..140),
    ];
    let rsv = prop_oneof![12 => Just(0), 1 => 0..8_u8];
    let length_bytes = prop_oneof![12 => Just(0), 1 => Just(2_usize), 1 => Just(8_usize)];
    (prop::bool::weighted(0.7), rsv, opcode, prop::bool::weighted(0.05), length_bytes, payload).prop_map(
        |(fin, rsv, opcode, wrongly_masked, length_bytes, payload)| RawFrame {
            fin,
            rsv,
            opcode,
            wrongly_masked,
            length_bytes,
            payload,
        },
    )
}
