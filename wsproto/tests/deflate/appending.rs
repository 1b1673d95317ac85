//! Whole messages, compressed and appended to what is to be written.

use wsproto::connection::{Client, Server};
use wsproto::deflate::{Parameters, Policy};
use wsproto::wire::MaskingKey;
use wsproto::{Limits, Message, Session};

use crate::common::next;

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
