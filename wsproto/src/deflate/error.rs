use core::fmt;

use crate::error::ProtocolError;

/// Tells why a message can't be decompressed: the peer's fault. The connection has failed, since later messages may
/// refer to what was lost ([RFC 7692 §7.2.2]).
///
/// [RFC 7692 §7.2.2]: https://www.rfc-editor.org/rfc/rfc7692#section-7.2.2
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InflateError {
    /// The message is not DEFLATE, or refers to more than the window holds.
    Invalid,
    /// The message does not end with a whole block.
    Unfinished,
}

impl fmt::Display for InflateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        ProtocolError::from(*self).fmt(f)
    }
}

impl core::error::Error for InflateError {}

impl From<InflateError> for ProtocolError {
    fn from(error: InflateError) -> Self {
        match error {
            InflateError::Invalid => Self::InvalidDeflate,
            InflateError::Unfinished => Self::UnfinishedDeflate,
        }
    }
}
