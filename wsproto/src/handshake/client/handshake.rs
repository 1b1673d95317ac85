//! A client's opening handshake: what is sent, and each rule for the response.

use super::error::ResponseError;
use super::offer::Offer;
use super::response::{Accepted, HttpResponse, Response};
use crate::error::BufferTooSmall;
use crate::handshake::accept::{accept_key, encode_key};
use crate::handshake::extensions;
use crate::handshake::http::fields::{Fields, at_most_one, connection_names_upgrade};
use crate::handshake::http::http2::{in_lower_case, is_connection_specific};
use crate::handshake::http::write::{Out, write_all};
use crate::handshake::misuse::HandshakeMisuse;
use crate::handshake::subprotocol;

/// Opens a connection as a client: writes the request, then checks the response.
///
/// [`new`](Self::new) makes an upgrade of HTTP/1.1, [`over_http2`](Self::over_http2) an extended CONNECT.
///
/// # Examples
///
/// ```
/// use wsproto::handshake::{ClientHandshake, Offer, Response};
///
/// // Take it from the system's generator: it must be unpredictable, and new for each connection.
/// let nonce = *b"the sample nonce";
/// let offer = Offer { subprotocols: &["chat"], ..Offer::new("example.com", "/") };
/// let handshake = ClientHandshake::new(offer, nonce)?;
///
/// let mut dst = [0; 512];
/// let written = handshake.encode(&mut dst)?;
/// assert!(dst[..written].starts_with(b"GET / HTTP/1.1\r\nHost: example.com\r\n"));
///
/// let received = b"HTTP/1.1 101 Switching Protocols\r\n\
///     Upgrade: websocket\r\n\
///     Connection: Upgrade\r\n\
///     Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
///     Sec-WebSocket-Protocol: chat\r\n\r\n";
/// match handshake.decode(received)? {
///     None => {} // Incomplete: read more, and come back with all of it.
///     Some((Response::WebSocket(accepted), _consumed)) => {
///         // What follows `_consumed` is already WebSocket data.
///         assert_eq!(accepted.subprotocol(), Some("chat"));
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
    offer: Offer<'a>,
    /// Of HTTP/1.1 alone.
    key: Option<[u8; 24]>,
}

impl<'a> ClientHandshake<'a> {
    /// Takes an offer for HTTP/1.1, and 16 random bytes: unpredictable, and new for each connection ([RFC 6455 §4.1]).
    ///
    /// # Errors
    ///
    /// [`HandshakeMisuse`] if something in the offer must not be sent.
    ///
    /// [RFC 6455 §4.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.1
    pub fn new(offer: Offer<'a>, nonce: [u8; 16]) -> Result<Self, HandshakeMisuse> {
        offer.check(false)?;
        Ok(Self { offer, key: Some(encode_key(nonce)) })
    }

