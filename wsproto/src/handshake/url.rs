//! `ws` and `wss` URLs (RFC 6455 §3).

use core::fmt;
use core::net::Ipv6Addr;

/// A `ws` or `wss` URL in its parts: whom to connect to, and what to ask for ([RFC 6455 §3]).
///
/// The parts are slices of the URL's text. For each use there is one that needs no further treatment:
///
/// | for | take | of `wss://[::1]:8443/chat?room=1` |
/// |---|---|---|
/// | TLS or not | [`is_secure`](Self::is_secure) | `true` |
/// | the resolver | [`host`](Self::host), [`port`](Self::port) | `::1`, 8443 |
/// | TLS' server name | [`server_name`](Self::server_name) | `::1` |
/// | the `Host` field | [`authority`](Self::authority) | `[::1]:8443` |
/// | the request | [`target`](Self::target) | `/chat?room=1` |
///
/// # Examples
///
/// ```
/// use wsproto::handshake::{Offer, Url};
///
/// let url = Url::parse("ws://chat.example:80/rooms/1?as=guest")?;
/// assert!(!url.is_secure());
/// assert_eq!((url.host(), url.port()), ("chat.example", 80));
/// // The scheme's own port is left out of the `Host` field.
/// assert_eq!(url.authority(), "chat.example");
/// let request = Offer::new(url.authority(), url.target());
/// # let _ = request;
/// # Ok::<(), wsproto::handshake::UrlError>(())
/// ```
///
/// [RFC 6455 §3]: https://www.rfc-editor.org/rfc/rfc6455#section-3
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Url<'u> {
    is_secure: bool,
    host: &'u str,
    port: u16,
    authority: &'u str,
    target: &'u str,
}

impl<'u> Url<'u> {
    /// Takes a URL apart: `ws://` or `wss://`, whatever its case, a host, and what may follow.
    ///
    /// The host is a name, an IPv4 address, or an IPv6 address in brackets. A name in other letters than ASCII has to
    /// be given as DNS has it (`xn--…`), and path and query percent-encoded: nothing is converted here.
    ///
    /// # Errors
    ///
    /// [`UrlError`], whose text says what to write instead.
    pub fn parse(text: &'u str) -> Result<Self, UrlError> {
        let (is_secure, rest) = strip_scheme(text).ok_or(UrlError::Scheme)?;
        if !rest.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(UrlError::Character);
        }
        if rest.as_bytes().contains(&b'#') {
            return Err(UrlError::Fragment);
        }
        let authority_len = rest.bytes().position(|byte| matches!(byte, b'/' | b'?')).unwrap_or(rest.len());
        let (authority, target) = rest.split_at_checked(authority_len).ok_or(UrlError::Host)?;
        if authority.as_bytes().contains(&b'@') {
            return Err(UrlError::UserInfo);
        }
        let (host, literal, port) = split_authority(authority)?;
        let default_port = if is_secure { 443 } else { 80 };
        let given_port = parse_port(port)?.filter(|&port| port != default_port);
        if !is_percent_encoded(target.as_bytes()) {
            return Err(UrlError::PercentEncoding);
        }
        Ok(Self {
            is_secure,
            host,
            port: given_port.unwrap_or(default_port),
            authority: if given_port.is_some() { authority } else { literal },
            target: if target.is_empty() { "/" } else { target },
        })
    }

    /// Tells whether the connection is to be made over TLS: the scheme is `wss`.
    pub const fn is_secure(&self) -> bool {
        self.is_secure
    }

    /// Returns the host as a resolver takes it: a name or an IP address, without brackets.
    pub const fn host(&self) -> &'u str {
        self.host
    }

    /// Returns the port: 80 for `ws` and 443 for `wss` where the URL has none.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Returns the host as TLS takes it: as [`host`](Self::host), without the dot that may end a DNS name ([RFC 6066
    /// §3]).
    ///
    /// It may be an IP address, which a TLS library verifies and does not send in SNI.
    ///
    /// [RFC 6066 §3]: https://www.rfc-editor.org/rfc/rfc6066#section-3
    pub fn server_name(&self) -> &'u str {
        self.host.strip_suffix('.').unwrap_or(self.host)
    }

    /// Returns the value of the `Host` field: an IPv6 address in brackets, and no port if it is the scheme's own
    /// ([RFC 6455 §4.1], item 4).
    ///
    /// [RFC 6455 §4.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.1
    pub const fn authority(&self) -> &'u str {
        self.authority
    }

    /// Returns what to ask for: path and query. An empty path is `/`, but in front of a query: `ws://host?a` has the
    /// target `?a`, which stands for `/?a` ([RFC 6455 §3], "resource-name").
    ///
    /// [RFC 6455 §3]: https://www.rfc-editor.org/rfc/rfc6455#section-3
    pub const fn target(&self) -> &'u str {
        self.target
    }

    /// Returns the path: it begins with `/`.
    pub fn path(&self) -> &'u str {
        match split_query(self.target).0 {
            "" => "/",
            path => path,
        }
    }

    /// Returns what stands behind the first `?`, if there is one; it may be empty.
    pub fn query(&self) -> Option<&'u str> {
        split_query(self.target).1
    }
}

impl<'u> TryFrom<&'u str> for Url<'u> {
    type Error = UrlError;

    fn try_from(text: &'u str) -> Result<Self, UrlError> {
        Self::parse(text)
    }
}

/// Writes the URL with its scheme in lower case, without the scheme's own port, and with its path.
impl fmt::Display for Url<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_secure { "wss" } else { "ws" };
        let path = if self.target.starts_with('?') { "/" } else { "" };
        write!(f, "{scheme}://{}{path}{}", self.authority, self.target)
    }
}

