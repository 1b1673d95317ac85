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

#[cfg(feature = "deflate")]
mod compressed {
    use super::*;
    use wsproto::deflate::{Parameters, Policy};
    use wsproto::{Config, Message, Session};

    #[test]
    fn what_shrinks_is_appended_compressed_and_what_does_not_as_it_is() {
        let policy = Policy::new().with_takeover();
        let mut state = 1_u32;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        })
        .take(500)
        .collect();
        for takeover in [false, true] {
            let agreed = Parameters { client_no_context_takeover: !takeover, ..Parameters::default() };
            let mut client =
                Session::<Client, _>::new(Config::new(), Vec::new()).with_deflate(agreed, policy);
            let mut server =
                Session::<Server, _>::new(Config::new(), Vec::new()).with_deflate(agreed, policy);
            let text = "to be, or not to be, ".repeat(50);
            let mut out = Vec::new();
            client.frame(KEY).append_text(&text, &mut out).unwrap();
            assert_eq!(out[0], 0xc1, "[RFC 7692 §6.1]");
            assert!(out.len() < 100);
            client.frame(KEY).append_text("short", &mut out).unwrap();
            client.frame(KEY).append_binary(&noise, &mut out).unwrap();
            client.frame(KEY).uncompressed().append_text(&text, &mut out).unwrap();
            assert!(out.len() > noise.len() + text.len());
            client.frame(KEY).append_text(&text, &mut out).unwrap();

            assert_eq!(server.push(&out), out.len());
            assert_eq!(server.next(), Ok(Some(Message::Text(&text))));
            assert_eq!(server.next(), Ok(Some(Message::Text("short"))));
            assert_eq!(server.next(), Ok(Some(Message::Binary(&noise))));
            assert_eq!(server.next(), Ok(Some(Message::Text(&text))));
            assert_eq!(server.next(), Ok(Some(Message::Text(&text))));
            assert_eq!(server.next(), Ok(None));
        }
    }
}