    /// Takes an offer for HTTP/2 or HTTP/3, where the handshake is an extended CONNECT ([RFC 8441 §5], [RFC 9220 §3]).
    ///
    /// There is no key and no nonce. Before the request is sent, the server's SETTINGS must have allowed it
    /// ([RFC 8441 §3]).
    ///
    /// | what the HTTP library is to send | where it is |
    /// |---|---|
    /// | `:method`, `:protocol` | [`method`](Self::method), [`protocol`](Self::protocol) |
    /// | `:scheme` | `https`, or without TLS `http` |
    /// | `:authority`, `:path` | [`host`](Offer::host) and [`target`](Offer::target) of the offer |
    /// | header fields | [`headers`](Self::headers) |
    ///
    /// # Errors
    ///
    /// [`HandshakeMisuse`] if something in the offer must not be sent: also a field whose name has capitals
    /// ([RFC 9113 §8.2]), or that is about the connection.
    ///
    /// # Examples
    ///
    /// ```
    /// use wsproto::handshake::{ClientHandshake, Offer, Response};
    ///
    /// let offer = Offer { subprotocols: &["chat"], ..Offer::new("example.com", "/room?id=1") };
    /// let handshake = ClientHandshake::over_http2(offer)?;
    /// assert_eq!((handshake.method(), handshake.protocol()), ("CONNECT", Some("websocket")));
    /// let mut headers = handshake.headers();
    /// assert_eq!(headers.next(), Some(("sec-websocket-protocol", &b"chat"[..])));
    /// assert_eq!(headers.next(), Some(("sec-websocket-version", &b"13"[..])));
    ///
    /// let answer = [("sec-websocket-protocol", "chat")];
    /// let fields = || answer.iter().map(|(name, value)| (*name, value.as_bytes()));
    /// match handshake.verify(200, fields)? {
    ///     Response::WebSocket(accepted) => assert_eq!(accepted.subprotocol(), Some("chat")),
    ///     Response::Http(response) => println!("{}", response.status()),
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// [RFC 8441 §3]: https://www.rfc-editor.org/rfc/rfc8441#section-3
    /// [RFC 8441 §5]: https://www.rfc-editor.org/rfc/rfc8441#section-5
    /// [RFC 9113 §8.2]: https://www.rfc-editor.org/rfc/rfc9113#section-8.2
    /// [RFC 9220 §3]: https://www.rfc-editor.org/rfc/rfc9220#section-3
    pub fn over_http2(offer: Offer<'a>) -> Result<Self, HandshakeMisuse> {
        offer.check(true)?;
        Ok(Self { offer, key: None })
    }

    /// Returns what the client asks for.
    pub const fn offer(&self) -> &Offer<'a> {
        &self.offer
    }

    /// Returns the request's method: `GET`, or over HTTP/2 and HTTP/3 `CONNECT`.
    pub const fn method(&self) -> &'static str {
        if self.key.is_some() { "GET" } else { "CONNECT" }
    }

    /// Returns the value of `:protocol`, `websocket`, over HTTP/2 and HTTP/3.
    pub const fn protocol(&self) -> Option<&'static str> {
        if self.key.is_some() { None } else { Some("websocket") }
    }

    /// Iterates over the header fields of the request, names and values, as an HTTP library is to send them.
    ///
    /// Each subprotocol has a field of its own, which says the same as one field with a list ([RFC 6455 §11.3.4]):
    /// append them all, don't replace one by the next. Over HTTP/2 and HTTP/3 names are in lower case.
    ///
    /// [RFC 6455 §11.3.4]: https://www.rfc-editor.org/rfc/rfc6455#section-11.3.4
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let is_http2 = self.key.is_none();
        let subprotocols = self.offer.subprotocols.iter().map(|name| (subprotocol::FIELD, name.as_bytes()));
        let fields = self.headers_before_offer().chain(subprotocols).chain(self.headers_after_offer());
        fields.map(move |(name, value)| (if is_http2 { in_lower_case(name) } else { name }, value))
    }

    fn headers_before_offer(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let upgrade = self.key.as_ref().map(|key| -> [(&str, &[u8]); 4] {
            [
                ("Host", self.offer.host.as_bytes()),
                ("Upgrade", b"websocket"),
                ("Connection", b"Upgrade"),
                ("Sec-WebSocket-Key", key),
            ]
        });
        let origin = self.offer.origin.map(|origin| ("Origin", origin.as_bytes()));
        upgrade.into_iter().flatten().chain(origin)
    }

    fn headers_after_offer(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let version: (&str, &[u8]) = ("Sec-WebSocket-Version", b"13");
        let extensions = self.offer.extensions.map(|list| (extensions::FIELD, list.as_bytes()));
        [version].into_iter().chain(extensions).chain(self.offer.headers.iter().copied())
    }

    /// Writes the request of HTTP/1.1 to the start of `dst`, and returns its length in bytes.
    ///
    /// Over HTTP/2 and HTTP/3, where only the HTTP library can write, nothing is written, and 0 returned.
    ///
    /// # Errors
    ///
    /// [`BufferTooSmall`] if the request does not fit: nothing was written. Call again with more space.
    pub fn encode(&self, dst: &mut [u8]) -> Result<usize, BufferTooSmall> {
        write_all(dst, &|dst| self.put(dst))
    }

    /// Appends what [`encode`](Self::encode) writes to `out`.
    #[cfg(feature = "alloc")]
    pub fn append(&self, out: &mut alloc::vec::Vec<u8>) {
        crate::handshake::http::write::append_all(out, &|dst| self.put(dst));
    }

    fn put(&self, dst: &mut Out<'_>) {
        let Some(key) = &self.key else {
            return;
        };
        dst.put(b"GET ");
        if self.offer.target.starts_with('?') {
            dst.put(b"/");
        }
        dst.put(self.offer.target.as_bytes());
        dst.put(b" HTTP/1.1\r\n");
        dst.put_field("Host", self.offer.host.as_bytes());
        dst.put(b"Upgrade: websocket\r\nConnection: Upgrade\r\n");
        dst.put_field("Sec-WebSocket-Key", key);
        if let Some(origin) = self.offer.origin {
            dst.put_field("Origin", origin.as_bytes());
        }
        if let [first, others @ ..] = self.offer.subprotocols {
            dst.put(b"Sec-WebSocket-Protocol: ");
            dst.put(first.as_bytes());
            for name in others {
                dst.put(b", ");
                dst.put(name.as_bytes());
            }
            dst.put(b"\r\n");
        }
        dst.put(b"Sec-WebSocket-Version: 13\r\n");
        if let Some(list) = self.offer.extensions {
            dst.put_field(extensions::FIELD, list.as_bytes());
        }
        dst.put_fields(self.offer.headers);
        dst.put(b"\r\n");
    }

    /// Checks a response that an HTTP library has parsed: its status, and the header fields that are no pseudo ones.
    ///
    /// # Errors
    ///
    /// [`ResponseError`]: close the transport. Over HTTP/2 reset the stream with `CANCEL`, over HTTP/3 with
    /// `H3_REQUEST_CANCELLED`.
    pub fn verify<'b, F: Fields<'b>>(
        &self,
        status: u16,
        fields: F,
    ) -> Result<Response<'b, F>, ResponseError> {
        let http = HttpResponse { status, reason: "", fields };
        let accepts = match self.key {
            Some(key) => accepts_upgrade(&http, &key)?,
            None => accepts_connect(&http)?,
        };
        if !accepts {
            return Ok(Response::Http(http));
        }
        let (subprotocol, deflate) = self.offer.check_choice(fields)?;
        Ok(Response::WebSocket(Accepted { http, subprotocol, deflate }))
    }
}

