//! A tunnel through an HTTP proxy: `CONNECT`, before TLS and the opening handshake ([RFC 9110 §9.3.6]).
//!
//! [RFC 9110 §9.3.6]: https://www.rfc-editor.org/rfc/rfc9110#section-9.3.6

use super::error::ResponseError;
use super::response::HttpResponse;
use crate::error::BufferTooSmall;
use crate::handshake::http::fields::HeadFields;
use crate::handshake::http::limits::HeadLimits;
use crate::handshake::http::scanner::HeadScanner;
use crate::handshake::http::start_line::{StartLine, status_line};
#[cfg(feature = "alloc")]
use crate::handshake::http::write::append_all;
use crate::handshake::http::write::{Out, check_fields, is_reserved, write_all};
use crate::handshake::misuse::HandshakeMisuse;

/// A request for a tunnel through an HTTP proxy, to the server that a client wants to talk to ([RFC 9110 §9.3.6]).
///
/// Send it over the connection to the proxy, and read the answer with a [`ProxyDecoder`]. Behind an answer that opens
/// the tunnel, that connection is one to the server: TLS and the opening handshake follow, as if there were no proxy.
///
/// # Examples
///
/// ```
/// use wsproto::handshake::{ProxyAnswer, ProxyConnect, ProxyDecoder, Url};
///
/// let url = Url::parse("wss://chat.example/rooms")?;
/// let secret = [("Proxy-Authorization", &b"Basic YWxhZGRpbjpvcGVuc2VzYW1l"[..])];
/// let connect = ProxyConnect::new(url.host(), url.port(), &secret)?;
///
/// let mut dst = [0; 512];
/// let written = connect.encode(&mut dst)?;
/// assert!(dst[..written].starts_with(b"CONNECT chat.example:443 HTTP/1.1\r\nHost: chat.example:443\r\n"));
///
/// let received = b"HTTP/1.1 200 Connection established\r\n\r\n";
/// match ProxyDecoder::new().decode(received)? {
///     None => {} // Incomplete: read more, and come back with all of it.
///     Some((ProxyAnswer::Open, taken)) => assert_eq!(taken, received.len()), // What follows is the server's.
///     Some((ProxyAnswer::Refused(response), _)) => println!("the proxy says {}", response.status()),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// [RFC 9110 §9.3.6]: https://www.rfc-editor.org/rfc/rfc9110#section-9.3.6
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProxyConnect<'a> {
    host: &'a str,
    port: u16,
    headers: &'a [(&'a str, &'a [u8])],
}

impl<'a> ProxyConnect<'a> {
    /// Takes the server's host and port, and more header fields, such as `Proxy-Authorization`: names and values.
    ///
    /// `host` is a name or an IP address, as [`Url::host`](crate::handshake::Url::host) has it; an IPv6 address may be
    /// in brackets.
    ///
    /// # Errors
    ///
    /// * [`HandshakeMisuse::Host`] if the host is neither a name nor an address, or the port is 0.
    /// * [`HandshakeMisuse::FieldName`] or [`HandshakeMisuse::FieldValue`] if a field is malformed: nothing in it can
    ///   end a line.
    /// * [`HandshakeMisuse::ReservedField`] for `Host`, which is written by itself, the fields that frame a message,
    ///   which this request must not have, and those of the opening handshake, which are the server's to read.
    pub fn new(
        host: &'a str,
        port: u16,
        headers: &'a [(&'a str, &'a [u8])],
    ) -> Result<Self, HandshakeMisuse> {
        let inside = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
        if !is_host(inside, inside.len() < host.len()) || port == 0 {
            return Err(HandshakeMisuse::Host);
        }
        check_fields(headers, is_reserved)?;
        Ok(Self { host: inside, port, headers })
    }

    /// Writes the request to the start of `dst`, and returns its length in bytes.
    ///
    /// # Errors
    ///
    /// [`BufferTooSmall`] if it does not fit; then nothing was written.
    pub fn encode(&self, dst: &mut [u8]) -> Result<usize, BufferTooSmall> {
        write_all(dst, &|out| self.put(out))
    }

