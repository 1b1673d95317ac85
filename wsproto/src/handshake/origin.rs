//! On whose behalf a browser connects: `Origin`.

use super::http::authority::Authority;
use core::fmt;

/// Holds the `Origin` of a handshake: the site whose script opens the connection, as its browser says.
///
/// A browser lets every page connect to every server, with the user's cookies, so a server for browsers must check
/// this, or any page on the web acts in its users' names ([RFC 6455 §10.2]). Other programs send what they like,
/// or nothing.
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

    /// Returns the origin as it came: `scheme://host`, `scheme://host:port`, or `null` for a page that has none.
    pub const fn as_str(self) -> &'b str {
        self.0
    }

    /// Tells whether this is one of `allowed`, byte by byte: no prefixes, no patterns, no case folding.
    ///
    /// Browsers write origins in lower case and without the scheme's own port ([RFC 6454 §6.2]).
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
