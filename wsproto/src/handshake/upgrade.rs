use super::accept::{accept_key, parse_key};
use super::error::{OptionError, RequestError};
use super::extensions::{self, Extension};
use super::head::{Fields, HeadFields, at_most_one, connection_names_upgrade};
use super::origin::{Authority, Origin};
use super::request::{HttpRequest, parse_host, split_target};
use super::response::{Acceptance, Answer};
use super::subprotocol;

/// A client's opening handshake, everything in it checked [RFC 6455 §4.2.1].
///
/// Look at the [`path`](HttpRequest::path), the [`origin`](Self::origin) and whatever else decides, then
/// [`accept`](Self::accept) it, or answer with a [`HttpReply`](super::HttpReply).
///
/// [RFC 6455 §4.2.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.2.1
#[derive(Debug, Clone, Copy)]
pub struct Upgrade<'b, F = HeadFields<'b>> {
    request: HttpRequest<'b, F>,
    host: &'b str,
    origin: Option<Origin<'b>>,
    accept: [u8; 28],
}

impl<'b, F> Upgrade<'b, F> {
    /// The request itself: method, target and header fields.
    pub const fn http(&self) -> &HttpRequest<'b, F> {
        &self.request
    }

    /// The server that the client asks for, as it names it: a host, or a host and a port.
    ///
    /// That of the target if this is a whole URI, else that of the `Host` field [RFC 9112 §3.2.2].
    ///
    /// [RFC 9112 §3.2.2]: https://www.rfc-editor.org/rfc/rfc9112#section-3.2.2
    pub const fn host(&self) -> &'b str {
        self.host
    }

    /// The site whose script opens the connection, if a browser (or who plays one) says so.
    pub const fn origin(&self) -> Option<Origin<'b>> {
        self.origin
    }

    /// The value that the answer has for `Sec-WebSocket-Accept`.
    pub const fn accept_key(&self) -> &[u8; 28] {
        &self.accept
    }
}

impl<'b, F: Fields<'b>> Upgrade<'b, F> {
    /// Iterates over the subprotocols that the client offers, in its order of preference; they are tokens and unique.
    pub fn subprotocols(&self) -> impl Iterator<Item = &'b str> + use<'b, F> {
        subprotocol::offered(self.request.fields)
    }

    /// Iterates over the extensions that the client offers, in its order of preference, repeated ones too.
    pub fn extensions(&self) -> impl Iterator<Item = Extension<'b>> + use<'b, F> {
        offered_extensions(self.request.fields)
    }

    /// Answers that the server speaks WebSocket, with what it chose.
    ///
    /// # Errors
    ///
    /// [`OptionError`] if the client didn't offer the subprotocol or an extension, or a field must not be sent.
    pub fn accept<'a>(&self, answer: Answer<'a>) -> Result<Acceptance<'a>, OptionError> {
        answer.check(self.request.fields)?;
        Ok(Acceptance::new(self.accept, answer))
    }

    /// Checks each rule of RFC 6455 §4.2.1, in its order but for the version: the rest is said in that version.
    pub(super) fn check(request: HttpRequest<'b, F>) -> Result<Self, RequestError> {
        let fields = request.fields;
        // Item 1: "An HTTP/1.1 or higher GET request"; one of HTTP/1.0 was told apart before.
        if request.method != "GET" {
            return Err(RequestError::Method);
        }
        let host = target_host(&request)?;
        // Item 4. A body's end is where frames would begin, so there must be no two opinions about it.
        if !connection_names_upgrade(fields) {
            return Err(RequestError::Connection);
        }
        if announces_body(fields) {
            return Err(RequestError::Body);
        }
        check_version(fields)?;
        // Item 5.
        let key = at_most_one(fields, "Sec-WebSocket-Key")
            .map_err(|_| RequestError::RepeatedKey)?
            .ok_or(RequestError::MissingKey)?;
        let key = parse_key(key).ok_or(RequestError::InvalidKey)?;
        let origin = check_offer(fields)?;
        Ok(Self { request, host, origin, accept: accept_key(&key) })
    }
}

/// The server that the request is for; the target must be a path, or an `http` or `https` URI (items 1 and 2).
fn target_host<'b, F: Fields<'b>>(request: &HttpRequest<'b, F>) -> Result<&'b str, RequestError> {
    let host = request.header("Host").ok_or(RequestError::MissingHost)?;
    let host = parse_host(host)?;
    match split_target(request.target) {
        (Some(authority), _) if Authority::parse(authority).is_some() => Ok(authority),
        (None, path) if path.starts_with('/') => Ok(host),
        _ => Err(RequestError::Target),
    }
}

fn announces_body<'b>(fields: impl Fields<'b>) -> bool {
    let is_zero = |length: &[u8]| !length.is_empty() && length.iter().all(|&digit| digit == b'0');
    fields.value("Transfer-Encoding").is_some() || !fields.values("Content-Length").into_iter().all(is_zero)
}

/// Checks `Sec-WebSocket-Version`: 13, once (§4.2.1 item 6, §4.2.2 item 4).
pub(super) fn check_version<'b>(fields: impl Fields<'b>) -> Result<(), RequestError> {
    match at_most_one(fields, "Sec-WebSocket-Version") {
        Ok(Some(b"13")) => Ok(()),
        Ok(Some(_)) => Err(RequestError::UnsupportedVersion),
        Ok(None) => Err(RequestError::MissingVersion),
        Err(_) => Err(RequestError::RepeatedVersion),
    }
}

/// Checks what a client may add (§4.2.1 items 7 to 9), and gives the origin.
pub(super) fn check_offer<'b>(fields: impl Fields<'b>) -> Result<Option<Origin<'b>>, RequestError> {
    subprotocol::check_offer(fields)?;
    extensions::named(fields).map(drop).map_err(|_| RequestError::MalformedExtensions)?;
    at_most_one(fields, "Origin")
        .map_err(|_| RequestError::RepeatedOrigin)?
        .map(|value| match core::str::from_utf8(value) {
            Ok(origin) if origin.bytes().all(|byte| matches!(byte, b' '..=b'~')) => Ok(Origin::new(origin)),
            _ => Err(RequestError::InvalidOrigin),
        })
        .transpose()
}

/// The extensions of an offer that was checked.
pub(super) fn offered_extensions<'b, F: Fields<'b>>(
    fields: F,
) -> impl Iterator<Item = Extension<'b>> + use<'b, F> {
    extensions::named(fields).into_iter().flatten()
}
