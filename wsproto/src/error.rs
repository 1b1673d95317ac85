//! Error families, never mixed: the peer's fault, the caller's fault, and lack of space.
//!
//! | whose fault | type | what to do |
//! |---|---|---|
//! | the peer's | [`ProtocolError`] | send the Close frame that names it, close the transport |
//! | the peer's, or the network's | [`AbnormalClosure`] | nothing: the transport has ended |
//! | the caller's | [`Misuse`] | fix the program; nothing was written |
//! | nobody's | [`BufferTooSmall`] | call again with more space; nothing was written |
//!
//! [`SendError`] is either of the last two. Errors of one module alone are in that module: [`HeaderError`],
//! [`CloseFrameError`], [`CloseReasonTooLong`](crate::wire::CloseReasonTooLong) and those of
//! [`frame`](crate::wire::frame) in [`wire`](crate::wire), the opening handshake's in `handshake`, and
//! [`TurnError`](crate::session) in `session`. All are `Copy`.

use core::fmt;

pub use crate::wire::BufferTooSmall;
use crate::wire::{CloseCode, CloseFrame, CloseFrameError, HeaderError};

/// Tells how the peer broke the protocol or exceeded a limit. The connection has failed ([RFC 6455 §7.1.7]): no
/// further event follows. Send the [`close_frame`](Self::close_frame), then close the transport. A session does the
/// former by itself.
///
/// # Examples
///
/// ```
/// use wsproto::{CloseCode, Connection, Limits, ProtocolError, Server};
///
/// let mut server = Connection::new(Server, Limits::new());
/// let error = server.receive(&mut [0x81, 0x00]).unwrap_err();
/// assert_eq!(error, ProtocolError::UnmaskedFrame);
/// assert_eq!(error.close_code(), CloseCode::PROTOCOL_ERROR);
/// assert_eq!(error.to_string(), "client frame that is not masked (RFC 6455 section 5.1)");
/// ```
///
/// [RFC 6455 §7.1.7]: https://www.rfc-editor.org/rfc/rfc6455#section-7.1.7
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ProtocolError {
    /// A frame header is invalid. Close code 1002
    Header(HeaderError),
    /// An RSV bit is set without a negotiated extension that defines it. 1002 ([RFC 6455 §5.2])
    ///
    /// [RFC 6455 §5.2]: https://www.rfc-editor.org/rfc/rfc6455#section-5.2
    ReservedBits,
    /// A client's frame is not masked. 1002 ([RFC 6455 §5.1])
    ///
    /// [RFC 6455 §5.1]: https://www.rfc-editor.org/rfc/rfc6455#section-5.1
    UnmaskedFrame,
    /// A server's frame is masked. 1002 ([RFC 6455 §5.1])
    ///
    /// [RFC 6455 §5.1]: https://www.rfc-editor.org/rfc/rfc6455#section-5.1
    MaskedFrame,
    /// A continuation arrives while no message is under way. 1002 ([RFC 6455 §5.4])
    ///
    /// [RFC 6455 §5.4]: https://www.rfc-editor.org/rfc/rfc6455#section-5.4
    UnexpectedContinuation,
    /// A new message begins before the fragmented one has ended. 1002 ([RFC 6455 §5.4])
    ///
    /// [RFC 6455 §5.4]: https://www.rfc-editor.org/rfc/rfc6455#section-5.4
    UnfinishedMessage,
    /// A Close frame's payload is invalid. 1002, or 1007 for a reason that is not UTF-8 ([RFC 6455 §5.5.1])
    ///
    /// [RFC 6455 §5.5.1]: https://www.rfc-editor.org/rfc/rfc6455#section-5.5.1
    Close(CloseFrameError),
    /// A text is not UTF-8. 1007 ([RFC 6455 §8.1])
    ///
    /// [RFC 6455 §8.1]: https://www.rfc-editor.org/rfc/rfc6455#section-8.1
    NotUtf8,
    /// A frame that is not a message's first has the bit of compression. 1002 ([RFC 7692 §6])
    ///
    /// [RFC 7692 §6]: https://www.rfc-editor.org/rfc/rfc7692#section-6
    UnexpectedCompression,
    /// A compressed message is not DEFLATE, or refers to more than the window holds. 1007 ([RFC 7692 §7.2.2])
    ///
    /// [RFC 7692 §7.2.2]: https://www.rfc-editor.org/rfc/rfc7692#section-7.2.2
    InvalidDeflate,
    /// A compressed message ends inside a DEFLATE block. 1007 ([RFC 7692 §7.2.1])
    ///
    /// [RFC 7692 §7.2.1]: https://www.rfc-editor.org/rfc/rfc7692#section-7.2.1
    UnfinishedDeflate,
    /// A frame announces more than [`max_frame_payload`](crate::connection::Limits::max_frame_payload). 1009
    FrameTooBig {
        /// The announced length in bytes.
        len: u64,
    },
    /// A message exceeds, with what its headers announce,
    /// [`max_message_size`](crate::connection::Limits::max_message_size). 1009
    MessageTooBig {
        /// The message's length in bytes, as far as announced.
        len: u64,
    },
    /// A message has more frames than [`max_fragments`](crate::connection::Limits::max_fragments). 1008
    TooManyFragments,
    /// Between two fragments arrive more control frames than
    /// [`max_control_frames`](crate::connection::Limits::max_control_frames). 1008
    TooManyControlFrames,
}