/// Tells whether the server accepts an upgrade, by the rules of [RFC 6455 §4.1] for its response.
///
/// [RFC 6455 §4.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.1
fn accepts_upgrade<'b, F: Fields<'b>>(
    http: &HttpResponse<'b, F>,
    key: &[u8; 24],
) -> Result<bool, ResponseError> {
    let fields = http.fields;
    // Item 1: what is not 101 is handled "per HTTP procedures", which are the caller's.
    if http.status != 101 {
        return Ok(false);
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
    // Item 4.
    match at_most_one(fields, "Sec-WebSocket-Accept") {
        Ok(Some(value)) if *value == accept_key(key) => Ok(true),
        Ok(Some(_)) => Err(ResponseError::WrongAccept),
        Ok(None) => Err(ResponseError::MissingAccept),
        Err(_) => Err(ResponseError::RepeatedAccept),
    }
}

/// Tells whether the server accepts an extended CONNECT.
fn accepts_connect<'b, F: Fields<'b>>(http: &HttpResponse<'b, F>) -> Result<bool, ResponseError> {
    // [RFC 9113 §8.2.2], [RFC 9114 §4.2]: such a response is malformed.
    if http.fields.pairs().any(|(name, value)| is_connection_specific(name, value)) {
        return Err(ResponseError::ConnectionSpecificField);
    }
    // [RFC 9113 §8.5]: any 2xx says that a CONNECT has succeeded.
    Ok(matches!(http.status, 200..=299))
}
