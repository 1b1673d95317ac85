//! Subprotocols: what a client offers, and which of them a server chooses (RFC 6455 §1.9, §4.1, §4.2.2).

use super::http::fields::{Fields, values};
use super::http::tokens::{elements, token};
use crate::wire::IS_SMALL;

/// Bounds the number of subprotocols that one client may offer: 64, on a machine without an operating system 16.
///
/// Each name is compared with all before it. The bound keeps the cost linear in what the peer sent, and the names on
/// the stack while they are compared (16 bytes each, on a 64-bit machine).
pub const MAX_SUBPROTOCOLS: usize = if IS_SMALL { 16 } else { 64 };

/// Chooses the first of `preference` that is among `offered`: the server's order decides.
///
/// Names are compared byte by byte. Returns `None` if they have none in common: then the answer names no subprotocol,
/// and the client decides whether it continues without one ([RFC 6455 §4.2.2], item 4).
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

/// Returns the subprotocols that `fields` offer, in the client's order of preference; over several fields too.
pub(super) fn offered<'b, F: Fields<'b>>(fields: F) -> impl Iterator<Item = &'b str> + use<'b, F> {
    values(fields, FIELD).flat_map(elements).filter_map(token)
}

/// The field that offers, and answers.
pub(super) const FIELD: &str = "Sec-WebSocket-Protocol";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_order_decides() {
        assert_eq!(select(&["a", "b"], ["b", "a"]), Some("a"));
        assert_eq!(select(&["a", "b"], ["B", "b"]), Some("b"));
        assert_eq!(select(&["a"], ["b"]), None);
        assert_eq!(select(&[], ["b"]), None);
        assert_eq!(select(&["a"], []), None);
    }
}
