//! What is sent: bytes, field lines, status lines; and which fields may be.

use super::http2::is_connection_specific;
use super::tokens::{is_field_value, is_token};
use crate::error::BufferTooSmall;
#[cfg(feature = "alloc")]
use alloc::vec::Vec;

/// Writes what `put` puts to the start of `dst`, or nothing: it runs twice, first to count.
pub(crate) fn write_all(dst: &mut [u8], put: &dyn Fn(&mut Out<'_>)) -> Result<usize, BufferTooSmall> {
    let needed = length(put);
    let space = dst.get_mut(..needed).ok_or(BufferTooSmall { needed })?;
    put(&mut Out { space, len: 0 });
    Ok(needed)
}

/// Appends what `put` puts.
#[cfg(feature = "alloc")]
pub(crate) fn append_all(out: &mut Vec<u8>, put: &dyn Fn(&mut Out<'_>)) {
    let start = out.len();
    out.resize(start.saturating_add(length(put)), 0);
    let space = out.get_mut(start..).unwrap_or_default();
    put(&mut Out { space, len: 0 });
}

fn length(put: &dyn Fn(&mut Out<'_>)) -> usize {
    let mut counted = Out { space: &mut [], len: 0 };
    put(&mut counted);
    counted.len
}

/// Where bytes are put one after the other; those that don't fit are only counted.
pub(crate) struct Out<'o> {
    space: &'o mut [u8],
    len: usize,
}

impl Out<'_> {
    #[cfg_attr(target_os = "none", inline(never))] // it is called for each part of a head
    pub(crate) fn put(&mut self, bytes: &[u8]) {
        let space = self.space.get_mut(self.len..).and_then(|space| space.get_mut(..bytes.len()));
        if let Some(space) = space {
            space.copy_from_slice(bytes);
        }
        self.len = self.len.saturating_add(bytes.len());
    }

    /// Writes a header field's line.
    pub(crate) fn put_field(&mut self, name: &str, value: &[u8]) {
        self.put(name.as_bytes());
        self.put(b": ");
        self.put(value);
        self.put(b"\r\n");
    }

    /// Writes a line for each field.
    pub(crate) fn put_fields(&mut self, fields: &[(&str, &[u8])]) {
        for (name, value) in fields {
            self.put_field(name, value);
        }
    }

    pub(crate) fn put_decimal(&mut self, number: usize) {
        // As many digits as a 64-bit number can have.
        let mut digits = [0; 20];
        let mut start = 0;
        let mut rest = number;
        for (at, digit) in digits.iter_mut().enumerate().rev() {
            *digit = b"0123456789".get(rest % 10).copied().unwrap_or_default();
            start = at;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        self.put(digits.get(start..).unwrap_or_default());
    }

    /// Writes a status line.
    pub(crate) fn put_status(&mut self, status: u16) {
        self.put(b"HTTP/1.1 ");
        self.put_decimal(usize::from(status));
        self.put(b" ");
        self.put(reason(status).as_bytes());
        self.put(b"\r\n");
    }
}

/// Returns the reason phrase of a status; empty, which is allowed, for those that a server like this hardly sends, and
/// without feature `reasons` for all but the one that an old client may look at.
const fn reason(status: u16) -> &'static str {
    match status {
        101 => "Switching Protocols",
        _ if !cfg!(feature = "reasons") => "",
        100 => "Continue",
        200 => "OK",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        426 => "Upgrade Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        505 => "HTTP Version Not Supported",
        _ => "",
    }
}

/// What is wrong with a field that is to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FieldFault {
    Name,
    Value,
    Reserved,
}

/// Checks fields that the caller wants to send: nothing in them may end a line or stand for a field of ours.
pub(crate) fn check_fields(fields: &[(&str, &[u8])], reserved: fn(&str) -> bool) -> Result<(), FieldFault> {
    for &(name, value) in fields {
        if !is_token(name.as_bytes()) {
            return Err(FieldFault::Name);
        }
        if !is_field_value(value) {
            return Err(FieldFault::Value);
        }
        if reserved(name) {
            return Err(FieldFault::Reserved);
        }
    }
    Ok(())
}

/// Checks what HTTP/2 and HTTP/3 ask of them too.
pub(crate) fn check_http2_fields(fields: &[(&str, &[u8])]) -> Result<(), FieldFault> {
    for (name, value) in fields {
        // [RFC 9113 §8.2]: "Field names MUST be converted to lowercase".
        if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(FieldFault::Name);
        }
        if is_connection_specific(name, value) {
            return Err(FieldFault::Reserved);
        }
    }
    Ok(())
}

/// Tells whether a handshake writes this field itself.
pub(crate) fn is_reserved(name: &str) -> bool {
    let websocket = name.get(..14).is_some_and(|start| start.eq_ignore_ascii_case("Sec-WebSocket-"));
    websocket
        || frames_the_message(name)
        || ["Upgrade", "Host", "Origin"].iter().any(|own| own.eq_ignore_ascii_case(name))
}

/// Tells whether this field decides where a message ends, or what becomes of the transport.
pub(crate) fn frames_the_message(name: &str) -> bool {
    ["Connection", "Content-Length", "Transfer-Encoding"].iter().any(|own| own.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_not_begun() {
        let put = |out: &mut Out<'_>| {
            out.put_field("a", b"bc");
            out.put_decimal(0);
            out.put_decimal(1234);
        };
        let mut space = [b'_'; 12];
        assert_eq!(write_all(&mut space[..11], &put), Err(BufferTooSmall { needed: 12 }));
        assert_eq!(&space, b"____________");
        assert_eq!(write_all(&mut space, &put), Ok(12));
        assert_eq!(&space, b"a: bc\r\n01234");
    }

    #[test]
    fn the_largest_number_is_written() {
        let mut space = [0; 20];
        let len = write_all(&mut space, &|out| out.put_decimal(usize::MAX)).unwrap();
        assert_eq!(std::str::from_utf8(&space[..len]).unwrap(), std::format!("{}", usize::MAX));
    }

    #[test]
    #[cfg(feature = "alloc")]
    fn what_is_appended_stands_behind_what_was_there() {
        let mut out = std::vec![b'_'; 3];
        append_all(&mut out, &|out| out.put_status(101));
        assert_eq!(out, b"___HTTP/1.1 101 Switching Protocols\r\n");
    }

    #[test]
    fn the_fields_of_the_handshake_are_reserved_whatever_their_case() {
        for name in
            ["sec-websocket-accept", "SEC-WEBSOCKET-X", "upgrade", "connection", "HOST", "content-length"]
        {
            assert_eq!(check_fields(&[(name, b"x")], is_reserved), Err(FieldFault::Reserved), "{name}");
        }
        assert_eq!(check_fields(&[("Set-Cookie", b"a=b"), ("Sec-WebSocket", b"x")], is_reserved), Ok(()));
    }

    #[test]
    fn a_field_can_carry_no_other_line() {
        for name in ["", "a b", "a:", "a\r\nb", "a\0", "\u{e9}"] {
            assert_eq!(check_fields(&[(name, b"x")], is_reserved), Err(FieldFault::Name), "{name:?}");
        }
        for value in [&b"a\r\nb: c"[..], b"a\n", b"a\r", b"a\0", b"\x7f"] {
            assert_eq!(check_fields(&[("a", value)], is_reserved), Err(FieldFault::Value));
        }
    }
}
