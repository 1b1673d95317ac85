//! Which of the two a request is: for WebSocket, or an ordinary one.

use super::error::RequestError;
use super::handshake::ServerHandshake;
use super::http_request::HttpRequest;
use crate::handshake::http::fields::{Fields, HeadFields};
use crate::handshake::http::start_line::HttpVersion;

/// Holds a client's request: for a WebSocket connection, or an ordinary one of HTTP, so that one port serves both.
///
/// It is for WebSocket if its `Upgrade` field names `websocket`, or its `:protocol` does over HTTP/2 and HTTP/3; then
/// all of [RFC 6455 §4.2.1] was checked. Of any other request of HTTP/1 only the syntax of its head and `Host` were
/// checked; its body, if it has one, is left to the caller. HTTP/1.0 knows no upgrade: there the field is ignored
/// ([RFC 9110 §7.8]).
///
/// # Examples
///
/// ```
/// use wsproto::handshake::{Choice, Request, subprotocol};
///
/// let received = b"GET /chat HTTP/1.1\r\n\
///     Host: server.example.com\r\n\
///     Upgrade: websocket\r\n\
///     Connection: Upgrade\r\n\
///     Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
///     Sec-WebSocket-Protocol: chat, superchat\r\n\
///     Sec-WebSocket-Version: 13\r\n\r\n";
/// let mut dst = [0; 512];
///
/// let written = match Request::decode(received) {
///     Ok(None) => return Ok(()), // Incomplete: read more, and come back with all of it.
///     Ok(Some((Request::Http(_page), _consumed))) => return Ok(()), // Serve it.
///     Ok(Some((Request::WebSocket(handshake), consumed))) => {
///         // What follows `consumed` is already WebSocket data.
///         let subprotocol = subprotocol::select(&["chat"], handshake.subprotocols());
///         handshake.accept(Choice { subprotocol, ..Choice::default() })?.encode(&mut dst)?
///     }
///     Err(error) => error.answer().encode(&mut dst)?, // Send it, and close.
/// };
/// assert!(dst[..written].starts_with(b"HTTP/1.1 101 "));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// [RFC 6455 §4.2.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.2.1
/// [RFC 9110 §7.8]: https://www.rfc-editor.org/rfc/rfc9110#section-7.8
#[derive(Debug, Clone, Copy)]
pub enum Request<'b, F = HeadFields<'b>> {
    /// For a WebSocket connection.
    WebSocket(ServerHandshake<'b, F>),
    /// For anything else.
    Http(HttpRequest<'b, F>),
}

impl<'b, F: Fields<'b>> Request<'b, F> {
    /// Checks a request of HTTP/1 that an HTTP library has parsed.
    ///
    /// With the crate `http`, and so with hyper and axum: the target is `uri().to_string()`, not its path alone; the
    /// fields are `|| request.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes()))`; and a request
    /// of HTTP/2 is for [`from_http2_parts`](Self::from_http2_parts). To send `100 Continue`, where a client expects
    /// it, is the library's.
    ///
    /// # Errors
    ///
    /// [`RequestError`]: send its [`answer`](RequestError::answer).
    ///
    /// # Examples
    ///
    /// ```
    /// use wsproto::handshake::{Choice, HttpVersion, Request};
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
    /// let Request::WebSocket(handshake) = request else { panic!("an ordinary request") };
    /// let answer = handshake.accept(Choice::default())?;
    /// assert_eq!((answer.status(), answer.headers().count()), (101, 3));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_parts(
        method: &'b str,
        target: &'b str,
        version: HttpVersion,
        fields: F,
    ) -> Result<Self, RequestError> {
        let http = HttpRequest { method, target, version, fields };
        let checked = http.check().and_then(|()| http.asks_for_websocket());
        match checked {
            Ok(true) => ServerHandshake::upgrade(http).map(Self::WebSocket),
            Ok(false) => Ok(Self::Http(http)),
            Err(fault) => Err(fault),
        }
        .map_err(|fault| http.error(fault))
    }

    /// Checks a request of HTTP/2 or HTTP/3: its `:method`, `:protocol`, `:authority` and `:path`, and the header
    /// fields that are no pseudo ones.
    ///
    /// An extended CONNECT with the protocol `websocket` is a handshake ([RFC 8441 §5], [RFC 9220 §3]). Any other
    /// request is given back unchecked. A CONNECT whose `:protocol` is unknown is to be answered with 501. Where there
    /// is no
    /// `:authority` or no `:path`, pass `""`, which a handshake must not have.
    ///
    /// # Errors
    ///
    /// [`RequestError`]: send its [`answer`](RequestError::answer).
    ///
    /// # Examples
    ///
    /// ```
    /// use wsproto::handshake::{Choice, Request};
    ///
    /// let headers = [("sec-websocket-version", "13"), ("sec-websocket-protocol", "chat")];
    /// let fields = || headers.iter().map(|(name, value)| (*name, value.as_bytes()));
    ///
    /// let request = Request::from_http2_parts("CONNECT", Some("websocket"), "example.com", "/room", fields)?;
    /// let Request::WebSocket(handshake) = request else { panic!("an ordinary request") };
    /// let answer = handshake.accept(Choice { subprotocol: Some("chat"), ..Choice::default() })?;
    /// assert_eq!(answer.status(), 200);
    /// assert_eq!(answer.headers().next(), Some(("sec-websocket-protocol", &b"chat"[..])));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// [RFC 8441 §5]: https://www.rfc-editor.org/rfc/rfc8441#section-5
    /// [RFC 9220 §3]: https://www.rfc-editor.org/rfc/rfc9220#section-3
    pub fn from_http2_parts(
        method: &'b str,
        protocol: Option<&str>,
        authority: &'b str,
        path: &'b str,
        fields: F,
    ) -> Result<Self, RequestError> {
        let http = HttpRequest { method, target: path, version: HttpVersion::Http2, fields };
        let is_websocket = protocol.is_some_and(|name| name.eq_ignore_ascii_case("websocket"));
        if method != "CONNECT" || !is_websocket {
            return Ok(Self::Http(http));
        }
        ServerHandshake::connect(http, authority).map(Self::WebSocket).map_err(|fault| http.error(fault))
    }

    /// Returns what both kinds have: method, target and header fields.
    pub const fn http(&self) -> &HttpRequest<'b, F> {
        match self {
            Self::WebSocket(handshake) => handshake.http(),
            Self::Http(request) => request,
        }
    }
}
