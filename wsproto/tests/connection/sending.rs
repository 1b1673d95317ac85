//! What an endpoint sends: the shortest header, the right opcode, and nothing at all when something is wrong.

use wsproto::connection::{Client, Event, Message, MessageKind, SendState, Sender, Server};
use wsproto::error::{BufferTooSmall, Misuse, ProtocolError, SendError};
use wsproto::wire::{CloseCode, CloseFrame, MaskingKey};

use crate::common::fragment;

const KEY: MaskingKey = MaskingKey::new([0x37, 0xfa, 0x21, 0x3d]);

#[test]
fn lengths_are_written_in_their_shortest_form() {
    let payload = vec![7; 65_536];
    let mut out = vec![0; 65_550];
    for (len, header) in [
        (125, &[0x82, 125][..]),
        (126, &[0x82, 126, 0, 126]),
        (65_535, &[0x82, 126, 0xFF, 0xFF]),
        (65_536, &[0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
    ] {
        let mut server = Sender::new(Server);
        let written = server.frame().encode(&payload[..len], &mut out).unwrap();
        assert_eq!(written, header.len() + len);
        assert_eq!(out[..header.len()], *header);
        assert_eq!(*server.frame().header(&payload[..len]).unwrap(), *header);
        let mut client = Sender::new(Client::new(|| KEY));
        assert_eq!(client.frame().encode(&payload[..len], &mut out), Ok(header.len() + 4 + len));
        assert_eq!(out[1], header[1] | 0x80, "the mask bit");
        assert_eq!(out[header.len()..header.len() + 4], KEY.to_bytes());
    }
}

#[test]
fn the_rfcs_examples_come_out_of_a_sender() {
    let mut out = [0; 16];
    let n = Sender::new(Client::new(|| KEY)).frame().encode("Hello", &mut out).unwrap();
    assert_eq!(out[..n], [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]);
    let n = Sender::new(Server).frame().encode(Message::Ping(b"Hello"), &mut out).unwrap();
    assert_eq!(out[..n], [0x89, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]);
    let n = Sender::new(Client::new(|| KEY)).frame().encode(Message::Pong(b"Hello"), &mut out).unwrap();
    assert_eq!(out[..n], [0x8a, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]);
}

#[test]
fn too_small_a_slice_changes_neither_state_nor_output() {
    let close = CloseFrame::new(CloseCode::NORMAL, "bye").ok();
    let mut sender = Sender::new(Server);
    for len in 0..7 {
        let mut out = vec![0xEE; len];
        let too_small = Err(SendError::BufferTooSmall(BufferTooSmall { needed: 7 }));
        assert_eq!(sender.frame().encode("Hello", &mut out), too_small);
        assert_eq!(sender.frame().encode(b"Hello", &mut out), too_small);
        assert_eq!(sender.frame().encode(Message::Ping(b"Hello"), &mut out), too_small);
        assert_eq!(
            sender.frame().encode_fragment(fragment(MessageKind::Text, b"Hel\xC3\xA9", false), &mut out),
            too_small
        );
        assert_eq!(sender.frame().encode(Message::Pong(b"Hello"), &mut out), too_small);
        assert_eq!(sender.frame().encode(Message::Close(close), &mut out), too_small);
        assert_eq!(sender.encode_reply(&Event::Ping(b"Hello"), &mut out), Err(BufferTooSmall { needed: 7 }));
        assert!(out.iter().all(|byte| *byte == 0xEE), "the output is untouched");
        assert_eq!(sender.state(), SendState::Open, "no Close frame was sent");
        assert_eq!(sender.check_message(), Ok(()), "no message was begun");
    }
    for len in 0..4 {
        let mut out = vec![0xEE; len];
        let needs_4 = Err(BufferTooSmall { needed: 4 });
        assert_eq!(sender.encode_reply(&Event::Close(close), &mut out), needs_4);
        assert!(sender.encode_reply(ProtocolError::NotUtf8, &mut out).is_err());
        assert!(out.iter().all(|byte| *byte == 0xEE), "the output is untouched");
        assert_eq!(sender.state(), SendState::Open, "no Close frame was sent");
    }
    assert_eq!(sender.frame().encode(Message::Close(close), &mut [0; 7]), Ok(7));
}

#[test]
fn a_fragmented_message_is_finished_before_another_begins() {
    let mut out = [0; 64];
    let mut sender = Sender::new(Server);
    sender.frame().encode_fragment(fragment(MessageKind::Text, b"one ", false), &mut out).unwrap();
    let refused = Err(SendError::Misuse(Misuse::MessageUnderWay));
    assert_eq!(sender.frame().encode("two", &mut out), refused);
    assert_eq!(sender.frame().encode(b"two", &mut out), refused);
    assert_eq!(
        sender.frame().encode_fragment(fragment(MessageKind::Binary, b"two", true), &mut out),
        refused
    );
    assert_eq!(sender.frame().header("two").unwrap_err(), Misuse::MessageUnderWay);
    assert_eq!(sender.frame().header(b"two").unwrap_err(), Misuse::MessageUnderWay);
    assert_eq!(sender.check_message(), Err(Misuse::MessageUnderWay));
    assert_eq!(
        sender.frame().encode(Message::Ping(b""), &mut out),
        Ok(2),
        "control frames may stand between fragments"
    );
    let n = sender.frame().encode_fragment(fragment(MessageKind::Text, b"more", true), &mut out).unwrap();
    assert_eq!(out[..n], *b"\x80\x04more");
    let n = sender.frame().encode("two", &mut out).unwrap();
    assert_eq!(out[..n], *b"\x81\x03two");
}

#[test]
fn text_fragments_may_be_cut_inside_a_character_and_must_be_text_together() {
    let mut out = [0; 64];
    let mut sender = Sender::new(Server);
    let not_utf8 = Err(SendError::Misuse(Misuse::NotUtf8));
    sender.frame().encode_fragment(fragment(MessageKind::Text, b"caf\xC3", false), &mut out).unwrap();
    assert_eq!(sender.frame().encode_fragment(fragment(MessageKind::Text, b"", true), &mut out), not_utf8);
    assert_eq!(sender.frame().encode_fragment(fragment(MessageKind::Text, b"x", false), &mut out), not_utf8);
    assert_eq!(
        sender.frame().fragment_header(fragment(MessageKind::Text, b"", true)).unwrap_err(),
        Misuse::NotUtf8
    );
    assert!(sender.frame().encode_fragment(fragment(MessageKind::Text, b"\xA9", true), &mut out).is_ok());
    assert!(sender.frame().encode_fragment(fragment(MessageKind::Binary, b"\xFF", true), &mut out).is_ok());
}

#[test]
fn a_header_alone_is_the_one_that_stands_before_the_payload() {
    let mut out = [0; 64];
    let text = "vectored";
    let n = Sender::new(Client::new(|| KEY)).frame().encode(text, &mut out).unwrap();
    let header = Sender::new(Client::new(|| KEY)).frame().header(text).unwrap();
    let mut payload = text.as_bytes().to_vec();
    KEY.apply(&mut payload);
    assert_eq!([&*header, &payload].concat(), out[..n]);

    let mut sender = Sender::new(Server);
    assert_eq!(
        *sender.frame().fragment_header(fragment(MessageKind::Binary, &[0; 300], false)).unwrap(),
        [2, 126, 1, 44]
    );
    assert_eq!(
        *sender.frame().fragment_header(fragment(MessageKind::Binary, &[0; 3], true)).unwrap(),
        [0x80, 3]
    );
}

#[test]
fn pings_and_pongs_have_125_bytes_at_the_most() {
    let mut out = [0; 200];
    let mut sender = Sender::new(Server);
    let too_long = Err(SendError::Misuse(Misuse::ControlTooLong { len: 126 }));
    assert_eq!(sender.frame().encode(Message::Ping(&[0; 126]), &mut out), too_long);
    assert_eq!(sender.frame().encode(Message::Pong(&[0; 126]), &mut out), too_long);
    assert_eq!(sender.frame().header(Message::Ping(&[0; 126])), Err(Misuse::ControlTooLong { len: 126 }));
    assert_eq!(sender.encode_reply(&Event::Ping(&[0; 126]), &mut out), Ok(0), "no peer can send it");
    assert_eq!(sender.frame().encode(Message::Ping(&[0; 125]), &mut out), Ok(127));
}
