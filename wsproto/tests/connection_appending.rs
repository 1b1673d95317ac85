//! Whole messages, appended to what is to be written.

#![cfg(feature = "alloc")]

use wsproto::connection::{Client, MessageKind, Sender, Server};
use wsproto::error::{Misuse, SendError};
use wsproto::wire::MaskingKey;

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
