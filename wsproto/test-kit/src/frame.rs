//! Frames, written down plainly: an oracle, and no fast path ([RFC 6455 §5.2]).
//!
//! [RFC 6455 §5.2]: https://www.rfc-editor.org/rfc/rfc6455#section-5.2

use std::fmt;

/// A frame, right or wrong: nothing is checked.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Frame {
    /// The last one of its message.
    pub fin: bool,
    /// RSV1, RSV2 and RSV3: the bits 4, 2 and 1.
    pub rsv: u8,
    /// 0 to 15.
    pub opcode: u8,
    /// As the sender meant it, unmasked.
    pub payload: Vec<u8>,
}

impl Frame {
    /// Returns a whole message or control frame of that opcode; more than its last four bits do not count.
    pub fn new(opcode: u8, payload: impl Into<Vec<u8>>) -> Self {
        Self { fin: true, rsv: 0, opcode: opcode & 0x0F, payload: payload.into() }
    }

    /// Returns a text message.
    pub fn text(text: &str) -> Self {
        Self::new(1, text)
    }

    /// Returns a binary message.
    pub fn binary(payload: &[u8]) -> Self {
        Self::new(2, payload)
    }

    /// Returns the continuation of a message, its last one: see [`with_fin`](Self::with_fin).
    pub fn continuation(payload: &[u8]) -> Self {
        Self::new(0, payload)
    }

    /// Returns a Close frame.
    pub fn close(code: u16, reason: &str) -> Self {
        Self::new(8, [&code.to_be_bytes()[..], reason.as_bytes()].concat())
    }

    /// Returns a Ping.
    pub fn ping(payload: &[u8]) -> Self {
        Self::new(9, payload)
    }

    /// Returns a Pong.
    pub fn pong(payload: &[u8]) -> Self {
        Self::new(10, payload)
    }

    /// Says whether it is the last frame of its message.
    #[must_use]
    pub fn with_fin(self, fin: bool) -> Self {
        Self { fin, ..self }
    }

    /// Sets RSV1, RSV2 and RSV3: the bits 4, 2 and 1.
    #[must_use]
    pub fn with_rsv(self, rsv: u8) -> Self {
        Self { rsv: rsv & 7, ..self }
    }

    /// Returns the code of a Close frame, if it is one and has one.
    pub fn close_code(&self) -> Option<u16> {
        match self.payload[..] {
            [high, low, ..] if self.opcode == 8 => Some(u16::from_be_bytes([high, low])),
            _ => None,
        }
    }

    /// Returns the bytes on the wire, masked with a key as a client does, or not, as a server.
    pub fn encode(&self, key: Option<[u8; 4]>) -> Vec<u8> {
        let mask = if key.is_some() { 0x80 } else { 0 };
        let mut wire = vec![u8::from(self.fin) << 7 | (self.rsv & 7) << 4 | self.opcode & 0x0F];
        let len = self.payload.len();
        match (u8::try_from(len), u16::try_from(len)) {
            (Ok(short @ 0..=125), _) => wire.push(mask | short),
            (_, Ok(long)) => {
                wire.push(mask | 126);
                wire.extend(long.to_be_bytes());
            }
            _ => {
                wire.push(mask | 127);
                wire.extend((len as u64).to_be_bytes());
            }
        }
        wire.extend(key.into_iter().flatten());
        let key = key.unwrap_or_default();
        wire.extend(self.payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
        wire
    }

    /// Reads a frame, and whether it was masked, off the start of `wire`; also returns how many bytes it took. `None` if more are needed.
    pub fn decode(wire: &[u8]) -> Option<(Self, bool, usize)> {
        let [first, second, rest @ ..] = wire else { return None };
        let (len, len_size) = match second & 0x7F {
            126 => (u64::from(u16::from_be_bytes(*rest.first_chunk()?)), 2),
            127 => (u64::from_be_bytes(*rest.first_chunk()?), 8),
            short => (u64::from(short), 0),
        };
        let rest = &rest[len_size..];
        let is_masked = second & 0x80 != 0;
        let (key, rest) = if is_masked { (*rest.first_chunk()?, &rest[4..]) } else { ([0; 4], rest) };
        let payload = rest.get(..usize::try_from(len).ok()?)?;
        let payload: Vec<_> = payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect();
        let taken = 2 + len_size + if is_masked { 4 } else { 0 } + payload.len();
        let frame = Self { fin: first & 0x80 != 0, rsv: first >> 4 & 7, opcode: first & 0x0F, payload };
        Some((frame, is_masked, taken))
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = ["continuation", "text", "binary", "", "", "", "", "", "close", "ping", "pong"];
        match name.get(usize::from(self.opcode)).filter(|name| !name.is_empty()) {
            Some(name) => write!(f, "{name}")?,
            None => write!(f, "opcode {}", self.opcode)?,
        }
        if self.rsv != 0 {
            write!(f, ", RSV {:03b}", self.rsv)?;
        }
        if !self.fin {
            write!(f, ", more to come")?;
        }
        if let Some(code) = self.close_code() {
            return write!(f, ", {code} {:?}", String::from_utf8_lossy(&self.payload[2..]));
        }
        match std::str::from_utf8(&self.payload) {
            Ok(text) => write!(f, ", {text:?}"),
            Err(_) => write!(f, ", {:02x?}", self.payload),
        }
    }
}
