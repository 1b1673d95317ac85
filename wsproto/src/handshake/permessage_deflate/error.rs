//! What a server can do wrong.

use core::fmt;

/// Tells what is wrong with a server's answer to an offer of permessage-deflate: the peer's fault.
///
/// The client fails the connection ([RFC 7692 §7]).
///
/// [RFC 7692 §7]: https://www.rfc-editor.org/rfc/rfc7692#section-7
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum NegotiationError {
    /// The extension is answered twice ([RFC 7692 §5]).
    ///
    /// [RFC 7692 §5]: https://www.rfc-editor.org/rfc/rfc7692#section-5
    RepeatedExtension,
    /// A parameter that is not defined ([RFC 7692 §7]).
    ///
    /// [RFC 7692 §7]: https://www.rfc-editor.org/rfc/rfc7692#section-7
    UnknownParameter,
    /// A parameter that comes twice ([RFC 7692 §7]).
    ///
    /// [RFC 7692 §7]: https://www.rfc-editor.org/rfc/rfc7692#section-7
    RepeatedParameter,
    /// A value of a parameter that has none ([RFC 7692 §7.1.1]).
    ///
    /// [RFC 7692 §7.1.1]: https://www.rfc-editor.org/rfc/rfc7692#section-7.1.1
    UnexpectedValue,
    /// A window whose bits are missing, or are not a number of 8 to 15 without a leading zero ([RFC 7692 §7.1.2]).
    ///
    /// [RFC 7692 §7.1.2]: https://www.rfc-editor.org/rfc/rfc7692#section-7.1.2
    InvalidWindowBits,
    /// There was no offer that could have been accepted ([RFC 6455 §9.1]).
    ///
    /// [RFC 6455 §9.1]: https://www.rfc-editor.org/rfc/rfc6455#section-9.1
    NotOffered,
    /// The offer has `server_no_context_takeover`, the answer lacks it ([RFC 7692 §7.1.1.1]).
    ///
    /// [RFC 7692 §7.1.1.1]: https://www.rfc-editor.org/rfc/rfc7692#section-7.1.1.1
    MissingServerNoContextTakeover,
    /// The offer has `server_max_window_bits`, the answer lacks it ([RFC 7692 §7.1.2.1]).
    ///
    /// [RFC 7692 §7.1.2.1]: https://www.rfc-editor.org/rfc/rfc7692#section-7.1.2.1
    MissingServerWindow,
    /// The server's window is larger than the one that was offered ([RFC 7692 §7.1.2.1]).
    ///
    /// [RFC 7692 §7.1.2.1]: https://www.rfc-editor.org/rfc/rfc7692#section-7.1.2.1
    ServerWindowTooLarge,
    /// The answer has `client_max_window_bits`, the offer lacks it ([RFC 7692 §7.1.2.2]).
    ///
    /// [RFC 7692 §7.1.2.2]: https://www.rfc-editor.org/rfc/rfc7692#section-7.1.2.2
    ClientWindowNotOffered,
}

impl fmt::Display for NegotiationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RepeatedExtension => "`permessage-deflate` is answered twice",
            Self::UnknownParameter => "the answer has a parameter that `permessage-deflate` does not have",
            Self::RepeatedParameter => "the answer has a parameter of `permessage-deflate` twice",
            Self::UnexpectedValue => "the answer gives a value to a `no_context_takeover`, which has none",
            Self::InvalidWindowBits => "the answer's window bits are missing, or not a number of 8 to 15",
            Self::NotOffered => "`permessage-deflate` was not offered, or not so that it can be accepted",
            Self::MissingServerNoContextTakeover => {
                "the answer lacks the `server_no_context_takeover` of the offer"
            }
            Self::MissingServerWindow => "the answer lacks the `server_max_window_bits` of the offer",
            Self::ServerWindowTooLarge => "the answer's `server_max_window_bits` are more than the offer's",
            Self::ClientWindowNotOffered => "the answer has `client_max_window_bits`, which the offer lacks",
        })
    }
}

impl core::error::Error for NegotiationError {}
