//! One frame in one call, against a reading of the RFC's figure; and back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wsproto::wire::frame;
use wsproto_fuzz::frames::{Broken, Frame, read_frame};

fuzz_target!(|input: &[u8]| {
    let Some((max, bytes)) = input.split_first() else { return };
    let mut buffer = bytes.to_vec();
    let decoded = frame::decode(&mut buffer, (*max).into()).map_err(|_| Broken);
    let read =
        decoded.map(|decoded| decoded.map(|(frame, len)| Frame::of(&frame.header, frame.payload, len)));
    assert_eq!(read, read_frame(bytes, (*max).into()));
    let (header, len, payload_len) = match decoded {
        Ok(Some((frame, len))) => (frame.header, len, frame.payload.len()),
        _ => return assert_eq!(buffer, bytes, "untouched"),
    };
    assert_eq!(buffer[len..], bytes[len..], "untouched");
    let mut again = vec![0xEE; len + 1];
    assert_eq!(frame::encode(header, &buffer[len - payload_len..len], &mut again), Ok(len));
    assert_eq!(again, [&bytes[..len], &[0xEE]].concat());
});
