//! The client's side of the opening handshake over HTTP/2 and HTTP/3.

use super::client::{ClientRequest, HttpResponse, Response};
use super::connect::{check_headers, in_lower_case, is_connection_specific};
use super::error::{OptionError, ResponseError};
use super::extensions;
use super::head::Fields;
use super::subprotocol;

/// A client's opening handshake over HTTP/2 or HTTP/3, an extended CONNECT [RFC 8441 §5], [RFC 9220 §3]: gives the request,
/// then checks the response. On the server it is an [`ExtendedConnect`](super::ExtendedConnect).
///
/// There is no key and no nonce. Before it is sent, the server's SETTINGS must have allowed it: see [RFC 8441 §3].
///
/// # Examples
///
/// ```
/// use wsproto::handshake::{ClientConnect, ClientRequest, Response};
///
/// let request = ClientRequest { subprotocols: &["chat"], ..ClientRequest::new("example.com", "/room?id=1") };
/// let connect = ClientConnect::new(request)?;
/// assert_eq!((ClientConnect::METHOD, ClientConnect::PROTOCOL), ("CONNECT", "websocket"));
/// assert_eq!((connect.authority(), connect.path()), ("example.com", "/room?id=1"));
/// let mut headers = connect.headers();
/// assert_eq!(headers.next(), Some(("sec-websocket-protocol", &b"chat"[..])));
/// assert_eq!(headers.next(), Some(("sec-websocket-version", &b"13"[..])));
///
/// let answer = [("sec-websocket-protocol", "chat")];
/// let fields = || answer.iter().map(|(name, value)| (*name, value.as_bytes()));
/// match connect.verify(200, fields)? {
///     Response::Upgraded(upgraded) => assert_eq!(upgraded.subprotocol(), Some("chat")),
///     Response::Http(response) => println!("{}", response.status()),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// [RFC 8441 §3]: https://www.rfc-editor.org/rfc/rfc8441#section-3
/// [RFC 8441 §5]: https://www.rfc-editor.org/rfc/rfc8441#section-5
/// [RFC 9220 §3]: https://www.rfc-editor.org/rfc/rfc9220#section-3
#[derive(Debug, Clone, Copy)]
pub struct ClientConnect<'a>(ClientRequest<'a>);

impl<'a> ClientConnect<'a> {
    /// `:method`.
    pub const METHOD: &'static str = "CONNECT";

    /// `:protocol`.
    pub const PROTOCOL: &'static str = "websocket";

    /// Takes what to ask for. What [`verify`](Self::verify) accepts depends on it.
    ///
    /// # Errors
    ///
    /// [`OptionError`] if something in the request must not be sent: over HTTP/2 and HTTP/3 also a field whose name has
    /// capitals [RFC 9113 §8.2], or that is about the connection.
    ///
    /// [RFC 9113 §8.2]: https://www.rfc-editor.org/rfc/rfc9113#section-8.2
    pub fn new(request: ClientRequest<'a>) -> Result<Self, OptionError> {
        request.check()?;
        check_headers(request.headers)?;
        Ok(Self(request))
    }

    /// `:authority`: the server, a host, or a host and a port.
    pub const fn authority(&self) -> &'a str {
        self.0.host
    }

    /// `:path`: the resource, its path and query. `:scheme` is `https`, or over a transport without TLS `http`
    /// [RFC 8441 §5].
    ///
    /// [RFC 8441 §5]: https://www.rfc-editor.org/rfc/rfc8441#section-5
    pub const fn path(&self) -> &'a str {
        self.0.target
    }

    /// The header fields of the request beside the pseudo ones: names, in lower case, and values.
    ///
    /// Everything in them was checked. Each subprotocol has a field of its own, which says the same as one field with
    /// a list [RFC 6455 §11.3.4]: append them all, don't replace one by the next.
    ///
    /// [RFC 6455 §11.3.4]: https://www.rfc-editor.org/rfc/rfc6455#section-11.3.4
    pub fn headers(&self) -> impl Iterator<Item = (&'a str, &'a [u8])> + use<'a> {
        let origin = self.0.origin.map(|origin| ("origin", origin.as_bytes()));
        let subprotocols = self.0.subprotocols.iter().map(|name| (subprotocol::FIELD, name.as_bytes()));
        let version: (&str, &[u8]) = ("sec-websocket-version", b"13");
        let extensions = self.0.extensions.map(|list| (extensions::FIELD, list.as_bytes()));
        let own = origin.into_iter().chain(subprotocols).chain([version]).chain(extensions);
        own.map(|(name, value)| (in_lower_case(name), value)).chain(self.0.headers.iter().copied())
    }

    /// Checks the response: its `:status`, and the header fields that are no pseudo ones. It is
    /// [`Response::Upgraded`] if the stream is the connection now.
    ///
    /// # Errors
    ///
    /// [`ResponseError`]: reset the stream, with `CANCEL` over HTTP/2 and `H3_REQUEST_CANCELLED` over HTTP/3.
    pub fn verify<'b, F: Fields<'b>>(
        &self,
        status: u16,
        fields: F,
    ) -> Result<Response<'b, F>, ResponseError> {
        // [RFC 9113 §8.2.2], [RFC 9114 §4.2]: such a response is malformed.
        if fields.pairs().any(|(name, value)| is_connection_specific(name, value)) {
            return Err(ResponseError::ConnectionSpecificField);
        }
        // [RFC 9113 §8.5]: any 2xx says that a CONNECT has succeeded.
        match status {
            200..=299 => self.0.check_choice(fields).map(Response::Upgraded),
            _ => Ok(Response::Http(HttpResponse::of(status, fields))),
        }
    }
}
