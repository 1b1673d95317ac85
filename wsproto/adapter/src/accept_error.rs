use std::{error, fmt, io};

use wsproto::handshake::{HandshakeMisuse, RequestError};

/// Why there is no connection on the server's side. The client was answered, as far as it can be.
#[derive(Debug)]
#[non_exhaustive]
pub enum AcceptError {
    /// The transport failed.
    Io(io::Error),
    /// The client ended the transport before its request was complete.
    Disconnected,
    /// The request was not complete in time: it was answered 408, if any of it came.
    Deadline,
    /// The request is no handshake as it must be, and was answered with the reason.
    Request(RequestError),
    /// The request is one of plain HTTP, and was answered 426.
    Http,
    /// A page of this Origin wants to connect, which [`Options`](crate::Options) don't allow. It was answered 403.
    Origin(Box<str>),
    /// What was to be answered can't be: mend the program. The client was answered 500.
    Misuse(HandshakeMisuse),
}

impl AcceptError {
    /// Tells whether the client is just gone, as clients on the Internet go: nothing that a server's log needs.
    pub fn is_gone(&self) -> bool {
        match self {
            Self::Io(error) => crate::error::is_gone(error.kind()),
            Self::Disconnected | Self::Deadline => true,
            Self::Request(_) | Self::Http | Self::Origin(_) | Self::Misuse(_) => false,
        }
    }
}

impl From<io::Error> for AcceptError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// For functions that return [`io::Result`]: the kind is the transport's, or tells whose fault it is.
impl From<AcceptError> for io::Error {
    fn from(error: AcceptError) -> Self {
        let kind = match error {
            AcceptError::Io(error) => return error,
            AcceptError::Disconnected => io::ErrorKind::UnexpectedEof,
            AcceptError::Deadline => io::ErrorKind::TimedOut,
            AcceptError::Request(_) | AcceptError::Http => io::ErrorKind::InvalidData,
            AcceptError::Origin(_) => io::ErrorKind::PermissionDenied,
            AcceptError::Misuse(_) => io::ErrorKind::InvalidInput,
        };
        Self::new(kind, error)
    }
}

impl fmt::Display for AcceptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "the transport failed: {error}"),
            Self::Disconnected => f.write_str("the client went before its request was complete"),
            Self::Deadline => f.write_str("the client's request was not complete in time"),
            Self::Request(error) => write!(f, "the request is no handshake: {error}"),
            Self::Http => f.write_str("the request is one of plain HTTP"),
            // An Origin is printable ASCII, which was checked.
            Self::Origin(origin) => write!(f, "pages of {origin} may not connect (Options::allow_origins)"),
            Self::Misuse(misuse) => write!(f, "the answer can't be sent: {misuse}"),
        }
    }
}

impl error::Error for AcceptError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Io(error) => error.source(),
            Self::Request(error) => Some(error),
            Self::Misuse(misuse) => Some(misuse),
            Self::Disconnected | Self::Deadline | Self::Http | Self::Origin(_) => None,
        }
    }
}
