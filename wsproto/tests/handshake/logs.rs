//! What a log shows of a handshake: bytes that a terminal can't be made to obey, and values as they came.

use wsproto::handshake::{Request, ServerHandshake};

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: https://a\r\nX: \xFF\r\n\r\n";

fn upgrade() -> ServerHandshake<'static> {
    let Ok(Some((Request::WebSocket(upgrade), _))) = Request::decode(REQUEST) else { panic!("an upgrade") };
    upgrade
}

#[test]
fn header_fields_are_shown_escaped() {
    let all = format!("{:?}", upgrade().http());
    assert!(all.contains(r#""Host: a\r\nUpgrade: websocket\r\n"#), "{all}");
    assert!(all.contains(r#"X: \xff\r\n""#), "{all}");
}

#[test]
fn an_origin_is_shown_as_it_came() {
    assert_eq!(upgrade().origin().unwrap().to_string(), "https://a");
}
