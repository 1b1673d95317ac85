//! What a caller asked to send, and must not be sent.

use super::http::write::FieldFault;
use core::fmt;

/// Names what the caller asked to send and must not be sent: the caller's fault. Nothing was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum HandshakeMisuse {
    /// A header field's name is not a token ([RFC 9110 §5.1]), or, over HTTP/2 and HTTP/3, not in lower case
    /// ([RFC 9113 §8.2]).
    ///
    /// [RFC 9110 §5.1]: https://www.rfc-editor.org/rfc/rfc9110#section-5.1
    /// [RFC 9113 §8.2]: https://www.rfc-editor.org/rfc/rfc9113#section-8.2
    FieldName,
    /// A header field's value holds CR, LF, NUL or another control character ([RFC 9110 §5.5]).
    ///
    /// [RFC 9110 §5.5]: https://www.rfc-editor.org/rfc/rfc9110#section-5.5
    FieldValue,
    /// A header field that the handshake or the message's framing writes itself, or that HTTP/2 and HTTP/3 forbid.
    ReservedField,
    /// The host is not a host, or a host and a port ([RFC 9110 §7.2]).
    ///
    /// [RFC 9110 §7.2]: https://www.rfc-editor.org/rfc/rfc9110#section-7.2
    Host,
    /// The target doesn't start with `/`, or holds something else than printable ASCII, or a `#` ([RFC 6455 §3]).
    ///
    /// [RFC 6455 §3]: https://www.rfc-editor.org/rfc/rfc6455#section-3
    Target,
    /// The origin is not printable ASCII.
    Origin,
    /// A subprotocol's name is not a token ([RFC 6455 §4.1], item 10).
    ///
    /// [RFC 6455 §4.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.1
    Subprotocol,
    /// A subprotocol is listed twice ([RFC 6455 §4.1], item 10).
    ///
    /// [RFC 6455 §4.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.1
    RepeatedSubprotocol,
    /// The client didn't offer the subprotocol ([RFC 6455 §4.2.2], item 4).
    ///
    /// [RFC 6455 §4.2.2]: https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2
    SubprotocolNotOffered,
    /// The extensions don't follow their grammar ([RFC 6455 §9.1]).
    ///
    /// [RFC 6455 §9.1]: https://www.rfc-editor.org/rfc/rfc6455#section-9.1
    Extensions,
    /// The client didn't offer the extension ([RFC 6455 §9.1]).
    ///
    /// [RFC 6455 §9.1]: https://www.rfc-editor.org/rfc/rfc6455#section-9.1
    ExtensionNotOffered,
    /// The answer on permessage-deflate does not fit the client's offer ([RFC 7692 §7.1]). What
    /// [`permessage_deflate::accept`](super::permessage_deflate::accept) gives does.
    ///
    /// [RFC 7692 §7.1]: https://www.rfc-editor.org/rfc/rfc7692#section-7.1
    DeflateMismatch,
    /// The status is not one of a final answer (200 to 599), or has no body and one is given (204, 205, 304).
    Status,
}

impl From<FieldFault> for HandshakeMisuse {
    fn from(fault: FieldFault) -> Self {
        match fault {
            FieldFault::Name => Self::FieldName,
            FieldFault::Value => Self::FieldValue,
            FieldFault::Reserved => Self::ReservedField,
        }
    }
}

impl fmt::Display for HandshakeMisuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
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
            Self::DeflateMismatch => {
                "the answer on permessage-deflate does not fit the offer: take it from `permessage_deflate::accept`"
            }
            Self::ExtensionNotOffered => "the client didn't offer this extension: leave it out",
            Self::Status => {
                "the status must be a final answer's, 200 to 599, and 204, 205 and 304 have no body"
            }
        })
    }
}

impl core::error::Error for HandshakeMisuse {}
