//! Whether an origin is that of the server itself: hosts and ports, compared (RFC 6454 §4, RFC 3986 §3.2).

use wsproto::handshake::Origin;

#[test]
fn the_same_host_is_the_same_name_and_port() {
    for (origin, host) in [
        ("http://localhost:8080", "localhost:8080"),
        ("http://localhost", "localhost:80"),
        ("http://localhost:80", "localhost"),
        ("https://Example.com", "example.COM"),
        ("https://example.com", "example.com:443"),
        ("http://[::1]:8080", "[::1]:8080"),
        ("http://[::1]", "[::1]:80"),
        ("http://[::1]:80", "[::1]"),
        ("http://127.0.0.1:8080", "127.0.0.1:8080"),
        ("http://localhost", "localhost:"),
        ("http://localhost:", "localhost:80"),
        ("https://[::1]", "[::1]:"),
    ] {
        assert!(Origin::new(origin).is_same_host(host), "{origin} {host}");
    }
}

#[test]
fn anything_else_is_another_host() {
    for (origin, host) in [
        ("http://localhost:8080", "localhost:8081"),
        ("http://localhost", "localhost:443"),
        ("https://example.com", "example.com:80"),
        ("http://example.com.evil.test", "example.com"),
        ("http://evil.test/example.com", "example.com"),
        ("http://example.com/", "example.com"),
        ("http://example.com@evil.test", "evil.test"),
        ("http://evil.test#example.com", "example.com"),
        ("http://example.com:+80", "example.com"),
        ("http://example.com:", "example.com:81"),
        ("http://:", ":"),
        ("http://example.com:65616", "example.com"),
        ("http://[::1", "[::1"),
        ("http://[a/b]", "[a/b]"),
        ("http://a:b:80", "a:b:80"),
        ("HTTP://example.com", "example.com"),
        ("file://example.com", "example.com"),
        ("null", "null"),
        ("http://", ""),
        ("", ""),
    ] {
        assert!(!Origin::new(origin).is_same_host(host), "{origin} {host}");
    }
}