impl ProtocolError {
    /// Returns the close code for this error ([RFC 6455 §7.4.1]).
    ///
    /// [RFC 6455 §7.4.1]: https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1
    pub const fn close_code(self) -> CloseCode {
        match self {
            Self::Close(CloseFrameError::ReasonNotUtf8)
            | Self::NotUtf8
            | Self::InvalidDeflate
            | Self::UnfinishedDeflate => CloseCode::INVALID_PAYLOAD,
            Self::Header(_)
            | Self::ReservedBits
            | Self::UnmaskedFrame
            | Self::MaskedFrame
            | Self::UnexpectedContinuation
            | Self::UnfinishedMessage
            | Self::UnexpectedCompression
            | Self::Close(_) => CloseCode::PROTOCOL_ERROR,
            Self::FrameTooBig { .. } | Self::MessageTooBig { .. } => CloseCode::MESSAGE_TOO_BIG,
            Self::TooManyFragments | Self::TooManyControlFrames => CloseCode::POLICY_VIOLATION,
        }
    }

    /// Returns the Close frame that tells the peer of this error: the code and, with feature `reasons`, the broken rule
    /// in words.
    pub const fn close_frame(self) -> CloseFrame<'static> {
        let rule = if cfg!(feature = "reasons") { self.rule() } else { "" };
        CloseFrame::of_error(self.close_code(), rule)
    }

    const fn rule(self) -> &'static str {
        match self {
            Self::Header(error) => error.rule(),
            Self::ReservedBits => "reserved bit without an extension (RFC 6455 section 5.2)",
            Self::UnmaskedFrame => "client frame that is not masked (RFC 6455 section 5.1)",
            Self::MaskedFrame => "server frame that is masked (RFC 6455 section 5.1)",
            Self::UnexpectedContinuation => "continuation without a message (RFC 6455 section 5.4)",
            Self::UnfinishedMessage => "new message inside a fragmented one (RFC 6455 section 5.4)",
            Self::Close(error) => error.rule(),
            Self::NotUtf8 => "text that is not UTF-8 (RFC 6455 section 8.1)",
            Self::UnexpectedCompression => {
                "compression bit beyond a message's first frame (RFC 7692 section 6)"
            }
            Self::InvalidDeflate => "compressed message that is not DEFLATE (RFC 7692 section 7.2.2)",
            Self::UnfinishedDeflate => "compressed message that is cut short (RFC 7692 section 7.2.1)",
            Self::FrameTooBig { .. } => "frame over the size limit",
            Self::MessageTooBig { .. } => "message over the size limit",
            Self::TooManyFragments => "message in too many fragments",
            Self::TooManyControlFrames => "too many control frames inside a message",
        }
    }
}

impl From<HeaderError> for ProtocolError {
    fn from(error: HeaderError) -> Self {
        Self::Header(error)
    }
}

impl From<CloseFrameError> for ProtocolError {
    fn from(error: CloseFrameError) -> Self {
        Self::Close(error)
    }
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FrameTooBig { len } | Self::MessageTooBig { len } => {
                write!(f, "{}: {len} bytes", self.rule())
            }
            _ => f.write_str(self.rule()),
        }
    }
}

