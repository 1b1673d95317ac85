//! The first line of a head, byte for byte as it comes: refused at the first byte that no such line can have.

use super::error::HeadError;
use super::tokens::is_token_byte;
use core::fmt;

/// Names the version of HTTP of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum HttpVersion {
    /// HTTP/1.0
    Http10,
    /// HTTP/1.1, or a higher minor version, which is processed as this one ([RFC 9110 §2.5]).
    ///
    /// [RFC 9110 §2.5]: https://www.rfc-editor.org/rfc/rfc9110#section-2.5
    Http11,
    /// HTTP/2 or HTTP/3, whose header fields and pseudo-header fields are the same.
    Http2,
}

/// Writes the version as HTTP does: `HTTP/1.1`.
impl fmt::Display for HttpVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Http10 => "HTTP/1.0",
            Self::Http11 => "HTTP/1.1",
            Self::Http2 => "HTTP/2",
        })
    }
}

/// Reads one first line that arrives in pieces, and looks at each byte once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StartLine {
    /// Where the line begins: after the empty lines before it.
    pub(crate) start: usize,
    /// Where its first part ends, of a request: the method.
    pub(crate) first: usize,
    /// Where its second part ends, of a request: the target.
    pub(crate) second: usize,
    /// Which byte is next; where the line ends, once it is complete.
    pub(crate) at: usize,
    kind: Kind,
    part: Part,
    /// Whether no other major version than 1 has come.
    is_http1: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Request,
    Response,
}

/// What the next byte belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// The line, or an empty one before it.
    Start,
    /// An empty line, behind its CR.
    StartLf,
    Method,
    Target,
    /// So many bytes of a request's ` HTTP/1.1`, CR and LF have come, without the space.
    Version(u8),
    /// So many bytes of a response's `HTTP/1.1 101` have come.
    Status(u8),
    Reason,
    ReasonLf,
    Done,
}

/// No first line can have the byte that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LineError {
    Head(HeadError),
    Malformed,
    /// It is the last of a request line whose version is none of HTTP/1.
    Version,
}

impl From<HeadError> for LineError {
    fn from(error: HeadError) -> Self {
        Self::Head(error)
    }
}

impl StartLine {
    pub(crate) const fn request() -> Self {
        Self::new(Kind::Request, 0)
    }

    pub(crate) const fn response() -> Self {
        Self::new(Kind::Response, 0)
    }

    const fn new(kind: Kind, start: usize) -> Self {
        Self { start, first: start, second: start, at: start, kind, part: Part::Start, is_http1: true }
    }

    /// Begins anew, at `start`.
    pub(crate) const fn restart(&mut self, start: usize) {
        *self = Self::new(self.kind, start);
    }

    /// Looks at what is new in `bytes`, and tells whether the line is complete.
    pub(crate) fn scan(&mut self, bytes: &[u8]) -> Result<bool, LineError> {
        while self.part != Part::Done {
            let Some(&byte) = bytes.get(self.at) else {
                return Ok(false);
            };
            self.part = self.next(byte)?;
            self.at = self.at.saturating_add(1);
        }
        Ok(true)
    }

