//! One offer, or one answer, as it was sent.

use super::error::NegotiationError;
use crate::deflate::WindowBits;
use crate::handshake::extensions::{Extension, ParamValue};
use core::mem::replace;

/// The extension's name [RFC 7692 §7].
///
/// [RFC 7692 §7]: https://www.rfc-editor.org/rfc/rfc7692#section-7
pub const NAME: &str = "permessage-deflate";

pub(super) const SERVER_NO_CONTEXT_TAKEOVER: &str = "server_no_context_takeover";
pub(super) const CLIENT_NO_CONTEXT_TAKEOVER: &str = "client_no_context_takeover";
pub(super) const SERVER_MAX_WINDOW_BITS: &str = "server_max_window_bits";
pub(super) const CLIENT_MAX_WINDOW_BITS: &str = "client_max_window_bits";

/// The parameters of an offer or an answer; the rules that hold for both were checked.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Element {
    pub(super) server_no_context_takeover: bool,
    pub(super) client_no_context_takeover: bool,
    pub(super) server_max_window_bits: Option<WindowBits>,
    pub(super) client_max_window_bits: ClientBits,
}

/// What `client_max_window_bits` says, the one parameter whose value may be missing: in an offer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum ClientBits {
    #[default]
    Absent,
    WithoutValue,
    AtMost(WindowBits),
}

impl Element {
    /// Reads the parameters. Both ends MUST refuse, in the same three cases [RFC 7692 §7]: a name that is not defined,
    /// a value that is invalid, a name that comes twice.
    ///
    /// [RFC 7692 §7]: https://www.rfc-editor.org/rfc/rfc7692#section-7
    pub(super) fn parse(extension: Extension<'_>) -> Result<Self, NegotiationError> {
        let mut element = Self::default();
        for (name, value) in extension.params() {
            let is_repeated = match name {
                SERVER_NO_CONTEXT_TAKEOVER => replace(&mut element.server_no_context_takeover, flag(value)?),
                CLIENT_NO_CONTEXT_TAKEOVER => replace(&mut element.client_no_context_takeover, flag(value)?),
                SERVER_MAX_WINDOW_BITS => element.server_max_window_bits.replace(bits(value)?).is_some(),
                CLIENT_MAX_WINDOW_BITS => {
                    let bits = match value {
                        None => ClientBits::WithoutValue,
                        value => ClientBits::AtMost(bits(value)?),
                    };
                    replace(&mut element.client_max_window_bits, bits) != ClientBits::Absent
                }
                _ => return Err(NegotiationError::UnknownParameter),
            };
            if is_repeated {
                return Err(NegotiationError::RepeatedParameter);
            }
        }
        Ok(element)
    }
}

impl ClientBits {
    /// The largest window that it leaves to the client.
    pub(super) fn limit(self) -> WindowBits {
        match self {
            Self::Absent | Self::WithoutValue => WindowBits::MAX,
            Self::AtMost(bits) => bits,
        }
    }
}

/// A parameter that "has no value" [RFC 7692 §7.1.1.1], [RFC 7692 §7.1.1.2].
///
/// [RFC 7692 §7.1.1.1]: https://www.rfc-editor.org/rfc/rfc7692#section-7.1.1.1
/// [RFC 7692 §7.1.1.2]: https://www.rfc-editor.org/rfc/rfc7692#section-7.1.1.2
fn flag(value: Option<ParamValue<'_>>) -> Result<bool, NegotiationError> {
    match value {
        None => Ok(true),
        Some(_) => Err(NegotiationError::UnexpectedValue),
    }
}

/// "a decimal integer value without leading zeroes between 8 to 15, inclusive" [RFC 7692 §7.1.2.1]
///
/// [RFC 7692 §7.1.2.1]: https://www.rfc-editor.org/rfc/rfc7692#section-7.1.2.1
fn bits(value: Option<ParamValue<'_>>) -> Result<WindowBits, NegotiationError> {
    let mut digits = value.into_iter().flat_map(ParamValue::bytes);
    let bits = match (digits.next(), digits.next(), digits.next()) {
        (Some(digit @ b'8'..=b'9'), None, None) => WindowBits::new(digit.wrapping_sub(b'0')),
        (Some(b'1'), Some(digit @ b'0'..=b'5'), None) => {
            WindowBits::new(digit.wrapping_sub(b'0').wrapping_add(10))
        }
        _ => None,
    };
    bits.ok_or(NegotiationError::InvalidWindowBits)
}

/// A window's bits as they are written.
pub(super) const fn digits(bits: WindowBits) -> &'static str {
    match bits.get() {
        8 => "8",
        9 => "9",
        10 => "10",
        11 => "11",
        12 => "12",
        13 => "13",
        14 => "14",
        _ => "15",
    }
}
