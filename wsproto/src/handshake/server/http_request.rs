//! Any request, whatever it is for.

use super::error::{RequestError, RequestFault};
use crate::handshake::http::authority::{Authority, split_target};
use crate::handshake::http::fields::{Fields, HeadFields, at_most_one, each_element, value};
use crate::handshake::http::lines::split_once;
use crate::handshake::http::start_line::HttpVersion;
use crate::handshake::http::tokens::{is_token, is_visible_ascii, position};

/// Holds any request, its head well-formed: method, target, version and header fields.
///
/// A request with `Expect: 100-continue` waits before it sends its body. An [`Answer`](super::Answer) is final, and
/// ends the wait, so that a server that reads no bodies need not look at this field ([RFC 9110 §10.1.1]).
///
/// [RFC 9110 §10.1.1]: https://www.rfc-editor.org/rfc/rfc9110#section-10.1.1
#[derive(Debug, Clone, Copy)]
pub struct HttpRequest<'b, F = HeadFields<'b>> {
    pub(super) method: &'b str,
    pub(super) target: &'b str,
    pub(super) version: HttpVersion,
    pub(super) fields: F,
}

impl<'b, F: Fields<'b>> HttpRequest<'b, F> {
    /// Returns the method, such as `GET`; of a handshake over HTTP/2 or HTTP/3 it is `CONNECT`.
    pub const fn method(&self) -> &'b str {
        self.method
    }

    /// Returns the target as it came: mostly path and query.
    pub const fn target(&self) -> &'b str {
        self.target
    }

    /// Returns the version of HTTP.
    pub const fn version(&self) -> HttpVersion {
        self.version
    }

    /// Returns the target's path, percent-encoded as it came, without the query.
    pub fn path(&self) -> &'b str {
        let (_, target) = split_target(self.target);
        match target.split_once('?').map_or(target, |(path, _)| path) {
            "" => "/",
            path => path,
        }
    }

    /// Returns what follows the target's `?`, if there is one.
    pub fn query(&self) -> Option<&'b str> {
        self.target.split_once('?').map(|(_, query)| query)
    }

    /// Returns the first value of the header fields of this name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&'b [u8]> {
        value(self.fields, name)
    }

    /// Iterates over all header fields, in order: names and values.
    pub fn headers(&self) -> impl Iterator<Item = (&'b str, &'b [u8])> + use<'b, F> {
        self.fields.pairs()
    }

    /// Tells whether this was to be a handshake whose `Upgrade` a proxy has dropped, and returns what to answer.
    ///
    /// Such a request has a `Sec-WebSocket-Key`, and no `Upgrade` or one that HTTP/1.0 ignores: a proxy passes on
    /// neither unless it is told to. The [answer](RequestError::answer) is 426 with a word on that.
    ///
    /// # Examples
    ///
    /// ```
    /// use wsproto::handshake::{Request, RequestFault};
    ///
    /// let received = b"GET /chat HTTP/1.0\r\nHost: example.com\r\nConnection: close\r\n\
    ///     Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    /// let Some((Request::Http(request), _)) = Request::decode(received)? else { panic!("an upgrade") };
    /// let error = request.lost_upgrade().expect("a hint");
    /// assert_eq!(error.fault(), RequestFault::LostUpgrade);
    /// assert_eq!(error.answer().status(), 426);
    /// # Ok::<(), wsproto::handshake::RequestError>(())
    /// ```
    pub fn lost_upgrade(&self) -> Option<RequestError> {
        let has_key = value(self.fields, "Sec-WebSocket-Key").is_some();
        let is_lost = match self.version {
            HttpVersion::Http10 => true,
            HttpVersion::Http11 => value(self.fields, "Upgrade").is_none(),
            HttpVersion::Http2 => false,
        };
        (has_key && is_lost).then(|| self.error(RequestFault::LostUpgrade))
    }

    /// An error that knows what the request was.
    pub(super) fn error(&self, fault: RequestFault) -> RequestError {
        RequestError::new(fault, self.version, self.method == "HEAD")
    }

    /// Checks what holds for every request of HTTP/1.
    pub(super) fn check(&self) -> Result<(), RequestFault> {
        check_target(self.target)?;
        match at_most_one(self.fields, "Host").map_err(|_| RequestFault::RepeatedHost)? {
            None if self.version == HttpVersion::Http11 => Err(RequestFault::MissingHost),
            // Empty is right where the target has no authority [RFC 9110 §7.2]; an upgrade's always has.
            None | Some([]) => Ok(()),
            Some(host) => parse_host(host).map(|_| ()),
        }
    }

    /// Tells whether `Upgrade` names `websocket` ([RFC 6455 §4.2.1], item 3).
    ///
    /// [RFC 6455 §4.2.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.2.1
    pub(super) fn asks_for_websocket(&self) -> Result<bool, RequestFault> {
        // [RFC 9110 §7.8] "A server MUST ignore an Upgrade header field that is received in an HTTP/1.0 request."
        // Without it, this is no client's handshake that RFC 6455 would have us refuse (§4.2.1, item 1).
        if self.version != HttpVersion::Http11 {
            return Ok(false);
        }
        let (mut found, mut are_protocols) = (false, true);
        each_element(self.fields, "Upgrade", &mut |protocol| {
            let (name, version) = split_once(protocol, b'/').unwrap_or((protocol, b"-"));
            are_protocols &= is_token(name) && is_token(version);
            found |= protocol.eq_ignore_ascii_case(b"websocket");
        });
        if are_protocols { Ok(found) } else { Err(RequestFault::MalformedUpgrade) }
    }
}

/// Checks what holds for every target: a fragment is no part of it; [RFC 6455 §3] forbids one in a WebSocket URI too.
///
/// [RFC 6455 §3]: https://www.rfc-editor.org/rfc/rfc6455#section-3
pub(super) fn check_target(target: &str) -> Result<(), RequestFault> {
    if is_visible_ascii(target.as_bytes()) && position(target.as_bytes(), b'#').is_none() {
        Ok(())
    } else {
        Err(RequestFault::Target)
    }
}

/// Returns the value of `Host` as text, if it is a host, or a host and a port ([RFC 9112 §3.2]).
///
/// [RFC 9112 §3.2]: https://www.rfc-editor.org/rfc/rfc9112#section-3.2
pub(super) fn parse_host(value: &[u8]) -> Result<&str, RequestFault> {
    core::str::from_utf8(value)
        .ok()
        .filter(|host| Authority::parse(host).is_some())
        .ok_or(RequestFault::InvalidHost)
}
