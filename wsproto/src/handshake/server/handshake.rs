//! A client's opening handshake: each rule for it, and how it is accepted.

use super::answer::{Answer, Choice};
use super::error::RequestFault;
use super::http_request::{HttpRequest, check_target, parse_host};
use crate::handshake::accept::{accept_key, parse_key};
use crate::handshake::extensions::{self, Extension};
use crate::handshake::http::authority::{Authority, split_target};
use crate::handshake::http::fields::{
    Fields, HeadFields, at_most_one, connection_names_upgrade, each_element, names, value, values,
};
use crate::handshake::http::http2::is_connection_specific;
use crate::handshake::http::start_line::HttpVersion;
use crate::handshake::http::tokens::is_token;
use crate::handshake::misuse::HandshakeMisuse;
use crate::handshake::origin::Origin;
use crate::handshake::subprotocol::{self, MAX_SUBPROTOCOLS};

/// Holds a client's opening handshake, everything in it checked ([RFC 6455 §4.2.1]).
///
/// It is an upgrade of HTTP/1.1, or an extended CONNECT of HTTP/2 or HTTP/3 ([RFC 8441 §5], [RFC 9220 §3]), and knows
/// which. Look at the [`path`](HttpRequest::path), the [`origin`](Self::origin) and whatever else decides, then
/// [`accept`](Self::accept) it, or send another [`Answer`].
///
/// # Examples
///
/// ```
/// use wsproto::handshake::{Answer, Choice, Request};
///
/// # let received = b"GET /chat HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
/// #     Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
/// #     Origin: https://example.com\r\n\r\n";
/// let Some((Request::WebSocket(handshake), _)) = Request::decode(received)? else { return Ok(()) };
/// let is_foreign = handshake.origin().is_some_and(|origin| !origin.is_same_host(handshake.host()));
/// let answer = match handshake.http().path() {
///     _ if is_foreign => Answer::new(403, &[], b"")?,
///     "/chat" => handshake.accept(Choice::default())?,
///     _ => Answer::new(404, &[], b"")?,
/// };
/// assert_eq!(answer.status(), 101);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// [RFC 6455 §4.2.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.2.1
/// [RFC 8441 §5]: https://www.rfc-editor.org/rfc/rfc8441#section-5
/// [RFC 9220 §3]: https://www.rfc-editor.org/rfc/rfc9220#section-3
#[derive(Debug, Clone, Copy)]
pub struct ServerHandshake<'b, F = HeadFields<'b>> {
    http: HttpRequest<'b, F>,
    host: &'b str,
    /// Of HTTP/1.1 alone.
    pub(super) accept: [u8; 28],
}

