use std::{error, fmt, io};

use wsproto::handshake::ResponseError;

use crate::{ConnectError, Response};

/// Why there is no way through a proxy.
#[derive(Debug)]
#[non_exhaustive]
pub enum ProxyError {
    /// The proxy's URL is malformed, or its scheme is none of `http`, `https` and `socks5`: the caller's
    /// fault, or the environment's.
    Url,
    /// The proxy can't be reached.
    Unreachable(io::Error),
    /// The proxy's certificate is not to be trusted, or TLS to it failed otherwise. The error within is rustls' own.
    Tls(io::Error),
    /// The proxy ended the connection before it answered.
    Disconnected,
    /// The proxy's answer is not one of HTTP or SOCKS.
    Malformed(Option<ResponseError>),
    /// The HTTP proxy answered with another status than 2xx: 407 wants a user and a password, 403 forbids
    /// this server, 502 and 504 could not reach it.
    Refused(Box<Response>),
    /// The SOCKS proxy wants a user and a password, or another way to prove who asks than these ([RFC 1928 §3]).
    ///
    /// [RFC 1928 §3]: https://www.rfc-editor.org/rfc/rfc1928#section-3
    UserNeeded,
    /// The SOCKS proxy does not know this user or password ([RFC 1929 §2]).
    ///
    /// [RFC 1929 §2]: https://www.rfc-editor.org/rfc/rfc1929#section-2
    UserUnknown,
    /// The server's name, the user or the password is too long, or empty, for SOCKS: they have 1 to 255 bytes.
    Length,
    /// The SOCKS proxy makes no connection to the server.
    Socks(SocksError),
}

/// What a SOCKS proxy replies instead of a connection ([RFC 1928 §6]).
///
/// [RFC 1928 §6]: https://www.rfc-editor.org/rfc/rfc1928#section-6
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SocksError(pub(super) u8);

impl SocksError {
    /// Returns the reply's code, 1 to 255.
    pub const fn code(self) -> u8 {
        self.0
    }
}

impl fmt::Display for SocksError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            1 => "general failure",
            2 => "the server is forbidden",
            3 => "the network is unreachable",
            4 => "the host is unreachable",
            5 => "the connection was refused",
            6 => "the time to live expired",
            7 => "the command is not supported",
            8 => "the kind of address is not supported",
            code => return write!(f, "failure {code}"),
        })
    }
}

impl fmt::Display for ProxyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url => f.write_str(
                "the proxy's URL is malformed: write `http://host:port`, `https://…` or `socks5://…`, \
                 with `user:password@` in front of the host",
            ),
            Self::Unreachable(error) => write!(f, "no connection to the proxy: {error}"),
            Self::Tls(error) => write!(f, "TLS to the proxy failed: {error}"),
            Self::Disconnected => f.write_str("the proxy ended the connection before it answered"),
            Self::Malformed(Some(error)) => write!(f, "the proxy's answer is malformed: {error}"),
            Self::Malformed(None) => f.write_str("the proxy's answer is malformed"),
            Self::Refused(refused) => write!(f, "the proxy {refused}"),
            Self::UserNeeded => {
                f.write_str("the proxy wants to know its user: write `user:password@` into its URL")
            }
            Self::UserUnknown => f.write_str("the proxy does not know this user or password"),
            Self::Length => f.write_str("SOCKS wants host, user and password to have 1 to 255 bytes"),
            Self::Socks(error) => write!(f, "the proxy makes no connection to the server: {error}"),
        }
    }
}

impl error::Error for ProxyError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Unreachable(error) | Self::Tls(error) => error.source(),
            _ => None,
        }
    }
}

impl error::Error for SocksError {}

impl ProxyError {
    /// Says of an error on the way to a server that it was met on the way to the proxy.
    #[doc(hidden)]
    pub fn of_connecting(error: ConnectError) -> ConnectError {
        ConnectError::Proxy(match error {
            ConnectError::Io(error) | ConnectError::Resolve(error) => Self::Unreachable(error),
            ConnectError::Tls(error) => Self::Tls(error),
            ConnectError::Disconnected => Self::Disconnected,
            error => return error,
        })
    }
}

/// Of the stream to the proxy, once there is one.
impl From<io::Error> for ProxyError {
    fn from(error: io::Error) -> Self {
        use io::ErrorKind as Kind;
        match error.kind() {
            Kind::UnexpectedEof | Kind::ConnectionReset | Kind::ConnectionAborted | Kind::BrokenPipe => {
                Self::Disconnected
            }
            _ => Self::Unreachable(error),
        }
    }
}

impl From<ResponseError> for ProxyError {
    fn from(error: ResponseError) -> Self {
        Self::Malformed(Some(error))
    }
}
