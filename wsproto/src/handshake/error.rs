//! What a peer did wrong in its request or its response, and what a caller asked for that must not be sent.

use super::deflate::NegotiationError;
use super::head::HeadError;
use super::response::{HttpReply, reason};
use crate::error::BufferTooSmall;
use core::fmt;

/// Why a client's request is refused: the peer's fault. It knows its HTTP answer.
///
/// Where RFC 6455 lists several answers, or none, the choice is this:
///
/// | what | answer | why |
/// |---|---|---|
/// | the head is too large | 431 | RFC 6585 §5 |
/// | HTTP/2.0 and all but HTTP/1 in a request line | 505 | RFC 9110 §15.6.6 |
/// | an upgrade whose method is not GET | 405, `Allow: GET` | §4.2.1 item 1, RFC 9110 §15.5.6 |
/// | `Sec-WebSocket-Version` not 13, or missing | 426, with the version | §4.2.2, §4.4; without one it is an older draft |
/// | everything else | 400 | §4.2.1 |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RequestError {
    /// The head is malformed or too large, before its meaning matters.
    Head(HeadError),
    /// The first line is not `METHOD target HTTP/1.1`. [RFC 9112 §3]
    ///
    /// [RFC 9112 §3]: https://www.rfc-editor.org/rfc/rfc9112#section-3
    RequestLine,
    /// The request line names a version of HTTP that is not 1.0, 1.1 or another of HTTP/1. [RFC 9110 §15.6.6]
    ///
    /// [RFC 9110 §15.6.6]: https://www.rfc-editor.org/rfc/rfc9110#section-15.6.6
    HttpVersionNotSupported,
    /// The target holds something else than printable ASCII, or a `#`; or an upgrade's is neither a path nor an
    /// `http` or `https` URI. [RFC 6455 §4.2.1], item 1
    ///
    /// [RFC 6455 §4.2.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.2.1
    Target,
    /// There is no `Host`. [RFC 6455 §4.2.1], item 2; [RFC 9112 §3.2]
    ///
    /// [RFC 6455 §4.2.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.2.1
    /// [RFC 9112 §3.2]: https://www.rfc-editor.org/rfc/rfc9112#section-3.2
    MissingHost,
    /// There are several `Host` fields. [RFC 9112 §3.2]
    ///
    /// [RFC 9112 §3.2]: https://www.rfc-editor.org/rfc/rfc9112#section-3.2
    RepeatedHost,
    /// `Host` is not a host, or a host and a port. [RFC 9112 §3.2]
    ///
    /// [RFC 9112 §3.2]: https://www.rfc-editor.org/rfc/rfc9112#section-3.2
    InvalidHost,
    /// `Upgrade` is not a list of protocols. [RFC 9110 §7.8]
    ///
    /// [RFC 9110 §7.8]: https://www.rfc-editor.org/rfc/rfc9110#section-7.8
    MalformedUpgrade,
    /// An upgrade's method is not GET. [RFC 6455 §4.2.1], item 1
    ///
    /// [RFC 6455 §4.2.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.2.1
    Method,
    /// `Connection` is missing, malformed, or doesn't name `Upgrade`. [RFC 6455 §4.2.1], item 4
    ///
    /// [RFC 6455 §4.2.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.2.1
    Connection,
    /// An upgrade announces a body; whoever counts that differently would read it as frames, or as a request.
    Body,
    /// There is no `Sec-WebSocket-Version`. [RFC 6455 §4.2.1], item 6
    ///
    /// [RFC 6455 §4.2.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.2.1
    MissingVersion,
    /// There are several `Sec-WebSocket-Version` fields. [RFC 6455 §11.3.5]
    ///
    /// [RFC 6455 §11.3.5]: https://www.rfc-editor.org/rfc/rfc6455#section-11.3.5
    RepeatedVersion,
    /// `Sec-WebSocket-Version` is not 13. [RFC 6455 §4.2.2], item 4; [RFC 6455 §4.4]
    ///
    /// [RFC 6455 §4.2.2]: https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2
    /// [RFC 6455 §4.4]: https://www.rfc-editor.org/rfc/rfc6455#section-4.4
    UnsupportedVersion,
    /// There is no `Sec-WebSocket-Key`. [RFC 6455 §4.2.1], item 5
    ///
    /// [RFC 6455 §4.2.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.2.1
    MissingKey,
    /// There are several `Sec-WebSocket-Key` fields. [RFC 6455 §11.3.1]
    ///
    /// [RFC 6455 §11.3.1]: https://www.rfc-editor.org/rfc/rfc6455#section-11.3.1
    RepeatedKey,
    /// `Sec-WebSocket-Key` is not the Base64 of 16 bytes, padded, in the standard alphabet. [RFC 6455 §4.2.1], item 5
    ///
    /// [RFC 6455 §4.2.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.2.1
    InvalidKey,
    /// There are several `Origin` fields. [RFC 6454 §7.3]
    ///
    /// [RFC 6454 §7.3]: https://www.rfc-editor.org/rfc/rfc6454#section-7.3
    RepeatedOrigin,
    /// `Origin` holds something else than printable ASCII and spaces. [RFC 6454 §7.1]
    ///
    /// [RFC 6454 §7.1]: https://www.rfc-editor.org/rfc/rfc6454#section-7.1
    InvalidOrigin,
    /// `Sec-WebSocket-Protocol` is not a list of tokens. [RFC 6455 §4.1], item 10
    ///
    /// [RFC 6455 §4.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.1
    MalformedSubprotocols,
    /// A subprotocol is offered twice. [RFC 6455 §4.1], item 10
    ///
    /// [RFC 6455 §4.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.1
    RepeatedSubprotocol,
    /// More than [`MAX_SUBPROTOCOLS`](super::subprotocol::MAX_SUBPROTOCOLS) are offered.
    TooManySubprotocols,
    /// `Sec-WebSocket-Extensions` doesn't follow its grammar. [RFC 6455 §9.1]
    ///
    /// [RFC 6455 §9.1]: https://www.rfc-editor.org/rfc/rfc6455#section-9.1
    MalformedExtensions,
    /// A field of HTTP/1.1's connection came over HTTP/2 or HTTP/3. [RFC 9113 §8.2.2]
    ///
    /// [RFC 9113 §8.2.2]: https://www.rfc-editor.org/rfc/rfc9113#section-8.2.2
    ConnectionSpecificField,
}

