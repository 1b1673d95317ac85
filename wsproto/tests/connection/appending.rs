//! Whole messages, appended to what is to be written.

use wsproto::connection::{Client, Connection, Event, Limits, Message, MessageKind, Sender, Server};
use wsproto::error::{Misuse, ProtocolError};
use wsproto::wire::{CloseCode, CloseFrame, MaskingKey};

use crate::common::{CLIENT, fragment};

const KEY: MaskingKey = MaskingKey::new([0x37, 0xfa, 0x21, 0x3d]);

/// At each form of the length.
const LENGTHS: [usize; 6] = [0, 1, 125, 126, 65_535, 65_536];

#[test]
fn a_server_appends_what_it_would_encode() {
    for len in LENGTHS {
        let text = "x".repeat(len);
        let mut encoded = vec![0; len + 10];
        let mut appended = b"before".to_vec();
        let n = Sender::new(Server).frame().encode(&text, &mut encoded).unwrap();
        Sender::new(Server).frame().append(&text, &mut appended).unwrap();
        assert_eq!(appended, [b"before", &encoded[..n]].concat());

        let n = Sender::new(Server).frame().encode(text.as_bytes(), &mut encoded).unwrap();
        Sender::new(Server).frame().append(text.as_bytes(), &mut appended).unwrap();
        assert!(appended.ends_with(&encoded[..n]));
    }
}

#[test]
fn a_client_masks_what_it_appends() {
    for len in LENGTHS {
        let text = "x".repeat(len);
        let mut encoded = vec![0; len + 14];
        let mut appended = vec![1];
        let n = Sender::new(Client::new(|| KEY)).frame().encode(&text, &mut encoded).unwrap();
        Sender::new(Client::new(|| KEY)).frame().append(&text, &mut appended).unwrap();
        assert_eq!(appended[1..], encoded[..n]);
    }
}

#[test]
fn nothing_is_appended_where_nothing_may_be_sent() {
    let mut out = b"before".to_vec();
    let mut sender = Sender::new(Server);
    sender.frame().encode_fragment(fragment(MessageKind::Text, b"begun", false), &mut [0; 16]).unwrap();
    let refused = Err(Misuse::MessageUnderWay);
    assert_eq!(sender.frame().append("Hello", &mut out), refused);
    assert_eq!(sender.frame().append(b"Hello", &mut out), refused);
    sender.frame().encode(Message::Close(None), &mut [0; 16]).unwrap();
    assert_eq!(sender.frame().append("Hello", &mut out), Err(Misuse::CloseSent));
    assert_eq!(out, b"before");
}

#[test]
fn a_message_is_the_same_whatever_it_was_made_of() {
    for len in LENGTHS {
        let text = "x".repeat(len);
        let sender = Sender::new(Client::new(|| KEY));
        let bytes = text.clone().into_bytes();
        let texts = [Message::Text(&text), Message::from(&text), Message::from(&text[..])];
        let binaries = [Message::Binary(&bytes), Message::from(&bytes), Message::from(&bytes[..])];
        for (first, message) in texts.map(|text| (0x81, text)).into_iter().chain(binaries.map(|b| (0x82, b)))
        {
            let mut encoded = vec![0; len + 14];
            let n = sender.clone().frame().encode(message, &mut encoded).unwrap();
            assert_eq!(&encoded[..n], CLIENT.frame(first, &bytes));
            let mut appended = Vec::new();
            sender.clone().frame().append(message, &mut appended).unwrap();
            assert_eq!(appended, encoded[..n]);
            let header = sender.clone().frame().header(message).unwrap();
            assert_eq!(*header, encoded[..n - len]);
            let kind = if first == 0x81 { MessageKind::Text } else { MessageKind::Binary };
            let mut written = Vec::new();
            sender.clone().frame().append_with(kind, &mut written, |out| out.extend(&bytes)).unwrap();
            assert_eq!(written, appended);
        }
    }
}

