//! The server's side: a request is told apart, checked, and answered (RFC 6455 §4.2).

use super::error::RequestError;
use super::head::{Fields, HeadFields, HeadLimits, HeadScanner, at_most_one};
use super::lines::split_once;
use super::origin::Authority;
use super::tokens::{elements, is_token, is_visible_ascii};
use super::upgrade::Upgrade;
use core::fmt;

/// The version of HTTP/1 that a message is understood in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HttpVersion {
    /// HTTP/1.0
    Http10,
    /// HTTP/1.1, or a higher minor version, which is processed as this one [RFC 9110 §2.5].
    ///
    /// [RFC 9110 §2.5]: https://www.rfc-editor.org/rfc/rfc9110#section-2.5
    Http11,
}

/// Writes it as HTTP does: `HTTP/1.1`.
impl fmt::Display for HttpVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Http10 => "HTTP/1.0",
            Self::Http11 => "HTTP/1.1",
        })
    }
}

/// A client's request: for a WebSocket connection, or an ordinary one of HTTP, so that one port serves both.
///
/// It is an [`Upgrade`](Self::Upgrade) if its `Upgrade` field names `websocket`; then all of [RFC 6455 §4.2.1] was
/// checked. Of any other only the syntax of its head and `Host` were checked; its body, if it has one, is the
/// caller's affair. HTTP/1.0 knows no upgrade: there the field is ignored [RFC 9110 §7.8].
///
/// [RFC 6455 §4.2.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.2.1
/// [RFC 9110 §7.8]: https://www.rfc-editor.org/rfc/rfc9110#section-7.8
///
/// # Examples
///
/// ```
/// use wsproto::handshake::{Answer, Request, subprotocol};
///
/// let received = b"GET /chat HTTP/1.1\r\n\
///     Host: server.example.com\r\n\
///     Upgrade: websocket\r\n\
///     Connection: Upgrade\r\n\
///     Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
///     Sec-WebSocket-Protocol: chat, superchat\r\n\
///     Sec-WebSocket-Version: 13\r\n\r\n";
/// let mut out = [0; 512];
///
/// let written = match Request::decode(received) {
///     Ok(None) => return Ok(()), // Incomplete: read more, and come back with all of it.
///     Ok(Some((Request::Http(_page), _consumed))) => return Ok(()), // Serve it.
///     Ok(Some((Request::Upgrade(upgrade), consumed))) => {
///         // What follows `consumed` is already WebSocket data.
///         let subprotocol = subprotocol::select(&["chat"], upgrade.subprotocols());
///         upgrade.accept(Answer { subprotocol, ..Answer::default() })?.encode(&mut out)?
///     }
///     Err(error) => error.encode_response(&mut out)?, // Send it, and close.
/// };
/// assert!(out[..written].starts_with(b"HTTP/1.1 101 "));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub enum Request<'b, F = HeadFields<'b>> {
    /// For a WebSocket connection.
    Upgrade(Upgrade<'b, F>),
    /// For something else.
    Http(HttpRequest<'b, F>),
}

impl<'b> Request<'b> {
    /// Decodes the head of an HTTP/1.1 request at the start of `buf`, within [`HeadLimits::DEFAULT`].
    ///
    /// Gives the request and the number of bytes that its head takes; what follows belongs to the connection. Gives
    /// `None` while the head is incomplete: call again with the same bytes and more. For a head that comes in many
    /// pieces a [`RequestDecoder`] remembers what it has seen.
    ///
    /// # Errors
    ///
    /// [`RequestError`], which knows the answer to send.
    pub fn decode(buf: &'b [u8]) -> Result<Option<(Self, usize)>, RequestError> {
        RequestDecoder::new().decode(buf)
    }
}

impl<'b, F: Fields<'b>> Request<'b, F> {
    /// The same decision on what an HTTP library has parsed.
    ///
    /// Of the crate `http`, and so of hyper and axum: the target is `uri().to_string()`, not its path alone; the fields are
    /// `|| request.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes()))`; and a request of HTTP/2 is for
    /// [`ExtendedConnect`](super::ExtendedConnect).
    ///
    /// # Errors
    ///
    /// [`RequestError`]; its `status` and `headers` are what to answer.
    ///
    /// # Examples
    ///
    /// ```
    /// use wsproto::handshake::{Acceptance, Answer, HttpVersion, Request};
    ///
    /// let headers = [
    ///     ("host", "server.example.com"),
    ///     ("upgrade", "websocket"),
    ///     ("connection", "keep-alive, Upgrade"),
    ///     ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ///     ("sec-websocket-version", "13"),
    /// ];
    /// let fields = || headers.iter().map(|(name, value)| (*name, value.as_bytes()));
    ///
    /// let request = Request::from_parts("GET", "/chat", HttpVersion::Http11, fields)?;
    /// let Request::Upgrade(upgrade) = request else { panic!("an ordinary request") };
    /// let acceptance = upgrade.accept(Answer::default())?;
    /// assert_eq!(acceptance.headers().count(), 3);
    /// assert_eq!(Acceptance::STATUS, 101);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_parts(
        method: &'b str,
        target: &'b str,
        version: HttpVersion,
        fields: F,
    ) -> Result<Self, RequestError> {
        let request = HttpRequest { method, target, version, fields };
        request.check()?;
        if request.asks_for_websocket()? {
            Upgrade::check(request).map(Self::Upgrade)
        } else {
            Ok(Self::Http(request))
        }
    }

    /// What both have: method, target and header fields.
    pub const fn http(&self) -> &HttpRequest<'b, F> {
        match self {
            Self::Upgrade(upgrade) => upgrade.http(),
            Self::Http(request) => request,
        }
    }
}