impl RequestError {
    /// The HTTP status to answer with.
    pub const fn status(self) -> u16 {
        match self {
            Self::Head(HeadError::TooLong | HeadError::TooManyFields) => 431,
            Self::HttpVersionNotSupported => 505,
            Self::Method => 405,
            Self::MissingVersion | Self::UnsupportedVersion => 426,
            _ => 400,
        }
    }

    /// The reason phrase of [`status`](Self::status).
    pub const fn reason(self) -> &'static str {
        reason(self.status())
    }

    /// The header fields that belong to [`status`](Self::status) over HTTP/1.1, apart from those of every answer, `Connection`
    /// and `Content-Length`, which an HTTP library writes by itself.
    pub const fn headers(self) -> &'static [(&'static str, &'static [u8])] {
        match self.status() {
            405 => &[("Allow", b"GET")],
            // [RFC 9110 §15.5.22] 426 must name the protocol, and [RFC 6455 §4.4] its version.
            426 => &[("Upgrade", b"websocket"), ("Connection", b"Upgrade"), ("Sec-WebSocket-Version", b"13")],
            _ => &[],
        }
    }

    /// Writes the whole HTTP/1.1 answer, and gives its length in bytes (at most 170). Close the transport after it.
    ///
    /// # Errors
    ///
    /// [`BufferTooSmall`] if it does not fit; then nothing was written.
    pub fn encode_response(self, out: &mut [u8]) -> Result<usize, BufferTooSmall> {
        HttpReply::unchecked(self.status(), self.headers(), b"").encode(out)
    }
}

impl From<HeadError> for RequestError {
    fn from(error: HeadError) -> Self {
        Self::Head(error)
    }
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Head(error) => return error.fmt(f),
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
            Self::ConnectionSpecificField => {
                "HTTP/2 and HTTP/3 have no fields of a connection, such as `Connection` and `Upgrade`: send none"
            }
        })
    }
}

impl core::error::Error for RequestError {}

