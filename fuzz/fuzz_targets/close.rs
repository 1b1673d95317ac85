//! The payload of a Close frame, against a reading of the RFC; and back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wsproto::wire::{CloseCode, CloseFrame};
use wsproto_fuzz::frames::read_close;

fuzz_target!(|payload: &[u8]| {
    let decoded = CloseFrame::decode(payload);
    let read = decoded.map(|close| close.map(|close| (close.code().get(), close.reason())));
    assert_eq!(read, read_close(payload));
    let Some(close) = decoded.ok().flatten() else { return };
    let mut encoded = [0xEE; 126];
    assert!(close.encode(&mut encoded[..payload.len() - 1]).is_err());
    assert_eq!(encoded, [0xEE; 126], "untouched");
    assert_eq!(close.encode(&mut encoded), Ok(payload.len()));
    assert_eq!(encoded[..=payload.len()], *[payload, &[0xEE]].concat());
    assert_eq!(CloseFrame::new(CloseCode::new(close.code().get()).unwrap(), close.reason()), Ok(close));
    let too_long = close.reason().repeat(124);
    assert_eq!(CloseFrame::new(close.code(), &too_long).is_err(), !too_long.is_empty());
});
