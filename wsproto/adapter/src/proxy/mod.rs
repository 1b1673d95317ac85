//! The way through a proxy.

mod environment;
mod error;
mod socks;
mod tunnel;

use std::fmt;

use base64::prelude::{BASE64_STANDARD, Engine};
use wsproto::handshake::Url;

pub use error::{ProxyError, SocksError};
pub use tunnel::{Progress, Tunnel};

/// Which way a client takes.
#[derive(Clone, Default)]
pub enum Route {
    /// To the server itself.
    #[default]
    Direct,
    /// Through the proxy of this URL.
    Proxy(String),
    /// Through the one that the environment names, if it does.
    Environment,
}

impl Route {
    /// Returns the proxy on the way to `url`, if there is one.
    ///
    /// # Errors
    ///
    /// [`ProxyError::Url`].
    pub fn proxy(&self, url: &Url<'_>) -> Result<Option<Proxy>, ProxyError> {
        match self {
            Self::Direct => Ok(None),
            Self::Proxy(text) => Proxy::parse(text).map(Some),
            Self::Environment => {
                let named = environment::proxy(url, |name| std::env::var(name).ok());
                named.as_deref().map(Proxy::parse).transpose()
            }
        }
    }
}

/// A proxy, and what it wants to know of its user.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    kind: Kind,
    /// Scheme, host and port as of a server: `wss` for a proxy with TLS.
    url: String,
    user: Option<User>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Http,
    Socks5,
}

#[derive(Clone, PartialEq, Eq)]
struct User {
    name: Vec<u8>,
    password: Vec<u8>,
}

impl User {
    /// Returns the value of a `Proxy-Authorization` field ([RFC 7617 §2]).
    ///
    /// [RFC 7617 §2]: https://www.rfc-editor.org/rfc/rfc7617#section-2
    fn basic(&self) -> String {
        format!("Basic {}", BASE64_STANDARD.encode([&*self.name, &*self.password].join(&b':')))
    }
}

impl Proxy {
    /// Takes a URL apart. Without a scheme it is HTTP, as environments often have it.
    fn parse(text: &str) -> Result<Self, ProxyError> {
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        let (kind, scheme, default_port) = match &*scheme.to_ascii_lowercase() {
            "http" => (Kind::Http, "ws", 80),
            "https" => (Kind::Http, "wss", 443),
            "socks5" | "socks5h" => (Kind::Socks5, "ws", 1080),
            _ => return Err(ProxyError::Url),
        };
        let rest = rest.split('/').next().unwrap_or_default();
        let (user, authority) = rest.rsplit_once('@').map_or((None, rest), |(user, rest)| (Some(user), rest));
        let has_port =
            authority.rsplit_once(':').is_some_and(|(_, port)| !port.is_empty() && !port.contains(']'));
        let port = if has_port { String::new() } else { format!(":{default_port}") };
        let url = format!("{scheme}://{}{port}", authority.trim_end_matches(':'));
        Url::parse(&url).map_err(|_| ProxyError::Url)?;
        Ok(Self { kind, url, user: user.map(parse_user).transpose()? })
    }

    /// Returns where the proxy is, as the URL of a server.
    ///
    /// # Errors
    ///
    /// [`ProxyError::Url`].
    pub fn url(&self) -> Result<Url<'_>, ProxyError> {
        Url::parse(&self.url).map_err(|_| ProxyError::Url)
    }
}

/// Shows neither user nor password.
impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy").field("url", &self.url).finish_non_exhaustive()
    }
}

/// Shows no URL: there may be a password in it.
impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Direct => "Direct",
            Self::Proxy(_) => "Proxy(..)",
            Self::Environment => "Environment",
        })
    }
}

fn parse_user(text: &str) -> Result<User, ProxyError> {
    let (name, password) = text.split_once(':').unwrap_or((text, ""));
    Ok(User { name: percent_decode(name)?, password: percent_decode(password)? })
}

fn percent_decode(text: &str) -> Result<Vec<u8>, ProxyError> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => hex(bytes.next(), bytes.next()).ok_or(ProxyError::Url)?,
            byte => byte,
        });
    }
    Ok(decoded)
}

fn hex(high: Option<u8>, low: Option<u8>) -> Option<u8> {
    let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

#[cfg(test)]
mod tests {
    use super::{Kind, Proxy};

    fn parse(text: &str) -> Option<(Kind, String, u16, Option<String>)> {
        let proxy = Proxy::parse(text).ok()?;
        let user = proxy.user.as_ref().map(|user| {
            format!("{}|{}", String::from_utf8_lossy(&user.name), String::from_utf8_lossy(&user.password))
        });
        let url = proxy.url().unwrap();
        assert_eq!(url.is_secure(), text.starts_with("https:"));
        Some((proxy.kind, url.host().to_owned(), url.port(), user))
    }

    #[test]
    fn urls_of_proxies_are_taken_apart() {
        let some = |kind, host: &str, port, user: Option<&str>| {
            Some((kind, host.to_owned(), port, user.map(str::to_owned)))
        };
        assert_eq!(parse("http://proxy.corp:3128"), some(Kind::Http, "proxy.corp", 3128, None));
        assert_eq!(parse("HTTP://proxy/"), some(Kind::Http, "proxy", 80, None));
        assert_eq!(parse("https://proxy"), some(Kind::Http, "proxy", 443, None));
        assert_eq!(parse("https://me@proxy:"), some(Kind::Http, "proxy", 443, Some("me|")));
        assert_eq!(parse("https://[::1]:444"), some(Kind::Http, "::1", 444, None));
        assert_eq!(parse("proxy:8080"), some(Kind::Http, "proxy", 8080, None));
        assert_eq!(parse("socks5://[::1]"), some(Kind::Socks5, "::1", 1080, None));
        assert_eq!(parse("socks5h://[::1]:80"), some(Kind::Socks5, "::1", 80, None));
        assert_eq!(parse("http://me@proxy"), some(Kind::Http, "proxy", 80, Some("me|")));
        assert_eq!(parse("http://a%3ab:c%40:d@proxy"), some(Kind::Http, "proxy", 80, Some("a:b|c@:d")));
        for text in ["socks4://proxy", "http://", "http://proxy:0", "http://%4@proxy", "http://%xx@proxy"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_user_is_named_as_rfc_7617_has_it() {
        let proxy = Proxy::parse("http://Aladdin:open%20sesame@proxy").unwrap();
        assert_eq!(proxy.user.unwrap().basic(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    }
}
