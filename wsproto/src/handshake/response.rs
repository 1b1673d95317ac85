//! What a server answers: 101 to an upgrade, or an ordinary HTTP reply.

use super::deflate;
use super::error::OptionError;
use super::extensions;
use super::head::Fields;
use super::subprotocol;
use super::tokens::{is_field_value, is_token};
use super::write::{Out, write_all};
use crate::error::BufferTooSmall;

/// What the server chose of the client's offer, and the fields that it adds.
///
/// # Examples
///
/// ```
/// use wsproto::handshake::Answer;
///
/// let answer = Answer { subprotocol: Some("json"), ..Answer::default() };
/// assert!(answer.extensions.is_none() && answer.headers.is_empty());
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Answer<'a> {
    /// The subprotocol; [`subprotocol::select`] gives it.
    pub subprotocol: Option<&'a str>,
    /// The extensions and their parameters, as `Sec-WebSocket-Extensions` is to have them;
    /// [`deflate::accept`] gives those of permessage-deflate.
    pub extensions: Option<&'a str>,
    /// More header fields, such as `set-cookie`: names and values. HTTP/2 and HTTP/3 want names in lower case.
    pub headers: &'a [(&'a str, &'a [u8])],
}

impl<'a> Answer<'a> {
    /// Checks that all of this may be answered to what `fields` offer.
    pub(super) fn check<'b>(&self, fields: impl Fields<'b>) -> Result<(), OptionError> {
        // [RFC 6455 §4.2.2] item 4, /subprotocol/: "The value chosen MUST be derived from the client's handshake".
        if let Some(name) = self.subprotocol {
            if !subprotocol::offered(fields).any(|offer| offer == name) {
                return Err(OptionError::SubprotocolNotOffered);
            }
        }
        // [RFC 6455 §9.1] "MUST NOT be something that was not requested".
        if let Some(list) = self.extensions {
            for extension in parse_extensions(list)? {
                let mut offers = extensions::named(fields).map_err(|_| OptionError::Extensions)?;
                if !offers.any(|offer| offer.name() == extension.name()) {
                    return Err(OptionError::ExtensionNotOffered);
                }
            }
            let offers = extensions::named(fields).map_err(|_| OptionError::Extensions)?;
            deflate::verify(offers, parse_extensions(list)?)?;
        }
        check_headers(self.headers, is_reserved)
    }

    /// What HTTP/1.1, HTTP/2 and HTTP/3 answer alike, but for the case of the names.
    pub(super) fn headers(&self) -> impl Iterator<Item = (&'a str, &'a [u8])> + use<'a> {
        let subprotocol = self.subprotocol.map(|name| (subprotocol::FIELD, name.as_bytes()));
        let extensions = self.extensions.map(|list| (extensions::FIELD, list.as_bytes()));
        subprotocol.into_iter().chain(extensions).chain(self.headers.iter().copied())
    }
}

/// The answer that turns an HTTP/1.1 connection into a WebSocket one: `101 Switching Protocols` [RFC 6455 §4.2.2].
///
/// [`Upgrade::accept`](super::Upgrade::accept) makes it. Everything in it was checked: it can be sent as it is, as
/// bytes ([`encode`](Self::encode)) or through an HTTP library ([`STATUS`](Self::STATUS), [`headers`](Self::headers)).
///
/// [RFC 6455 §4.2.2]: https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2
#[derive(Debug, Clone, Copy)]
#[must_use = "the client waits for this answer"]
pub struct Acceptance<'a> {
    accept: [u8; 28],
    answer: Answer<'a>,
}

impl<'a> Acceptance<'a> {
    /// `101`.
    pub const STATUS: u16 = 101;

    pub(super) const fn new(accept: [u8; 28], answer: Answer<'a>) -> Self {
        Self { accept, answer }
    }

    /// The value of `Sec-WebSocket-Accept`.
    pub const fn accept_key(&self) -> &[u8; 28] {
        &self.accept
    }

    /// The header fields of the answer: names and values.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let fixed: [(&str, &[u8]); 3] =
            [("Upgrade", b"websocket"), ("Connection", b"Upgrade"), ("Sec-WebSocket-Accept", &self.accept)];
        fixed.into_iter().chain(self.answer.headers())
    }

    /// Writes the answer to the start of `out`, and gives its length in bytes: 129, and a line for each thing in the
    /// [`Answer`]. Frames may follow at once.
    ///
    /// # Errors
    ///
    /// [`BufferTooSmall`] if it does not fit; then nothing was written.
    pub fn encode(&self, out: &mut [u8]) -> Result<usize, BufferTooSmall> {
        write_all(out, |out| {
            out.put(b"HTTP/1.1 101 Switching Protocols\r\n");
            put_headers(out, self.headers());
            out.put(b"\r\n");
        })
    }
}

/// An ordinary HTTP/1.1 reply, after which the server closes the transport: a refusal, a redirect, a small page.
///
/// # Examples
///
/// Refusing a foreign origin:
///
/// ```
/// use wsproto::handshake::HttpReply;
///
/// let mut out = [0; 256];
/// let len = HttpReply::new(403, &[("Content-Type", b"text/plain")], b"not from there\n")?.encode(&mut out)?;
/// assert!(out[..len].starts_with(b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\n"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpReply<'a> {
    status: u16,
    headers: &'a [(&'a str, &'a [u8])],
    body: &'a [u8],
}

