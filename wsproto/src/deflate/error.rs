use core::fmt;

use crate::error::ProtocolError;

/// Why a message can't be decompressed. It is the peer's fault, and the end of the connection: what comes later
/// may refer to what did not come out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InflateError {
    /// It is not DEFLATE, or refers to more than the window holds.
    Invalid,
    /// It does not end where a block does.
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
