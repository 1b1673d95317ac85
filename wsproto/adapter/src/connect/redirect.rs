//! Where a redirect leads ([RFC 9110 §15.4]).
//!
//! [RFC 9110 §15.4]: https://www.rfc-editor.org/rfc/rfc9110#section-15.4

use std::{error, fmt};

use wsproto::handshake::Url;

use super::response::Response;

/// Why a redirect is not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RedirectError {
    /// The `Location` is not where a WebSocket can be.
    Location,
    /// It leads from TLS (`wss`) to plaintext (`ws`), where anyone could read what is sent.
    Downgrade,
    /// There are more of them than `Connect::redirects` allows.
    TooMany,
}

impl fmt::Display for RedirectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Location => "the server redirects to something that is no URL of a WebSocket",
            Self::Downgrade => "the server redirects from TLS to plaintext: that is not followed",
            Self::TooMany => "the server redirects too often",
        })
    }
}

impl error::Error for RedirectError {}

/// Returns the URL that a redirect leads to, or `None` if the answer is none.
pub(super) fn target(refused: &Response, from: &Url<'_>) -> Option<Result<String, RedirectError>> {
    if !matches!(refused.status(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = refused.header("location")?;
    let resolved = std::str::from_utf8(location).ok().map(|location| resolve(location, from));
    Some(resolved.ok_or(RedirectError::Location).and_then(|resolved| {
        let to = Url::parse(&resolved).map_err(|_| RedirectError::Location)?;
        if from.is_secure() && !to.is_secure() { Err(RedirectError::Downgrade) } else { Ok(resolved) }
    }))
}

/// Tells whether two URLs have the same server, which may see what the other one sees.
pub(super) fn is_same_server(one: &Url<'_>, other: &Url<'_>) -> bool {
    one.is_secure() == other.is_secure()
        && one.port() == other.port()
        && one.host().eq_ignore_ascii_case(other.host())
}

/// Resolves a reference against the URL it came from ([RFC 3986 §5.2]). `http` and `https` stand for `ws` and `wss`.
///
/// [RFC 3986 §5.2]: https://www.rfc-editor.org/rfc/rfc3986#section-5.2
fn resolve(location: &str, from: &Url<'_>) -> String {
    let location = location.split('#').next().unwrap_or_default();
    let scheme = if from.is_secure() { "wss" } else { "ws" };
    let authority = from.authority();
    if let Some((scheme, rest)) = location.split_once("://").filter(|(scheme, _)| is_scheme(scheme)) {
        return match &*scheme.to_ascii_lowercase() {
            "http" => format!("ws://{rest}"),
            "https" => format!("wss://{rest}"),
            scheme => format!("{scheme}://{rest}"),
        };
    }
    if location.starts_with("//") {
        return format!("{scheme}:{location}");
    }
    let (path, query) =
        location.split_once('?').map_or((location, None), |(path, query)| (path, Some(query)));
    let path = match path {
        "" => from.path().to_owned(),
        absolute if absolute.starts_with('/') => without_dots(absolute),
        relative => {
            let folder = from.path().rsplit_once('/').map_or("", |(folder, _)| folder);
            without_dots(&format!("{folder}/{relative}"))
        }
    };
    let query = if location.is_empty() { from.query() } else { query };
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    format!("{scheme}://{authority}{path}{query}")
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

/// Resolves `.` and `..` in a path ([RFC 3986 §5.2.4]).
///
/// [RFC 3986 §5.2.4]: https://www.rfc-editor.org/rfc/rfc3986#section-5.2.4
fn without_dots(path: &str) -> String {
    let mut segments = Vec::new();
    for segment in path.split('/').skip(1) {
        match segment {
            "." => {}
            ".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    if path.ends_with("/.") || path.ends_with("/..") {
        segments.push("");
    }
    format!("/{}", segments.join("/"))
}

#[cfg(test)]
mod tests {
    use wsproto::handshake::Url;

    use super::{is_same_server, resolve};

    #[test]
    fn references_resolve_against_the_url_they_came_from() {
        let from = Url::parse("wss://a:8443/b/c?d").unwrap();
        for (location, expected) in [
            ("ws://other/x?y#z", "ws://other/x?y"),
            ("HTTPS://other", "wss://other"),
            ("http://other/", "ws://other/"),
            ("ftp://other/", "ftp://other/"),
            ("//other/x", "wss://other/x"),
            ("/x", "wss://a:8443/x"),
            ("/x/../../y/.", "wss://a:8443/y/"),
            ("x", "wss://a:8443/b/x"),
            ("../x?q=http://e/", "wss://a:8443/x?q=http://e/"),
            ("?q", "wss://a:8443/b/c?q"),
            ("", "wss://a:8443/b/c?d"),
        ] {
            assert_eq!(resolve(location, &from), expected, "{location}");
        }
        assert_eq!(resolve("x", &Url::parse("ws://a?q").unwrap()), "ws://a/x");
    }

    #[test]
    fn a_server_is_scheme_host_and_port() {
        let same = |one, other| is_same_server(&Url::parse(one).unwrap(), &Url::parse(other).unwrap());
        assert!(same("ws://a/x", "ws://A:80/y"));
        assert!(!same("ws://a", "wss://a") && !same("ws://a", "ws://a:81") && !same("ws://a", "ws://b"));
    }
}