/// Why a server's response does not open a connection: the peer's fault.
///
/// The client fails the connection: it closes the transport [RFC 6455 §4.1].
///
/// [RFC 6455 §4.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.1
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ResponseError {
    /// The head is malformed or too large, before its meaning matters.
    Head(HeadError),
    /// The first line is not `HTTP/1.1 101 Reason`. [RFC 9112 §4]
    ///
    /// Nor is one of `HTTP/1.2`, if there ever is such a server: httparse, which reads this line, has it malformed.
    ///
    /// [RFC 9112 §4]: https://www.rfc-editor.org/rfc/rfc9112#section-4
    StatusLine,
    /// Status 101 over HTTP/1.0, which has none. [RFC 6455 §4.2.2], item 5.1
    ///
    /// [RFC 6455 §4.2.2]: https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2
    HttpVersionTooLow,
    /// `Upgrade` is missing or something else than `websocket`. [RFC 6455 §4.1], response item 2
    ///
    /// [RFC 6455 §4.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.1
    Upgrade,
    /// `Connection` is missing, malformed, or doesn't name `Upgrade`. [RFC 6455 §4.1], response item 3
    ///
    /// [RFC 6455 §4.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.1
    Connection,
    /// There is no `Sec-WebSocket-Accept`. [RFC 6455 §4.1], response item 4
    ///
    /// [RFC 6455 §4.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.1
    MissingAccept,
    /// There are several `Sec-WebSocket-Accept` fields. [RFC 6455 §11.3.3]
    ///
    /// [RFC 6455 §11.3.3]: https://www.rfc-editor.org/rfc/rfc6455#section-11.3.3
    RepeatedAccept,
    /// `Sec-WebSocket-Accept` doesn't answer our key. [RFC 6455 §4.1], response item 4
    ///
    /// [RFC 6455 §4.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.1
    WrongAccept,
    /// There are several `Sec-WebSocket-Extensions` fields. [RFC 6455 §11.3.2]
    ///
    /// [RFC 6455 §11.3.2]: https://www.rfc-editor.org/rfc/rfc6455#section-11.3.2
    RepeatedExtensions,
    /// `Sec-WebSocket-Extensions` doesn't follow its grammar. [RFC 6455 §9.1]
    ///
    /// [RFC 6455 §9.1]: https://www.rfc-editor.org/rfc/rfc6455#section-9.1
    MalformedExtensions,
    /// An extension that was not asked for. [RFC 6455 §4.1], response item 5
    ///
    /// [RFC 6455 §4.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.1
    UnexpectedExtension,
    /// The answer to our offer of permessage-deflate breaks one of its rules. [RFC 7692 §7]
    ///
    /// [RFC 7692 §7]: https://www.rfc-editor.org/rfc/rfc7692#section-7
    Deflate(NegotiationError),
    /// There are several `Sec-WebSocket-Protocol` fields. [RFC 6455 §11.3.4]
    ///
    /// [RFC 6455 §11.3.4]: https://www.rfc-editor.org/rfc/rfc6455#section-11.3.4
    RepeatedSubprotocol,
    /// A subprotocol that was not asked for. [RFC 6455 §4.1], response item 6
    ///
    /// [RFC 6455 §4.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.1
    UnexpectedSubprotocol,
    /// A field of HTTP/1.1's connection came over HTTP/2 or HTTP/3. [RFC 9113 §8.2.2]
    ///
    /// [RFC 9113 §8.2.2]: https://www.rfc-editor.org/rfc/rfc9113#section-8.2.2
    ConnectionSpecificField,
}

impl From<HeadError> for ResponseError {
    fn from(error: HeadError) -> Self {
        Self::Head(error)
    }
}

impl From<NegotiationError> for ResponseError {
    fn from(error: NegotiationError) -> Self {
        Self::Deflate(error)
    }
}

impl fmt::Display for ResponseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Head(error) => return error.fmt(f),
            Self::Deflate(error) => return error.fmt(f),
            Self::StatusLine => "the status line is malformed: this may be no HTTP/1.1 server",
            Self::HttpVersionTooLow => "the server answered 101 over HTTP/1.0, which knows no upgrade",
            Self::Upgrade => {
                "the server's `Upgrade` field is not `websocket`: this may be no WebSocket server"
            }
            Self::Connection => {
                "the server's `Connection` field doesn't name `Upgrade`; a proxy may have dropped it"
            }
            Self::MissingAccept => "the server's `Sec-WebSocket-Accept` field is missing",
            Self::RepeatedAccept => "the server's `Sec-WebSocket-Accept` field is repeated",
            Self::WrongAccept => {
                "the server's `Sec-WebSocket-Accept` field doesn't answer our key; a cache may have sent it"
            }
            Self::RepeatedExtensions => "the server's `Sec-WebSocket-Extensions` field is repeated",
            Self::MalformedExtensions => "the server's `Sec-WebSocket-Extensions` field is malformed",
            Self::UnexpectedExtension => "the server uses an extension that was not offered",
            Self::RepeatedSubprotocol => "the server's `Sec-WebSocket-Protocol` field is repeated",
            Self::UnexpectedSubprotocol => "the server chose a subprotocol that was not offered",
            Self::ConnectionSpecificField => {
                "the server sent a field of HTTP/1.1's connection, which HTTP/2 and HTTP/3 have not"
            }
        })
    }
}

