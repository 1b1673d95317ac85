//! What a peer did wrong in its request, and what it is answered.

use super::answer::Answer;
use crate::handshake::http::error::HeadError;
use crate::handshake::http::start_line::{HttpVersion, LineError};
use core::fmt;

/// Tells why a client's request is refused: the peer's fault. Knows the answer to send.
///
/// Where RFC 6455 lists several statuses, or none, the choice is this:
///
/// | fault | answer | because of |
/// |---|---|---|
/// | the head is too large | 431 | RFC 6585 §5 |
/// | HTTP/2.0 and all but HTTP/1 in a request line | 505 | RFC 9110 §15.6.6 |
/// | a handshake whose method is not GET | 405, `Allow: GET` | RFC 6455 §4.2.1 item 1, RFC 9110 §15.5.6 |
/// | `Sec-WebSocket-Version` is not 13, or missing | 426, with the version | RFC 6455 §4.2.2, §4.4; or it is a draft |
/// | a key came without `Upgrade` | 426, with the version | RFC 9110 §15.5.22 |
/// | everything else | 400 | RFC 6455 §4.2.1 |
///
/// Over HTTP/2 and HTTP/3 each is 400: 426 must come with `Upgrade` ([RFC 9110 §15.5.22]), and HTTP/2 forbids that
/// field ([RFC 9113 §8.2.2]).
///
/// # Examples
///
/// ```
/// use wsproto::handshake::{Request, RequestFault};
///
/// let error = Request::decode(b"\x16\x03\x01").unwrap_err(); // TLS, where there should be HTTP
/// assert_eq!(error.fault(), RequestFault::RequestLine);
///
/// let mut dst = [0; 512];
/// let len = error.answer().encode(&mut dst)?;
/// assert!(dst[..len].starts_with(b"HTTP/1.1 400 "));
/// # Ok::<(), wsproto::error::BufferTooSmall>(())
/// ```
///
/// [RFC 9110 §15.5.22]: https://www.rfc-editor.org/rfc/rfc9110#section-15.5.22
/// [RFC 9113 §8.2.2]: https://www.rfc-editor.org/rfc/rfc9113#section-8.2.2
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct RequestError {
    fault: RequestFault,
    version: HttpVersion,
    is_head: bool,
}

impl RequestError {
    /// Takes what the request was, as far as it is known.
    pub(crate) fn new(fault: impl Into<RequestFault>, version: HttpVersion, is_head: bool) -> Self {
        Self { fault: fault.into(), version, is_head }
    }

    /// Returns the rule that was broken.
    #[must_use]
    pub const fn fault(self) -> RequestFault {
        self.fault
    }

    /// Makes the answer to send, after which the transport, or over HTTP/2 and HTTP/3 the stream, is closed.
    ///
    /// Its body is this error's text, unless the request's method was HEAD, or the crate comes without feature
    /// `reasons`. All of it takes at most 400 bytes.
    pub const fn answer(self) -> Answer<'static> {
        let answer = self.answer_without_text();
        let answer = if cfg!(feature = "reasons") { answer.with_text(self.fault.text()) } else { answer };
        if self.is_head { answer.without_body() } else { answer }
    }

    /// Makes the same answer without a body, in at most 170 bytes.
    ///
    /// A program that takes no other answer holds none of the texts: this saves some 2 KB of a microcontroller's
    /// flash.
    pub const fn answer_without_text(self) -> Answer<'static> {
        let (status, own): (_, &'static [(&'static str, &'static [u8])]) = match self.fault {
            // [RFC 9110 §15.5.22] 426 must name the protocol, and [RFC 6455 §4.4] its version.
            RequestFault::MissingVersion | RequestFault::UnsupportedVersion | RequestFault::LostUpgrade => {
                (426, &[("Sec-WebSocket-Version", b"13")])
            }
            RequestFault::Method => (405, &[("Allow", b"GET")]),
            RequestFault::Head(HeadError::TooLong | HeadError::TooManyFields) => (431, &[]),
            RequestFault::HttpVersionNotSupported => (505, &[]),
            _ => (400, &[]),
        };
        let is_http2 = matches!(self.version, HttpVersion::Http2);
        Answer::of(if is_http2 { 400 } else { status }, self.version, own, status == 426 && !is_http2)
    }
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fault.fmt(f)
    }
}

impl core::error::Error for RequestError {}

