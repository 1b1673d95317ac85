//! Whole messages, compressed and appended to what is to be written.

use wsproto::connection::{Client, Server};
use wsproto::deflate::{Parameters, Policy};
use wsproto::wire::MaskingKey;
use wsproto::{Config, Message, Session};

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
        let mut client = Session::<Client, _>::new(Config::new(), Vec::new()).with_deflate(agreed, policy);
        let mut server = Session::<Server, _>::new(Config::new(), Vec::new()).with_deflate(agreed, policy);
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
