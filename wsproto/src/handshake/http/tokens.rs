//! The few byte classes and the one list rule that every field of the handshake is made of.

use crate::wire::IS_SMALL;

/// Tells whether `bytes` is a `token` [RFC 9110 §5.6.2].
///
/// The same set as RFC 2616's `token`, which RFC 6455 §4.1 and §9.1 refer to: printable ASCII without separators.
///
/// [RFC 9110 §5.6.2]: https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2
pub(crate) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().fold(true, |is_token, &byte| is_token & is_token_byte(byte))
}

/// Tells whether `byte` may stand in a `token`.
pub(crate) fn is_token_byte(byte: u8) -> bool {
    if IS_SMALL {
        return is_in_token(byte);
    }
    TOKEN_BYTES.get(usize::from(byte)).copied().unwrap_or_default()
}

/// For each byte: a look into a table, where the ranges one by one would be most of what a head costs.
#[allow(clippy::indexing_slicing, clippy::cast_possible_truncation)] // by the compiler
static TOKEN_BYTES: [bool; 256] = {
    let mut bytes = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        bytes[byte] = is_in_token(byte as u8);
        byte += 1;
    }
    bytes
};

const fn is_in_token(byte: u8) -> bool {
    matches!(byte,
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-'
        | b'.' | b'^' | b'_' | b'`' | b'|' | b'~')
}

/// Returns `bytes` as a string if they are a `token`.
pub(crate) fn token(bytes: &[u8]) -> Option<&str> {
    if is_token(bytes) { core::str::from_utf8(bytes).ok() } else { None }
}

/// Tells whether `bytes` may be a field value: no CR, LF, NUL or other control but the tab [RFC 9110 §5.5].
///
/// [RFC 9110 §5.5]: https://www.rfc-editor.org/rfc/rfc9110#section-5.5
pub(crate) fn is_field_value(bytes: &[u8]) -> bool {
    // Each byte is looked at, also behind a wrong one: so the compiler looks at many at once.
    let is_wrong = |byte: u8| byte.is_ascii_control() && byte != b'\t';
    bytes.iter().fold(0, |found, &byte| found | u8::from(is_wrong(byte))) == 0
}

/// Tells whether `bytes` are printable ASCII without spaces, and some.
pub(crate) fn is_visible_ascii(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(u8::is_ascii_graphic)
}

/// Takes optional whitespace (spaces and tabs, nothing else) off both ends [RFC 9110 §5.6.3].
///
/// [RFC 9110 §5.6.3]: https://www.rfc-editor.org/rfc/rfc9110#section-5.6.3
pub(crate) const fn trim_ows(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

/// Returns where `wanted` stands first. Eight bytes are compared at once: of their differences from `wanted`, the
/// lowest that is 0 is the first to borrow from its highest bit.
pub(crate) fn position(bytes: &[u8], wanted: u8) -> Option<usize> {
    const LOW: u64 = u64::from_ne_bytes([0x01; 8]);
    const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);
    if IS_SMALL {
        return bytes.iter().position(|&byte| byte == wanted);
    }
    let words = bytes.chunks_exact(8);
    let rest = words.remainder();
    let wanted_word = u64::from_ne_bytes([wanted; 8]);
    for (nth, word) in words.enumerate() {
        let differences = u64::from_le_bytes(*word.first_chunk()?) ^ wanted_word;
        let zeros = differences.wrapping_sub(LOW) & !differences & HIGH;
        if zeros != 0 {
            return Some(nth.wrapping_mul(8).wrapping_add(zeros.trailing_zeros() as usize / 8));
        }
    }
    let found = rest.iter().position(|&byte| byte == wanted)?;
    Some(bytes.len().saturating_sub(rest.len()).saturating_add(found))
}

/// Iterates over the elements of one comma-separated value, trimmed, without the empty ones [RFC 9110 §5.6.1.2].
///
/// Right for lists of tokens only. A quoted string may hold a comma; but no token holds a quote, so a caller that
/// requires tokens refuses whatever this cut in two.
///
/// [RFC 9110 §5.6.1.2]: https://www.rfc-editor.org/rfc/rfc9110#section-5.6.1.2
pub(crate) fn elements(value: &[u8]) -> impl Iterator<Item = &[u8]> {
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
    fn the_first_of_several_bytes_is_found_in_whichever_block_it_is() {
        for len in 0..70 {
            assert_eq!(position(&std::vec![b'a'; len], b'b'), None);
            for at in 0..len {
                let mut bytes = std::vec![b'a'; len];
                bytes[at..].fill(b'b');
                assert_eq!(position(&bytes, b'b'), Some(at));
            }
        }
    }

    #[test]
    fn a_list_ignores_empty_elements_and_whitespace() {
        let found: Vec<_> = elements(b" ,a,\t b ,, c d,").collect();
        assert_eq!(found, [&b"a"[..], b"b", b"c d"]);
    }
}