impl<'b, F: Fields<'b>> ServerHandshake<'b, F> {
    /// Returns the request itself: method, target and header fields.
    pub const fn http(&self) -> &HttpRequest<'b, F> {
        &self.http
    }

    /// Returns the server that the client asks for, as it names it: a host, or a host and a port.
    ///
    /// It is that of the target if this is an absolute URI, else that of the `Host` field ([RFC 9112 §3.2.2]); over
    /// HTTP/2 and HTTP/3 that of `:authority`.
    ///
    /// [RFC 9112 §3.2.2]: https://www.rfc-editor.org/rfc/rfc9112#section-3.2.2
    pub const fn host(&self) -> &'b str {
        self.host
    }

    /// Returns the site whose script opens the connection, if a browser (or a program that acts like one) names it.
    pub fn origin(&self) -> Option<Origin<'b>> {
        let origin = core::str::from_utf8(value(self.http.fields, "Origin")?).ok()?;
        Some(Origin::new(origin))
    }

    /// Iterates over the subprotocols that the client offers, in its order of preference; they are tokens and unique.
    pub fn subprotocols(&self) -> impl Iterator<Item = &'b str> + use<'b, F> {
        subprotocol::offered(self.http.fields)
    }

    /// Iterates over the extensions that the client offers, in its order of preference, repeated ones too.
    pub fn extensions(&self) -> impl Iterator<Item = Extension<'b>> + use<'b, F> {
        extensions::named(self.http.fields)
    }

    /// Accepts the handshake, with what the server chose. Once the answer is sent, the connection is open.
    ///
    /// # Errors
    ///
    /// [`HandshakeMisuse`] if the client didn't offer the subprotocol or an extension, or if a field must not be sent:
    /// over HTTP/2 and HTTP/3 also one whose name has capitals ([RFC 9113 §8.2]), or that is about the connection.
    ///
    /// [RFC 9113 §8.2]: https://www.rfc-editor.org/rfc/rfc9113#section-8.2
    pub fn accept<'a>(&self, choice: Choice<'a>) -> Result<Answer<'a>, HandshakeMisuse> {
        choice.check(self.http.version, self.http.fields)?;
        Ok(match self.http.version {
            HttpVersion::Http2 => Answer::connecting(choice),
            _ => Answer::switching(self.accept, choice, expects_continue(self.http.fields)),
        })
    }

    /// Takes an upgrade that was checked before, and the answer to its key.
    pub(super) fn checked(http: HttpRequest<'b, F>, accept: [u8; 28]) -> Self {
        let host = target_host(&http).unwrap_or_default();
        Self { http, host, accept }
    }

    /// Checks each rule of RFC 6455 §4.2.1, in its order but for the version: the rest is said in that version.
    pub(super) fn upgrade(http: HttpRequest<'b, F>) -> Result<Self, RequestFault> {
        let fields = http.fields;
        // Item 1: "An HTTP/1.1 or higher GET request"; one of HTTP/1.0 was told apart before.
        if http.method != "GET" {
            return Err(RequestFault::Method);
        }
        let host = target_host(&http)?;
        // Item 4. A body's end is where frames would begin, so there must be no two opinions about it.
        if !connection_names_upgrade(fields) {
            return Err(RequestFault::Connection);
        }
        if announces_body(fields) {
            return Err(RequestFault::Body);
        }
        check_version(fields)?;
        // Item 5.
        let key = at_most_one(fields, "Sec-WebSocket-Key")
            .map_err(|_| RequestFault::RepeatedKey)?
            .ok_or(RequestFault::MissingKey)?;
        let key = parse_key(key).ok_or(RequestFault::InvalidKey)?;
        check_offer(fields)?;
        Ok(Self { http, host, accept: accept_key(&key) })
    }

    /// Checks an extended CONNECT, which has neither key nor upgrade, and may not have what is about the connection.
    pub(super) fn connect(http: HttpRequest<'b, F>, authority: &'b str) -> Result<Self, RequestFault> {
        let fields = http.fields;
        let host = Authority::parse(authority).ok_or(RequestFault::InvalidHost)?;
        // [RFC 8441 §4] `:path` is there, though a CONNECT has none otherwise.
        check_target(http.target)?;
        if !http.target.starts_with('/') {
            return Err(RequestFault::Target);
        }
        // [RFC 9113 §8.2.2], [RFC 9114 §4.2]: such a request is malformed.
        if fields.pairs().any(|(name, value)| is_connection_specific(name, value)) {
            return Err(RequestFault::ConnectionSpecificField);
        }
        if let Some(other) = at_most_one(fields, "Host").map_err(|_| RequestFault::RepeatedHost)? {
            let other = Authority::parse(parse_host(other)?).ok_or(RequestFault::InvalidHost)?;
            if !is_same_entity(host, other) {
                return Err(RequestFault::HostMismatch);
            }
        }
        check_version(fields)?;
        check_offer(fields)?;
        Ok(Self { http, host: authority, accept: [0; 28] })
    }
}

/// Returns the server that the request is for; the target must be a path, or an absolute URI (items 1 and 2).
fn target_host<'b, F: Fields<'b>>(request: &HttpRequest<'b, F>) -> Result<&'b str, RequestFault> {
    let host = request.header("Host").ok_or(RequestFault::MissingHost)?;
    let host = parse_host(host)?;
    match split_target(request.target) {
        (Some(authority), _) if Authority::parse(authority).is_some() => Ok(authority),
        (None, path) if path.starts_with('/') => Ok(host),
        _ => Err(RequestFault::Target),
    }
}

/// Tells whether `Host` names what `:authority` does ([RFC 9113 §8.3.1]): whatever the case, and with or without the
/// port of `http` or `https`.
///
/// [RFC 9113 §8.3.1]: https://www.rfc-editor.org/rfc/rfc9113#section-8.3.1
fn is_same_entity(one: Authority<'_>, other: Authority<'_>) -> bool {
    let is_default = |port: Option<u16>| matches!(port, None | Some(80 | 443));
    let same_port = match (one.port, other.port) {
        (Some(one), Some(other)) => one == other,
        (one, other) => is_default(one) && is_default(other),
    };
    one.host.eq_ignore_ascii_case(other.host) && same_port
}

fn announces_body<'b>(fields: impl Fields<'b>) -> bool {
    let is_zero = |length: &[u8]| !length.is_empty() && length.iter().all(|&digit| digit == b'0');
    value(fields, "Transfer-Encoding").is_some() || !values(fields, "Content-Length").all(is_zero)
}