    fn next(&mut self, byte: u8) -> Result<Part, LineError> {
        Ok(match (self.part, byte) {
            (Part::Method, _) if is_token_byte(byte) => Part::Method,
            // All but ASCII is refused later, as a wrong target: such a line is not a wrong one.
            (Part::Target, b'!'..=b'~' | 0x80..) => Part::Target,
            (Part::Reason, b'\t' | b' '..=b'~' | 0x80..) | (Part::Status(12), b' ') => Part::Reason,
            // [RFC 9110 §15.6.6] It is a request line, but of a version that can't be answered in.
            (Part::Version(9), b'\n') if !self.is_http1 => return Err(LineError::Version),
            (Part::Version(9) | Part::ReasonLf, b'\n') => Part::Done,
            (Part::Version(n), _) if is_of_version(n, byte) => {
                self.is_http1 &= n != 5 || byte == b'1';
                Part::Version(n.saturating_add(1))
            }
            // The space before a reason that is empty is there by [RFC 9112 §4], and many leave it out.
            (Part::Status(12) | Part::Reason, b'\r') => Part::ReasonLf,
            (Part::Status(n), _) if is_of_status(n, byte) => Part::Status(n.saturating_add(1)),
            (Part::Method, b' ') => {
                self.first = self.at;
                Part::Target
            }
            // A target has a byte at least.
            (Part::Target, b' ') if self.at > self.first.saturating_add(1) => {
                self.second = self.at;
                Part::Version(0)
            }
            // [RFC 9112 §2.2] Empty lines before the request are ignored; we do so before a response too.
            (Part::Start, b'\r') => Part::StartLf,
            (Part::StartLf, b'\n') => {
                self.start = self.at.saturating_add(1);
                Part::Start
            }
            (Part::Start, _) if self.kind == Kind::Request && is_token_byte(byte) => Part::Method,
            (Part::Start, b'H') if self.kind == Kind::Response => Part::Status(1),
            (_, b'\n') => return Err(HeadError::BareLineFeed.into()),
            _ => return Err(LineError::Malformed),
        })
    }
}

/// Tells whether `byte` is the one at `n` of `HTTP/1.1`, of whichever version, and CR.
fn is_of_version(n: u8, byte: u8) -> bool {
    match n {
        5 | 7 => byte.is_ascii_digit(),
        n => b"HTTP/_._\r".get(usize::from(n)) == Some(&byte),
    }
}

/// Tells whether `byte` is the one at `n` of `HTTP/1.1 101`, of whichever minor version and status.
fn is_of_status(n: u8, byte: u8) -> bool {
    match n {
        // [RFC 9110 §15] "All valid status codes are within the range of 100 to 599, inclusive", and a client is to
        // take others as a server error: what has a first digit of 6 or more is for the caller, and 0 for nobody.
        9 => matches!(byte, b'1'..=b'9'),
        7 | 10 | 11 => byte.is_ascii_digit(),
        n => b"HTTP/1._ ".get(usize::from(n)) == Some(&byte),
    }
}

/// Returns the version that a complete request line ends in.
pub(crate) const fn request_version(line: &[u8]) -> HttpVersion {
    match line {
        [.., b'0', b'\r', b'\n'] => HttpVersion::Http10,
        // [RFC 9110 §2.5] has a higher minor version processed as the highest that is known;
        // [RFC 6455 §4.2.1] item 1: "HTTP/1.1 or higher".
        _ => HttpVersion::Http11,
    }
}

