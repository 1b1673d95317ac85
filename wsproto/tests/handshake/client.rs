//! The client's side of the opening handshake (RFC 6455 §4.1), over the bytes of HTTP/1.1.

use wsproto::error::BufferTooSmall;
use wsproto::handshake::{
    ClientHandshake, HandshakeMisuse, HeadError, Offer, Response, ResponseDecoder, ResponseError,
    ResponseHead,
};

const NONCE: [u8; 16] = *b"the sample nonce";

const UPGRADED: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";

const REQUEST: Offer<'_> = Offer {
    origin: Some("http://example.com"),
    subprotocols: &["chat", "superchat"],
    ..Offer::new("server.example.com", "/chat")
};

fn handshake() -> ClientHandshake<'static> {
    let request = Offer { extensions: Some("a; x=1, b"), ..REQUEST };
    ClientHandshake::new(request, NONCE).unwrap()
}

fn decode(head: &str) -> Result<Response<'_>, ResponseError> {
    let (response, consumed) = handshake().decode(head.as_bytes())?.expect("a whole head");
    assert_eq!(consumed, head.len());
    Ok(response)
}

fn error_with(fields: &str) -> Option<ResponseError> {
    decode(&format!("{UPGRADED}{fields}\r\n")).err()
}

fn error_replacing(from: &str, to: &str) -> Option<ResponseError> {
    assert!(UPGRADED.contains(from), "{from}");
    decode(&format!("{}\r\n", UPGRADED.replace(from, to))).err()
}

fn refused(request: Offer<'_>) -> Option<HandshakeMisuse> {
    ClientHandshake::new(request, NONCE).err()
}

#[test]
fn the_example_of_section_1_2_is_sent_byte_for_byte() {
    let mut out = [0; 512];
    let handshake = ClientHandshake::new(REQUEST, NONCE).unwrap();
    let len = handshake.encode(&mut out).unwrap();
    assert_eq!(
        std::str::from_utf8(&out[..len]).unwrap(),
        "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: http://example.com\r\n\
         Sec-WebSocket-Protocol: chat, superchat\r\nSec-WebSocket-Version: 13\r\n\r\n"
    );
}

#[test]
fn the_example_of_section_1_2_is_accepted() {
    let head = format!("{UPGRADED}Sec-WebSocket-Protocol: chat\r\n\r\n");
    let Response::WebSocket(upgraded) = decode(&head).unwrap() else { panic!("not upgraded") };
    assert_eq!(upgraded.subprotocol(), Some("chat"));
    assert_eq!(upgraded.extensions().count(), 0);
    assert_eq!(upgraded.http().headers().count(), 4);
    assert_eq!(upgraded.http().header("upgrade"), Some(&b"websocket"[..]));
}

#[test]
fn extensions_and_further_fields_are_sent_last() {
    let request = Offer {
        extensions: Some("permessage-deflate; client_max_window_bits"),
        headers: &[("Authorization", b"Basic eDp5"), ("Cookie", b"a=b")],
        ..Offer::new("[::1]:8080", "/?x=1")
    };
    let mut out = [0; 512];
    let len = ClientHandshake::new(request, NONCE).unwrap().encode(&mut out).unwrap();
    let text = std::str::from_utf8(&out[..len]).unwrap();
    assert!(text.starts_with("GET /?x=1 HTTP/1.1\r\nHost: [::1]:8080\r\n"), "{text}");
    assert!(
        text.ends_with(
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\
             Authorization: Basic eDp5\r\nCookie: a=b\r\n\r\n"
        ),
        "{text}"
    );
}

#[test]
fn a_request_that_does_not_fit_is_not_begun() {
    let needed = handshake().encode(&mut [0; 512]).unwrap();
    let mut out = [7; 512];
    for len in 0..needed {
        assert_eq!(handshake().encode(&mut out[..len]), Err(BufferTooSmall { needed }));
        assert_eq!(out, [7; 512]);
    }
    assert_eq!(handshake().encode(&mut out[..needed]), Ok(needed));
}

