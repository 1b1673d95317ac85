//! The sizes that RFC 6455 gives a frame's parts, as constants and as what is really written.

use wsproto::connection::{Client, Connection, Receiver, Server};
use wsproto::wire::{
    CloseCode, CloseFrame, FrameHeader, MAX_CLOSE_REASON, MAX_CONTROL_FRAME, MAX_CONTROL_PAYLOAD,
    MAX_HEADER_LEN, MaskingKey, Opcode, frame,
};

#[test]
fn the_longest_control_frame_is_131_bytes() {
    let key = Some(MaskingKey::from([1, 2, 3, 4]));
    let header = FrameHeader::new(Opcode::Ping, true, MAX_CONTROL_PAYLOAD as u64).unwrap();
    let mut out = [0; 200];
    let written = frame::encode(header.with_masking_key(key), &[0; MAX_CONTROL_PAYLOAD], &mut out);
    assert_eq!(written, Ok(131));
    assert_eq!(MAX_CONTROL_FRAME, 131);
    assert_eq!(Receiver::<Server>::MIN_RECEIVE_BUFFER, 131);
    assert_eq!(Connection::<Client>::MIN_RECEIVE_BUFFER, 131);
    assert!(FrameHeader::new(Opcode::Ping, true, 126).is_none());
}

#[test]
fn the_longest_close_reason_is_123_bytes() {
    assert_eq!(MAX_CLOSE_REASON, 123);
    let reason = "r".repeat(123);
    let close = CloseFrame::new(CloseCode::NORMAL, &reason).unwrap();
    assert_eq!(close.encode(&mut [0; 125]), Ok(MAX_CONTROL_PAYLOAD));
}

#[test]
fn the_longest_header_is_14_bytes() {
    let header = FrameHeader::new(Opcode::Binary, true, u64::MAX >> 1).unwrap();
    let encoded = header.with_masking_key(Some(MaskingKey::from([1, 2, 3, 4]))).encode();
    assert_eq!(encoded.len(), MAX_HEADER_LEN);
    assert_eq!(encoded.as_ref(), b"\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x01\x02\x03\x04");
}
