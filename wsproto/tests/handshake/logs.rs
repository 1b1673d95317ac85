//! What a log shows of a handshake: bytes that a terminal can't be made to obey, and values as they came.

use wsproto::handshake::{Answer, Request, Upgrade, accept_key};

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: https://a\r\nX: \xFF\r\n\r\n";

fn upgrade() -> Upgrade<'static> {
    let Ok(Some((Request::Upgrade(upgrade), _))) = Request::decode(REQUEST) else { panic!("an upgrade") };
    upgrade
}

#[test]
fn header_fields_are_shown_escaped() {
    let mut headers = upgrade().http().headers();
    let all = format!("{headers:?}");
    assert!(all.starts_with(r#""Host: a\r\nUpgrade: websocket\r\n"#), "{all}");
    assert!(all.ends_with(r#"X: \xff\r\n""#), "{all}");
    assert!(format!("{:?}", upgrade().http()).contains(&all), "the whole request shows them too");
    assert_eq!(headers.next(), Some(("Host", &b"a"[..])));
    let rest = format!("{headers:?}");
    assert!(rest.starts_with(r#""Upgrade: websocket\r\n"#), "what is still to come: {rest}");
}

#[test]
fn an_origin_is_shown_as_it_came() {
    assert_eq!(upgrade().origin().unwrap().to_string(), "https://a");
}

#[test]
fn an_acceptance_shows_the_key_it_answers() {
    let acceptance = upgrade().accept(Answer::default()).unwrap();
    assert_eq!(acceptance.accept_key(), &accept_key(b"dGhlIHNhbXBsZSBub25jZQ=="));
}