#[test]
fn nothing_that_is_asked_can_end_a_line() {
    for bad in ["a\r\nX: y", "a\rb", "a\nb", "a\0b", "a b", ""] {
        assert_eq!(refused(Offer { host: bad, ..REQUEST }), Some(HandshakeMisuse::Host));
        assert_eq!(refused(Offer { target: bad, ..REQUEST }), Some(HandshakeMisuse::Target));
        let target = &format!("/{bad} HTTP/1.1\r\n");
        assert_eq!(refused(Offer { target, ..REQUEST }), Some(HandshakeMisuse::Target));
        assert_eq!(refused(Offer { origin: Some(bad), ..REQUEST }), Some(HandshakeMisuse::Origin));
        assert_eq!(
            refused(Offer { subprotocols: &["ok", bad], ..REQUEST }),
            Some(HandshakeMisuse::Subprotocol)
        );
        assert_eq!(refused(Offer { headers: &[(bad, b"y")], ..REQUEST }), Some(HandshakeMisuse::FieldName));
        if !["", "a b"].contains(&bad) {
            let headers = &[("X", bad.as_bytes())];
            assert_eq!(refused(Offer { headers, ..REQUEST }), Some(HandshakeMisuse::FieldValue));
        }
        assert_eq!(refused(Offer { extensions: Some(bad), ..REQUEST }), Some(HandshakeMisuse::Extensions));
    }
}

#[test]
fn a_target_is_a_path_without_fragment() {
    for target in ["chat", "http://a/", "*", "/a#b", "/\u{e9}"] {
        assert_eq!(refused(Offer { target, ..REQUEST }), Some(HandshakeMisuse::Target), "{target}");
    }
}

#[test]
fn the_fields_of_the_handshake_cannot_be_added() {
    for name in [
        "host",
        "ORIGIN",
        "Upgrade",
        "connection",
        "Sec-WebSocket-Key",
        "Content-Length",
        "transfer-encoding",
    ] {
        let error = refused(Offer { headers: &[(name, b"x")], ..REQUEST });
        assert_eq!(error, Some(HandshakeMisuse::ReservedField), "{name}");
    }
}

#[test]
fn a_subprotocol_cannot_be_offered_twice() {
    let error = refused(Offer { subprotocols: &["a", "b", "a"], ..REQUEST });
    assert_eq!(error, Some(HandshakeMisuse::RepeatedSubprotocol));
}

#[test]
fn another_status_is_told_apart() {
    for (head, status, reason) in [
        ("HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n", 302, "Found"),
        ("HTTP/1.1 401 \r\nLocation: /x\r\n\r\n", 401, ""),
        ("HTTP/1.0 503 Service Unavailable\r\nLocation: /x\r\n\r\n", 503, "Service Unavailable"),
        ("HTTP/1.1 200\r\nLocation: /x\r\n\r\n", 200, ""),
    ] {
        let Response::Http(response) = decode(head).unwrap() else { panic!("{head}") };
        assert_eq!((response.status(), response.reason()), (status, reason));
        assert_eq!(response.header("location"), Some(&b"/x"[..]));
        assert_eq!(response.headers().count(), 1);
    }
}

#[test]
fn what_follows_the_head_is_left_to_the_connection() {
    let head = format!("{UPGRADED}\r\n");
    let buf = [head.as_bytes(), b"\x81\x05hello"].concat();
    let (_, consumed) = handshake().decode(&buf).unwrap().unwrap();
    assert_eq!(consumed, head.len());
}

#[test]
fn an_incomplete_head_is_no_error() {
    let head = format!("{UPGRADED}\r\n");
    for len in 0..head.len() {
        assert!(handshake().decode(&head.as_bytes()[..len]).unwrap().is_none());
    }
}

#[test]
fn the_status_line_must_be_well_formed() {
    for line in [
        "HTTP/2.0 101 x",
        "HTTP/1.1  101 x",
        "HTTP/1.1 1O1 x",
        "HTTP/1.1 1011 x",
        "SSH-2.0-OpenSSH",
        "HTTP/1.1",
    ] {
        let error = error_replacing("HTTP/1.1 101 Switching Protocols", line);
        assert_eq!(error, Some(ResponseError::StatusLine), "{line}");
    }
    assert_eq!(error_replacing("HTTP/1.1", "HTTP/1.0"), Some(ResponseError::HttpVersionTooLow));
}

#[test]
fn upgrade_must_be_websocket_and_nothing_else() {
    for value in ["WebSocket", "websocket "] {
        assert_eq!(error_replacing("Upgrade: websocket", &format!("Upgrade: {value}")), None);
    }
    for to in [
        "X: y",
        "Upgrade:",
        "Upgrade: web",
        "Upgrade: websocket, h2c",
        "Upgrade: websocket\r\nUpgrade: websocket",
    ] {
        assert_eq!(error_replacing("Upgrade: websocket", to), Some(ResponseError::Upgrade), "{to}");
    }
}

