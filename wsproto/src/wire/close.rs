use core::fmt;

use super::{BufferTooSmall, MAX_CONTROL_PAYLOAD};

/// Limits the reason of a Close frame, in bytes: a control frame's payload without the code ([RFC 6455 §5.5]).
///
/// [RFC 6455 §5.5]: https://www.rfc-editor.org/rfc/rfc6455#section-5.5
pub const MAX_CLOSE_REASON: usize = MAX_CONTROL_PAYLOAD - 2;

/// Tells why a connection is closed: the code of a Close frame ([RFC 6455 §7.4]).
///
/// Only codes that may appear on the wire have a value: 1000–1003, 1007–1014 and 3000–4999. Codes that stand for the
/// absence of a code (1005, 1006, 1015) can't be built, and so can't be sent.
///
/// RFC 6455 calls it "status code", which is HTTP's word in the same crate.
///
/// ```
/// use wsproto::wire::CloseCode;
/// assert_eq!(CloseCode::new(1000), Some(CloseCode::NORMAL));
/// assert_eq!(CloseCode::new(1006), None);
/// ```
///
/// [RFC 6455 §7.4]: https://www.rfc-editor.org/rfc/rfc6455#section-7.4
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct CloseCode(u16);

impl CloseCode {
    /// 1000: the purpose of the connection is fulfilled.
    pub const NORMAL: Self = Self(1000);
    /// 1001: a server shuts down, or a browser leaves the page.
    pub const GOING_AWAY: Self = Self(1001);
    /// 1002: the peer broke the protocol.
    pub const PROTOCOL_ERROR: Self = Self(1002);
    /// 1003: this endpoint does not accept this kind of data, such as binary where only text is known.
    pub const UNSUPPORTED_DATA: Self = Self(1003);
    /// 1007: the data does not fit its message's type, such as text that is not UTF-8.
    pub const INVALID_PAYLOAD: Self = Self(1007);
    /// 1008: a message violates this endpoint's policy; for any reason without a code of its own.
    pub const POLICY_VIOLATION: Self = Self(1008);
    /// 1009: a message is too big to process.
    pub const MESSAGE_TOO_BIG: Self = Self(1009);
    /// 1010: the server's response lacks an extension that the client needs.
    pub const MISSING_EXTENSION: Self = Self(1010);
    /// 1011: the server met an unexpected condition and can't continue.
    pub const INTERNAL_ERROR: Self = Self(1011);
    /// 1012: the server restarts; reconnect after a random delay (IANA registry).
    pub const SERVICE_RESTART: Self = Self(1012);
    /// 1013: the server is overloaded (IANA registry).
    pub const TRY_AGAIN_LATER: Self = Self(1013);
    /// 1014: a gateway received an invalid response from upstream (IANA registry).
    pub const BAD_GATEWAY: Self = Self(1014);

    /// Returns the code of this number, or `None` if it may not appear in a Close frame ([RFC 6455 §7.4.1],
    /// [RFC 6455 §7.4.2]).
    ///
    /// [RFC 6455 §7.4.1]: https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1
    /// [RFC 6455 §7.4.2]: https://www.rfc-editor.org/rfc/rfc6455#section-7.4.2
    pub const fn new(code: u16) -> Option<Self> {
        match code {
            1000..=1003 | 1007..=1014 | 3000..=4999 => Some(Self(code)),
            _ => None,
        }
    }

    /// Returns the number.
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl From<CloseCode> for u16 {
    fn from(code: CloseCode) -> Self {
        code.get()
    }
}

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Holds the payload of a Close frame: a code, and a reason of at most 123 bytes ([RFC 6455 §5.5.1]).
///
/// Where an `Option<CloseFrame>` is taken or returned, `None` is a Close frame without payload.
///
/// # Examples
///
/// ```
/// use wsproto::wire::{CloseCode, CloseFrame};
///
/// let frame = CloseFrame::new(CloseCode::GOING_AWAY, "bye")?;
/// let mut payload = [0; 125];
/// let n = frame.encode(&mut payload)?;
/// assert_eq!(payload[..n], *b"\x03\xe9bye");
/// assert_eq!(CloseFrame::decode(&payload[..n])?, Some(frame));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// [RFC 6455 §5.5.1]: https://www.rfc-editor.org/rfc/rfc6455#section-5.5.1
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CloseFrame<'a> {
    code: CloseCode,
    reason: &'a str,
}

impl<'a> CloseFrame<'a> {
    /// Combines a code and a reason, which is for a log and need not be human-readable.
    ///
    /// # Errors
    ///
    /// [`CloseReasonTooLong`] if the reason is longer than [`MAX_CLOSE_REASON`] bytes: cut it, or use
    /// [`truncated`](Self::truncated).
    pub const fn new(code: CloseCode, reason: &'a str) -> Result<Self, CloseReasonTooLong> {
        if reason.len() > MAX_CLOSE_REASON {
            return Err(CloseReasonTooLong { len: reason.len() });
        }
        Ok(Self { code, reason })
    }

    /// Combines a code and as much of a reason as fits: whole characters, of [`MAX_CLOSE_REASON`] bytes at most.
    ///
    /// # Examples
    ///
    /// ```
    /// use wsproto::wire::{CloseCode, CloseFrame};
    ///
    /// let reason = "é".repeat(100);
    /// let close = CloseFrame::truncated(CloseCode::INTERNAL_ERROR, &reason);
    /// assert_eq!(close.reason(), "é".repeat(61)); // 122 bytes: the next character would take the 124th
    /// ```
    pub fn truncated(code: CloseCode, reason: &'a str) -> Self {
        let mut len = reason.len().min(MAX_CLOSE_REASON);
        while !reason.is_char_boundary(len) {
            len = len.saturating_sub(1);
        }
        Self { code, reason: reason.get(..len).unwrap_or_default() }
    }

