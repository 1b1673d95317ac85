use std::{error, fmt, io};

use wsproto::backoff::Lost;
use wsproto::handshake::{HandshakeMisuse, ResponseError, UrlError};

use super::redirect::RedirectError;
use super::response::Response;
use crate::Fault;
use crate::proxy::ProxyError;

/// Why no connection was made.
///
/// | whose fault | variants | try again? |
/// |---|---|---|
/// | the caller's | [`Url`], [`Request`], [`TlsMissing`], [`Roots`], [`Randomness`] | no: mend program or machine |
/// | the network's | [`Resolve`], [`Io`], [`Disconnected`], [`Proxy`] | later |
/// | the network's or the server's | [`Deadline`] | later |
/// | the server's | [`Tls`], [`Response`], [`Refused`], [`Redirect`], [`Http2`] | as its status says |
///
/// [`lost`](Self::lost) is this table for a [`Backoff`](crate::backoff::Backoff).
///
/// [`Url`]: Self::Url
/// [`Request`]: Self::Request
/// [`TlsMissing`]: Self::TlsMissing
/// [`Roots`]: Self::Roots
/// [`Randomness`]: Self::Randomness
/// [`Resolve`]: Self::Resolve
/// [`Io`]: Self::Io
/// [`Disconnected`]: Self::Disconnected
/// [`Proxy`]: Self::Proxy
/// [`Deadline`]: Self::Deadline
/// [`Tls`]: Self::Tls
/// [`Response`]: Self::Response
/// [`Refused`]: Self::Refused
/// [`Redirect`]: Self::Redirect
/// [`Http2`]: Self::Http2
#[derive(Debug)]
#[non_exhaustive]
pub enum ConnectError {
    /// The URL is malformed. Its text says what to write instead.
    Url(UrlError),
    /// A header field, a subprotocol or the Origin must not be sent.
    Request(HandshakeMisuse),
    /// The URL asks for TLS (`wss`), or that of a proxy does, and there is none: turn on the feature
    /// `rustls-webpki-roots` or `rustls-native-roots`, or `rustls` and give `Connect::tls` a configuration.
    /// Nothing was sent.
    TlsMissing,
    /// The operating system has no certificates of authorities (feature `rustls-native-roots`).
    Roots,
    /// The operating system has no randomness to give for the handshake's nonce.
    Randomness,
    /// The host's name has no address.
    Resolve(io::Error),
    /// None of the addresses takes a connection, or the transport failed. Of many addresses this is the first
    /// one's error.
    Io(io::Error),
    /// The server ended the connection before it answered.
    Disconnected,
    /// There is no way through the proxy.
    Proxy(ProxyError),
    /// The server's certificate is not to be trusted, or TLS failed otherwise. The error within is rustls' own.
    Tls(io::Error),
    /// The deadline for all of it passed, [`Timeouts::opening`](wsproto::deadlines::Timeouts::opening).
    Deadline(Step),
    /// The server's response breaks a rule of the opening handshake ([RFC 6455 §4.1]).
    ///
    /// [RFC 6455 §4.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.1
    Response(ResponseError),
    /// The server answered with another status than 101.
    Refused(Box<Response>),
    /// The server takes no WebSocket over HTTP/2, or its settings did not come yet ([RFC 8441 §3]).
    ///
    /// [RFC 8441 §3]: https://www.rfc-editor.org/rfc/rfc8441#section-3
    Http2,
    /// The server redirects to where this client does not go.
    Redirect(RedirectError),
}

/// How far the making of a connection has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Step {
    /// The host's name is resolved.
    Resolving,
    /// A TCP connection is made.
    Connecting,
    /// A proxy is asked for a tunnel.
    Proxy,
    /// TLS' handshake is made.
    Tls,
    /// The request is sent, and the response awaited.
    Handshake,
}

impl ConnectError {
    /// Returns whose fault this is.
    pub const fn fault(&self) -> Fault {
        match self {
            Self::Url(_) | Self::Request(_) | Self::TlsMissing | Self::Roots | Self::Randomness => {
                Fault::Caller
            }
            Self::Proxy(
                ProxyError::Url | ProxyError::Length | ProxyError::UserNeeded | ProxyError::UserUnknown,
            ) => Fault::Caller,
            Self::Resolve(_) | Self::Io(_) | Self::Disconnected | Self::Proxy(_) => Fault::Transport,
            Self::Tls(_) | Self::Response(_) | Self::Refused(_) | Self::Redirect(_) | Self::Http2 => {
                Fault::Peer
            }
            Self::Deadline(_) => Fault::Deadline,
        }
    }

