//! The key of a client, and the answer to it.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use sha1::{Digest, Sha1};

/// The standard alphabet, padded. Unused bits may be set: they are in the key that RFC 6455 §4.1 prints.
static BASE64: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

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
    let mut accept = [0; 28];
    // 20 bytes are 28 characters, always: this cannot fail.
    let _ = BASE64.encode_slice(digest(key), &mut accept);
    accept
}

fn digest(key: &[u8; 24]) -> [u8; 20] {
    Sha1::new().chain_update(key).chain_update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").finalize().into()
}

/// The `Sec-WebSocket-Key` for a nonce of 16 bytes [RFC 6455 §4.1].
///
/// [RFC 6455 §4.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.1
pub(super) fn encode_key(nonce: [u8; 16]) -> [u8; 24] {
    let mut key = [0; 24];
    // 16 bytes are 24 characters, always: this cannot fail.
    let _ = BASE64.encode_slice(nonce, &mut key);
    key
}

/// Returns `value` as a key if it is the Base64 of 16 bytes [RFC 6455 §4.2.1], item 5.
///
/// [RFC 6455 §4.2.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.2.1
pub(super) fn parse_key(value: &[u8]) -> Option<[u8; 24]> {
    let key = <[u8; 24]>::try_from(value).ok()?;
    // 18 bytes is what 24 characters could be without padding.
    let mut nonce = [0; 18];
    match BASE64.decode_slice(key, &mut nonce) {
        Ok(16) => Some(key),
        _ => None,
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