/// Decodes the head of a request that arrives in pieces; looks at each byte once, whatever the pieces.
///
/// Give it all that has come of the head each time. After a request it is as new, for the next one; an error is the
/// connection's end.
#[derive(Debug, Clone)]
pub struct RequestDecoder(HeadScanner);

impl RequestDecoder {
    /// Makes one with [`HeadLimits::DEFAULT`].
    pub const fn new() -> Self {
        Self::with_limits(HeadLimits::DEFAULT)
    }

    /// Makes one with other limits.
    pub const fn with_limits(limits: HeadLimits) -> Self {
        Self(HeadScanner::new(limits))
    }

    /// Like [`Request::decode`].
    ///
    /// # Errors
    ///
    /// [`RequestError`], which knows the answer to send.
    pub fn decode<'b>(&mut self, buf: &'b [u8]) -> Result<Option<(Request<'b>, usize)>, RequestError> {
        let Some(head) = self.0.scan(buf)? else {
            return Ok(None);
        };
        let (method, target, version) = parse_request_line(head.start_line)?;
        let fields = HeadFields::parse(head.fields)?;
        let request = Request::from_parts(method, target, version, fields)?;
        Ok(Some((request, head.len)))
    }
}

impl Default for RequestDecoder {
    fn default() -> Self {
        Self::new()
    }
}

/// Method and target are httparse's; it knows no version above 1.1, so that is ours. The field lines are ours too: it
/// wants an array for them (3200 bytes of stack for 100), and their grammar is needed anyhow, for what we send and for
/// what HTTP libraries give us.
fn parse_request_line(line: &[u8]) -> Result<(&str, &str, HttpVersion), RequestError> {
    let (before, version) = split_version(line).ok_or(RequestError::RequestLine)?;
    let mut request = httparse::Request::new(&mut []);
    match (request.parse(before), request.method, request.path) {
        // All that it misses is the version: the target was ended by one space, and nothing follows that.
        (Ok(httparse::Status::Partial), Some(method), Some(target)) if before.ends_with(b" ") => {
            Ok((method, target, version?))
        }
        _ => Err(RequestError::RequestLine),
    }
}

/// Splits off the version, with the line's CR LF.
const fn split_version(line: &[u8]) -> Option<(&[u8], Result<HttpVersion, RequestError>)> {
    let [before @ .., b'H', b'T', b'T', b'P', b'/', major, b'.', minor, b'\r', b'\n'] = line else {
        return None;
    };
    let version = match (major, minor) {
        (b'1', b'0') => Ok(HttpVersion::Http10),
        // [RFC 9110 §2.5] has a higher minor version processed as the highest that is known;
        // [RFC 6455 §4.2.1] item 1: "HTTP/1.1 or higher".
        (b'1', b'1'..=b'9') => Ok(HttpVersion::Http11),
        (b'0'..=b'9', b'0'..=b'9') => Err(RequestError::HttpVersionNotSupported),
        _ => return None,
    };
    Some((before, version))
}

