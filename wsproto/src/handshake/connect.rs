//! The opening handshake over HTTP/2 and HTTP/3, where it is a request of its own and no upgrade.

use super::error::{OptionError, RequestError};
use super::extensions::Extension;
use super::head::Fields;
use super::origin::{Authority, Origin};
use super::response::Answer;
use super::subprotocol;
use super::upgrade::{check_offer, check_version, offered_extensions};

/// A client's opening handshake over HTTP/2 or HTTP/3: an extended CONNECT [RFC 8441 §5], [RFC 9220 §3].
///
/// There is no key and no upgrade: the stream itself becomes the connection when the answer is a 2xx.
///
/// # Examples
///
/// ```
/// use wsproto::handshake::{Answer, EXTENDED_CONNECT_STATUS, ExtendedConnect};
///
/// let headers = [("sec-websocket-version", "13"), ("sec-websocket-protocol", "chat")];
/// let fields = || headers.iter().map(|(name, value)| (*name, value.as_bytes()));
///
/// let connect = ExtendedConnect::from_parts("CONNECT", Some("websocket"), "example.com", fields)?;
/// let connect = connect.expect("it is for WebSocket");
/// let mut headers = connect.accept(Answer { subprotocol: Some("chat"), ..Answer::default() })?;
/// assert_eq!(headers.next(), Some(("Sec-WebSocket-Protocol", &b"chat"[..])));
/// assert_eq!(EXTENDED_CONNECT_STATUS, 200);
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

/// The status that accepts an [`ExtendedConnect`]: any 2xx would do [RFC 8441 §5].
///
/// [RFC 8441 §5]: https://www.rfc-editor.org/rfc/rfc8441#section-5
pub const EXTENDED_CONNECT_STATUS: u16 = 200;

impl<'b, F: Fields<'b>> ExtendedConnect<'b, F> {
    /// Checks a request: its `:method`, `:protocol` and `:authority`, and the header fields that are no pseudo ones.
    ///
    /// Gives `None` if it is not for WebSocket. A CONNECT whose `:protocol` is unknown is answered with 501.
    ///
    /// # Errors
    ///
    /// [`RequestError`]; its `status` is what to answer, with `Sec-WebSocket-Version: 13` if it is 426.
    pub fn from_parts(
        method: &str,
        protocol: Option<&str>,
        authority: &'b str,
        fields: F,
    ) -> Result<Option<Self>, RequestError> {
        let websocket = protocol.is_some_and(|name| name.eq_ignore_ascii_case("websocket"));
        if method != "CONNECT" || !websocket {
            return Ok(None);
        }
        if Authority::parse(authority).is_none() {
            return Err(RequestError::InvalidHost);
        }
        // [RFC 9113 §8.2.2], [RFC 9114 §4.2]: such a request is malformed.
        let connection_specific = ["Connection", "Upgrade", "Transfer-Encoding"];
        if connection_specific.iter().any(|name| fields.value(name).is_some()) {
            return Err(RequestError::ConnectionSpecificField);
        }
        check_version(fields)?;
        let origin = check_offer(fields)?;
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

    /// Gives the header fields to answer with, beside [`EXTENDED_CONNECT_STATUS`]: names and values.
    ///
    /// # Errors
    ///
    /// [`OptionError`] if the client didn't offer the subprotocol or an extension, or a field must not be sent.
    pub fn accept<'a>(
        &self,
        answer: Answer<'a>,
    ) -> Result<impl Iterator<Item = (&'a str, &'a [u8])> + use<'a, 'b, F>, OptionError> {
        answer.check(self.fields)?;
        Ok(answer.headers())
    }
}
