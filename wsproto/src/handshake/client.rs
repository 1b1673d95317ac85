//! The client's side: the request is built, and the response checked against it (RFC 6455 §4.1).

use super::accept::{accept_key, encode_key};
use super::deflate;
use super::error::{OptionError, ResponseError};
use super::extensions::{self, Extension};
use super::head::{Fields, HeadFields, HeadLimits, HeadScanner, at_most_one, connection_names_upgrade};
use super::origin::Authority;
use super::request::HttpVersion;
use super::response::{check_headers, is_reserved, parse_extensions, put_headers};
use super::subprotocol;
use super::tokens::{is_token, is_visible_ascii};
use super::write::write_all;
use crate::deflate::Parameters;
use crate::error::BufferTooSmall;

/// What a client asks for.
///
/// # Examples
///
/// ```
/// use wsproto::handshake::ClientRequest;
///
/// let request = ClientRequest { subprotocols: &["json"], ..ClientRequest::new("example.com:8080", "/chat") };
/// assert!(request.origin.is_none() && request.headers.is_empty());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientRequest<'a> {
    /// The server: a host, and a port unless it is the scheme's own. An IPv6 address is in brackets.
    pub host: &'a str,
    /// The resource: an absolute path and, after `?`, the query; percent-encoded.
    pub target: &'a str,
    /// The origin of the script that asks: a browser must give it, other programs may.
    pub origin: Option<&'a str>,
    /// The subprotocols that the client can speak, the preferred one first.
    pub subprotocols: &'a [&'a str],
    /// The extensions that the client offers, as `Sec-WebSocket-Extensions` is to have them.
    /// [`deflate::offer`] gives that of permessage-deflate.
    pub extensions: Option<&'a str>,
    /// More header fields, such as `Authorization` or `Cookie`: names and values.
    pub headers: &'a [(&'a str, &'a [u8])],
}

impl<'a> ClientRequest<'a> {
    /// Asks `host` for `target`, and for nothing else.
    pub const fn new(host: &'a str, target: &'a str) -> Self {
        Self { host, target, origin: None, subprotocols: &[], extensions: None, headers: &[] }
    }

    pub(super) fn check(&self) -> Result<(), OptionError> {
        if Authority::parse(self.host).is_none() {
            return Err(OptionError::Host);
        }
        let target = self.target;
        if !target.starts_with('/') || !is_visible_ascii(target.as_bytes()) || target.contains('#') {
            return Err(OptionError::Target);
        }
        if self.origin.is_some_and(|origin| !is_visible_ascii(origin.as_bytes())) {
            return Err(OptionError::Origin);
        }
        for (index, name) in self.subprotocols.iter().enumerate() {
            if !is_token(name.as_bytes()) {
                return Err(OptionError::Subprotocol);
            }
            if self.subprotocols.iter().take(index).any(|other| other == name) {
                return Err(OptionError::RepeatedSubprotocol);
            }
        }
        if let Some(list) = self.extensions {
            parse_extensions(list).map(drop)?;
        }
        check_headers(self.headers, is_reserved)
    }

    fn offers_extension(&self, name: &str) -> bool {
        let offers = self.extensions.and_then(|list| parse_extensions(list).ok());
        offers.into_iter().flatten().any(|offer| offer.name() == name)
    }

