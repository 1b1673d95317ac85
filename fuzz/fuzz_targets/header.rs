//! A frame header is told from its bytes alone, early, in one way only.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wsproto::wire::FrameHeader;

fuzz_target!(|bytes: &[u8]| {
    let whole = FrameHeader::decode(bytes);
    if let Ok(Some((header, len))) = whole {
        assert_eq!(header.encode()[..], bytes[..len], "each header has one form");
        let without_key = len - 4 * usize::from(header.masking_key().is_some());
        let shortest = [125, 0xFFFF].map(|most| u8::from(header.payload_len() > most));
        assert_eq!(without_key, [2, 4, 10][usize::from(shortest[0] + shortest[1])], "the shortest form");
    }
    for end in 0..bytes.len() {
        let prefix = FrameHeader::decode(&bytes[..end]);
        assert!(prefix == Ok(None) || prefix == whole, "{end} bytes told otherwise: {prefix:?}");
    }
});
