//! What connections begin and end with.

use wsproto::deflate::Parameters;
use wsproto::{CloseCode, CloseFrame};

/// What an opening handshake agreed on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Agreed {
    /// The subprotocol, if one was chosen ([RFC 6455 §1.9]).
    ///
    /// [RFC 6455 §1.9]: https://www.rfc-editor.org/rfc/rfc6455#section-1.9
    pub subprotocol: Option<Box<str>>,
    /// The parameters of permessage-deflate, if it was accepted ([RFC 7692 §7]).
    ///
    /// [RFC 7692 §7]: https://www.rfc-editor.org/rfc/rfc7692#section-7
    pub deflate: Option<Parameters>,
}

impl Agreed {
    /// Starts with neither subprotocol nor compression.
    pub const fn new() -> Self {
        Self { subprotocol: None, deflate: None }
    }

    /// Sets the subprotocol.
    #[must_use]
    pub fn with_subprotocol(self, subprotocol: Option<&str>) -> Self {
        Self { subprotocol: subprotocol.map(Box::from), ..self }
    }

    /// Sets the parameters of permessage-deflate.
    #[must_use]
    pub fn with_deflate(self, parameters: Option<Parameters>) -> Self {
        Self { deflate: parameters, ..self }
    }
}

/// The peer's Close frame.
#[derive(Debug, Clone)]
pub struct Closed {
    code: Option<CloseCode>,
    reason: Box<str>,
}

impl Closed {
    /// Returns its code, if it had one.
    pub const fn code(&self) -> Option<CloseCode> {
        self.code
    }

    /// Returns its reason, which may be empty.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Keeps the frame.
    pub fn of(close: Option<CloseFrame<'_>>) -> Self {
        Self {
            code: close.map(|close| close.code()),
            reason: close.map_or("", |close| close.reason()).into(),
        }
    }
}