    /// Appends the request to `out`.
    #[cfg(feature = "alloc")]
    pub fn append(&self, out: &mut alloc::vec::Vec<u8>) {
        append_all(out, &|out| self.put(out));
    }

    fn put(&self, out: &mut Out<'_>) {
        let is_address = self.host.contains(':');
        let (open, close): (&[u8], &[u8]) = if is_address { (b"[", b"]:") } else { (b"", b":") };
        // [RFC 9112 §3.2.3] The target is host and port, never without the port; `Host` says the same.
        for (before, after) in [("CONNECT ", " HTTP/1.1\r\n"), ("Host: ", "\r\n")] {
            out.put(before.as_bytes());
            out.put(open);
            out.put(self.host.as_bytes());
            out.put(close);
            out.put_decimal(usize::from(self.port));
            out.put(after.as_bytes());
        }
        out.put_fields(self.headers);
        out.put(b"\r\n");
    }
}

/// What a proxy answered.
#[derive(Debug, Clone, Copy)]
pub enum ProxyAnswer<'b> {
    /// The tunnel is open: what follows comes from the server.
    Open,
    /// There is no tunnel: 407 wants a `Proxy-Authorization`, 403 forbids this server, 502 and 504 could not reach it.
    Refused(HttpResponse<'b>),
}

/// Decodes a proxy's answer that arrives in pieces; looks at each byte once, whatever the pieces.
#[derive(Debug, Clone)]
pub struct ProxyDecoder(HeadScanner);

impl ProxyDecoder {
    /// Makes one with [`HeadLimits::DEFAULT`].
    pub const fn new() -> Self {
        Self::with_limits(HeadLimits::DEFAULT)
    }

    /// Makes one with other limits: interim answers count towards [`HeadLimits::bytes`], too.
    pub const fn with_limits(limits: HeadLimits) -> Self {
        Self(HeadScanner::new(limits, StartLine::response()))
    }

    /// Decodes the head of the answer at the start of `buf`: give it all that has come, each time.
    ///
    /// Returns the answer and the number of bytes that it takes, with those of interim answers (1xx), which are
    /// skipped ([RFC 9110 §15.2]). What follows these bytes belongs to the server, if the tunnel is open: its
    /// `Content-Length` and `Transfer-Encoding` mean nothing ([RFC 9110 §9.3.6]). Otherwise a body may follow. Returns
    /// `None` while the head is incomplete: call again with the same bytes and more.
    ///
    /// # Errors
    ///
    /// * [`ResponseError::Head`] if the head is malformed or above the limits.
    /// * [`ResponseError::StatusLine`] if this is no answer of HTTP/1.0 or HTTP/1.1.
    ///
    /// Close the transport: what follows can't be read.
    ///
    /// [RFC 9110 §9.3.6]: https://www.rfc-editor.org/rfc/rfc9110#section-9.3.6
    /// [RFC 9110 §15.2]: https://www.rfc-editor.org/rfc/rfc9110#section-15.2
    pub fn decode<'b>(&mut self, buf: &'b [u8]) -> Result<Option<(ProxyAnswer<'b>, usize)>, ResponseError> {
        while let Some(head) = self.0.scan(buf)? {
            let (_, status, reason) = status_line(head.line(buf)).ok_or(ResponseError::StatusLine)?;
            let fields = HeadFields::parse(head.fields(buf))?;
            // 101 is not interim: it says that the proxy speaks another protocol from here on, and nobody asked for
            // one.
            if matches!(status, 100 | 102..=199) {
                self.0.skip(&head);
                continue;
            }
            self.0.reset();
            let answer = match status {
                200..=299 => ProxyAnswer::Open,
                _ => ProxyAnswer::Refused(HttpResponse { status, reason, fields }),
            };
            return Ok(Some((answer, head.end())));
        }
        Ok(None)
    }
}

impl Default for ProxyDecoder {
    fn default() -> Self {
        Self::new()
    }
}

/// A name or an address without brackets. Colons make it an IPv6 address, and so do brackets that it had.
fn is_host(host: &str, had_brackets: bool) -> bool {
    if had_brackets || host.as_bytes().contains(&b':') {
        return host.parse::<core::net::Ipv6Addr>().is_ok();
    }
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&byte);
    !host.is_empty() && host.bytes().all(allowed)
}
