//! The opening handshake over HTTP/2 and HTTP/3, where it is a request of its own and no upgrade.

use super::error::{OptionError, RequestError};
use super::extensions::{self, Extension};
use super::head::Fields;
use super::origin::{Authority, Origin};
use super::response::Answer;
use super::subprotocol;
use super::tokens::trim_ows;
use super::upgrade::{check_offer, check_version, offered_extensions};
use core::fmt;

/// A client's opening handshake over HTTP/2 or HTTP/3: an extended CONNECT [RFC 8441 §5], [RFC 9220 §3].
///
/// There is no key and no upgrade: the stream itself becomes the connection when the answer is a 2xx.
///
/// # Examples
///
/// ```
/// use wsproto::handshake::{Answer, ConnectAcceptance, ExtendedConnect};
///
/// let headers = [("sec-websocket-version", "13"), ("sec-websocket-protocol", "chat")];
/// let fields = || headers.iter().map(|(name, value)| (*name, value.as_bytes()));
///
/// let connect = ExtendedConnect::from_parts("CONNECT", Some("websocket"), "example.com", fields)?;
/// let connect = connect.expect("it is for WebSocket");
/// let acceptance = connect.accept(Answer { subprotocol: Some("chat"), ..Answer::default() })?;
/// assert_eq!(ConnectAcceptance::STATUS, 200);
/// assert_eq!(acceptance.headers().next(), Some(("sec-websocket-protocol", &b"chat"[..])));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// [RFC 8441 §5]: https://www.rfc-editor.org/rfc/rfc8441#section-5
/// [RFC 9220 §3]: https://www.rfc-editor.org/rfc/rfc9220#section-3
#[derive(Debug, Clone, Copy)]
pub struct ExtendedConnect<'b, F> {
    authority: &'b str,
    origin: Option<Origin<'b>>,
    fields: F,
}

impl<'b, F: Fields<'b>> ExtendedConnect<'b, F> {
    /// Checks a request: its `:method`, `:protocol` and `:authority`, and the header fields that are no pseudo ones.
    ///
    /// Gives `None` if it is not for WebSocket. A CONNECT whose `:protocol` is unknown is answered with 501. Where there is
    /// no `:authority`, `""` is refused as it should be.
    ///
    /// # Errors
    ///
    /// [`ConnectError`]; its `status` and `headers` are what to answer.
    pub fn from_parts(
        method: &str,
        protocol: Option<&str>,
        authority: &'b str,
        fields: F,
    ) -> Result<Option<Self>, ConnectError> {
        let websocket = protocol.is_some_and(|name| name.eq_ignore_ascii_case("websocket"));
        if method != "CONNECT" || !websocket {
            return Ok(None);
        }
        if Authority::parse(authority).is_none() {
            return Err(ConnectError(RequestError::InvalidHost));
        }
        // [RFC 9113 §8.2.2], [RFC 9114 §4.2]: such a request is malformed.
        if fields.pairs().any(|(name, value)| is_connection_specific(name, value)) {
            return Err(ConnectError(RequestError::ConnectionSpecificField));
        }
        check_version(fields).map_err(ConnectError)?;
        let origin = check_offer(fields).map_err(ConnectError)?;
        Ok(Some(Self { authority, origin, fields }))
    }

    /// The server that the client asks for: a host, or a host and a port.
    pub const fn host(&self) -> &'b str {
        self.authority
    }

    /// The site whose script opens the connection, if a browser (or who plays one) says so.
    pub const fn origin(&self) -> Option<Origin<'b>> {
        self.origin
    }

    /// Iterates over the subprotocols that the client offers, in its order of preference; they are tokens and unique.
    pub fn subprotocols(&self) -> impl Iterator<Item = &'b str> + use<'b, F> {
        subprotocol::offered(self.fields)
    }

    /// Iterates over the extensions that the client offers, in its order of preference, repeated ones too.
    pub fn extensions(&self) -> impl Iterator<Item = Extension<'b>> + use<'b, F> {
        offered_extensions(self.fields)
    }

    /// Accepts the connection.
    ///
    /// # Errors
    ///
    /// [`OptionError`] if the client didn't offer the subprotocol or an extension, or a field must not be sent: over
    /// HTTP/2 and HTTP/3 also one whose name has capitals [RFC 9113 §8.2], or that is about the connection.
    ///
    /// [RFC 9113 §8.2]: https://www.rfc-editor.org/rfc/rfc9113#section-8.2
    pub fn accept<'a>(&self, answer: Answer<'a>) -> Result<ConnectAcceptance<'a>, OptionError> {
        answer.check(self.fields)?;
        check_headers(answer.headers)?;
        Ok(ConnectAcceptance { answer })
    }
}