/// Names the rule that a request breaks; [`RequestError::fault`] gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum RequestFault {
    /// The head is malformed or too large, before its meaning matters.
    Head(HeadError),
    /// The first line is not `METHOD target HTTP/1.1` ([RFC 9112 §3]).
    ///
    /// [RFC 9112 §3]: https://www.rfc-editor.org/rfc/rfc9112#section-3
    RequestLine,
    /// The request line names a version of HTTP that is not 1.0, 1.1 or another of HTTP/1 ([RFC 9110 §15.6.6]).
    ///
    /// [RFC 9110 §15.6.6]: https://www.rfc-editor.org/rfc/rfc9110#section-15.6.6
    HttpVersionNotSupported,
    /// The target holds something else than printable ASCII, or a `#`; or a handshake's is neither a path nor an
    /// `http`, `https`, `ws` or `wss` URI ([RFC 6455 §4.2.1], item 1).
    ///
    /// [RFC 6455 §4.2.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.2.1
    Target,
    /// There is no `Host` ([RFC 6455 §4.2.1], item 2; [RFC 9112 §3.2]).
    ///
    /// [RFC 6455 §4.2.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.2.1
    /// [RFC 9112 §3.2]: https://www.rfc-editor.org/rfc/rfc9112#section-3.2
    MissingHost,
    /// There are several `Host` fields ([RFC 9112 §3.2]).
    ///
    /// [RFC 9112 §3.2]: https://www.rfc-editor.org/rfc/rfc9112#section-3.2
    RepeatedHost,
    /// `Host` is not a host, or a host and a port ([RFC 9112 §3.2]).
    ///
    /// [RFC 9112 §3.2]: https://www.rfc-editor.org/rfc/rfc9112#section-3.2
    InvalidHost,
    /// `Upgrade` is not a list of protocols ([RFC 9110 §7.8]).
    ///
    /// [RFC 9110 §7.8]: https://www.rfc-editor.org/rfc/rfc9110#section-7.8
    MalformedUpgrade,
    /// An upgrade's method is not GET ([RFC 6455 §4.2.1], item 1).
    ///
    /// [RFC 6455 §4.2.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.2.1
    Method,
    /// `Connection` is missing, malformed, or doesn't name `Upgrade` ([RFC 6455 §4.2.1], item 4).
    ///
    /// [RFC 6455 §4.2.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.2.1
    Connection,
    /// An upgrade announces a body; whoever counts that differently would read it as frames, or as a request.
    Body,
    /// There is no `Sec-WebSocket-Version` ([RFC 6455 §4.2.1], item 6).
    ///
    /// [RFC 6455 §4.2.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.2.1
    MissingVersion,
    /// There are several `Sec-WebSocket-Version` fields ([RFC 6455 §11.3.5]).
    ///
    /// [RFC 6455 §11.3.5]: https://www.rfc-editor.org/rfc/rfc6455#section-11.3.5
    RepeatedVersion,
    /// `Sec-WebSocket-Version` is not 13 ([RFC 6455 §4.2.2], item 4; [RFC 6455 §4.4]).
    ///
    /// [RFC 6455 §4.2.2]: https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2
    /// [RFC 6455 §4.4]: https://www.rfc-editor.org/rfc/rfc6455#section-4.4
    UnsupportedVersion,
    /// There is no `Sec-WebSocket-Key` ([RFC 6455 §4.2.1], item 5).
    ///
    /// [RFC 6455 §4.2.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.2.1
    MissingKey,
    /// There are several `Sec-WebSocket-Key` fields ([RFC 6455 §11.3.1]).
    ///
    /// [RFC 6455 §11.3.1]: https://www.rfc-editor.org/rfc/rfc6455#section-11.3.1
    RepeatedKey,
    /// `Sec-WebSocket-Key` is not the Base64 of 16 bytes, padded, in the standard alphabet ([RFC 6455 §4.2.1], item
    /// 5).
    ///
    /// [RFC 6455 §4.2.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.2.1
    InvalidKey,
    /// There are several `Origin` fields ([RFC 6454 §7.3]).
    ///
    /// [RFC 6454 §7.3]: https://www.rfc-editor.org/rfc/rfc6454#section-7.3
    RepeatedOrigin,
    /// `Origin` holds something else than printable ASCII and spaces ([RFC 6454 §7.1]).
    ///
    /// [RFC 6454 §7.1]: https://www.rfc-editor.org/rfc/rfc6454#section-7.1
    InvalidOrigin,
    /// `Sec-WebSocket-Protocol` is not a list of tokens ([RFC 6455 §4.1], item 10).
    ///
    /// [RFC 6455 §4.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.1
    MalformedSubprotocols,
    /// A subprotocol is offered twice ([RFC 6455 §4.1], item 10).
    ///
    /// [RFC 6455 §4.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.1
    RepeatedSubprotocol,
    /// More than [`MAX_SUBPROTOCOLS`](crate::handshake::subprotocol::MAX_SUBPROTOCOLS) are offered.
    TooManySubprotocols,
    /// `Sec-WebSocket-Extensions` doesn't follow its grammar ([RFC 6455 §9.1]).
    ///
    /// [RFC 6455 §9.1]: https://www.rfc-editor.org/rfc/rfc6455#section-9.1
    MalformedExtensions,
    /// `Host` names another server than `:authority`, over HTTP/2 or HTTP/3 ([RFC 9113 §8.3.1]).
    ///
    /// [RFC 9113 §8.3.1]: https://www.rfc-editor.org/rfc/rfc9113#section-8.3.1
    HostMismatch,
    /// A field of HTTP/1.1's connection came over HTTP/2 or HTTP/3 ([RFC 9113 §8.2.2]).
    ///
    /// [RFC 9113 §8.2.2]: https://www.rfc-editor.org/rfc/rfc9113#section-8.2.2
    ConnectionSpecificField,
    /// A request has a `Sec-WebSocket-Key` and no `Upgrade` that counts: most likely a proxy between has dropped it.
    /// [`HttpRequest::lost_upgrade`](crate::handshake::HttpRequest::lost_upgrade) gives this one, no decoder does.
    LostUpgrade,
}

