//! What a peer did wrong in its response.

use crate::handshake::http::error::HeadError;
use crate::handshake::http::start_line::LineError;
use crate::handshake::permessage_deflate::NegotiationError;
use core::fmt;

/// Tells why a server's response does not open a connection: the peer's fault.
///
/// The client fails the connection ([RFC 6455 §4.1]): it closes the transport, or over HTTP/2 and HTTP/3 resets the
/// stream.
///
/// [RFC 6455 §4.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.1
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ResponseError {
    /// The head is malformed or too large, before its meaning matters.
    Head(HeadError),
    /// The first line is not `HTTP/1.1 101 Reason` ([RFC 9112 §4]).
    ///
    /// Nor is one whose status begins with 0: valid ones are 100 to 599 ([RFC 9110 §15]).
    ///
    /// [RFC 9110 §15]: https://www.rfc-editor.org/rfc/rfc9110#section-15
    /// [RFC 9112 §4]: https://www.rfc-editor.org/rfc/rfc9112#section-4
    StatusLine,
    /// Status 101 over HTTP/1.0, which has none ([RFC 6455 §4.2.2], item 5.1).
    ///
    /// [RFC 6455 §4.2.2]: https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2
    HttpVersionTooLow,
    /// `Upgrade` is missing or something else than `websocket` ([RFC 6455 §4.1], response item 2).
    ///
    /// [RFC 6455 §4.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.1
    Upgrade,
    /// `Connection` is missing, malformed, or doesn't name `Upgrade` ([RFC 6455 §4.1], response item 3).
    ///
    /// [RFC 6455 §4.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.1
    Connection,
    /// There is no `Sec-WebSocket-Accept` ([RFC 6455 §4.1], response item 4).
    ///
    /// [RFC 6455 §4.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.1
    MissingAccept,
    /// There are several `Sec-WebSocket-Accept` fields ([RFC 6455 §11.3.3]).
    ///
    /// [RFC 6455 §11.3.3]: https://www.rfc-editor.org/rfc/rfc6455#section-11.3.3
    RepeatedAccept,
    /// `Sec-WebSocket-Accept` doesn't answer our key ([RFC 6455 §4.1], response item 4).
    ///
    /// [RFC 6455 §4.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.1
    WrongAccept,
    /// There are several `Sec-WebSocket-Extensions` fields ([RFC 6455 §11.3.2]).
    ///
    /// [RFC 6455 §11.3.2]: https://www.rfc-editor.org/rfc/rfc6455#section-11.3.2
    RepeatedExtensions,
    /// `Sec-WebSocket-Extensions` doesn't follow its grammar ([RFC 6455 §9.1]).
    ///
    /// [RFC 6455 §9.1]: https://www.rfc-editor.org/rfc/rfc6455#section-9.1
    MalformedExtensions,
    /// An extension that was not asked for ([RFC 6455 §4.1], response item 5).
    ///
    /// [RFC 6455 §4.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.1
    UnexpectedExtension,
    /// The answer to our offer of permessage-deflate breaks one of its rules ([RFC 7692 §7]).
    ///
    /// [RFC 7692 §7]: https://www.rfc-editor.org/rfc/rfc7692#section-7
    Deflate(NegotiationError),
    /// There are several `Sec-WebSocket-Protocol` fields ([RFC 6455 §11.3.4]).
    ///
    /// [RFC 6455 §11.3.4]: https://www.rfc-editor.org/rfc/rfc6455#section-11.3.4
    RepeatedSubprotocol,
    /// A subprotocol that was not asked for ([RFC 6455 §4.1], response item 6).
    ///
    /// [RFC 6455 §4.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.1
    UnexpectedSubprotocol,
    /// A field of HTTP/1.1's connection came over HTTP/2 or HTTP/3 ([RFC 9113 §8.2.2]).
    ///
    /// [RFC 9113 §8.2.2]: https://www.rfc-editor.org/rfc/rfc9113#section-8.2.2
    ConnectionSpecificField,
}

impl From<HeadError> for ResponseError {
    fn from(error: HeadError) -> Self {
        Self::Head(error)
    }
}

impl From<LineError> for ResponseError {
    fn from(error: LineError) -> Self {
        match error {
            LineError::Head(error) => Self::Head(error),
            LineError::Malformed | LineError::Version => Self::StatusLine,
        }
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
                "the server sent a field of HTTP/1.1's connection, which is not allowed in HTTP/2 and HTTP/3"
            }
        })
    }
}

impl core::error::Error for ResponseError {}