impl<'a> HttpReply<'a> {
    /// Takes the status, more header fields and the body; `Connection` and `Content-Length` are written by itself.
    ///
    /// # Errors
    ///
    /// [`OptionError`] if the status is not 200 to 599, or is 304, which answers a question that is not asked here;
    /// if 204 or 205 are to have a body; if a field is malformed, or is `Connection`, `Content-Length` or
    /// `Transfer-Encoding`.
    pub fn new(status: u16, headers: &'a [(&'a str, &'a [u8])], body: &'a [u8]) -> Result<Self, OptionError> {
        // [RFC 9110 §15.3.5], [RFC 9110 §15.3.6]
        let has_no_body = matches!(status, 204 | 205);
        if !matches!(status, 200..=599) || status == 304 || (has_no_body && !body.is_empty()) {
            return Err(OptionError::Status);
        }
        check_headers(headers, frames_the_message)?;
        Ok(Self::unchecked(status, headers, body))
    }

    /// Without the checks, for what is known to pass them or is more than a caller may do.
    pub(super) const fn unchecked(status: u16, headers: &'a [(&'a str, &'a [u8])], body: &'a [u8]) -> Self {
        Self { status, headers, body }
    }

    /// Writes head and body to the start of `out`, and gives their length in bytes.
    ///
    /// # Errors
    ///
    /// [`BufferTooSmall`] if they do not fit; then nothing was written.
    pub fn encode(&self, out: &mut [u8]) -> Result<usize, BufferTooSmall> {
        write_all(out, |out| {
            self.put_head(out);
            out.put(self.body);
        })
    }

    /// Writes the head alone, and gives its length in bytes; the caller sends the body after it, without a copy.
    ///
    /// # Errors
    ///
    /// [`BufferTooSmall`] if it does not fit; then nothing was written.
    pub fn encode_head(&self, out: &mut [u8]) -> Result<usize, BufferTooSmall> {
        write_all(out, |out| self.put_head(out))
    }

    fn put_head(&self, out: &mut Out<'_>) {
        out.put(b"HTTP/1.1 ");
        out.put_decimal(usize::from(self.status));
        out.put(b" ");
        out.put(reason(self.status).as_bytes());
        out.put(b"\r\n");
        let is_connection = |&(name, _): &(&str, &[u8])| name == "Connection";
        let headers = || self.headers.iter().copied();
        put_headers(out, headers().filter(|field| !is_connection(field)));
        // One line, as of all the fields that are ours: who reads only one of two would miss an option.
        out.put(b"Connection: ");
        for (_, option) in headers().filter(is_connection) {
            out.put(option);
            out.put(b", ");
        }
        out.put(b"close\r\n");
        // [RFC 9110 §8.6] "MUST NOT send a Content-Length header field in any response with a status code of [...] 204".
        if self.status != 204 {
            out.put(b"Content-Length: ");
            out.put_decimal(self.body.len());
            out.put(b"\r\n");
        }
        out.put(b"\r\n");
    }
}

/// The reason phrase of a status; empty, which is allowed, for those that a server like this hardly sends.
pub(super) const fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
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

/// Parses extensions that the caller wants to send.
pub(super) fn parse_extensions(
    list: &str,
) -> Result<impl Iterator<Item = extensions::Extension<'_>> + Clone, OptionError> {
    extensions::parse([list.as_bytes()]).map_err(|_| OptionError::Extensions)
}

/// Checks fields that the caller wants to send: nothing in them may end a line or stand for a field of ours.
pub(super) fn check_headers(
    headers: &[(&str, &[u8])],
    reserved: fn(&str) -> bool,
) -> Result<(), OptionError> {
    for &(name, value) in headers {
        if !is_token(name.as_bytes()) {
            return Err(OptionError::FieldName);
        }
        if !is_field_value(value) {
            return Err(OptionError::FieldValue);
        }
        if reserved(name) {
            return Err(OptionError::ReservedField);
        }
    }
    Ok(())
}

/// Tells whether a handshake writes this field itself.
pub(super) fn is_reserved(name: &str) -> bool {
    let websocket = name.get(..14).is_some_and(|start| start.eq_ignore_ascii_case("Sec-WebSocket-"));
    websocket
        || frames_the_message(name)
        || ["Upgrade", "Host", "Origin"].iter().any(|own| own.eq_ignore_ascii_case(name))
}

/// Tells whether this field decides where a message ends, or what becomes of the transport.
fn frames_the_message(name: &str) -> bool {
    ["Connection", "Content-Length", "Transfer-Encoding"].iter().any(|own| own.eq_ignore_ascii_case(name))
}

/// Writes a line for each field.
pub(super) fn put_headers<'a>(out: &mut Out<'_>, headers: impl Iterator<Item = (&'a str, &'a [u8])>) {
    for (name, value) in headers {
        out.put_field(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_of_the_handshake_are_reserved_whatever_their_case() {
        for name in
            ["sec-websocket-accept", "SEC-WEBSOCKET-X", "upgrade", "connection", "HOST", "content-length"]
        {
            assert_eq!(
                check_headers(&[(name, b"x")], is_reserved),
                Err(OptionError::ReservedField),
                "{name}"
            );
        }
        assert_eq!(check_headers(&[("Set-Cookie", b"a=b"), ("Sec-WebSocket", b"x")], is_reserved), Ok(()));
    }

    #[test]
    fn a_field_can_carry_no_other_line() {
        for name in ["", "a b", "a:", "a\r\nb", "a\0", "\u{e9}"] {
            assert_eq!(check_headers(&[(name, b"x")], is_reserved), Err(OptionError::FieldName), "{name:?}");
        }
        for value in [&b"a\r\nb: c"[..], b"a\n", b"a\r", b"a\0", b"\x7f"] {
            assert_eq!(check_headers(&[("a", value)], is_reserved), Err(OptionError::FieldValue));
        }
    }
}