#[test]
fn connection_must_name_upgrade() {
    for value in ["upgrade", "keep-alive, Upgrade"] {
        assert_eq!(error_replacing("Connection: Upgrade", &format!("Connection: {value}")), None);
    }
    for to in ["X: y", "Connection: close", "Connection: Upgrades", "Connection: \"x, Upgrade, y\""] {
        assert_eq!(error_replacing("Connection: Upgrade", to), Some(ResponseError::Connection), "{to}");
    }
}

#[test]
fn accept_must_be_there_once_and_answer_the_key() {
    let accept = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
    assert_eq!(error_replacing(accept, "X: y"), Some(ResponseError::MissingAccept));
    assert_eq!(error_with(&format!("{accept}\r\n")), Some(ResponseError::RepeatedAccept));
    for value in
        ["", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo", "S3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "dGhlIHNhbXBsZSBub25jZQ=="]
    {
        let error = error_replacing(accept, &format!("Sec-WebSocket-Accept: {value}"));
        assert_eq!(error, Some(ResponseError::WrongAccept), "{value}");
    }
}

#[test]
fn only_an_offered_subprotocol_may_be_chosen() {
    let error = |value: &str| error_with(&format!("Sec-WebSocket-Protocol: {value}\r\n"));
    assert_eq!(error("superchat"), None);
    for value in ["", "json", "Chat", "chat, superchat"] {
        assert_eq!(error(value), Some(ResponseError::UnexpectedSubprotocol), "{value}");
    }
    assert_eq!(error("chat\r\nSec-WebSocket-Protocol: chat"), Some(ResponseError::RepeatedSubprotocol));
}

#[test]
fn only_offered_extensions_may_be_used() {
    let error = |value: &str| error_with(&format!("Sec-WebSocket-Extensions: {value}\r\n"));
    assert_eq!(error("a; y=2, b"), None);
    assert_eq!(error("c"), Some(ResponseError::UnexpectedExtension));
    assert_eq!(error("a, c"), Some(ResponseError::UnexpectedExtension));
    assert_eq!(error("A"), Some(ResponseError::UnexpectedExtension));
    assert_eq!(error("a;"), Some(ResponseError::MalformedExtensions));
    assert_eq!(error(""), Some(ResponseError::MalformedExtensions));
    assert_eq!(error("a\r\nSec-WebSocket-Extensions: b"), Some(ResponseError::RepeatedExtensions));
}

#[test]
fn nothing_may_be_chosen_where_nothing_was_offered() {
    let handshake = ClientHandshake::new(Offer::new("a", "/"), NONCE).unwrap();
    for (field, error) in [
        ("Sec-WebSocket-Protocol: chat", ResponseError::UnexpectedSubprotocol),
        ("Sec-WebSocket-Extensions: permessage-deflate", ResponseError::UnexpectedExtension),
    ] {
        let head = format!("{UPGRADED}{field}\r\n\r\n");
        assert_eq!(handshake.decode(head.as_bytes()).unwrap_err(), error);
    }
}

#[test]
fn malformed_fields_and_large_heads_are_refused() {
    for (fields, error) in [
        ("X : y\r\n".to_owned(), HeadError::FieldName),
        ("X: y\r\n z\r\n".to_owned(), HeadError::FoldedField),
        ("X: \0\r\n".to_owned(), HeadError::FieldValue),
        ("X: y\n".to_owned(), HeadError::BareLineFeed),
        ("X: y\r\n".repeat(98), HeadError::TooManyFields),
        (format!("X: {}\r\n", "y".repeat(8192)), HeadError::TooLong),
    ] {
        assert_eq!(error_with(&fields), Some(ResponseError::Head(error)));
    }
    let endless = [b"HTTP/1.1 200 ", &[b'x'; 8192][..]].concat();
    assert!(handshake().decode(&endless[..8191]).unwrap().is_none());
    let error = handshake().decode(&endless[..8192]).unwrap_err();
    assert_eq!(error, ResponseError::Head(HeadError::TooLong));
}

#[test]
fn a_handshake_is_small() {
    assert!(size_of::<ClientHandshake<'_>>() <= 128);
    assert!(size_of::<ResponseDecoder<'_>>() <= 208);
    assert!(size_of::<ResponseHead>() <= 120);
    assert!(size_of::<Response<'_>>() <= 120);
    assert!(size_of::<ResponseError>() <= 2);
}