    /// Checks what the server chose of all this, in an answer that accepts: the same over any HTTP.
    pub(super) fn check_choice<'b, F: Fields<'b>>(
        &self,
        fields: F,
    ) -> Result<Upgraded<'b, F>, ResponseError> {
        self.check_extensions(fields)?;
        let deflate = self.check_deflate(fields)?;
        let subprotocol = self.check_subprotocol(fields)?;
        Ok(Upgraded { subprotocol, deflate, fields })
    }

    /// Item 5. Only names are compared here: what parameters mean is for the extension to say.
    fn check_extensions<'b>(&self, fields: impl Fields<'b>) -> Result<(), ResponseError> {
        at_most_one(fields, extensions::FIELD).map_err(|_| ResponseError::RepeatedExtensions)?;
        let mut list = extensions::named(fields).map_err(|_| ResponseError::MalformedExtensions)?;
        if list.all(|extension| self.offers_extension(extension.name())) {
            Ok(())
        } else {
            Err(ResponseError::UnexpectedExtension)
        }
    }

    fn check_deflate<'b>(&self, fields: impl Fields<'b>) -> Result<Option<Parameters>, ResponseError> {
        let offers = self.extensions.and_then(|list| parse_extensions(list).ok());
        let answer = extensions::named(fields).map_err(|_| ResponseError::MalformedExtensions)?;
        Ok(deflate::verify(offers.into_iter().flatten(), answer)?)
    }

    /// Item 6.
    fn check_subprotocol<'b>(&self, fields: impl Fields<'b>) -> Result<Option<&'b str>, ResponseError> {
        let value = at_most_one(fields, subprotocol::FIELD);
        let Some(value) = value.map_err(|_| ResponseError::RepeatedSubprotocol)? else {
            return Ok(None);
        };
        core::str::from_utf8(value)
            .ok()
            .filter(|name| self.subprotocols.contains(name))
            .map(Some)
            .ok_or(ResponseError::UnexpectedSubprotocol)
    }
}

/// A client's opening handshake: writes the request, then checks the response.
///
/// # Examples
///
/// ```
/// use wsproto::handshake::{ClientHandshake, ClientRequest, Response};
///
/// // Take it from the system's generator: it must be unpredictable, and new for each connection.
/// let nonce = *b"the sample nonce";
/// let request = ClientRequest { subprotocols: &["chat"], ..ClientRequest::new("example.com", "/") };
/// let handshake = ClientHandshake::new(request, nonce)?;
///
/// let mut out = [0; 512];
/// let written = handshake.encode(&mut out)?;
/// assert!(out[..written].starts_with(b"GET / HTTP/1.1\r\nHost: example.com\r\n"));
///
/// let received = b"HTTP/1.1 101 Switching Protocols\r\n\
///     Upgrade: websocket\r\n\
///     Connection: Upgrade\r\n\
///     Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
///     Sec-WebSocket-Protocol: chat\r\n\r\n";
/// match handshake.decode_response(received)? {
///     None => {} // Incomplete: read more, and come back with all of it.
///     Some((Response::Upgraded(upgraded), _consumed)) => {
///         // What follows `_consumed` is already WebSocket data.
///         assert_eq!(upgraded.subprotocol(), Some("chat"));
///     }
///     Some((Response::Http(response), _consumed)) => {
///         // A redirect, a demand for a password, a failure: the connection is not open.
///         println!("{}", response.status());
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct ClientHandshake<'a> {
    request: ClientRequest<'a>,
    key: [u8; 24],
}

impl<'a> ClientHandshake<'a> {
    /// `GET`, the method of the request.
    pub const METHOD: &'static str = "GET";

    /// Takes what to ask for, and 16 random bytes: unpredictable and new for each connection [RFC 6455 §4.1].
    ///
    /// # Errors
    ///
    /// [`OptionError`] if something in the request must not be sent.
    ///
    /// [RFC 6455 §4.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.1
    pub fn new(request: ClientRequest<'a>, nonce: [u8; 16]) -> Result<Self, OptionError> {
        request.check()?;
        Ok(Self { request, key: encode_key(nonce) })
    }

    /// The value of `Sec-WebSocket-Key`: 24 characters of Base64.
    pub const fn key(&self) -> &[u8; 24] {
        &self.key
    }

