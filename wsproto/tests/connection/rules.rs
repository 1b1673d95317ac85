//! Rules of RFC 6455 that no other test holds alone; `docs/rfc6455.md` lists all of them, with their tests.

use wsproto::connection::{Client, Connection, Event, Limits, Message, MessageKind, Role, Sender, Server};
use wsproto::{CloseCode, CloseFrame, MaskingKey, ProtocolError};

use crate::common::fragment;

const KEY: MaskingKey = MaskingKey::new([0x37, 0xfa, 0x21, 0x3d]);

/// One frame of each kind that a sender of this role can write; the last of each sender is the one that closes.
fn frames_of_each_kind<R: Role + Copy>(role: R) -> Vec<Vec<u8>> {
    let mut sender = Sender::new(role);
    let mut frames = Vec::new();
    let mut add = |encode: &mut dyn FnMut(&mut [u8]) -> usize| {
        let mut out = [0; 300];
        let n = encode(&mut out);
        frames.push(out[..n].to_vec());
    };
    add(&mut |out| sender.frame().encode("text", out).unwrap());
    add(&mut |out| sender.frame().encode_fmt(format_args!("{}", "text"), out).unwrap());
    add(&mut |out| sender.frame().encode(&[7; 200], out).unwrap());
    add(&mut |out| sender.frame().encode_fragment(fragment(MessageKind::Text, b"fr", false), out).unwrap());
    add(&mut |out| sender.frame().encode(Message::Ping(b"ping"), out).unwrap());
    add(&mut |out| sender.frame().encode(Message::Pong(b"pong"), out).unwrap());
    add(&mut |out| sender.encode_reply(&Event::Ping(b"why"), out).unwrap());
    add(&mut |out| sender.frame().encode_fragment(fragment(MessageKind::Text, b"", true), out).unwrap());
    for header in [
        sender.frame().header("text").unwrap(),
        sender.frame().header(b"binary").unwrap(),
        sender.frame().header(Message::Ping(b"ping")).unwrap(),
        sender.frame().fragment_header(fragment(MessageKind::Binary, b"a", false)).unwrap(),
        sender.frame().fragment_header(fragment(MessageKind::Binary, b"b", true)).unwrap(),
    ] {
        add(&mut |out| {
            out[..header.len()].copy_from_slice(&header);
            header.len()
        });
    }
    let close = CloseFrame::new(CloseCode::NORMAL, "bye").unwrap();
    add(&mut |out| Sender::new(role).frame().encode(close, out).unwrap());
    add(&mut |out| Sender::new(role).encode_reply(&Event::Close(Some(close)), out).unwrap());
    add(&mut |out| Sender::new(role).encode_reply(&Event::Close(None), out).unwrap());
    add(&mut |out| Sender::new(role).encode_reply(ProtocolError::NotUtf8, out).unwrap());
    frames
}

/// [RFC 6455 §5.1]: "a client MUST mask all frames that it sends", "A server MUST NOT mask any frames"; [§5.3]: with the
/// key that is in the frame.
#[test]
fn a_client_masks_every_frame_and_a_server_none() {
    let masked = frames_of_each_kind(Client::new(|| KEY));
    let clear = frames_of_each_kind(Server);
    for (masked, clear) in masked.iter().zip(&clear) {
        assert_eq!(clear[1] & 0x80, 0, "{clear:02x?}");
        assert_eq!(masked[..2], [clear[0], clear[1] | 0x80], "{masked:02x?}");
        let start = if clear[1] == 126 { 4 } else { 2 };
        assert_eq!(masked[start..start + 4], KEY.to_bytes());
        let mut payload = masked[start + 4..].to_vec();
        KEY.apply(&mut payload);
        assert_eq!(payload, clear[start..], "the same, masked");
    }
}

/// [RFC 6455 §5.2]: the RSV bits "MUST be 0 unless an extension is negotiated".
#[test]
fn no_frame_has_a_reserved_bit() {
    for frame in frames_of_each_kind(Server) {
        assert_eq!(frame[0] & 0x70, 0, "{frame:02x?}");
    }
}

/// [RFC 6455 §5.5]: "All control frames MUST have a payload length of 125 bytes or less and MUST NOT be fragmented".
#[test]
fn control_frames_are_sent_whole_and_short() {
    let frames = frames_of_each_kind(Server);
    let control: Vec<_> = frames.iter().filter(|frame| frame[0] & 0x08 != 0).collect();
    assert_eq!(control.len(), 8);
    for frame in control {
        assert!(frame[0] & 0x80 != 0 && frame[1] <= 125, "{frame:02x?}");
    }
}

/// [RFC 6455 §7.1.7]: an endpoint that fails the connection "MUST NOT continue to attempt to process data (including a
/// responding Close frame)".
#[test]
fn nothing_is_processed_behind_a_failure_not_even_a_close_frame() {
    let mut server = Connection::new(Server, Limits::new());
    let error = server.receive(&mut [0x81, 0x00]).unwrap_err();
    for mut bytes in [vec![0x88, 0x80, 0, 0, 0, 0], vec![0x89, 0x80, 0, 0, 0, 0], Vec::new()] {
        assert_eq!(server.receive(&mut bytes), Err(error));
    }
    assert!(server.receive_eof().is_err(), "and so the end is no clean one");
}

/// [RFC 6455 §5.5.3]: "must have identical "Application data""; [§5.5.1]: the answer to a Close frame has its code.
#[test]
fn replies_have_the_payload_and_the_code_of_what_they_answer() {
    for len in [0, 1, 124, 125] {
        let payload: Vec<u8> = (0..len).collect();
        let mut out = [0; 131];
        let n = Sender::new(Server).encode_reply(&Event::Ping(&payload), &mut out).unwrap();
        assert_eq!(out[..n], [&[0x8A, len], &payload[..]].concat());
    }
    for code in [1000, 1001, 3000, 4999] {
        let close = CloseFrame::new(CloseCode::new(code).unwrap(), "why").unwrap();
        let mut out = [0; 131];
        let n = Sender::new(Server).encode_reply(&Event::Close(Some(close)), &mut out).unwrap();
        assert_eq!(out[..n], [&[0x88, 2], &code.to_be_bytes()[..]].concat());
    }
}