/// What is wrong with a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum UrlError {
    /// The URL doesn't begin with `ws://` or `wss://`. [RFC 6455 §3]
    ///
    /// [RFC 6455 §3]: https://www.rfc-editor.org/rfc/rfc6455#section-3
    Scheme,
    /// The URL holds a space, a control character, or something else than ASCII. [RFC 3986 §2]
    ///
    /// [RFC 3986 §2]: https://www.rfc-editor.org/rfc/rfc3986#section-2
    Character,
    /// The URL has a fragment. [RFC 6455 §3]
    ///
    /// [RFC 6455 §3]: https://www.rfc-editor.org/rfc/rfc6455#section-3
    Fragment,
    /// The URL has a user's name or password: [RFC 6455 §3] knows none.
    ///
    /// [RFC 6455 §3]: https://www.rfc-editor.org/rfc/rfc6455#section-3
    UserInfo,
    /// The host is missing, or is neither a name nor an address. [RFC 3986 §3.2.2]
    ///
    /// [RFC 3986 §3.2.2]: https://www.rfc-editor.org/rfc/rfc3986#section-3.2.2
    Host,
    /// The port is no number of 1 to 65535, or begins with a zero. [RFC 3986 §3.2.3]
    ///
    /// [RFC 3986 §3.2.3]: https://www.rfc-editor.org/rfc/rfc3986#section-3.2.3
    Port,
    /// A `%` in the path or the query is not followed by two hexadecimal digits. [RFC 3986 §2.1]
    ///
    /// [RFC 3986 §2.1]: https://www.rfc-editor.org/rfc/rfc3986#section-2.1
    PercentEncoding,
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scheme => "the URL doesn't begin with `ws://` or `wss://`: write one of these",
            Self::Character => {
                "the URL holds a space, a control character or a letter that is not ASCII: percent-encode it, \
                 or in the host's name write it as `xn--…`"
            }
            Self::Fragment => {
                "the URL has a fragment, which is never sent: leave it out, or write `%23` for a `#`"
            }
            Self::UserInfo => "the URL has a user's name: send it in an `Authorization` field instead",
            Self::Host => {
                "the URL's host is missing or malformed: write a name, an IPv4 address, \
                 or an IPv6 address in brackets"
            }
            Self::Port => {
                "the URL's port is malformed: write a number of 1 to 65535 without a zero in front"
            }
            Self::PercentEncoding => {
                "a `%` in the URL is not followed by two hexadecimal digits: write `%25` for it"
            }
        })
    }
}

impl core::error::Error for UrlError {}

/// Tells whether the scheme is `wss`, and returns what follows `://`.
fn strip_scheme(text: &str) -> Option<(bool, &str)> {
    [("ws://", false), ("wss://", true)].into_iter().find_map(|(scheme, is_secure)| {
        let (start, rest) = text.split_at_checked(scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then_some((is_secure, rest))
    })
}

/// The host without its brackets, the host with them, and the digits of the port behind a colon.
fn split_authority(authority: &str) -> Result<(&str, &str, &str), UrlError> {
    let colon = if authority.starts_with('[') {
        position(authority, b']').ok_or(UrlError::Host)?.saturating_add(1)
    } else {
        position(authority, b':').unwrap_or(authority.len())
    };
    let (literal, port) = authority.split_at_checked(colon).ok_or(UrlError::Host)?;
    let host = match literal.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        // No zone: [RFC 6874] has it for a host's own use, and nothing of it may be sent.
        Some(inside) => inside.parse::<Ipv6Addr>().map(|_| inside).map_err(|_| UrlError::Host)?,
        None if is_name(literal) => literal,
        None => return Err(UrlError::Host),
    };
    match port.strip_prefix(':') {
        Some(digits) => Ok((host, literal, digits)),
        None if port.is_empty() => Ok((host, literal, "")),
        None => Err(UrlError::Host),
    }
}

/// The path, and the query if there is one.
fn split_query(target: &str) -> (&str, Option<&str>) {
    match position(target, b'?').and_then(|at| target.split_at_checked(at)) {
        Some((path, query)) => (path, query.get(1..)),
        None => (target, None),
    }
}

/// The first place of a byte of ASCII. The compiler sees of it, and not of `str::find`, that it can't panic.
fn position(text: &str, byte: u8) -> Option<usize> {
    text.bytes().position(|other| other == byte)
}

/// A `reg-name` without percent-encoding, which neither DNS nor TLS knows, and more than a dot ([RFC 3986 §3.2.2]).
///
/// [RFC 3986 §3.2.2]: https://www.rfc-editor.org/rfc/rfc3986#section-3.2.2
fn is_name(host: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&byte);
    !host.is_empty() && host != "." && host.bytes().all(allowed)
}

/// [RFC 3986 §3.2.3] `port = *DIGIT`: one without digits is the scheme's own.
fn parse_port(digits: &str) -> Result<Option<u16>, UrlError> {
    match digits.bytes().next() {
        None => Ok(None),
        Some(b'1'..=b'9') => digits.parse().map(Some).map_err(|_| UrlError::Port),
        Some(_) => Err(UrlError::Port),
    }
}

fn is_percent_encoded(mut bytes: &[u8]) -> bool {
    loop {
        bytes = match bytes {
            [] => return true,
            [b'%', high, low, rest @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => rest,
            [b'%', ..] => return false,
            [_, rest @ ..] => rest,
        };
    }
}