    /// The header fields of the request, for an HTTP/1.1 library that writes it: names and values.
    ///
    /// Everything in them was checked. Each subprotocol has a field of its own, which says the same as one field with
    /// a list [RFC 6455 §11.3.4]: append them all, don't replace one by the next.
    ///
    /// [RFC 6455 §11.3.4]: https://www.rfc-editor.org/rfc/rfc6455#section-11.3.4
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let subprotocols = self.request.subprotocols.iter().map(|name| (subprotocol::FIELD, name.as_bytes()));
        self.headers_before_offer().chain(subprotocols).chain(self.headers_after_offer())
    }

    fn headers_before_offer(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let fixed: [(&str, &[u8]); 4] = [
            ("Host", self.request.host.as_bytes()),
            ("Upgrade", b"websocket"),
            ("Connection", b"Upgrade"),
            ("Sec-WebSocket-Key", &self.key),
        ];
        fixed.into_iter().chain(self.request.origin.map(|origin| ("Origin", origin.as_bytes())))
    }

    fn headers_after_offer(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let version: (&str, &[u8]) = ("Sec-WebSocket-Version", b"13");
        let extensions = self.request.extensions.map(|list| (extensions::FIELD, list.as_bytes()));
        [version].into_iter().chain(extensions).chain(self.request.headers.iter().copied())
    }

    /// Writes the request to the start of `out`, and gives its length in bytes.
    ///
    /// # Errors
    ///
    /// [`BufferTooSmall`] if it does not fit; then nothing was written.
    pub fn encode(&self, out: &mut [u8]) -> Result<usize, BufferTooSmall> {
        write_all(out, |out| {
            out.put(b"GET ");
            out.put(self.request.target.as_bytes());
            out.put(b" HTTP/1.1\r\n");
            put_headers(out, self.headers_before_offer());
            if let [first, others @ ..] = self.request.subprotocols {
                out.put(b"Sec-WebSocket-Protocol: ");
                out.put(first.as_bytes());
                for name in others {
                    out.put(b", ");
                    out.put(name.as_bytes());
                }
                out.put(b"\r\n");
            }
            put_headers(out, self.headers_after_offer());
            out.put(b"\r\n");
        })
    }

    /// Decodes and checks the head of the response at the start of `buf`, within [`HeadLimits::DEFAULT`].
    ///
    /// Gives the response and the number of bytes that its head takes; what follows belongs to the connection. Gives
    /// `None` while the head is incomplete: call again with the same bytes and more. For a head that comes in many
    /// pieces a [`ResponseDecoder`] remembers what it has seen.
    ///
    /// # Errors
    ///
    /// [`ResponseError`]: close the transport.
    pub fn decode_response<'b>(&self, buf: &'b [u8]) -> Result<Option<(Response<'b>, usize)>, ResponseError> {
        ResponseDecoder::new(*self).decode(buf)
    }

    /// The same decision on what an HTTP library has parsed.
    ///
    /// # Errors
    ///
    /// [`ResponseError`]: close the transport.
    pub fn verify<'b, F: Fields<'b>>(
        &self,
        status: u16,
        fields: F,
    ) -> Result<Response<'b, F>, ResponseError> {
        // Item 1: what is not 101 is handled "per HTTP procedures", and that is the caller's affair.
        if status != 101 {
            return Ok(Response::Http(HttpResponse::of(status, fields)));
        }
        // Item 2: not a list here, the value is `websocket` and nothing else.
        match at_most_one(fields, "Upgrade") {
            Ok(Some(value)) if value.eq_ignore_ascii_case(b"websocket") => {}
            _ => return Err(ResponseError::Upgrade),
        }
        // Item 3.
        if !connection_names_upgrade(fields) {
            return Err(ResponseError::Connection);
        }
        self.check_accept(fields)?;
        self.request.check_choice(fields).map(Response::Upgraded)
    }

    /// Item 4.
    fn check_accept<'b>(&self, fields: impl Fields<'b>) -> Result<(), ResponseError> {
        match at_most_one(fields, "Sec-WebSocket-Accept") {
            Ok(Some(value)) if *value == accept_key(&self.key) => Ok(()),
            Ok(Some(_)) => Err(ResponseError::WrongAccept),
            Ok(None) => Err(ResponseError::MissingAccept),
            Err(_) => Err(ResponseError::RepeatedAccept),
        }
    }
}

/// A server's response: the connection is open, or it isn't.
#[derive(Debug, Clone, Copy)]
pub enum Response<'b, F = HeadFields<'b>> {
    /// 101, and everything in it checked: the connection is open.
    Upgraded(Upgraded<'b, F>),
    /// Another status. One of 100 to 199 is not final: the response is still to come, after it.
    Http(HttpResponse<'b, F>),
}

/// The response that opened the connection [RFC 6455 §4.1].
///
/// [RFC 6455 §4.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.1
#[derive(Debug, Clone, Copy)]
pub struct Upgraded<'b, F = HeadFields<'b>> {
    subprotocol: Option<&'b str>,
    deflate: Option<Parameters>,
    fields: F,
}

impl<'b, F: Fields<'b>> Upgraded<'b, F> {
    /// The subprotocol that the server chose of those that were offered, if it chose one.
    pub const fn subprotocol(&self) -> Option<&'b str> {
        self.subprotocol
    }

