//! Subprotocols: what a client offers, and which of them a server chooses (RFC 6455 §1.9, §4.1, §4.2.2).

use super::error::RequestError;
use super::head::Fields;
use super::tokens::{elements, token};

/// The most subprotocols that one client may offer.
///
/// Each name is compared with all before it. With a bound on them that costs a multiple of what the peer sent, and
/// not its square; and they fit on the stack while it lasts (16 bytes for each, on a 64-bit machine).
pub const MAX_SUBPROTOCOLS: usize = 64;

/// Chooses the first of `preference` that is among `offered`: the server's order decides.
///
/// Names are compared byte by byte. `None` if there is none in common: then the answer names no subprotocol, and
/// the client decides whether it goes on without [RFC 6455 §4.2.2], item 4.
///
/// # Examples
///
/// ```
/// use wsproto::handshake::subprotocol::select;
///
/// assert_eq!(select(&["json-delta", "json"], ["json", "json-delta"]), Some("json-delta"));
/// assert_eq!(select(&["json-delta", "json"], ["xml"]), None);
/// ```
///
/// [RFC 6455 §4.2.2]: https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2
pub fn select<'s, 'b>(preference: &[&'s str], offered: impl IntoIterator<Item = &'b str>) -> Option<&'s str> {
    offered
        .into_iter()
        .filter_map(|name| preference.iter().position(|&own| own == name))
        .min()
        .and_then(|best| preference.get(best).copied())
}

/// The subprotocols that `fields` offer, in the client's order of preference; over several fields too.
pub(super) fn offered<'b, F: Fields<'b>>(fields: F) -> impl Iterator<Item = &'b str> + use<'b, F> {
    fields.values(FIELD).into_iter().flat_map(elements).filter_map(token)
}

/// Checks that `fields` offer subprotocols as they must, if they offer any [RFC 6455 §4.1], item 10.
///
/// [RFC 6455 §4.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.1
pub(super) fn check_offer<'b, F: Fields<'b>>(fields: F) -> Result<(), RequestError> {
    // The names so far; a place that is free holds no token, so it is like none of them.
    let mut known = [""; MAX_SUBPROTOCOLS];
    let mut count = 0_usize;
    for name in fields.values(FIELD).into_iter().flat_map(elements) {
        let name = token(name).ok_or(RequestError::MalformedSubprotocols)?;
        // All of them must be unique strings.
        if known.contains(&name) {
            return Err(RequestError::RepeatedSubprotocol);
        }
        *known.get_mut(count).ok_or(RequestError::TooManySubprotocols)? = name;
        count = count.saturating_add(1);
    }
    // A list of nothing is not one of the grammar: `1#token` [RFC 6455 §4.3].
    if count == 0 && fields.value(FIELD).is_some() {
        return Err(RequestError::MalformedSubprotocols);
    }
    Ok(())
}

/// The field that offers, and answers.
pub(super) const FIELD: &str = "Sec-WebSocket-Protocol";

#[cfg(test)]
mod tests {
    use super::*;
    use std::{format, vec::Vec};

    fn check(values: &[&str]) -> Result<(), RequestError> {
        let fields: Vec<_> = values.iter().map(|value| (FIELD, value.as_bytes())).collect();
        check_offer(&fields[..])
    }

    #[test]
    fn the_servers_order_decides() {
        assert_eq!(select(&["a", "b"], ["b", "a"]), Some("a"));
        assert_eq!(select(&["a", "b"], ["B", "b"]), Some("b"));
        assert_eq!(select(&["a"], ["b"]), None);
        assert_eq!(select(&[], ["b"]), None);
        assert_eq!(select(&["a"], []), None);
    }

    #[test]
    fn offers_are_lists_of_unique_tokens() {
        assert_eq!(check(&[]), Ok(()));
        assert_eq!(check(&["json", "xml, json-delta"]), Ok(()));
        assert_eq!(check(&["json, JSON"]), Ok(()));
        for malformed in ["", " , ", "a b", "\"json\"", "json;q=1", "j\u{e9}"] {
            assert_eq!(check(&[malformed]), Err(RequestError::MalformedSubprotocols), "{malformed}");
        }
        assert_eq!(check(&["json, json"]), Err(RequestError::RepeatedSubprotocol));
        assert_eq!(check(&["json", "xml", "json"]), Err(RequestError::RepeatedSubprotocol));
    }

    #[test]
    fn the_number_of_offers_is_bounded() {
        let many = |n: usize| (0..n).map(|i| format!("p{i}")).collect::<Vec<_>>().join(",");
        assert_eq!(check(&[&many(MAX_SUBPROTOCOLS)]), Ok(()));
        assert_eq!(check(&[&many(MAX_SUBPROTOCOLS + 1)]), Err(RequestError::TooManySubprotocols));
    }
}