    /// Makes the payload of a code without a reason.
    pub const fn of_code(code: CloseCode) -> CloseFrame<'static> {
        CloseFrame { code, reason: "" }
    }

    /// Makes the payload that names an error. The rules are ours, and the tests check that none is too long.
    pub(crate) const fn of_error(code: CloseCode, rule: &'static str) -> CloseFrame<'static> {
        CloseFrame { code, reason: rule }
    }

    /// Drops the reason.
    pub(crate) const fn without_reason(self) -> CloseFrame<'static> {
        Self::of_code(self.code)
    }

    /// Returns the code.
    pub const fn code(&self) -> CloseCode {
        self.code
    }

    /// Returns the reason, which is often empty.
    ///
    /// A received reason is untrusted and may contain newlines: log it with `{:?}`.
    pub const fn reason(&self) -> &'a str {
        self.reason
    }

    /// Returns the length of the payload in bytes: 2 to 125.
    pub const fn payload_len(&self) -> usize {
        self.reason.len().saturating_add(2)
    }

    /// Decodes the unmasked payload of a Close frame, or returns `None` if it is empty.
    ///
    /// # Errors
    ///
    /// [`CloseFrameError`] if the payload is one byte long, its code may not appear on the wire, its reason is not
    /// UTF-8, or it is longer than 125 bytes. The connection has failed ([RFC 6455 §7.1.7]).
    ///
    /// [RFC 6455 §7.1.7]: https://www.rfc-editor.org/rfc/rfc6455#section-7.1.7
    pub fn decode(payload: &'a [u8]) -> Result<Option<Self>, CloseFrameError> {
        if payload.len() > MAX_CONTROL_PAYLOAD {
            return Err(CloseFrameError::TooLong);
        }
        let Some((code, reason)) = payload.split_first_chunk() else {
            // [RFC 6455 §5.5.1]: if there is a body, the first two bytes MUST be the code.
            return if payload.is_empty() { Ok(None) } else { Err(CloseFrameError::CodeCutShort) };
        };
        let code = u16::from_be_bytes(*code);
        let code = CloseCode::new(code).ok_or(CloseFrameError::ForbiddenCode { code })?;
        // [RFC 6455 §8.1] holds for the reason too.
        let reason = core::str::from_utf8(reason).map_err(|_| CloseFrameError::ReasonNotUtf8)?;
        Ok(Some(Self { code, reason }))
    }

    /// Writes the unmasked payload to the start of `dst`, and returns its length in bytes.
    ///
    /// # Errors
    ///
    /// [`BufferTooSmall`] if `dst` is shorter than [`payload_len`](Self::payload_len); `dst` is then unchanged.
    pub fn encode(&self, dst: &mut [u8]) -> Result<usize, BufferTooSmall> {
        let needed = self.payload_len();
        let too_small = BufferTooSmall { needed };
        let (code, rest) = dst.split_first_chunk_mut().ok_or(too_small)?;
        let reason = rest.get_mut(..self.reason.len()).ok_or(too_small)?;
        *code = self.code.get().to_be_bytes();
        reason.copy_from_slice(self.reason.as_bytes());
        Ok(needed)
    }
}

impl From<CloseCode> for CloseFrame<'_> {
    fn from(code: CloseCode) -> Self {
        Self::of_code(code)
    }
}

/// Writes the code and, if there is one, the reason: `1001: bye`.
///
/// The reason is untrusted and may contain newlines: log it with `{:?}`.
impl fmt::Display for CloseFrame<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reason {
            "" => self.code.fmt(f),
            reason => write!(f, "{}: {reason}", self.code),
        }
    }
}

/// Tells why the payload of a Close frame is invalid: the peer's fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum CloseFrameError {
    /// The payload is one byte: half a code ([RFC 6455 §5.5.1]).
    ///
    /// [RFC 6455 §5.5.1]: https://www.rfc-editor.org/rfc/rfc6455#section-5.5.1
    CodeCutShort,
    /// The code may not appear on the wire ([RFC 6455 §7.4]).
    ///
    /// [RFC 6455 §7.4]: https://www.rfc-editor.org/rfc/rfc6455#section-7.4
    ForbiddenCode {
        /// The code.
        code: u16,
    },
    /// The reason is not UTF-8 ([RFC 6455 §8.1]).
    ///
    /// [RFC 6455 §8.1]: https://www.rfc-editor.org/rfc/rfc6455#section-8.1
    ReasonNotUtf8,
    /// The payload is over 125 bytes, which no control frame can carry ([RFC 6455 §5.5]).
    ///
    /// [RFC 6455 §5.5]: https://www.rfc-editor.org/rfc/rfc6455#section-5.5
    TooLong,
}

impl CloseFrameError {
    pub(crate) const fn rule(self) -> &'static str {
        match self {
            Self::CodeCutShort => "Close frame of one byte (RFC 6455 section 5.5.1)",
            Self::ForbiddenCode { .. } => "close code that may not be sent (RFC 6455 section 7.4)",
            Self::ReasonNotUtf8 => "close reason is not UTF-8 (RFC 6455 section 8.1)",
            Self::TooLong => "Close frame over 125 bytes (RFC 6455 section 5.5)",
        }
    }
}

impl fmt::Display for CloseFrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.rule())
    }
}

impl core::error::Error for CloseFrameError {}

/// Tells that a close reason is over [`MAX_CLOSE_REASON`] bytes: the caller's fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct CloseReasonTooLong {
    /// The reason's length in bytes.
    pub len: usize,
}

impl fmt::Display for CloseReasonTooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a close reason of {} bytes: {MAX_CLOSE_REASON} are the most", self.len)
    }
}

impl core::error::Error for CloseReasonTooLong {}