    /// What both ends agreed on for permessage-deflate, if the server uses it [RFC 7692 §7.1].
    ///
    /// [RFC 7692 §7.1]: https://www.rfc-editor.org/rfc/rfc7692#section-7.1
    pub const fn deflate(&self) -> Option<Parameters> {
        self.deflate
    }

    /// Iterates over the extensions that the server uses, each of them offered, in order.
    pub fn extensions(&self) -> impl Iterator<Item = Extension<'b>> + use<'b, F> {
        extensions::named(self.fields).into_iter().flatten()
    }

    /// The first value of the header fields of this name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&'b [u8]> {
        self.fields.value(name)
    }

    /// Iterates over all header fields, in order: names and values.
    pub fn headers(&self) -> F::Iter {
        self.fields.pairs()
    }
}

/// A response that opened no connection.
#[derive(Debug, Clone, Copy)]
pub struct HttpResponse<'b, F = HeadFields<'b>> {
    status: u16,
    reason: &'b str,
    fields: F,
}

impl<'b, F: Fields<'b>> HttpResponse<'b, F> {
    pub(super) const fn of(status: u16, fields: F) -> Self {
        Self { status, reason: "", fields }
    }

    /// The status: 301 and its like name a `Location`, 401 wants an `Authorization`.
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// The reason phrase; empty if there is none, or if it is not ASCII.
    pub const fn reason(&self) -> &'b str {
        self.reason
    }

    /// The first value of the header fields of this name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&'b [u8]> {
        self.fields.value(name)
    }

    /// Iterates over all header fields, in order: names and values.
    pub fn headers(&self) -> F::Iter {
        self.fields.pairs()
    }
}

/// Decodes the head of a response that arrives in pieces; looks at each byte once, whatever the pieces.
///
/// Give it all that has come of the head each time. After a response it is as new, for the one that follows a 1xx.
#[derive(Debug, Clone)]
pub struct ResponseDecoder<'a> {
    handshake: ClientHandshake<'a>,
    scanner: HeadScanner,
}

impl<'a> ResponseDecoder<'a> {
    /// Makes one with [`HeadLimits::DEFAULT`].
    pub const fn new(handshake: ClientHandshake<'a>) -> Self {
        Self::with_limits(handshake, HeadLimits::DEFAULT)
    }

    /// Makes one with other limits.
    pub const fn with_limits(handshake: ClientHandshake<'a>, limits: HeadLimits) -> Self {
        Self { handshake, scanner: HeadScanner::new(limits) }
    }

    /// Like [`ClientHandshake::decode_response`].
    ///
    /// # Errors
    ///
    /// [`ResponseError`]: close the transport.
    pub fn decode<'b>(&mut self, buf: &'b [u8]) -> Result<Option<(Response<'b>, usize)>, ResponseError> {
        let Some(head) = self.scanner.scan(buf)? else {
            return Ok(None);
        };
        let (version, status, line_reason) = parse_status_line(head.start_line)?;
        let fields = HeadFields::parse(head.fields)?;
        if status == 101 && version < HttpVersion::Http11 {
            return Err(ResponseError::HttpVersionTooLow);
        }
        let mut response = self.handshake.verify(status, fields)?;
        if let Response::Http(HttpResponse { reason, .. }) = &mut response {
            *reason = line_reason;
        }
        Ok(Some((response, head.len)))
    }
}

fn parse_status_line(line: &[u8]) -> Result<(HttpVersion, u16, &str), ResponseError> {
    let mut response = httparse::Response::new(&mut []);
    match (response.parse(line), response.version, response.code, response.reason) {
        (Ok(_), Some(0), Some(status), Some(reason)) => Ok((HttpVersion::Http10, status, reason)),
        (Ok(_), Some(1), Some(status), Some(reason)) => Ok((HttpVersion::Http11, status, reason)),
        _ => Err(ResponseError::StatusLine),
    }
}
