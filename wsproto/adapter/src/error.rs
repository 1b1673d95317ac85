use std::{error, fmt, io};

use wsproto::deadlines::Deadline;
use wsproto::error::AbnormalClosure;
use wsproto::wire::CloseReasonTooLong;
use wsproto::{Misuse, ProtocolError};

/// Why a connection failed, or a message was not taken.
///
/// An ordinary end is not among them: `recv` returns `None` behind every closing handshake, whatever its code.
///
/// | whose fault | variants | afterwards |
/// |---|---|---|
/// | the peer's | [`Protocol`] | the peer was told, the connection is over |
/// | the transport's | [`Disconnected`], [`Io`] | the connection is over |
/// | the peer's or the network's: a [`Deadline`] passed | `Deadline` | the connection is over |
/// | the same: the peer is too slow | [`Lagged`] | the connection is over |
/// | the caller's | [`Closed`], [`Full`], [`Misuse`], [`CloseReason`] | nothing was queued, the connection stands |
///
/// [`Protocol`]: Self::Protocol
/// [`Disconnected`]: Self::Disconnected
/// [`Io`]: Self::Io
/// [`Deadline`]: Self::Deadline
/// [`Lagged`]: Self::Lagged
/// [`Closed`]: Self::Closed
/// [`Full`]: Self::Full
/// [`Misuse`]: Self::Misuse
/// [`CloseReason`]: Self::CloseReason
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The peer broke a rule or a limit. It was sent the Close frame that says so.
    Protocol(ProtocolError),
    /// The transport ended without a Close frame ([RFC 6455 §7.1.5], code 1006).
    ///
    /// [RFC 6455 §7.1.5]: https://www.rfc-editor.org/rfc/rfc6455#section-7.1.5
    Disconnected(AbnormalClosure),
    /// The transport failed.
    Io(io::Error),
    /// A deadline passed: the peer is silent, takes nothing, or does not end the connection.
    Deadline(Deadline),
    /// The peer did not keep up with a broadcast.
    Lagged,
    /// The connection is closing or over: nothing more can be sent. Whoever calls `recv` learns why.
    Closed,
    /// More than [`max_unsent`](crate::Options::with_max_unsent) bytes wait to be written: flush, then try again.
    Full,
    /// The message can't be sent, now or ever: mend the program.
    Misuse(Misuse),
    /// The reason of a Close frame has more than 123 bytes ([RFC 6455 §5.5]).
    ///
    /// [RFC 6455 §5.5]: https://www.rfc-editor.org/rfc/rfc6455#section-5.5
    CloseReason(CloseReasonTooLong),
}

/// Whose fault an [`Error`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The peer's: it broke a rule or a limit.
    Peer,
    /// The transport's: it failed, or ended early.
    Transport,
    /// A deadline's: the peer or the network was too slow.
    Deadline,
    /// The caller's.
    Caller,
}

impl Error {
    /// Returns whose fault this is.
    pub const fn fault(&self) -> Fault {
        match self {
            Self::Protocol(_) => Fault::Peer,
            Self::Disconnected(_) | Self::Io(_) => Fault::Transport,
            Self::Deadline(_) | Self::Lagged => Fault::Deadline,
            Self::Closed | Self::Full | Self::Misuse(_) | Self::CloseReason(_) => Fault::Caller,
        }
    }

    /// Tells whether the peer is just gone, as peers on the Internet go: nothing that a server's log needs.
    pub fn is_gone(&self) -> bool {
        match self {
            Self::Disconnected(_) | Self::Deadline(_) | Self::Lagged | Self::Closed => true,
            Self::Io(error) => is_gone(error.kind()),
            Self::Protocol(_) | Self::Full | Self::Misuse(_) | Self::CloseReason(_) => false,
        }
    }
}

/// Tells whether an error of a transport says no more than that the peer or the way to it is gone.
pub fn is_gone(kind: io::ErrorKind) -> bool {
    use io::ErrorKind as Kind;
    matches!(
        kind,
        Kind::ConnectionReset
            | Kind::ConnectionAborted
            | Kind::BrokenPipe
            | Kind::NotConnected
            | Kind::UnexpectedEof
            | Kind::TimedOut
            | Kind::HostUnreachable
            | Kind::NetworkUnreachable
    )
}

impl From<Misuse> for Error {
    fn from(misuse: Misuse) -> Self {
        match misuse {
            Misuse::CloseSent | Misuse::NotOpen => Self::Closed,
            misuse => Self::Misuse(misuse),
        }
    }
}

impl From<CloseReasonTooLong> for Error {
    fn from(error: CloseReasonTooLong) -> Self {
        Self::CloseReason(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Protocol(
                error @ (ProtocolError::FrameTooBig { .. } | ProtocolError::MessageTooBig { .. }),
            ) => {
                write!(f, "{error} (Options::with_max_message_size)")
            }
            Self::Protocol(error) => write!(f, "the peer broke the protocol: {error}"),
            Self::Disconnected(closure) => closure.fmt(f),
            Self::Io(error) => write!(f, "the transport failed: {error}"),
            Self::Deadline(deadline) => deadline.fmt(f),
            Self::Lagged => f.write_str("the peer did not keep up with a broadcast"),
            Self::Closed => f.write_str("the connection is closing: nothing more can be sent"),
            Self::Full => f.write_str("too much waits to be written: flush first (Options::with_max_unsent)"),
            Self::Misuse(misuse) => misuse.fmt(f),
            Self::CloseReason(error) => error.fmt(f),
        }
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Io(error) => error.source(),
            _ => None,
        }
    }
}

/// For functions that return [`io::Result`]: the kind is the transport's, or tells whose fault it is.
impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        let kind = match error {
            Error::Io(error) => return error,
            Error::Protocol(_) => io::ErrorKind::InvalidData,
            Error::Disconnected(_) => io::ErrorKind::UnexpectedEof,
            Error::Deadline(_) | Error::Lagged => io::ErrorKind::TimedOut,
            Error::Closed => io::ErrorKind::BrokenPipe,
            Error::Full => io::ErrorKind::OutOfMemory,
            Error::Misuse(_) | Error::CloseReason(_) => io::ErrorKind::InvalidInput,
        };
        Self::new(kind, error)
    }
}
