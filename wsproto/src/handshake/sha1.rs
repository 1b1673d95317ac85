//! SHA-1 ([FIPS 180-4]) of the few bytes that a handshake has: made for its size, not for speed.
//!
//! It runs where the crate `sha1` would bring no instructions of the machine's, and takes a tenth of that crate's code.
//! Nothing rests on SHA-1 being hard to break here ([RFC 6455 §10.8]).
//!
//! [FIPS 180-4]: https://csrc.nist.gov/pubs/fips/180-4/upd1/final
//! [RFC 6455 §10.8]: https://www.rfc-editor.org/rfc/rfc6455#section-10.8

/// Computes the digest of a key and the GUID, together 60 bytes.
pub(super) fn digest(key: &[u8; 24], guid: &[u8; 36]) -> [u8; 20] {
    let mut state: [u32; 5] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
    let mut words = [0; 16];
    // FIPS 180-4 §5.1.1: a bit behind the message, and the message's length in bits at the end of a block. 60 bytes and
    // both of these are more than one block: the second holds the length only.
    let message = key.iter().chain(guid).chain(&[0x80, 0, 0, 0]);
    for (at, byte) in message.enumerate() {
        if let Some(word) = words.get_mut(at / 4) {
            *word = *word << 8 | u32::from(*byte);
        }
    }
    compress(&mut state, words);
    compress(&mut state, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 60 * 8]);
    let mut digest = [0; 20];
    for (to, word) in digest.chunks_exact_mut(4).zip(state) {
        to.copy_from_slice(&word.to_be_bytes());
    }
    digest
}

/// FIPS 180-4 §6.1.3: the alternate method, whose schedule is a ring of 16 words.
#[inline(never)]
#[expect(clippy::many_single_char_names, reason = "the standard's names")]
fn compress(state: &mut [u32; 5], mut words: [u32; 16]) {
    let [mut a, mut b, mut c, mut d, mut e] = *state;
    for round in 0..80_usize {
        let (mixed, constant) = match round {
            0..=19 => (b & c | !b & d, 0x5a82_7999),
            20..=39 => (b ^ c ^ d, 0x6ed9_eba1),
            40..=59 => (b & c | b & d | c & d, 0x8f1b_bcdc),
            _ => (b ^ c ^ d, 0xca62_c1d6_u32),
        };
        let word = schedule(&mut words, round);
        let sum = a.rotate_left(5).wrapping_add(mixed).wrapping_add(e).wrapping_add(constant);
        (a, b, c, d, e) = (sum.wrapping_add(word), a, b.rotate_left(30), c, d);
    }
    for (to, word) in state.iter_mut().zip([a, b, c, d, e]) {
        *to = to.wrapping_add(word);
    }
}

/// The word of a round; from the 16th on it is made of four before it, and takes the oldest one's place.
fn schedule(words: &mut [u32; 16], round: usize) -> u32 {
    let at = |ahead: usize| words.get(round.wrapping_add(ahead) & 15).copied().unwrap_or_default();
    let word = if round < 16 { at(0) } else { (at(13) ^ at(8) ^ at(2) ^ at(0)).rotate_left(1) };
    if let Some(place) = words.get_mut(round & 15) {
        *place = word;
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use sha1::{Digest, Sha1};

    proptest! {
        #[test]
        fn it_is_what_another_implementation_says(key: [u8; 24], guid: [[u8; 12]; 3]) {
            let guid: &[u8; 36] = guid.as_flattened().try_into().unwrap();
            let other: [u8; 20] = Sha1::new().chain_update(key).chain_update(guid).finalize().into();
            prop_assert_eq!(digest(&key, guid), other);
        }
    }
}
