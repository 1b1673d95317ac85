//! Hosts and ports, and what a request's target is made of.

/// `uri-host [ ":" port ]`, as the `Host` field has it [RFC 9110 §7.2]; never with user information.
///
/// [RFC 9110 §7.2]: https://www.rfc-editor.org/rfc/rfc9110#section-7.2
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Authority<'b> {
    pub(crate) host: &'b str,
    pub(crate) port: Option<u16>,
}

impl<'b> Authority<'b> {
    pub(crate) fn parse(text: &'b str) -> Option<Self> {
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
    digits.bytes().try_fold(0_u16, |port, byte| {
        let digit = byte.is_ascii_digit().then(|| byte.wrapping_sub(b'0'))?;
        port.checked_mul(10)?.checked_add(digit.into())
    })
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
    let allowed = |byte: u8| match byte {
        b'-' | b'.' | b'_' | b'~' | b'%' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b','
        | b';' | b'=' => true,
        b':' => colons,
        _ => byte.is_ascii_alphanumeric(),
    };
    !inside.is_empty() && inside.bytes().all(allowed)
}

/// Splits a request's target into the authority, if it is an absolute URI, and the path with its query.
///
/// [RFC 6455 §4.2.1], item 1, allows an `http` or `https` URI. Some clients write the `ws` or `wss` URI that they
/// connect to, which names the same resource.
///
/// [RFC 6455 §4.2.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.2.1
pub(crate) fn split_target(target: &str) -> (Option<&str>, &str) {
    for scheme in ["http://", "https://", "ws://", "wss://"] {
        if let Some((start, rest)) = target.split_at_checked(scheme.len()) {
            if start.eq_ignore_ascii_case(scheme) {
                let end = rest.bytes().position(|byte| matches!(byte, b'/' | b'?')).unwrap_or(rest.len());
                let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
                return (Some(authority), path);
            }
        }
    }
    (None, target)
}
