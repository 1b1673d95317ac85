//! Who is asked, and on whose behalf: `Host` and `Origin`.

use core::fmt;

/// The `Origin` of an upgrade: the site whose script opens the connection, as its browser says.
///
/// A browser lets every page connect to every server, with the user's cookies, so a server for browsers must check
/// this, or any page on the web acts in its users' names [RFC 6455 §10.2]. Programs that are no browsers send what
/// they like, or nothing.
///
/// # Examples
///
/// ```
/// use wsproto::handshake::Origin;
///
/// let origin = Origin::new("https://chat.example");
/// assert!(origin.is_one_of(&["https://chat.example", "http://localhost:8080"]));
/// assert!(!origin.is_one_of(&["https://chat.example.evil.test"]));
/// assert!(origin.is_same_host("CHAT.example:443"));
/// assert!(!origin.is_same_host("chat.example:8443"));
/// ```
///
/// [RFC 6455 §10.2]: https://www.rfc-editor.org/rfc/rfc6455#section-10.2
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Origin<'b>(&'b str);

impl<'b> Origin<'b> {
    /// Takes an origin as the `Origin` field has it.
    pub const fn new(origin: &'b str) -> Self {
        Self(origin)
    }

    /// The origin as it came: `scheme://host`, `scheme://host:port`, or `null` for a page that has none.
    pub const fn as_str(self) -> &'b str {
        self.0
    }

    /// Tells whether this is one of `allowed`, byte by byte: no prefixes, no patterns, no case folding.
    ///
    /// Browsers write origins in lower case and without the scheme's own port [RFC 6454 §6.2].
    ///
    /// [RFC 6454 §6.2]: https://www.rfc-editor.org/rfc/rfc6454#section-6.2
    pub fn is_one_of(self, allowed: &[&str]) -> bool {
        allowed.contains(&self.0)
    }

    /// Tells whether this is the `http` or `https` origin of the server that `host` names (the `Host` field's value).
    ///
    /// Hosts are compared whatever their case; a port that is missing, on either side, is that of the origin's
    /// scheme (80 or 443), so that it also holds behind a proxy that ends TLS. `null` is nobody's origin.
    ///
    /// Whoever owns a name can let it point at your server (DNS rebinding), and then both agree on that name. Where
    /// being reachable is a secret's only guard, as on a developer's machine, compare with names of your own.
    pub fn is_same_host(self, host: &str) -> bool {
        let (default_port, authority) = if let Some(rest) = self.0.strip_prefix("http://") {
            (80, rest)
        } else if let Some(rest) = self.0.strip_prefix("https://") {
            (443, rest)
        } else {
            return false;
        };
        match (Authority::parse(authority), Authority::parse(host)) {
            (Some(a), Some(b)) => {
                a.host.eq_ignore_ascii_case(b.host)
                    && a.port.unwrap_or(default_port) == b.port.unwrap_or(default_port)
            }
            _ => false,
        }
    }
}

impl fmt::Display for Origin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// `uri-host [ ":" port ]`, as the `Host` field has it [RFC 9110 §7.2]; never with user information.
///
/// [RFC 9110 §7.2]: https://www.rfc-editor.org/rfc/rfc9110#section-7.2
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Authority<'b> {
    host: &'b str,
    port: Option<u16>,
}

impl<'b> Authority<'b> {
    pub(super) fn parse(text: &'b str) -> Option<Self> {
        let (host, port) = match split_at_last_colon(text) {
            // [RFC 3986 §3.2.3] `port = *DIGIT`: one without digits is as good as none.
            Some((host, "")) => (host, None),
            // The last colon of a bare IPv6 address is inside of its brackets.
            Some((host, port)) if !port.ends_with(']') => (host, Some(parse_port(port)?)),
            _ => (text, None),
        };
        is_uri_host(host).then_some(Self { host, port })
    }
}

/// `rsplit_once`, but one of which the compiler sees that it can't panic.
fn split_at_last_colon(text: &str) -> Option<(&str, &str)> {
    let (before, from) = text.split_at_checked(text.bytes().rposition(|byte| byte == b':')?)?;
    Some((before, from.strip_prefix(':')?))
}

fn parse_port(digits: &str) -> Option<u16> {
    // `parse` alone would take a sign.
    if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok() } else { None }
}

/// A name, an IPv4 address, or an IP literal in brackets [RFC 3986 §3.2.2]; not empty.
///
/// [RFC 3986 §3.2.2]: https://www.rfc-editor.org/rfc/rfc3986#section-3.2.2
fn is_uri_host(host: &str) -> bool {
    let (inside, colons) = match host.strip_prefix('[') {
        Some(rest) => match rest.strip_suffix(']') {
            Some(inside) => (inside, true),
            None => return false,
        },
        None => (host, false),
    };
    let allowed = |byte: u8| {
        byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=".contains(&byte) || (byte == b':' && colons)
    };
    !inside.is_empty() && inside.bytes().all(allowed)
}