#[test]
fn text_as_bytes_has_to_be_text() {
    let not_utf8 = b"\xC3";
    let mut sender = Sender::new(Server);
    let mut out = b"before".to_vec();
    let refused = sender.frame().append_with(MessageKind::Text, &mut out, |out| out.extend(not_utf8));
    assert_eq!(refused, Err(Misuse::NotUtf8));
    let last = fragment(MessageKind::Text, not_utf8, true);
    assert_eq!(sender.frame().append_fragment(last, &mut out), Err(Misuse::NotUtf8));
    assert_eq!(sender.frame().fragment_header(last), Err(Misuse::NotUtf8));
    let mut dst = [0; 16];
    let encoded = sender.frame().encode_fragment(last, &mut dst);
    assert_eq!((encoded, dst), (Err(Misuse::NotUtf8.into()), [0; 16]));
    assert_eq!(out, b"before");
    sender.frame().append_with(MessageKind::Binary, &mut out, |out| out.extend(not_utf8)).unwrap();
    assert_eq!(out, b"before\x82\x01\xC3");
}

#[test]
fn a_message_of_either_kind_waits_for_the_one_under_way() {
    let mut sender = Sender::new(Server);
    sender.frame().encode_fragment(fragment(MessageKind::Text, b"begun", false), &mut [0; 16]).unwrap();
    let (refused, mut out) = (Misuse::MessageUnderWay, Vec::new());
    for message in [Message::Text("x"), Message::Binary(b"x")] {
        assert_eq!(sender.frame().encode(message, &mut [0; 16]), Err(refused.into()));
        assert_eq!(sender.frame().header(message), Err(refused));
        assert_eq!(sender.frame().append(message, &mut out), Err(refused));
    }
    for kind in [MessageKind::Text, MessageKind::Binary] {
        let written =
            sender.frame().append_with(kind, &mut out, |_| panic!("not asked for what can't be sent"));
        assert_eq!(written, Err::<(), _>(refused));
    }
    assert_eq!(sender.frame().encode_fmt(format_args!("x"), &mut [0; 16]), Err(refused.into()));
    assert_eq!(out, b"");
}

#[test]
fn control_frames_are_appended_as_they_would_be_encoded() {
    let close = CloseFrame::new(CloseCode::NORMAL, "bye").unwrap();
    let mut out = b"before".to_vec();
    let mut sender = Sender::new(Server);
    sender.frame().append(Message::Ping(b"a"), &mut out).unwrap();
    sender.frame().append(Message::Pong(b"b"), &mut out).unwrap();
    sender.append_reply(&Event::Ping(b"c"), &mut out);
    sender.append_reply(&Event::Pong(b"d"), &mut out);
    sender.frame().append(Message::Close(Some(close)), &mut out).unwrap();
    assert_eq!(out, b"before\x89\x01a\x8a\x01b\x8a\x01c\x88\x05\x03\xe8bye");

    let len = out.len();
    assert_eq!(sender.frame().append(Message::Close(None), &mut out), Err(Misuse::CloseSent));
    sender.append_reply(ProtocolError::NotUtf8, &mut out);
    assert_eq!(out.len(), len, "one Close frame in each direction");

    out.clear();
    let too_long = sender.frame().append(Message::Ping(&[0; 126]), &mut out);
    assert_eq!(too_long, Err(Misuse::ControlTooLong { len: 126 }));
    Connection::new(Server, Limits::new()).append_reply(ProtocolError::NotUtf8, &mut out);
    assert!(out.starts_with(b"\x88") && out[2..4] == 1007_u16.to_be_bytes());
}

#[test]
fn fragments_are_appended_as_they_would_be_encoded() {
    let (mut by_slice, mut by_vec) = (Sender::new(Client::new(|| KEY)), Sender::new(Client::new(|| KEY)));
    let (mut known, mut out) = (Vec::new(), Vec::new());
    for (piece, is_last) in [(&b"Hel\xC3"[..], false), (b"\xA9", false), (b"", true)] {
        let mut dst = [0; 32];
        let n =
            by_slice.frame().encode_fragment(fragment(MessageKind::Text, piece, is_last), &mut dst).unwrap();
        known.extend_from_slice(&dst[..n]);
        by_vec.frame().append_fragment(fragment(MessageKind::Text, piece, is_last), &mut out).unwrap();
        assert_eq!(out, known);
    }
    let refused = by_vec.frame().append_fragment(fragment(MessageKind::Text, b"\xFF", true), &mut out);
    assert_eq!(refused, Err(Misuse::NotUtf8));
    assert_eq!(out, known);
}
