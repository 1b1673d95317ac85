use core::fmt;

use embedded_io_async::ErrorKind;
use wsproto::deadlines::Deadline;
use wsproto::error::{AbnormalClosure, BufferTooSmall, SendError};
use wsproto::handshake::{HandshakeMisuse, RequestError, ResponseError};
use wsproto::wire::CloseReasonTooLong;
use wsproto::{Misuse, ProtocolError};

/// Why a connection can't go on, or something not be sent. `E` is the transport's error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Error<E> {
    /// The peer broke a rule or a limit, and was told: close the transport.
    Protocol(ProtocolError),
    /// The transport ended without a closing handshake.
    Disconnected(AbnormalClosure),
    /// The transport failed.
    Io(E),
    /// The peer took too long: close the transport.
    Deadline(Deadline),
    /// The connection is closing: nothing more can be sent.
    Closed,
    /// What formats to more than the memory for sending holds.
    BufferTooSmall(BufferTooSmall),
    /// What was to be sent is not possible.
    Misuse(Misuse),
    /// The reason is longer than a Close frame can hold.
    CloseReason(CloseReasonTooLong),
}

/// Whose fault an [`Error`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The peer's.
    Peer,
    /// The transport's.
    Transport,
    /// Nobody's that is known: time has run out.
    Deadline,
    /// The caller's: the connection goes on.
    Caller,
}

impl<E: embedded_io_async::Error> Error<E> {
    /// Tells whose fault it is.
    pub const fn fault(&self) -> Fault {
        match self {
            Self::Protocol(_) => Fault::Peer,
            Self::Disconnected(_) | Self::Io(_) => Fault::Transport,
            Self::Deadline(_) => Fault::Deadline,
            Self::Closed | Self::BufferTooSmall(_) | Self::Misuse(_) | Self::CloseReason(_) => Fault::Caller,
        }
    }

    /// Tells whether the peer is just gone, which is nothing to log.
    pub fn is_gone(&self) -> bool {
        match self {
            Self::Disconnected(_) | Self::Deadline(_) | Self::Closed => true,
            Self::Io(error) => is_gone(error.kind()),
            _ => false,
        }
    }
}

fn is_gone(kind: ErrorKind) -> bool {
    use ErrorKind as Kind;
    matches!(
        kind,
        Kind::ConnectionReset
            | Kind::ConnectionAborted
            | Kind::BrokenPipe
            | Kind::NotConnected
            | Kind::TimedOut
    )
}

impl<E> From<SendError> for Error<E> {
    fn from(error: SendError) -> Self {
        match error {
            SendError::BufferTooSmall(error) => Self::BufferTooSmall(error),
            SendError::Misuse(Misuse::CloseSent | Misuse::NotOpen) => Self::Closed,
            SendError::Misuse(misuse) => Self::Misuse(misuse),
            // No other is known.
            _ => Self::Closed,
        }
    }
}

impl<E> From<Misuse> for Error<E> {
    fn from(misuse: Misuse) -> Self {
        SendError::Misuse(misuse).into()
    }
}

impl<E> From<CloseReasonTooLong> for Error<E> {
    fn from(error: CloseReasonTooLong) -> Self {
        Self::CloseReason(error)
    }
}

impl<E: fmt::Debug> fmt::Display for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Protocol(error) => write!(f, "the peer broke the protocol: {error}"),
            Self::Disconnected(closure) => closure.fmt(f),
            Self::Io(error) => write!(f, "the transport failed: {error:?}"),
            Self::Deadline(deadline) => deadline.fmt(f),
            Self::Closed => f.write_str("the connection is closing: nothing more can be sent"),
            Self::BufferTooSmall(error) => error.fmt(f),
            Self::Misuse(misuse) => misuse.fmt(f),
            Self::CloseReason(error) => error.fmt(f),
        }
    }
}

impl<E: fmt::Debug> core::error::Error for Error<E> {}

/// Why a server has no connection. The client was told, unless it is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum AcceptError<E> {
    /// The transport failed.
    Io(E),
    /// The client went before its request was complete.
    Disconnected,
    /// The client's request was not complete in time.
    Deadline,
    /// The request is no handshake: it was answered with what is wrong.
    Request(RequestError),
    /// The request is one of plain HTTP, and was answered with 404.
    Http,
    /// Pages of this origin may not connect: it was answered with 403.
    Origin,
    /// The answer can't be sent.
    Misuse(HandshakeMisuse),
    /// The answer does not fit into the memory beside what was received.
    BufferTooSmall(BufferTooSmall),
}

impl<E: fmt::Debug> fmt::Display for AcceptError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "the transport failed: {error:?}"),
            Self::Disconnected => f.write_str("the client went before its request was complete"),
            Self::Deadline => f.write_str("the client's request was not complete in time"),
            Self::Request(error) => write!(f, "the request is no handshake: {error}"),
            Self::Http => f.write_str("the request is one of plain HTTP"),
            Self::Origin => f.write_str("pages of this origin may not connect (Options::allow_origins)"),
            Self::Misuse(misuse) => write!(f, "the answer can't be sent: {misuse}"),
            Self::BufferTooSmall(error) => error.fmt(f),
        }
    }
}

impl<E: fmt::Debug> core::error::Error for AcceptError<E> {}

/// Why a client has no connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ConnectError<E> {
    /// The transport failed.
    Io(E),
    /// The server went before its response was complete.
    Disconnected,
    /// The server's response was not complete in time.
    Deadline,
    /// The response breaks a rule.
    Response(ResponseError),
    /// The server refused, with this status.
    Refused(u16),
    /// The request can't be sent.
    Misuse(HandshakeMisuse),
    /// The request does not fit into the memory.
    BufferTooSmall(BufferTooSmall),
}

impl<E: fmt::Debug> fmt::Display for ConnectError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "the transport failed: {error:?}"),
            Self::Disconnected => f.write_str("the server went before its response was complete"),
            Self::Deadline => f.write_str("the server's response was not complete in time"),
            Self::Response(error) => write!(f, "the response is no handshake: {error}"),
            Self::Refused(status) => write!(f, "the server refused with status {status}"),
            Self::Misuse(misuse) => write!(f, "the request can't be sent: {misuse}"),
            Self::BufferTooSmall(error) => error.fmt(f),
        }
    }
}

impl<E: fmt::Debug> core::error::Error for ConnectError<E> {}

/// What goes wrong where bytes go through a transport; each of the errors above has these three.
#[derive(Debug)]
pub(crate) enum IoError<E> {
    Io(E),
    Ended,
    Late(Deadline),
}

impl<E> From<IoError<E>> for AcceptError<E> {
    fn from(error: IoError<E>) -> Self {
        match error {
            IoError::Io(error) => Self::Io(error),
            IoError::Ended => Self::Disconnected,
            IoError::Late(_) => Self::Deadline,
        }
    }
}

impl<E> From<IoError<E>> for ConnectError<E> {
    fn from(error: IoError<E>) -> Self {
        match error {
            IoError::Io(error) => Self::Io(error),
            IoError::Ended => Self::Disconnected,
            IoError::Late(_) => Self::Deadline,
        }
    }
}

impl<E> From<IoError<E>> for Error<E> {
    fn from(error: IoError<E>) -> Self {
        match error {
            IoError::Io(error) => Self::Io(error),
            IoError::Ended => Self::Disconnected(AbnormalClosure { inside_message: false }),
            IoError::Late(deadline) => Self::Deadline(deadline),
        }
    }
}
