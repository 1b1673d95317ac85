//! The proxy that the environment names, by the customs of curl.

use std::net::IpAddr;

use wsproto::handshake::Url;

/// Returns the URL of the proxy on the way to `url`. `get` looks a variable up.
pub(super) fn proxy(url: &Url<'_>, get: impl Fn(&str) -> Option<String>) -> Option<String> {
    let get = |name: &str| get(name).filter(|value| !value.is_empty());
    let lower_or_upper = |name: &str| get(name).or_else(|| get(&name.to_ascii_uppercase()));
    if lower_or_upper("no_proxy").is_some_and(|list| list.split(',').any(|entry| names(entry.trim(), url))) {
        return None;
    }
    let own = if url.is_secure() {
        lower_or_upper("wss_proxy").or_else(|| lower_or_upper("https_proxy"))
    } else {
        // Not `HTTP_PROXY`: in a CGI program that is a field of the request, `Proxy`.
        lower_or_upper("ws_proxy").or_else(|| get("http_proxy"))
    };
    own.or_else(|| lower_or_upper("all_proxy"))
}

/// Tells whether an entry of `no_proxy` names the URL's host.
fn names(entry: &str, url: &Url<'_>) -> bool {
    if entry == "*" {
        return true;
    }
    let (host, port) = split_port(entry);
    if port.is_some_and(|port| port != url.port()) {
        return false;
    }
    let unbracketed = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = unbracketed.parse::<IpAddr>() {
        return url.host().parse() == Ok(address);
    }
    if let Some((network, bits)) = unbracketed.split_once('/') {
        return is_in(url.host(), network, bits).unwrap_or(false);
    }
    let name = url.server_name();
    let domain = host.trim_matches('.');
    let Some(start) = name.len().checked_sub(domain.len()).filter(|_| !domain.is_empty()) else {
        return false;
    };
    let is_suffix = name.get(start..).is_some_and(|end| end.eq_ignore_ascii_case(domain));
    is_suffix && (start == 0 || name.as_bytes().get(start - 1) == Some(&b'.'))
}

/// Tells whether a host is an address of this network, or returns `None` where that makes no sense.
fn is_in(host: &str, network: &str, bits: &str) -> Option<bool> {
    let bits: u32 = bits.parse().ok()?;
    // Of what the first bits don't tell, nothing is left.
    match (host.parse().ok()?, network.parse().ok()?) {
        (IpAddr::V4(host), IpAddr::V4(network)) => {
            let differing = u32::from(host) ^ u32::from(network);
            Some(differing.checked_shr(32_u32.checked_sub(bits)?).unwrap_or(0) == 0)
        }
        (IpAddr::V6(host), IpAddr::V6(network)) => {
            let differing = u128::from(host) ^ u128::from(network);
            Some(differing.checked_shr(128_u32.checked_sub(bits)?).unwrap_or(0) == 0)
        }
        _ => None,
    }
}

fn split_port(entry: &str) -> (&str, Option<u16>) {
    match entry.rsplit_once(':') {
        // An IPv6 address without brackets has colons, and no port.
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => match port.parse() {
            Ok(port) => (host, Some(port)),
            Err(_) => (entry, None),
        },
        _ => (entry, None),
    }
}

#[cfg(test)]
mod tests {
    use wsproto::handshake::Url;

    fn proxy(url: &str, environment: &[(&str, &str)]) -> Option<String> {
        super::proxy(&Url::parse(url).unwrap(), |name| {
            environment.iter().find(|(other, _)| *other == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn each_scheme_has_its_variables() {
        let all =
            [("all_proxy", "all"), ("https_proxy", "https"), ("http_proxy", "http"), ("WSS_PROXY", "wss")];
        assert_eq!(proxy("wss://a", &all).as_deref(), Some("wss"));
        assert_eq!(proxy("wss://a", &all[..3]).as_deref(), Some("https"));
        assert_eq!(proxy("ws://a", &all).as_deref(), Some("http"));
        assert_eq!(proxy("ws://a", &all[..1]).as_deref(), Some("all"));
        assert_eq!(proxy("wss://a", &[("HTTPS_PROXY", "upper")]).as_deref(), Some("upper"));
        assert_eq!(proxy("ws://a", &[("HTTP_PROXY", "of a request")]), None);
        assert_eq!(proxy("ws://a", &[("http_proxy", ""), ("ALL_PROXY", "all")]).as_deref(), Some("all"));
        assert_eq!(proxy("ws://a", &[]), None);
    }

    #[test]
    fn hosts_of_no_proxy_are_reached_directly() {
        let is_direct = |url, list| proxy(url, &[("all_proxy", "all"), ("no_proxy", list)]).is_none();
        for (url, list) in [
            ("ws://a.example", "other, a.example"),
            ("ws://a.Example.", "EXAMPLE"),
            ("ws://a.example", ".example"),
            ("ws://a:8080", "a:8080"),
            ("ws://10.0.0.1", "10.0.0.1"),
            ("ws://[::1]:81", "::1"),
            ("ws://[::1]:81", "[::1]:81"),
            ("ws://anything", "*"),
            ("ws://10.200.0.1", "10.0.0.0/8"),
            ("ws://10.200.0.1", "0.0.0.0/0"),
            ("ws://10.200.0.1", "10.200.0.1/32"),
            ("ws://[fe80::1]", "fe80::/10"),
        ] {
            assert!(is_direct(url, list), "{url} {list}");
        }
        for (url, list) in [
            ("ws://anexample", "example"),
            ("ws://example", "a.example"),
            ("ws://a:8080", "a:80"),
            ("ws://10.0.0.10", "10.0.0.1"),
            ("ws://[::1]:81", "[::1]:82"),
            ("ws://a", ""),
            ("ws://a", ",.,"),
            ("ws://11.0.0.1", "10.0.0.0/8"),
            ("ws://10.0.0.1", "10.0.0.0/33"),
            ("ws://10.0.0.1", "::/0"),
            ("ws://[ff80::1]", "fe80::/10"),
            ("ws://a", "0.0.0.0/0"),
        ] {
            assert!(!is_direct(url, list), "{url} {list}");
        }
    }
}
