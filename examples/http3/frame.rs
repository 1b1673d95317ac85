//! Frames, and what is in those that have header fields.

use std::io::{Error, ErrorKind, Result};

use qpack::HeaderField;
use quinn::{RecvStream, SendStream, VarInt};

/// Types of frames ([RFC 9114 §7.2]).
///
/// [RFC 9114 §7.2]: https://www.rfc-editor.org/rfc/rfc9114#section-7.2
pub const DATA: u64 = 0x0;
pub const HEADERS: u64 = 0x1;
pub const SETTINGS: u64 = 0x4;
pub const GOAWAY: u64 = 0x7;

/// Codes of errors ([RFC 9114 §8.1]).
///
/// [RFC 9114 §8.1]: https://www.rfc-editor.org/rfc/rfc9114#section-8.1
pub const NO_ERROR: VarInt = VarInt::from_u32(0x100);
pub const STREAM_CREATION_ERROR: VarInt = VarInt::from_u32(0x103);
pub const CLOSED_CRITICAL_STREAM: VarInt = VarInt::from_u32(0x104);
pub const FRAME_UNEXPECTED: VarInt = VarInt::from_u32(0x105);
pub const FRAME_ERROR: VarInt = VarInt::from_u32(0x106);
pub const MISSING_SETTINGS: VarInt = VarInt::from_u32(0x10a);
pub const REQUEST_CANCELLED: VarInt = VarInt::from_u32(0x10c);
pub const MESSAGE_ERROR: VarInt = VarInt::from_u32(0x10e);

/// So large all the header fields of a message may be ([RFC 9114 §4.2.2]), and any other frame that is read
/// as a whole.
///
/// [RFC 9114 §4.2.2]: https://www.rfc-editor.org/rfc/rfc9114#section-4.2.2
pub const MAX_FIELDS: u64 = 16 * 1024;

/// Appends an integer of variable length ([RFC 9000 §16]).
///
/// [RFC 9000 §16]: https://www.rfc-editor.org/rfc/rfc9000#section-16
pub fn append_integer(value: u64, dst: &mut Vec<u8>) {
    match value {
        0..0x40 => dst.extend(&value.to_be_bytes()[7..]),
        0x40..0x4000 => dst.extend(&(value | 0x4000).to_be_bytes()[6..]),
        0x4000..0x4000_0000 => dst.extend(&(value | 0x8000_0000).to_be_bytes()[4..]),
        _ => dst.extend((value | 0xc000_0000_0000_0000).to_be_bytes()),
    }
}

/// Takes an integer off the front; gives nothing, and takes nothing, if it is not all there.
pub fn take_integer(bytes: &mut &[u8]) -> Option<u64> {
    let len = 1 << (bytes.first()? >> 6);
    let (integer, rest) = bytes.split_at_checked(len)?;
    *bytes = rest;
    let value = integer.iter().fold(0, |value, byte| (value << 8) | u64::from(*byte));
    Some(value & (u64::MAX >> (66 - 8 * len)))
}

/// Appends a frame's header: its type, and how long it is.
pub fn append_header(kind: u64, len: usize, dst: &mut Vec<u8>) {
    append_integer(kind, dst);
    append_integer(len as u64, dst);
}

/// A frame's header as it comes, at most 16 bytes.
#[derive(Default)]
pub struct Header {
    bytes: [u8; 16],
    len: usize,
}

impl Header {
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Takes the next byte of a single integer; gives it after the last one.
    pub fn push_integer(&mut self, byte: u8) -> Option<u64> {
        self.bytes[self.len] = byte;
        self.len += 1;
        take_integer(&mut &self.bytes[..self.len])
    }

    /// Takes the next byte; gives type and length after the last one, and begins anew.
    pub fn push(&mut self, byte: u8) -> Option<(u64, u64)> {
        self.bytes[self.len] = byte;
        self.len += 1;
        let mut bytes = &self.bytes[..self.len];
        let header = (take_integer(&mut bytes)?, take_integer(&mut bytes)?);
        self.len = 0;
        Some(header)
    }
}

/// Reads a frame, and skips those of types that mean nothing here ([RFC 9114 §9]); `None` is the stream's end.
///
/// # Errors
///
/// Of the stream; if it ends within a frame; if a frame is longer than [`MAX_FIELDS`].
///
/// [RFC 9114 §9]: https://www.rfc-editor.org/rfc/rfc9114#section-9
pub async fn read(stream: &mut RecvStream) -> Result<Option<(u64, Vec<u8>)>> {
    loop {
        let mut header = Header::default();
        let (kind, len) = loop {
            let mut byte = [0];
            match stream.read(&mut byte).await? {
                Some(_) => {}
                None if header.is_empty() => return Ok(None),
                None => return Err(ErrorKind::UnexpectedEof.into()),
            }
            if let Some(header) = header.push(byte[0]) {
                break header;
            }
        };
        if len > MAX_FIELDS {
            return Err(malformed(format!("a frame of {len} bytes, more than {MAX_FIELDS}")));
        }
        let mut payload = vec![0; usize::try_from(len).map_err(Error::other)?];
        stream.read_exact(&mut payload).await.map_err(malformed)?;
        if is_known(kind) {
            return Ok(Some((kind, payload)));
        }
    }
}

/// Whether a type is one of the RFC's, those of HTTP/2 included, which must not come ([RFC 9114 §7.2.8]).
///
/// [RFC 9114 §7.2.8]: https://www.rfc-editor.org/rfc/rfc9114#section-7.2.8
pub const fn is_known(kind: u64) -> bool {
    matches!(kind, 0x0..=0x9 | 0xd)
}

