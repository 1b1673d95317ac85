//! Whole messages, compressed and appended to what is to be written.

use wsproto::connection::{Client, MaskingKeys, MessageKind, Server};
use wsproto::deflate::{Parameters, Policy};
use wsproto::error::Misuse;
use wsproto::wire::MaskingKey;
use wsproto::{Limits, Message, Session};

use crate::common::fragment;
use crate::given::next;

const KEY: MaskingKey = MaskingKey::new([0x37, 0xfa, 0x21, 0x3d]);

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
            Session::new(Client::new(|| KEY), Limits::new(), Vec::new()).with_deflate(agreed, policy);
        let mut server = Session::new(Server, Limits::new(), Vec::new()).with_deflate(agreed, policy);
        let text = "to be, or not to be, ".repeat(50);
        let mut out = Vec::new();
        client.frame().append(&text, &mut out).unwrap();
        assert_eq!(out[0], 0xc1, "[RFC 7692 §6.1]");
        assert!(out.len() < 100);
        client.frame().append("short", &mut out).unwrap();
        client.frame().append(&noise, &mut out).unwrap();
        client.frame().uncompressed().append(&text, &mut out).unwrap();
        assert!(out.len() > noise.len() + text.len());
        client.frame().append(&text, &mut out).unwrap();

        server.push(&out);
        assert_eq!(next(&mut server), Ok(Some(Message::Text(&text))));
        assert_eq!(next(&mut server), Ok(Some(Message::Text("short"))));
        assert_eq!(next(&mut server), Ok(Some(Message::Binary(&noise))));
        assert_eq!(next(&mut server), Ok(Some(Message::Text(&text))));
        assert_eq!(next(&mut server), Ok(Some(Message::Text(&text))));
        assert_eq!(next(&mut server), Ok(None));
    }
}

const TEXT: &str = "to be, or not to be, to be, or not to be, to be, or not to be, to be, or not to be";

fn hears(wire: &[u8], expected: &[Message<'_>]) {
    let mut server =
        Session::new(Server, Limits::new(), Vec::new()).with_deflate(Parameters::default(), Policy::new());
    server.push(wire);
    for message in expected {
        assert_eq!(next(&mut server), Ok(Some(*message)));
    }
    assert_eq!(next(&mut server), Ok(None));
}

fn compressing() -> Session<Client<impl MaskingKeys>, Vec<u8>> {
    let policy = Policy::new().with_threshold(20).with_takeover();
    Session::new(Client::new(|| KEY), Limits::new(), Vec::new()).with_deflate(Parameters::default(), policy)
}

#[test]
fn what_a_closure_appends_is_compressed_as_if_it_were_appended_at_once() {
    for kind in [MessageKind::Text, MessageKind::Binary] {
        let (mut at_once, mut written) = (compressing(), compressing());
        let (mut known, mut out) = (Vec::new(), Vec::new());
        for text in [TEXT, "short", TEXT, ""] {
            let message = match kind {
                MessageKind::Text => Message::Text(text),
                MessageKind::Binary => Message::Binary(text.as_bytes()),
            };
            at_once.frame().append(message, &mut known).unwrap();
            written.frame().append_with(kind, &mut out, |out| out.extend(text.bytes())).unwrap();
            assert_eq!(out, known, "{text}");
        }
        assert!(out.len() < TEXT.len() + 30, "compressed, and the second time with a reference to the first");
    }
    let mut out = Vec::new();
    let frame = &mut compressing();
    frame
        .frame()
        .uncompressed()
        .append_with(MessageKind::Text, &mut out, |out| out.extend(TEXT.bytes()))
        .unwrap();
    assert_eq!((out[0], out.len()), (0x81, TEXT.len() + 6));
}

#[test]
fn a_compressed_text_that_is_not_utf_8_is_taken_back_and_not_referred_to() {
    let mut client = compressing();
    let mut out = Vec::new();
    let wrong = [TEXT.as_bytes(), b"\xFF"].concat();
    let refused = client.frame().append_with(MessageKind::Text, &mut out, |out| out.extend(&wrong));
    assert_eq!((refused, out.len()), (Err(Misuse::NotUtf8), 0));
    client.frame().append(TEXT, &mut out).unwrap();
    hears(&out, &[Message::Text(TEXT)]);
}

#[test]
fn formatted_text_and_headers_are_not_compressed_and_stand_between_what_is() {
    let (mut client, mut wire) = (compressing(), Vec::new());
    let mut dst = [0; 200];
    client.frame().append(TEXT, &mut wire).unwrap();
    let n = client.frame().encode_fmt(format_args!("{TEXT}"), &mut dst).unwrap();
    assert_eq!((dst[0], n), (0x81, TEXT.len() + 6));
    wire.extend_from_slice(&dst[..n]);
    client.frame().append(TEXT, &mut wire).unwrap();
    hears(&wire, &[Message::Text(TEXT); 3]);
}

#[test]
fn an_encoder_tells_what_it_will_compress() {
    let mut client = compressing();
    for (len, compresses) in [(0, false), (19, false), (20, true), (1 << 20, true)] {
        assert_eq!(client.frame().compresses(len), compresses, "{len}");
        assert!(!client.frame().uncompressed().compresses(len), "{len}");
        let text = "x".repeat(len);
        let mut out = Vec::new();
        client.frame().append(&text, &mut out).unwrap();
        assert_eq!(out[0] & 0x40 != 0, compresses, "{len}");
    }
    let mut plain = Session::new(Server, Limits::new(), Vec::new());
    assert!(!plain.frame().compresses(1 << 20));
    assert!(!plain.frame().may_compress());
    // Of a fragment it is the message's first that decides.
    assert!(client.frame().may_compress() && !client.frame().uncompressed().may_compress());
    client.frame().append_fragment(fragment(MessageKind::Text, b"a", false), &mut Vec::new()).unwrap();
    assert!(client.frame().uncompressed().may_compress());
}

#[test]
fn fragments_are_appended_compressed_as_they_would_be_encoded() {
    let (mut by_slice, mut by_vec) = (compressing(), compressing());
    let (mut known, mut out) = (Vec::new(), Vec::new());
    for piece in [fragment(MessageKind::Text, TEXT.as_bytes(), false), fragment(MessageKind::Text, b"", true)]
    {
        let mut dst = [0; 200];
        let n = by_slice.frame().encode_fragment(piece, &mut dst).unwrap();
        known.extend_from_slice(&dst[..n]);
        by_vec.frame().append_fragment(piece, &mut out).unwrap();
        assert_eq!(out, known);
    }
    assert_eq!(out[0], 0x41);
    hears(&out, &[Message::Text(TEXT)]);
}
