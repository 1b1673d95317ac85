//! `ws` and `wss` URLs are taken apart as RFC 6455 §3 has them, or refused for a reason that is told.

use proptest::prelude::*;
use wsproto::handshake::{ClientHandshake, Offer, Url, UrlError};

/// Secure or not, host, port, authority, target, path, query.
type Parts<'u> = (bool, &'u str, u16, &'u str, &'u str, &'u str, Option<&'u str>);

fn parts(text: &str) -> Parts<'_> {
    let url = Url::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let (host, authority) = (url.host(), url.authority());
    (url.is_secure(), host, url.port(), authority, url.target(), url.path(), url.query())
}

#[test]
fn each_part_is_where_it_belongs() {
    let cases: [(&str, Parts<'_>); 17] = [
        ("ws://a", (false, "a", 80, "a", "/", "/", None)),
        ("wss://a", (true, "a", 443, "a", "/", "/", None)),
        ("WSS://A.Example/B", (true, "A.Example", 443, "A.Example", "/B", "/B", None)),
        ("wS://a/", (false, "a", 80, "a", "/", "/", None)),
        ("ws://a:80/", (false, "a", 80, "a", "/", "/", None)),
        ("ws://a:443/", (false, "a", 443, "a:443", "/", "/", None)),
        ("wss://a:443/", (true, "a", 443, "a", "/", "/", None)),
        ("wss://a:80/", (true, "a", 80, "a:80", "/", "/", None)),
        ("ws://a:/", (false, "a", 80, "a", "/", "/", None)),
        ("ws://a:65535/b/c", (false, "a", 65535, "a:65535", "/b/c", "/b/c", None)),
        ("ws://a?b=c", (false, "a", 80, "a", "?b=c", "/", Some("b=c"))),
        ("ws://a:8080?b", (false, "a", 8080, "a:8080", "?b", "/", Some("b"))),
        ("ws://a/b?c?d/e:@f", (false, "a", 80, "a", "/b?c?d/e:@f", "/b", Some("c?d/e:@f"))),
        ("ws://a/?", (false, "a", 80, "a", "/?", "/", Some(""))),
        ("ws://a//b:c@d/%2f%C3", (false, "a", 80, "a", "//b:c@d/%2f%C3", "//b:c@d/%2f%C3", None)),
        ("ws://[::1]", (false, "::1", 80, "[::1]", "/", "/", None)),
        ("wss://[2001:db8::7]:1/x", (true, "2001:db8::7", 1, "[2001:db8::7]:1", "/x", "/x", None)),
    ];
    for (text, expected) in cases {
        assert_eq!(parts(text), expected, "{text}");
    }
}

#[test]
fn what_is_refused_has_its_reason() {
    let cases: [(&str, UrlError); 46] = [
        ("", UrlError::Scheme),
        ("a", UrlError::Scheme),
        ("ws", UrlError::Scheme),
        ("ws:", UrlError::Scheme),
        ("ws:/a", UrlError::Scheme),
        ("ws:a", UrlError::Scheme),
        ("//a/", UrlError::Scheme),
        (" ws://a/", UrlError::Scheme),
        ("http://a/", UrlError::Scheme),
        ("https://a/", UrlError::Scheme),
        ("wsss://a/", UrlError::Scheme),
        ("w\u{17f}://a/", UrlError::Scheme),
        ("ws://a/ ", UrlError::Character),
        ("ws://a/\r\nHost: b", UrlError::Character),
        ("ws://a/\0", UrlError::Character),
        ("ws://a/\u{e9}", UrlError::Character),
        ("ws://b\u{fc}cher.example/", UrlError::Character),
        ("ws://a/#b", UrlError::Fragment),
        ("ws://a#", UrlError::Fragment),
        ("ws://a/?b#", UrlError::Fragment),
        ("ws://b@a/", UrlError::UserInfo),
        ("ws://b:c@a/", UrlError::UserInfo),
        ("ws://@a/", UrlError::UserInfo),
        // Others would connect to `b`.
        ("ws://a\\@b/", UrlError::UserInfo),
        ("ws://", UrlError::Host),
        ("ws:///a", UrlError::Host),
        ("ws://?a", UrlError::Host),
        ("ws://:80/", UrlError::Host),
        ("ws://./", UrlError::Host),
        ("ws://a\\b/", UrlError::Host),
        ("ws://a%62/", UrlError::Host),
        ("ws://a[/", UrlError::Host),
        ("ws://::1/", UrlError::Host),
        ("ws://[::1/", UrlError::Host),
        ("ws://[]/", UrlError::Host),
        ("ws://[a]/", UrlError::Host),
        ("ws://[127.0.0.1]/", UrlError::Host),
        ("ws://[fe80::1%25en0]/", UrlError::Host),
        ("ws://[v1.a]/", UrlError::Host),
        ("ws://[::1]a/", UrlError::Host),
        ("ws://[::1]80/", UrlError::Host),
        ("ws://a:0/", UrlError::Port),
        ("ws://a:65536/", UrlError::Port),
        ("ws://a:080/", UrlError::Port),
        ("ws://a:+80/", UrlError::Port),
        ("ws://2001:db8::7/", UrlError::Port),
    ];
    for (text, error) in cases {
        assert_eq!(Url::parse(text), Err(error), "{text:?}");
        assert_eq!(Url::try_from(text), Err(error), "{text:?}");
    }
    for encoding in ["%", "%4", "%4g", "%g4", "%%41", "a%", "?%zz", "%C3%"] {
        assert_eq!(Url::parse(&format!("ws://a/{encoding}")), Err(UrlError::PercentEncoding), "{encoding}");
    }
}

#[test]
fn a_reason_says_what_to_write() {
    let told = [
        (UrlError::Scheme, "wss://"),
        (UrlError::Character, "percent-encode"),
        (UrlError::Fragment, "%23"),
        (UrlError::UserInfo, "Authorization"),
        (UrlError::Host, "in brackets"),
        (UrlError::Port, "65535"),
        (UrlError::PercentEncoding, "%25"),
    ];
    for (error, hint) in told {
        assert!(error.to_string().contains(hint), "{error}");
    }
}

#[test]
fn tls_is_told_no_dot_at_the_names_end() {
    let name = |text| Url::parse(text).unwrap().server_name();
    assert_eq!(name("wss://a.example./"), "a.example");
    assert_eq!(Url::parse("wss://a.example./").unwrap().host(), "a.example.");
    assert_eq!(name("wss://a.example:8443/"), "a.example");
    assert_eq!(name("wss://[::1]:8443/"), "::1");
    assert_eq!(name("wss://127.0.0.1/"), "127.0.0.1");
}

#[test]
fn a_url_is_written_without_what_it_need_not_say() {
    let written = |text| Url::parse(text).unwrap().to_string();
    assert_eq!(written("WSS://A:443"), "wss://A/");
    assert_eq!(written("ws://a:?b"), "ws://a/?b");
    assert_eq!(written("Ws://[::1]:81/b?"), "ws://[::1]:81/b?");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_taken_can_be_asked_for(text in "(?i:wss?://)[-a-z.:\\[\\]@/?#%0-9 ]{0,30}") {
        if let Ok(url) = Url::parse(&text) {
            // Its own text is the same URL.
            let written = url.to_string();
            let again = Url::parse(&written).unwrap();
            prop_assert_eq!((again.host(), again.port(), again.authority()), (url.host(), url.port(), url.authority()));
            prop_assert_eq!((again.path(), again.query()), (url.path(), url.query()));
            prop_assert_eq!(again.to_string(), &*written);
            // The engine's own client takes it.
            let mut sent = [0; 512];
            let handshake = ClientHandshake::new(Offer::new(url.authority(), url.target()), [0; 16]).unwrap();
            handshake.encode(&mut sent).unwrap();
            let query = url.query().map_or(String::new(), |query| format!("?{query}"));
            let line = format!("GET {}{query} HTTP/1.1\r\n", url.path());
            prop_assert!(sent.starts_with(line.as_bytes()));
        }
    }

    #[test]
    fn nothing_panics(text in any::<String>(), rest in any::<String>()) {
        let _ = Url::parse(&text);
        let _ = Url::parse(&format!("ws://{rest}"));
    }

    #[test]
    fn parts_that_are_put_together_come_out_again(
        is_secure in any::<bool>(),
        host in "[a-z0-9]([-a-z0-9.]{0,10}[a-z0-9])?|[0-9]{1,3}(\\.[0-9]{1,3}){3}",
        address in proptest::option::of(any::<std::net::Ipv6Addr>()),
        port in proptest::option::of(1..=u16::MAX),
        path in "(/([-a-zA-Z0-9._~!$&'()*+,;=:@]|%[0-9A-F]{2}){0,5}){0,3}",
        query in proptest::option::of("([-a-zA-Z0-9._~!$&'()*+,;=:@/?]|%[0-9A-F]{2}){0,8}"),
    ) {
        let host = address.map_or(host, |address| address.to_string());
        let literal = if address.is_some() { format!("[{host}]") } else { host.clone() };
        let scheme = if is_secure { "wss" } else { "ws" };
        let colon = port.map(|port| format!(":{port}")).unwrap_or_default();
        let mark = query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
        let text = format!("{scheme}://{literal}{colon}{path}{mark}");
        let url = Url::parse(&text).unwrap();
        let default_port = if is_secure { 443 } else { 80 };
        prop_assert_eq!(url.is_secure(), is_secure);
        prop_assert_eq!(url.host(), host);
        prop_assert_eq!(url.port(), port.unwrap_or(default_port));
        let is_default = port.is_none_or(|port| port == default_port);
        prop_assert_eq!(url.authority(), if is_default { literal } else { format!("{literal}{colon}") });
        prop_assert_eq!(url.path(), if path.is_empty() { "/" } else { &path });
        prop_assert_eq!(url.query(), query.as_deref());
    }
}