impl core::error::Error for ResponseError {}

/// What a caller asked to send, and must not be sent: the caller's fault. Nothing was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OptionError {
    /// A header field's name is not a token [RFC 9110 §5.1], or, over HTTP/2 and HTTP/3, not in lower case
    /// [RFC 9113 §8.2].
    ///
    /// [RFC 9110 §5.1]: https://www.rfc-editor.org/rfc/rfc9110#section-5.1
    /// [RFC 9113 §8.2]: https://www.rfc-editor.org/rfc/rfc9113#section-8.2
    FieldName,
    /// A header field's value holds CR, LF, NUL or another control character. [RFC 9110 §5.5]
    ///
    /// [RFC 9110 §5.5]: https://www.rfc-editor.org/rfc/rfc9110#section-5.5
    FieldValue,
    /// A header field that the handshake or the message's framing writes itself, or that HTTP/2 and HTTP/3 forbid.
    ReservedField,
    /// The host is not a host, or a host and a port. [RFC 9110 §7.2]
    ///
    /// [RFC 9110 §7.2]: https://www.rfc-editor.org/rfc/rfc9110#section-7.2
    Host,
    /// The target doesn't start with `/`, or holds something else than printable ASCII, or a `#`. [RFC 6455 §3]
    ///
    /// [RFC 6455 §3]: https://www.rfc-editor.org/rfc/rfc6455#section-3
    Target,
    /// The origin is not printable ASCII.
    Origin,
    /// A subprotocol's name is not a token. [RFC 6455 §4.1], item 10
    ///
    /// [RFC 6455 §4.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.1
    Subprotocol,
    /// A subprotocol is listed twice. [RFC 6455 §4.1], item 10
    ///
    /// [RFC 6455 §4.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.1
    RepeatedSubprotocol,
    /// The client didn't offer the subprotocol. [RFC 6455 §4.2.2], item 4
    ///
    /// [RFC 6455 §4.2.2]: https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2
    SubprotocolNotOffered,
    /// The extensions don't follow their grammar. [RFC 6455 §9.1]
    ///
    /// [RFC 6455 §9.1]: https://www.rfc-editor.org/rfc/rfc6455#section-9.1
    Extensions,
    /// The client didn't offer the extension. [RFC 6455 §9.1]
    ///
    /// [RFC 6455 §9.1]: https://www.rfc-editor.org/rfc/rfc6455#section-9.1
    ExtensionNotOffered,
    /// The answer does not fit the client's offer of permessage-deflate. [RFC 7692 §7.1]
    ///
    /// [RFC 7692 §7.1]: https://www.rfc-editor.org/rfc/rfc7692#section-7.1
    Deflate(NegotiationError),
    /// The status is not one of a final answer (200 to 599, but 304), or has no body and one is given (204, 205).
    Status,
}

impl From<NegotiationError> for OptionError {
    fn from(error: NegotiationError) -> Self {
        Self::Deflate(error)
    }
}

impl fmt::Display for OptionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Deflate(error) => return error.fmt(f),
            Self::FieldName => "a header field's name is not a token, or not in lower case for HTTP/2",
            Self::FieldValue => "a header field's value holds a control character",
            Self::ReservedField => {
                "this header field is the handshake's own, or forbidden in HTTP/2: leave it out"
            }
            Self::Host => "the host is malformed: give a host, or a host and a port",
            Self::Target => {
                "the target is malformed: give a path and a query, percent-encoded, without a fragment"
            }
            Self::Origin => "the origin is not printable ASCII",
            Self::Subprotocol => "a subprotocol's name is not a token",
            Self::RepeatedSubprotocol => "a subprotocol is listed twice",
            Self::SubprotocolNotOffered => {
                "the client didn't offer this subprotocol: choose one with `select`"
            }
            Self::Extensions => "the extensions are not a list such as `name; param=value`",
            Self::ExtensionNotOffered => "the client didn't offer this extension: leave it out",
            Self::Status => {
                "the status must be a final answer's, 200 to 599 but 304, and 204 and 205 have no body"
            }
        })
    }
}

impl core::error::Error for OptionError {}
