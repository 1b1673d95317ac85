//! The key of a client, and the answer to it.

/// The GUID of the protocol ([RFC 6455 §1.3]).
///
/// [RFC 6455 §1.3]: https://www.rfc-editor.org/rfc/rfc6455#section-1.3
const GUID: &[u8; 36] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Computes the value that proves that a server understood a handshake: `Sec-WebSocket-Accept` for a
/// `Sec-WebSocket-Key`.
///
/// Takes the key as it was sent (24 bytes of Base64), and returns the 28 bytes of Base64 to answer with: the SHA-1 of
/// the key and a GUID that no other protocol uses ([RFC 6455 §4.2.2], item 5.4).
///
/// # Examples
///
/// ```
/// let accept = wsproto::handshake::accept_key(b"dGhlIHNhbXBsZSBub25jZQ==");
/// assert_eq!(&accept, b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
/// ```
///
/// [RFC 6455 §4.2.2]: https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2
#[must_use]
pub fn accept_key(key: &[u8; 24]) -> [u8; 28] {
    base64(&digest(key))
}

/// SHA-1, by the instructions that such machines mostly have.
#[cfg(all(
    not(target_os = "none"),
    any(target_arch = "x86", target_arch = "x86_64", target_arch = "aarch64")
))]
fn digest(key: &[u8; 24]) -> [u8; 20] {
    use sha1::{Digest, Sha1};
    Sha1::new().chain_update(key).chain_update(GUID).finalize().into()
}

#[cfg(not(all(
    not(target_os = "none"),
    any(target_arch = "x86", target_arch = "x86_64", target_arch = "aarch64")
)))]
fn digest(key: &[u8; 24]) -> [u8; 20] {
    super::sha1::digest(key, GUID)
}

/// The `Sec-WebSocket-Key` for a nonce of 16 bytes [RFC 6455 §4.1].
///
/// [RFC 6455 §4.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.1
pub(super) fn encode_key(nonce: [u8; 16]) -> [u8; 24] {
    base64(&nonce)
}

/// Returns `value` as a key if it is the Base64 of 16 bytes [RFC 6455 §4.2.1], item 5.
///
/// Unused bits may be set: they are in the key that [RFC 6455 §4.1] prints.
///
/// [RFC 6455 §4.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.1
/// [RFC 6455 §4.2.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.2.1
pub(super) fn parse_key(value: &[u8]) -> Option<[u8; 24]> {
    let key = <[u8; 24]>::try_from(value).ok()?;
    let (symbols, padding) = key.split_first_chunk::<22>()?;
    let are_symbols = symbols.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'));
    (are_symbols && padding == b"==").then_some(key)
}

/// The standard alphabet [RFC 4648 §4].
///
/// [RFC 4648 §4]: https://www.rfc-editor.org/rfc/rfc4648#section-4
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Writes each three bytes as four symbols, and pads the last ones. `LEN` is what that takes.
fn base64<const LEN: usize>(bytes: &[u8]) -> [u8; LEN] {
    debug_assert!(LEN == bytes.len().div_ceil(3).wrapping_mul(4), "as long as its text");
    let mut text = [b'='; LEN];
    put_symbols(bytes, &mut text);
    text
}

fn put_symbols(bytes: &[u8], text: &mut [u8]) {
    let mut text = text.iter_mut();
    let mut put = |bits: u32| {
        if let (Some(to), Some(symbol)) = (text.next(), ALPHABET.get(bits as usize & 63)) {
            *to = *symbol;
        }
    };
    // Of the bits so far, how many no symbol stands for yet; they are the lowest.
    let (mut bits, mut left) = (0_u32, 0_u32);
    for byte in bytes {
        bits = bits << 8 | u32::from(*byte);
        left = left.wrapping_add(8);
        while left >= 6 {
            left = left.wrapping_sub(6);
            put(bits.wrapping_shr(left));
        }
    }
    if left > 0 {
        put(bits.wrapping_shl(6_u32.wrapping_sub(left)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_section_1_3() {
        let key = b"dGhlIHNhbXBsZSBub25jZQ==";
        let printed = [
            0xb3, 0x7a, 0x4f, 0x2c, 0xc0, 0x62, 0x4f, 0x16, 0x90, 0xf6, 0x46, 0x06, 0xcf, 0x38, 0x59, 0x45,
            0xb2, 0xbe, 0xc4, 0xea,
        ];
        assert_eq!(digest(key), printed);
        assert_eq!(&accept_key(key), b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn the_example_of_section_4_1() {
        let nonce = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
        assert_eq!(&encode_key(nonce), b"AQIDBAUGBwgJCgsMDQ4PEA==");
    }

    #[test]
    fn a_key_is_the_base64_of_sixteen_bytes() {
        assert!(parse_key(b"AQIDBAUGBwgJCgsMDQ4PEA==").is_some());
        assert!(parse_key(b"AQIDBAUGBwgJCgsMDQ4PEC==").is_some(), "as RFC 6455 §4.1 prints it");
        let bad: [&[u8]; 7] = [
            b"",
            b"AQIDBAUGBwgJCgsMDQ4PEA",    // no padding
            b"AQIDBAUGBwgJCgsMDQ4PEBE=",  // 17 bytes
            b"AQIDBAUGBwgJCgsMDQ4PEBES",  // 18 bytes
            b"AQIDBAUGBwgJCgsMDQ4=",      // 14 bytes
            b"AQIDBAUGBwgJCgsMDQ4P-A==",  // the other alphabet
            b" AQIDBAUGBwgJCgsMDQ4PEA==", // not trimmed
        ];
        for key in bad {
            assert_eq!(parse_key(key), None, "{}", key.escape_ascii());
        }
    }
}