impl core::error::Error for ProtocolError {}

/// Tells that the transport ended without a Close frame: close code 1006, which is never sent ([RFC 6455 §7.1.5]).
///
/// [RFC 6455 §7.1.5]: https://www.rfc-editor.org/rfc/rfc6455#section-7.1.5
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct AbnormalClosure {
    /// Whether a message was under way, as far as its bytes were consumed: it was cut short.
    pub inside_message: bool,
}

impl fmt::Display for AbnormalClosure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the transport ended without a Close frame")?;
        if self.inside_message {
            f.write_str(", inside a message")?;
        }
        Ok(())
    }
}

impl core::error::Error for AbnormalClosure {}

/// Tells why a frame can't be sent: it would break the protocol. Nothing was written, and nothing has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Misuse {
    /// A Close frame was sent: no data and no second Close frame may follow ([RFC 6455 §5.5.1]).
    ///
    /// [RFC 6455 §5.5.1]: https://www.rfc-editor.org/rfc/rfc6455#section-5.5.1
    CloseSent,
    /// The peer has begun the closing handshake, broken a rule, or ended the transport: no new message may be begun,
    /// and no Ping sent ([RFC 6455 §6.1]). A fragmented message may be finished, and a Close frame is due.
    ///
    /// [RFC 6455 §6.1]: https://www.rfc-editor.org/rfc/rfc6455#section-6.1
    NotOpen,
    /// A fragmented message is under way and has to end first ([RFC 6455 §5.4]).
    ///
    /// [RFC 6455 §5.4]: https://www.rfc-editor.org/rfc/rfc6455#section-5.4
    MessageUnderWay,
    /// The payload of a Ping or Pong is over 125 bytes ([RFC 6455 §5.5]).
    ///
    /// [RFC 6455 §5.5]: https://www.rfc-editor.org/rfc/rfc6455#section-5.5
    ControlTooLong {
        /// Its length in bytes.
        len: usize,
    },
    /// The text is not UTF-8, with this fragment ([RFC 6455 §5.6]).
    ///
    /// [RFC 6455 §5.6]: https://www.rfc-editor.org/rfc/rfc6455#section-5.6
    NotUtf8,
    /// The message is compressed with a window that was not agreed on with this peer, or without an agreement
    /// ([RFC 7692 §7.1.2]).
    ///
    /// [RFC 7692 §7.1.2]: https://www.rfc-editor.org/rfc/rfc7692#section-7.1.2
    NotAgreed,
    /// A client's source of masking keys had none ([RFC 6455 §5.3]): the operating system has no randomness to give.
    ///
    /// [RFC 6455 §5.3]: https://www.rfc-editor.org/rfc/rfc6455#section-5.3
    NoMaskingKey,
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CloseSent => f.write_str("a Close frame was sent: nothing may follow it"),
            Self::NotOpen => f.write_str("the peer has closed or failed: send a Close frame, nothing new"),
            Self::MessageUnderWay => {
                f.write_str("a fragmented message is under way: send its last fragment first")
            }
            Self::ControlTooLong { len } => {
                write!(f, "a Ping or Pong of {len} bytes: 125 are the most")
            }
            Self::NotUtf8 => f.write_str("the text is not UTF-8: send it as binary"),
            Self::NotAgreed => {
                f.write_str("the peer did not agree on such compression: send the message as it is")
            }
            Self::NoMaskingKey => {
                f.write_str("there is no randomness for a masking key: close the transport")
            }
        }
    }
}

impl core::error::Error for Misuse {}

/// Tells why a frame was not written. Neither the state nor the output has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum SendError {
    /// It must not be sent: the caller's fault.
    Misuse(Misuse),
    /// The output is too small: call again with more space.
    BufferTooSmall(BufferTooSmall),
}

impl From<Misuse> for SendError {
    fn from(error: Misuse) -> Self {
        Self::Misuse(error)
    }
}

impl From<BufferTooSmall> for SendError {
    fn from(error: BufferTooSmall) -> Self {
        Self::BufferTooSmall(error)
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Misuse(error) => error.fmt(f),
            Self::BufferTooSmall(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for SendError {}
