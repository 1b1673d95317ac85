//! The few byte classes and the one list rule that every field of the handshake is made of.

/// Tells whether `bytes` is a `token` [RFC 9110 §5.6.2].
///
/// The same set as RFC 2616's `token`, which RFC 6455 §4.1 and §9.1 refer to: printable ASCII without separators.
///
/// [RFC 9110 §5.6.2]: https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2
pub(super) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().copied().all(is_token_byte)
}

/// Tells whether `byte` may stand in a `token`.
pub(super) const fn is_token_byte(byte: u8) -> bool {
    matches!(byte,
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+'
        | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~')
}

/// Returns `bytes` as a string if they are a `token`.
pub(super) fn token(bytes: &[u8]) -> Option<&str> {
    if is_token(bytes) { core::str::from_utf8(bytes).ok() } else { None }
}

/// Tells whether `bytes` may be a field value: no CR, LF, NUL or other control but the tab [RFC 9110 §5.5].
///
/// [RFC 9110 §5.5]: https://www.rfc-editor.org/rfc/rfc9110#section-5.5
pub(super) fn is_field_value(bytes: &[u8]) -> bool {
    bytes.iter().all(|&byte| byte == b'\t' || (byte >= b' ' && byte != 0x7f))
}

/// Tells whether `bytes` are printable ASCII without spaces, and some.
pub(super) fn is_visible_ascii(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(u8::is_ascii_graphic)
}

/// Takes optional whitespace (spaces and tabs, nothing else) off both ends [RFC 9110 §5.6.3].
///
/// [RFC 9110 §5.6.3]: https://www.rfc-editor.org/rfc/rfc9110#section-5.6.3
pub(super) const fn trim_ows(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

/// Iterates over the elements of one comma-separated value, trimmed, without the empty ones [RFC 9110 §5.6.1.2].
///
/// Right for lists of tokens only. A quoted string may hold a comma; but no token holds a quote, so a caller that
/// requires tokens refuses whatever this cut in two.
///
/// [RFC 9110 §5.6.1.2]: https://www.rfc-editor.org/rfc/rfc9110#section-5.6.1.2
pub(super) fn elements(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&byte| byte == b',').map(trim_ows).filter(|element| !element.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn a_token_is_printable_ascii_without_the_separators_of_rfc_2616() {
        for byte in 0..=255u8 {
            let separator = b"()<>@,;:\\\"/[]?={} \t".contains(&byte);
            assert_eq!(is_token(&[byte]), byte.is_ascii_graphic() && !separator, "{byte}");
        }
        assert!(!is_token(b""));
    }

    #[test]
    fn a_field_value_holds_no_control_but_the_tab() {
        for byte in 0..=255u8 {
            assert_eq!(is_field_value(&[byte]), byte == b'\t' || !byte.is_ascii_control());
        }
    }

    #[test]
    fn a_list_ignores_empty_elements_and_whitespace() {
        let found: Vec<_> = elements(b" ,a,\t b ,, c d,").collect();
        assert_eq!(found, [&b"a"[..], b"b", b"c d"]);
    }
}
