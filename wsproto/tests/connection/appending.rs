//! Whole messages, appended to what is to be written.

use wsproto::connection::{Client, Event, MessageKind, Sender, Server};
use wsproto::error::{Misuse, ProtocolError, SendError};
use wsproto::wire::{CloseCode, CloseFrame, MaskingKey};
use wsproto::{Config, Connection};

const KEY: MaskingKey = MaskingKey::new([0x37, 0xfa, 0x21, 0x3d]);

/// At each form of the length.
const LENGTHS: [usize; 6] = [0, 1, 125, 126, 65_535, 65_536];

#[test]
fn a_server_appends_what_it_would_encode() {
    for len in LENGTHS {
        let text = "x".repeat(len);
        let mut encoded = vec![0; len + 10];
        let mut appended = b"before".to_vec();
        let n = Sender::<Server>::new().frame().encode_text(&text, &mut encoded).unwrap();
        Sender::<Server>::new().frame().append_text(&text, &mut appended).unwrap();
        assert_eq!(appended, [b"before", &encoded[..n]].concat());

        let n = Sender::<Server>::new().frame().encode_binary(text.as_bytes(), &mut encoded).unwrap();
        Sender::<Server>::new().frame().append_binary(text.as_bytes(), &mut appended).unwrap();
        assert!(appended.ends_with(&encoded[..n]));
    }
}

#[test]
fn a_client_masks_what_it_appends() {
    for len in LENGTHS {
        let text = "x".repeat(len);
        let mut encoded = vec![0; len + 14];
        let mut appended = vec![1];
        let n = Sender::<Client>::new().frame(KEY).encode_text(&text, &mut encoded).unwrap();
        Sender::<Client>::new().frame(KEY).append_text(&text, &mut appended).unwrap();
        assert_eq!(appended[1..], encoded[..n]);
    }
}

#[test]
fn nothing_is_appended_where_nothing_may_be_sent() {
    let mut out = b"before".to_vec();
    let mut sender = Sender::<Server>::new();
    sender.frame().encode_fragment(MessageKind::Text, b"begun", false, &mut [0; 16]).unwrap();
    let refused = Err(SendError::Misuse(Misuse::MessageUnderWay));
    assert_eq!(sender.frame().append_text("Hello", &mut out), refused);
    assert_eq!(sender.frame().append_binary(b"Hello", &mut out), refused);
    sender.frame().encode_close(None, &mut [0; 16]).unwrap();
    assert_eq!(sender.frame().append_text("Hello", &mut out), Err(SendError::Misuse(Misuse::CloseSent)));
    assert_eq!(out, b"before");
}

#[test]
fn a_message_of_either_kind_is_what_its_own_method_makes() {
    for len in LENGTHS {
        let text = "x".repeat(len);
        let mut known = vec![0; len + 14];
        for kind in [MessageKind::Text, MessageKind::Binary] {
            let frame = Sender::<Client>::new();
            let n = match kind {
                MessageKind::Text => frame.clone().frame(KEY).encode_text(&text, &mut known),
                MessageKind::Binary => frame.clone().frame(KEY).encode_binary(text.as_bytes(), &mut known),
            };
            let known = &known[..n.unwrap()];
            let mut encoded = vec![0; len + 14];
            let n = frame.clone().frame(KEY).encode_message(kind, text.as_bytes(), &mut encoded).unwrap();
            assert_eq!(&encoded[..n], known);
            let mut appended = Vec::new();
            frame.clone().frame(KEY).append_message(kind, text.as_bytes(), &mut appended).unwrap();
            assert_eq!(appended, known);
            let header = frame.clone().frame(KEY).message_header(kind, text.as_bytes()).unwrap();
            assert_eq!(*header, known[..known.len() - len]);
        }
    }
}