impl RequestFault {
    /// Says what is wrong, and what to send instead.
    const fn text(self) -> &'static str {
        match self {
            Self::Head(error) => error.text(),
            Self::RequestLine => "the request line is malformed: send `GET /path HTTP/1.1`",
            Self::HttpVersionNotSupported => "the version of HTTP is not supported: use HTTP/1.1",
            Self::Target => "the request's target is malformed: send a path, without a fragment",
            Self::MissingHost => "the `Host` field is missing: send the server's host and port",
            Self::RepeatedHost => "the `Host` field is repeated: send it once",
            Self::InvalidHost => "the `Host` field is malformed: send a host, or a host and a port",
            Self::MalformedUpgrade => "the `Upgrade` field is malformed: send `websocket`",
            Self::Method => "the method is not allowed: upgrade with GET",
            Self::Connection => "the `Connection` field must name `Upgrade`; a proxy may have dropped it",
            Self::Body => "an upgrade must not have a body: send no `Content-Length` or `Transfer-Encoding`",
            Self::MissingVersion => "the `Sec-WebSocket-Version` field is missing: send 13",
            Self::RepeatedVersion => "the `Sec-WebSocket-Version` field is repeated: send it once",
            Self::UnsupportedVersion => "this version of WebSocket is not supported: use version 13",
            Self::MissingKey => "the `Sec-WebSocket-Key` field is missing: send 16 random bytes in Base64",
            Self::RepeatedKey => "the `Sec-WebSocket-Key` field is repeated: send it once",
            Self::InvalidKey => "the `Sec-WebSocket-Key` field is malformed: send 16 random bytes in Base64",
            Self::RepeatedOrigin => "the `Origin` field is repeated: send it once",
            Self::InvalidOrigin => "the `Origin` field is malformed: send printable ASCII",
            Self::MalformedSubprotocols => {
                "the `Sec-WebSocket-Protocol` field is malformed: send a list of tokens"
            }
            Self::RepeatedSubprotocol => "a subprotocol is offered twice: offer each once",
            Self::TooManySubprotocols => "too many subprotocols are offered: offer fewer",
            Self::MalformedExtensions => {
                "the `Sec-WebSocket-Extensions` field is malformed: send a list such as `name; param=value`"
            }
            Self::HostMismatch => "the `Host` field names another server than `:authority`: leave it out",
            Self::LostUpgrade => {
                "this is a WebSocket endpoint and the `Upgrade` field is missing: a proxy may have dropped it; \
                 have it pass on `Upgrade` and `Connection` over HTTP/1.1"
            }
            Self::ConnectionSpecificField => {
                "HTTP/2 and HTTP/3 have no fields of a connection, such as `Connection` and `Upgrade`: send none"
            }
        }
    }
}

impl From<HeadError> for RequestFault {
    fn from(error: HeadError) -> Self {
        Self::Head(error)
    }
}

impl From<LineError> for RequestFault {
    fn from(error: LineError) -> Self {
        match error {
            LineError::Head(error) => Self::Head(error),
            LineError::Malformed => Self::RequestLine,
            LineError::Version => Self::HttpVersionNotSupported,
        }
    }
}

impl fmt::Display for RequestFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}