/// The answer that makes a stream of HTTP/2 or HTTP/3 a WebSocket connection [RFC 8441 §5]. Everything in it was checked: it
/// can be sent as it is.
///
/// [RFC 8441 §5]: https://www.rfc-editor.org/rfc/rfc8441#section-5
#[derive(Debug, Clone, Copy)]
#[must_use = "the client waits for this answer"]
pub struct ConnectAcceptance<'a> {
    answer: Answer<'a>,
}

impl ConnectAcceptance<'_> {
    /// `200`; any 2xx would do.
    pub const STATUS: u16 = 200;

    /// The header fields of the answer: names, in lower case, and values.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.answer.headers().map(|(name, value)| (in_lower_case(name), value))
    }
}

/// Checks what HTTP/2 and HTTP/3 ask of fields that the caller wants to send, beside what any HTTP does.
pub(super) fn check_headers(headers: &[(&str, &[u8])]) -> Result<(), OptionError> {
    for (name, value) in headers {
        // [RFC 9113 §8.2]: "Field names MUST be converted to lowercase".
        if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(OptionError::FieldName);
        }
        if is_connection_specific(name, value) {
            return Err(OptionError::ReservedField);
        }
    }
    Ok(())
}

/// Our own names as HTTP/2 has them; the caller's were checked.
pub(super) fn in_lower_case(name: &str) -> &str {
    match name {
        subprotocol::FIELD => "sec-websocket-protocol",
        extensions::FIELD => "sec-websocket-extensions",
        other => other,
    }
}

/// Tells whether a field is about HTTP/1.1's connection, which HTTP/2 and HTTP/3 have no words for [RFC 9113 §8.2.2].
///
/// [RFC 9113 §8.2.2]: https://www.rfc-editor.org/rfc/rfc9113#section-8.2.2
pub(super) fn is_connection_specific(name: &str, value: &[u8]) -> bool {
    ["connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade"]
        .iter()
        .any(|specific| specific.eq_ignore_ascii_case(name))
        || (name.eq_ignore_ascii_case("te") && !trim_ows(value).eq_ignore_ascii_case(b"trailers"))
}

/// Why an [`ExtendedConnect`] is refused: the peer's fault. It knows its answer over HTTP/2 and HTTP/3.
///
/// The rules are those of an upgrade, the answer can't be: 426 must come with `Upgrade` [RFC 9110 §15.5.22], and
/// HTTP/2 forbids that field [RFC 9113 §8.2.2]. [RFC 6455 §4.4] leaves the choice of the status to the server.
///
/// [RFC 9110 §15.5.22]: https://www.rfc-editor.org/rfc/rfc9110#section-15.5.22
/// [RFC 9113 §8.2.2]: https://www.rfc-editor.org/rfc/rfc9113#section-8.2.2
/// [RFC 6455 §4.4]: https://www.rfc-editor.org/rfc/rfc6455#section-4.4
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ConnectError(RequestError);

impl ConnectError {
    /// The rule that was broken.
    pub const fn rule(self) -> RequestError {
        self.0
    }

    /// The HTTP status to answer with: 400.
    pub const fn status(self) -> u16 {
        400
    }

    /// The header fields to answer with, their names in lower case: after a wrong version, the one that is spoken.
    pub const fn headers(self) -> &'static [(&'static str, &'static [u8])] {
        match self.0 {
            RequestError::MissingVersion | RequestError::UnsupportedVersion => {
                &[("sec-websocket-version", b"13")]
            }
            _ => &[],
        }
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl core::error::Error for ConnectError {}