#[test]
fn text_as_bytes_has_to_be_text() {
    let not_utf8 = b"\xC3";
    let refused = Misuse::NotUtf8;
    let mut sender = Sender::<Server>::new();
    let (mut dst, mut out) = ([0; 16], Vec::new());
    let encoded = sender.frame().encode_message(MessageKind::Text, not_utf8, &mut dst);
    assert_eq!((encoded, dst), (Err(refused.into()), [0; 16]));
    assert_eq!(sender.frame().message_header(MessageKind::Text, not_utf8), Err(refused));
    assert_eq!(sender.frame().append_message(MessageKind::Text, not_utf8, &mut out), Err(refused.into()));
    assert_eq!(out, b"");
    sender.frame().append_message(MessageKind::Binary, not_utf8, &mut out).unwrap();
    assert_eq!(out, b"\x82\x01\xC3");
}

#[test]
fn a_message_of_either_kind_waits_for_the_one_under_way() {
    let mut sender = Sender::<Server>::new();
    sender.frame().encode_fragment(MessageKind::Text, b"begun", false, &mut [0; 16]).unwrap();
    let (refused, mut out) = (Misuse::MessageUnderWay, Vec::new());
    let encoded = sender.frame().encode_message(MessageKind::Text, b"x", &mut [0; 16]);
    assert_eq!(encoded, Err(refused.into()));
    assert_eq!(sender.frame().message_header(MessageKind::Text, b"x"), Err(refused));
    assert_eq!(sender.frame().append_message(MessageKind::Text, b"x", &mut out), Err(refused.into()));
    assert_eq!(out, b"");
}

#[test]
fn control_frames_are_appended_as_they_would_be_encoded() {
    let close = CloseFrame::new(CloseCode::NORMAL, "bye").unwrap();
    let mut out = b"before".to_vec();
    let mut sender = Sender::<Server>::new();
    sender.frame().append_ping(b"a", &mut out).unwrap();
    sender.frame().append_pong(b"b", &mut out).unwrap();
    sender.frame().append_reply(&Event::Ping(b"c"), &mut out).unwrap();
    sender.frame().append_reply(&Event::Pong(b"d"), &mut out).unwrap();
    sender.frame().append_close(Some(close), &mut out).unwrap();
    assert_eq!(out, b"before\x89\x01a\x8a\x01b\x8a\x01c\x88\x05\x03\xe8bye");

    let len = out.len();
    assert_eq!(sender.frame().append_close(None, &mut out), Err(SendError::Misuse(Misuse::CloseSent)));
    sender.frame().append_failure(ProtocolError::NotUtf8, &mut out).unwrap();
    assert_eq!(out.len(), len, "one Close frame in each direction");

    out.clear();
    let too_long = sender.frame().append_ping(&[0; 126], &mut out);
    assert_eq!(too_long, Err(SendError::Misuse(Misuse::ControlTooLong { len: 126 })));
    Connection::<Server>::new(Config::new())
        .frame()
        .append_failure(ProtocolError::NotUtf8, &mut out)
        .unwrap();
    assert!(out.starts_with(b"\x88") && out[2..4] == 1007_u16.to_be_bytes());
}

#[test]
fn fragments_are_appended_as_they_would_be_encoded() {
    let (mut by_slice, mut by_vec) = (Sender::<Client>::new(), Sender::<Client>::new());
    let (mut known, mut out) = (Vec::new(), Vec::new());
    for (piece, is_last) in [(&b"Hel\xC3"[..], false), (b"\xA9", false), (b"", true)] {
        let mut dst = [0; 32];
        let n = by_slice.frame(KEY).encode_fragment(MessageKind::Text, piece, is_last, &mut dst).unwrap();
        known.extend_from_slice(&dst[..n]);
        by_vec.frame(KEY).append_fragment(MessageKind::Text, piece, is_last, &mut out).unwrap();
        assert_eq!(out, known);
    }
    let refused = by_vec.frame(KEY).append_fragment(MessageKind::Text, b"\xFF", true, &mut out);
    assert_eq!(refused, Err(SendError::Misuse(Misuse::NotUtf8)));
    assert_eq!(out, known);
}