    /// Returns what a [`Backoff`](crate::backoff::Backoff) wants to know, or `None` if it is the caller's
    /// fault and another attempt would fail as well.
    pub fn lost(&self) -> Option<Lost> {
        match self {
            Self::Refused(refused) | Self::Proxy(ProxyError::Refused(refused)) => {
                Some(Lost::Refused { status: refused.status() })
            }
            error if error.fault() == Fault::Caller => None,
            _ => Some(Lost::Unreachable),
        }
    }

    /// Returns the server's refusal, if that is what came.
    pub fn refused(&self) -> Option<&Response> {
        match self {
            Self::Refused(refused) => Some(refused),
            _ => None,
        }
    }
}

impl From<UrlError> for ConnectError {
    fn from(error: UrlError) -> Self {
        Self::Url(error)
    }
}

impl From<HandshakeMisuse> for ConnectError {
    fn from(misuse: HandshakeMisuse) -> Self {
        Self::Request(misuse)
    }
}

impl From<ResponseError> for ConnectError {
    fn from(error: ResponseError) -> Self {
        Self::Response(error)
    }
}

impl From<ProxyError> for ConnectError {
    fn from(error: ProxyError) -> Self {
        Self::Proxy(error)
    }
}

impl From<RedirectError> for ConnectError {
    fn from(error: RedirectError) -> Self {
        Self::Redirect(error)
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(error) => error.fmt(f),
            Self::Request(misuse) => misuse.fmt(f),
            Self::TlsMissing => f.write_str(
                "the URL asks for TLS, which this program was built without: \
                 turn on the feature `rustls-webpki-roots` or `rustls-native-roots`",
            ),
            Self::Roots => f.write_str("the operating system has no certificates of authorities"),
            Self::Randomness => f.write_str("the operating system has no randomness to give"),
            Self::Resolve(error) => write!(f, "the host has no address: {error}"),
            Self::Io(error) => write!(f, "no connection: {error}"),
            Self::Disconnected => f.write_str("the server ended the connection before it answered"),
            Self::Proxy(error) => error.fmt(f),
            Self::Tls(error) => write!(f, "TLS failed: {error}"),
            Self::Deadline(step) => write!(f, "no connection in time: {step}"),
            Self::Response(error) => error.fmt(f),
            Self::Refused(refused) => write!(f, "the server {refused}"),
            Self::Redirect(error) => error.fmt(f),
            Self::Http2 => f.write_str("the server takes no WebSocket over HTTP/2"),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resolving => "the host's name was not resolved",
            Self::Connecting => "no address took the connection",
            Self::Proxy => "the proxy did not answer",
            Self::Tls => "TLS' handshake did not end",
            Self::Handshake => "the server did not answer the opening handshake",
        })
    }
}

impl error::Error for ConnectError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Resolve(error) | Self::Io(error) | Self::Tls(error) => error.source(),
            Self::Proxy(error) => error.source(),
            _ => None,
        }
    }
}

/// For functions that return [`io::Result`]: the kind is the transport's, or tells whose fault it is.
impl From<ConnectError> for io::Error {
    fn from(error: ConnectError) -> Self {
        let kind = match error {
            ConnectError::Io(error) | ConnectError::Resolve(error) => return error,
            ConnectError::Disconnected => io::ErrorKind::UnexpectedEof,
            ConnectError::Deadline(_) => io::ErrorKind::TimedOut,
            ConnectError::Refused(_) | ConnectError::Proxy(_) => io::ErrorKind::ConnectionRefused,
            ConnectError::Tls(_) | ConnectError::Response(_) | ConnectError::Redirect(_) => {
                io::ErrorKind::InvalidData
            }
            ConnectError::TlsMissing | ConnectError::Roots | ConnectError::Http2 => {
                io::ErrorKind::Unsupported
            }
            ConnectError::Url(_) | ConnectError::Request(_) => io::ErrorKind::InvalidInput,
            ConnectError::Randomness => io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}