/// Any request, its head well-formed.
#[derive(Debug, Clone, Copy)]
pub struct HttpRequest<'b, F = HeadFields<'b>> {
    pub(super) method: &'b str,
    pub(super) target: &'b str,
    pub(super) version: HttpVersion,
    pub(super) fields: F,
}

impl<'b, F: Fields<'b>> HttpRequest<'b, F> {
    /// The method, such as `GET`.
    pub const fn method(&self) -> &'b str {
        self.method
    }

    /// The request's target as it came: mostly path and query.
    pub const fn target(&self) -> &'b str {
        self.target
    }

    /// The version of HTTP.
    pub const fn version(&self) -> HttpVersion {
        self.version
    }

    /// The target's path, percent-encoded as it came, without the query.
    pub fn path(&self) -> &'b str {
        let (_, target) = split_target(self.target);
        match target.split_once('?').map_or(target, |(path, _)| path) {
            "" => "/",
            path => path,
        }
    }

    /// What follows the target's `?`, if there is one.
    pub fn query(&self) -> Option<&'b str> {
        self.target.split_once('?').map(|(_, query)| query)
    }

    /// The first value of the header fields of this name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&'b [u8]> {
        self.fields.value(name)
    }

    /// Iterates over all header fields, in order: names and values.
    pub fn headers(&self) -> F::Iter {
        self.fields.pairs()
    }

    /// What holds for every request.
    fn check(&self) -> Result<(), RequestError> {
        // A fragment is no part of a request's target; [RFC 6455 §3] forbids it in a WebSocket URI too.
        if !is_visible_ascii(self.target.as_bytes()) || self.target.contains('#') {
            return Err(RequestError::Target);
        }
        match at_most_one(self.fields, "Host").map_err(|_| RequestError::RepeatedHost)? {
            None if self.version == HttpVersion::Http11 => Err(RequestError::MissingHost),
            // Empty is right where the target has no authority [RFC 9110 §7.2]; an upgrade's always has.
            None | Some([]) => Ok(()),
            Some(host) => parse_host(host).map(|_| ()),
        }
    }

    /// Tells whether `Upgrade` names `websocket` [RFC 6455 §4.2.1], item 3.
    fn asks_for_websocket(&self) -> Result<bool, RequestError> {
        // [RFC 9110 §7.8] "A server MUST ignore an Upgrade header field that is received in an HTTP/1.0 request."
        // Without it, this is no client's handshake that RFC 6455 would have us refuse (§4.2.1, item 1).
        if self.version < HttpVersion::Http11 {
            return Ok(false);
        }
        let mut found = false;
        for protocol in self.fields.values("Upgrade").into_iter().flat_map(elements) {
            let (name, version) = split_once(protocol, b'/').unwrap_or((protocol, b"-"));
            if !is_token(name) || !is_token(version) {
                return Err(RequestError::MalformedUpgrade);
            }
            found |= protocol.eq_ignore_ascii_case(b"websocket");
        }
        Ok(found)
    }
}

/// The value of `Host` as text, if it is a host, or a host and a port [RFC 9112 §3.2].
///
/// [RFC 9112 §3.2]: https://www.rfc-editor.org/rfc/rfc9112#section-3.2
pub(super) fn parse_host(value: &[u8]) -> Result<&str, RequestError> {
    core::str::from_utf8(value)
        .ok()
        .filter(|host| Authority::parse(host).is_some())
        .ok_or(RequestError::InvalidHost)
}

/// Splits a target into the authority, if it is an `http` or `https` URI, and the path with its query.
pub(super) fn split_target(target: &str) -> (Option<&str>, &str) {
    for scheme in ["http://", "https://"] {
        if let Some((start, rest)) = target.split_at_checked(scheme.len()) {
            if start.eq_ignore_ascii_case(scheme) {
                let end = rest.find(['/', '?']).unwrap_or(rest.len());
                let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
                return (Some(authority), path);
            }
        }
    }
    (None, target)
}