/// Takes a complete status line apart: version, status, reason. A reason that is not ASCII is none.
pub(crate) fn status_line(line: &[u8]) -> Option<(HttpVersion, u16, &str)> {
    let [_, _, _, _, _, _, _, minor, _, hundreds, tens, ones, reason @ ..] = line else {
        return None;
    };
    let version = if *minor == b'0' { HttpVersion::Http10 } else { HttpVersion::Http11 };
    let digit = |byte: u8| u16::from(byte.wrapping_sub(b'0'));
    let status = digit(*hundreds)
        .wrapping_mul(100)
        .wrapping_add(digit(*tens).wrapping_mul(10))
        .wrapping_add(digit(*ones));
    let reason = reason.strip_suffix(b"\r\n")?;
    let reason = reason.strip_prefix(b" ").unwrap_or(reason);
    let reason = if reason.is_ascii() { core::str::from_utf8(reason).ok()? } else { "" };
    Some((version, status, reason))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    /// How many bytes it takes until the line is complete, or refused.
    fn outcome(mut line: StartLine, bytes: &[u8]) -> (usize, Result<bool, LineError>) {
        for len in 0..bytes.len() {
            match line.scan(&bytes[..len]) {
                Ok(false) => {}
                outcome => return (len, outcome),
            }
        }
        (bytes.len(), line.scan(bytes))
    }

    #[test]
    fn a_request_line_is_cut_where_its_spaces_are() {
        let bytes = b"\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n";
        let mut line = StartLine::request();
        assert_eq!(line.scan(bytes), Ok(true));
        assert_eq!((line.start, line.first, line.second, line.at), (4, 7, 10, 21));
        assert_eq!(request_version(&bytes[..line.at]), HttpVersion::Http11);
        assert_eq!(request_version(b"GET / HTTP/1.0\r\n"), HttpVersion::Http10);
    }

    #[test]
    fn a_status_line_is_taken_apart() {
        for (bytes, parts) in [
            (&b"HTTP/1.1 101 Switching Protocols\r\n"[..], (HttpVersion::Http11, 101, "Switching Protocols")),
            (b"HTTP/1.0 404 \r\n", (HttpVersion::Http10, 404, "")),
            (b"HTTP/1.2 999\r\n", (HttpVersion::Http11, 999, "")),
            (b"HTTP/1.1 500 \xe9\r\n", (HttpVersion::Http11, 500, "")),
        ] {
            assert_eq!(outcome(StartLine::response(), bytes), (bytes.len(), Ok(true)));
            assert_eq!(status_line(bytes), Some(parts));
        }
    }

    #[test]
    fn the_first_impossible_byte_is_the_last_that_is_looked_at() {
        let malformed = Err(LineError::Malformed);
        for (bytes, at) in [
            (&b"\x16\x03\x01\x02\x00"[..], 0),
            (b"\0\0\0", 0),
            (b" GET / HTTP/1.1", 0),
            (b"GE\xffT", 2),
            (b"\rGET", 1),
            (b"GET  /", 4),
            (b"GET /\r\n", 5),
            (b"GET / http/1.1", 6),
            (b"HELO mail.example\r\n", 17),
            (b"EHLO a HTTP/1.1.\r\n", 15),
        ] {
            assert_eq!(outcome(StartLine::request(), bytes), (at + 1, malformed), "{}", bytes.escape_ascii());
        }
        for (bytes, at) in
            [(&b"SSH-2.0"[..], 0), (b"HTTP/2", 5), (b"HTTP/1.1 007", 9), (b"HTTP/1.1 1011", 12)]
        {
            assert_eq!(
                outcome(StartLine::response(), bytes),
                (at + 1, malformed),
                "{}",
                bytes.escape_ascii()
            );
        }
    }

    #[test]
    fn another_version_is_told_when_its_line_is_whole() {
        for line in [&b"GET / HTTP/2.0\r\n"[..], b"PRI * HTTP/2.0\r\n", b"GET / HTTP/0.9\r\n"] {
            assert_eq!(outcome(StartLine::request(), line), (line.len(), Err(LineError::Version)));
        }
    }

    #[test]
    fn a_line_feed_alone_is_told_apart() {
        let bare = Err(LineError::Head(HeadError::BareLineFeed));
        for bytes in [&b"\n"[..], b"GET\n", b"GET / HTTP/1.1\n", b"\r\n\n"] {
            assert_eq!(outcome(StartLine::request(), bytes), (bytes.len(), bare));
        }
        assert_eq!(outcome(StartLine::response(), b"HTTP/1.1 101 x\n").1, bare);
    }

    #[test]
    fn every_byte_of_a_line_is_looked_at_once() {
        let bytes: Vec<_> = [&b"GET /"[..], &[b'x'; 1000], b" HTTP/1.1\r\n"].concat();
        let mut line = StartLine::request();
        for len in 0..bytes.len() {
            assert_eq!(line.scan(&bytes[..len]), Ok(false));
            assert_eq!(line.at, len);
        }
        assert_eq!(line.scan(&bytes), Ok(true));
    }
}