/// Tells whether the client waits for `100 Continue`.
///
/// There is no body that it could wait with, but a server "MUST send a 100 (Continue) response before sending a 101"
/// ([RFC 9110 §7.8]). Other expectations are ignored, as [RFC 9110 §10.1.1] allows.
///
/// [RFC 9110 §7.8]: https://www.rfc-editor.org/rfc/rfc9110#section-7.8
/// [RFC 9110 §10.1.1]: https://www.rfc-editor.org/rfc/rfc9110#section-10.1.1
fn expects_continue<'b>(fields: impl Fields<'b>) -> bool {
    let (is_expected, _) = names(fields, "Expect", b"100-continue");
    is_expected
}

/// Checks `Sec-WebSocket-Version`: 13, once (§4.2.1 item 6, §4.2.2 item 4).
fn check_version<'b>(fields: impl Fields<'b>) -> Result<(), RequestFault> {
    match at_most_one(fields, "Sec-WebSocket-Version") {
        Ok(Some(b"13")) => Ok(()),
        Ok(Some(_)) => Err(RequestFault::UnsupportedVersion),
        Ok(None) => Err(RequestFault::MissingVersion),
        Err(_) => Err(RequestFault::RepeatedVersion),
    }
}

/// Checks what a client may add (§4.2.1 items 7 to 9).
fn check_offer<'b>(fields: impl Fields<'b>) -> Result<(), RequestFault> {
    check_subprotocols(fields)?;
    if !extensions::are_well_formed(fields) {
        return Err(RequestFault::MalformedExtensions);
    }
    match at_most_one(fields, "Origin").map_err(|_| RequestFault::RepeatedOrigin)? {
        Some(origin) if !origin.iter().all(|byte| matches!(byte, b' '..=b'~')) => {
            Err(RequestFault::InvalidOrigin)
        }
        _ => Ok(()),
    }
}

/// Checks that `fields` offer subprotocols as they must, if they offer any ([RFC 6455 §4.1], item 10).
///
/// [RFC 6455 §4.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.1
fn check_subprotocols<'b>(fields: impl Fields<'b>) -> Result<(), RequestFault> {
    // The names so far; a place that is free holds no token, so it is like none of them.
    let mut known: [&[u8]; MAX_SUBPROTOCOLS] = [b""; MAX_SUBPROTOCOLS];
    let (mut count, mut checked) = (0_usize, Ok(()));
    each_element(fields, subprotocol::FIELD, &mut |name| {
        if checked.is_ok() {
            let is_known = known.contains(&name); // all of them must be unique strings
            checked = match known.get_mut(count) {
                _ if !is_token(name) => Err(RequestFault::MalformedSubprotocols),
                _ if is_known => Err(RequestFault::RepeatedSubprotocol),
                None => Err(RequestFault::TooManySubprotocols),
                Some(place) => {
                    *place = name;
                    Ok(())
                }
            };
            count = count.saturating_add(1);
        }
    });
    checked?;
    // A list of nothing is not one of the grammar: `1#token` [RFC 6455 §4.3].
    if count == 0 && value(fields, subprotocol::FIELD).is_some() {
        return Err(RequestFault::MalformedSubprotocols);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{format, vec::Vec};

    fn check(values: &[&str]) -> Result<(), RequestFault> {
        let fields: Vec<_> = values.iter().map(|value| (subprotocol::FIELD, value.as_bytes())).collect();
        check_subprotocols(&fields[..])
    }

    #[test]
    fn offers_are_lists_of_unique_tokens() {
        assert_eq!(check(&[]), Ok(()));
        assert_eq!(check(&["json", "xml, json-delta"]), Ok(()));
        assert_eq!(check(&["json, JSON"]), Ok(()));
        for malformed in ["", " , ", "a b", "\"json\"", "json;q=1", "j\u{e9}"] {
            assert_eq!(check(&[malformed]), Err(RequestFault::MalformedSubprotocols), "{malformed}");
        }
        assert_eq!(check(&["json, json"]), Err(RequestFault::RepeatedSubprotocol));
        assert_eq!(check(&["json", "xml", "json"]), Err(RequestFault::RepeatedSubprotocol));
    }

    #[test]
    fn the_number_of_offers_is_bounded() {
        let many = |n: usize| (0..n).map(|i| format!("p{i}")).collect::<Vec<_>>().join(",");
        assert_eq!(check(&[&many(MAX_SUBPROTOCOLS)]), Ok(()));
        assert_eq!(check(&[&many(MAX_SUBPROTOCOLS + 1)]), Err(RequestFault::TooManySubprotocols));
    }
}
