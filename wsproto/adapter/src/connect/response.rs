use std::fmt;
use std::time::Duration;

use wsproto::handshake::{Fields, HttpResponse};

/// The longest body that is kept, in bytes.
const BODY: usize = 4096;
/// The longest start of a body that is looked at, with the sizes of its chunks.
const RAW_BODY: usize = 2 * BODY;

/// A server's or a proxy's response: status, header fields, and of one that is no WebSocket the start of the
/// body, up to 4 KiB (4096 bytes).
///
/// All of it is the server's, or somebody's on the way: log it with `{:?}`.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    status: u16,
    reason: Box<str>,
    headers: Vec<(Box<str>, Box<[u8]>)>,
    body: Vec<u8>,
}

impl Response {
    /// Returns the status: 401 wants an `Authorization`, 301 and its like name a `Location`.
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// Returns the reason phrase. It may be empty.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Returns the first value of the header fields of this name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Iterates over all header fields, in order: names and values.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.headers.iter().map(|(name, value)| (&**name, &**value))
    }

    /// Returns the start of the body, without the sizes of its chunks: at most 4096 bytes, and what came of
    /// them within a second.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Returns how long the server asks to wait before another attempt, if it says so in seconds
    /// ([RFC 9110 §10.2.3]). A date is not understood.
    ///
    /// [RFC 9110 §10.2.3]: https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
    pub fn retry_after(&self) -> Option<Duration> {
        let value = std::str::from_utf8(self.header("retry-after")?).ok()?;
        value
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| value.parse().ok())
            .flatten()
            .map(Duration::from_secs)
    }

    /// Keeps a response's head.
    #[doc(hidden)]
    pub fn of<'b>(response: &HttpResponse<'b, impl Fields<'b>>) -> Self {
        Self {
            status: response.status(),
            reason: response.reason().into(),
            headers: response.headers().map(|(name, value)| (name.into(), value.into())).collect(),
            body: Vec::new(),
        }
    }

    /// The longest time that a body holds up the error it belongs to.
    #[doc(hidden)]
    pub const BODY_TIME: Duration = Duration::from_secs(1);

    /// Tells whether more of the body is to be read: `raw` came behind the head.
    #[doc(hidden)]
    pub fn wants_body(&self, raw: &[u8]) -> bool {
        raw.len() < RAW_BODY && !Framing::of(self).is_whole(raw)
    }

    /// Keeps the start of the body, as far as it came behind the head.
    #[doc(hidden)]
    #[must_use]
    pub fn with_body(self, raw: &[u8]) -> Self {
        let body = Framing::of(&self).body(raw).0;
        Self { body, ..self }
    }
}

/// How a body's end is told ([RFC 9112 §6.3]).
///
/// [RFC 9112 §6.3]: https://www.rfc-editor.org/rfc/rfc9112#section-6.3
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    Length(u64),
    Chunks,
    /// By the connection's end.
    End,
}

impl Framing {
    fn of(refused: &Response) -> Self {
        if matches!(refused.status, 204 | 304) {
            return Self::Length(0);
        }
        let is_chunked = |value: &[u8]| value.to_ascii_lowercase().ends_with(b"chunked");
        if let Some(coding) = refused.header("transfer-encoding") {
            return if is_chunked(coding) { Self::Chunks } else { Self::End };
        }
        let length =
            refused.header("content-length").and_then(|value| std::str::from_utf8(value).ok()?.parse().ok());
        length.map_or(Self::End, Self::Length)
    }

    fn is_whole(self, raw: &[u8]) -> bool {
        let (body, is_whole) = self.body(raw);
        is_whole || body.len() >= BODY
    }

    /// Returns the start of the body, and whether that is all of it.
    fn body(self, raw: &[u8]) -> (Vec<u8>, bool) {
        let (mut body, is_whole) = match self {
            Self::Length(length) => {
                let length = usize::try_from(length).unwrap_or(usize::MAX);
                (raw.get(..length).unwrap_or(raw).to_vec(), raw.len() >= length)
            }
            Self::Chunks => unchunk(raw),
            Self::End => (raw.to_vec(), false),
        };
        body.truncate(BODY);
        (body, is_whole)
    }
}

/// Takes the chunks apart as far as they came ([RFC 9112 §7.1]); a malformed one ends the body.
///
/// [RFC 9112 §7.1]: https://www.rfc-editor.org/rfc/rfc9112#section-7.1
fn unchunk(mut raw: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    while let Some(end) = raw.windows(2).position(|pair| pair == b"\r\n") {
        let (line, rest) = (&raw[..end], &raw[end + 2..]);
        let digits = line.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
        let size = std::str::from_utf8(digits).ok().and_then(|digits| usize::from_str_radix(digits, 16).ok());
        let Some(size @ 1..) = size else {
            return (body, true);
        };
        let Some(chunk) = rest.get(..size) else {
            body.extend_from_slice(rest);
            return (body, false);
        };
        body.extend_from_slice(chunk);
        raw = rest[size..].strip_prefix(b"\r\n").unwrap_or_default();
    }
    (body, false)
}

impl fmt::Display for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "answered {}", self.status)?;
        if !self.reason.is_empty() {
            write!(f, " {}", self.reason.escape_debug())?;
        }
        Ok(())
    }
}

/// Shows the body as text, escaped.
impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        struct Shown<'a>(&'a Response);
        impl fmt::Debug for Shown<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_map()
                    .entries(self.0.headers().map(|(name, value)| (name, String::from_utf8_lossy(value))))
                    .finish()
            }
        }
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("reason", &self.reason)
            .field("headers", &Shown(self))
            .field("body", &String::from_utf8_lossy(&self.body))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::unchunk;

    #[test]
    fn chunks_are_taken_apart_as_far_as_they_came() {
        let all = b"4;name=value\r\nabcd\r\n2\r\nef\r\n0\r\n\r\n";
        assert_eq!(unchunk(all), (b"abcdef".to_vec(), true));
        for end in 0..all.len() {
            let (body, is_whole) = unchunk(&all[..end]);
            assert!(b"abcdef".starts_with(&body) && (!is_whole || body == b"abcdef"), "{end}");
        }
        assert_eq!(unchunk(b"ffffffffffffffff\r\nab"), (b"ab".to_vec(), false));
        assert_eq!(unchunk(b"-1\r\nab"), (Vec::new(), true));
    }
}