/// The header fields of a request or a response ([RFC 9114 §4.3]).
///
/// [RFC 9114 §4.3]: https://www.rfc-editor.org/rfc/rfc9114#section-4.3
#[derive(Debug, Default)]
pub struct Fields(Vec<(String, Vec<u8>)>);

impl Fields {
    #[must_use]
    pub fn with(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.0.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    /// Sends them as a frame.
    ///
    /// # Errors
    ///
    /// Of the stream.
    pub async fn send(&self, stream: &mut SendStream) -> Result<()> {
        self.send_with(b"", stream).await
    }

    /// Sends them, and a body behind them.
    ///
    /// # Errors
    ///
    /// Of the stream.
    pub async fn send_with(&self, body: &[u8], stream: &mut SendStream) -> Result<()> {
        let mut block = Vec::new();
        let fields = self.0.iter().map(|(name, value)| HeaderField::new(name.as_bytes(), value.as_slice()));
        qpack::encode_stateless(&mut block, fields).map_err(Error::other)?;
        let mut frame = Vec::new();
        append_header(HEADERS, block.len(), &mut frame);
        frame.extend(block);
        if !body.is_empty() {
            append_header(DATA, body.len(), &mut frame);
            frame.extend(body);
        }
        Ok(stream.write_all(&frame).await?)
    }

    /// Receives them: the first frame of a request or a response.
    ///
    /// # Errors
    ///
    /// Of the stream; if something else comes; if they are malformed ([RFC 9114 §4.1.2]).
    ///
    /// [RFC 9114 §4.1.2]: https://www.rfc-editor.org/rfc/rfc9114#section-4.1.2
    pub async fn receive(stream: &mut RecvStream) -> Result<Self> {
        let Some((HEADERS, block)) = read(stream).await? else {
            return Err(malformed("a message without header fields"));
        };
        let decoded = qpack::decode_stateless(&mut block.as_slice(), MAX_FIELDS).map_err(malformed)?;
        let fields = decoded.fields.into_iter().map(|field| {
            let (name, value) = field.into_inner();
            Ok((String::from_utf8(name.into_owned()).map_err(malformed)?, value.into_owned()))
        });
        let fields = Self(fields.collect::<Result<_>>()?);
        fields.check()?;
        Ok(fields)
    }

    /// [RFC 9114 §4.2, §4.3]: names are in lower case; pseudo-header fields come first, each once.
    fn check(&self) -> Result<()> {
        let names = || self.0.iter().map(|(name, _)| name.as_str());
        let pseudo: Vec<_> = names().take_while(|name| name.starts_with(':')).collect();
        for (n, name) in names().enumerate() {
            let is_wrong = if n < pseudo.len() {
                pseudo[..n].contains(&name)
                    || ![":method", ":scheme", ":authority", ":path", ":protocol", ":status"].contains(&name)
            } else {
                name.starts_with(':')
            };
            if is_wrong || name.is_empty() || name.contains(|byte: char| byte.is_ascii_uppercase()) {
                return Err(malformed(format!("a wrong field {name:?}")));
            }
        }
        Ok(())
    }

    /// A pseudo-header field's value, if it is there and is text.
    pub fn pseudo(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(other, _)| other == name)?;
        std::str::from_utf8(value).ok()
    }

    /// Those that are no pseudo-header fields.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> + Clone {
        let headers = self.0.iter().filter(|(name, _)| !name.starts_with(':'));
        headers.map(|(name, value)| (name.as_str(), value.as_slice()))
    }
}

/// An error of the peer's, in words.
pub fn malformed(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::new(ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_those_of_the_rfc() {
        // [RFC 9000 §A.1]
        let examples: [(u64, &[u8]); 4] = [
            (151_288_809_941_952_652, &[0xc2, 0x19, 0x7c, 0x5e, 0xff, 0x14, 0xe8, 0x8c]),
            (494_878_333, &[0x9d, 0x7f, 0x3e, 0x7d]),
            (15_293, &[0x7b, 0xbd]),
            (37, &[0x25]),
        ];
        for (value, bytes) in examples {
            let mut encoded = Vec::new();
            append_integer(value, &mut encoded);
            assert_eq!(encoded, bytes);
            assert_eq!(take_integer(&mut &bytes[..]), Some(value));
            assert_eq!(take_integer(&mut &bytes[..bytes.len() - 1]), None);
        }
        assert_eq!(take_integer(&mut &[0x40, 0x25][..]), Some(37), "longer than it need be");
    }

    #[test]
    fn malformed_fields_are_refused() {
        let whole = || Fields::default().with(":method", "GET").with("accept", "x").with("accept", "y");
        whole().check().unwrap();
        for (name, case) in
            [(":path", "a pseudo-header field behind others"), ("Accept", "upper case"), ("", "no name")]
        {
            assert!(whole().with(name, "/").check().is_err(), "{case}");
        }
        assert!(Fields::default().with(":path", "/").with(":path", "/").check().is_err(), "twice");
        assert!(Fields::default().with(":unknown", "/").check().is_err(), "unknown");
    }

    /// No input is a panic: each field section of three bytes behind the prefix, and long integers.
    #[test]
    fn any_field_section_is_read_or_refused() {
        for n in 0..1 << 24 {
            let [_, one, two, three] = u32::to_be_bytes(n);
            let section = [0, 0, one, two, three];
            if n % 251 == 0 || two == 0xff || one == 0xff {
                let _ = qpack::decode_stateless(&mut section.as_slice(), MAX_FIELDS);
            }
        }
        for first in 0..=255 {
            for last in [0, 1, 0x7f] {
                let mut section = vec![0, 0, first];
                section.extend([0xff; 9]);
                section.push(last);
                let _ = qpack::decode_stateless(&mut section.as_slice(), MAX_FIELDS);
                let _ = qpack::decode_stateless(&mut &section[2..], MAX_FIELDS);
            }
        }
    }
}
