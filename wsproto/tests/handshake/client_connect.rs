//! A client's opening handshake over HTTP/2 and HTTP/3: what it sends, and what it takes for an answer.

use wsproto::deflate::Policy;
use wsproto::handshake::{
    Choice, ClientHandshake, HandshakeMisuse, Offer, Request, Response, ResponseError, permessage_deflate,
};

type Pairs<'a> = &'a [(&'a str, &'a [u8])];

fn request() -> Offer<'static> {
    Offer {
        origin: Some("https://example.com"),
        subprotocols: &["chat", "json"],
        extensions: Some("x; a=1"),
        headers: &[("cookie", b"a=b")],
        ..Offer::new("example.com:8443", "/room?id=1")
    }
}

fn connect() -> ClientHandshake<'static> {
    ClientHandshake::over_http2(request()).unwrap()
}

fn error(fields: Pairs<'_>) -> Option<ResponseError> {
    connect().verify(200, fields).err()
}

fn refused(request: Offer<'_>) -> Option<HandshakeMisuse> {
    ClientHandshake::over_http2(request).err()
}

#[test]
fn the_request_has_neither_key_nor_upgrade_and_is_in_lower_case() {
    let connect = connect();
    assert_eq!((connect.method(), connect.protocol()), ("CONNECT", Some("websocket")));
    assert_eq!(connect.offer(), &request());
    assert_eq!((connect.offer().host, connect.offer().target), ("example.com:8443", "/room?id=1"));
    assert_eq!(connect.encode(&mut []), Ok(0), "there are no bytes to write");
    let expected: Pairs<'_> = &[
        ("origin", b"https://example.com"),
        ("sec-websocket-protocol", b"chat"),
        ("sec-websocket-protocol", b"json"),
        ("sec-websocket-version", b"13"),
        ("sec-websocket-extensions", b"x; a=1"),
        ("cookie", b"a=b"),
    ];
    assert!(connect.headers().eq(expected.iter().copied()));
}

#[test]
fn our_server_takes_it_and_our_client_takes_its_answer() {
    let offer = permessage_deflate::offer(&Policy::new());
    let request = Offer { extensions: Some(&offer), ..request() };
    let client = ClientHandshake::over_http2(request).unwrap();
    let fields = || client.headers();
    let Offer { host, target, .. } = *client.offer();
    let server = Request::from_http2_parts(client.method(), client.protocol(), host, target, fields);
    let Ok(Request::WebSocket(server)) = server else { panic!("not a handshake") };
    assert_eq!((server.host(), server.http().path()), ("example.com:8443", "/room"));
    assert!(server.subprotocols().eq(["chat", "json"]));

    let agreed = permessage_deflate::accept(server.extensions(), &Policy::new()).unwrap();
    let answer = Choice { subprotocol: Some("json"), extensions: Some(&agreed), ..Choice::default() };
    let acceptance = server.accept(answer).unwrap();
    let fields = || acceptance.headers();
    let Ok(Response::WebSocket(upgraded)) = client.verify(acceptance.status(), fields) else {
        panic!("not accepted");
    };
    assert_eq!(upgraded.subprotocol(), Some("json"));
    assert_eq!(upgraded.deflate(), Some(agreed.parameters()));
}

#[test]
fn what_may_not_be_sent_over_http_2_is_refused() {
    let name = Some(HandshakeMisuse::FieldName);
    let reserved = Some(HandshakeMisuse::ReservedField);
    assert_eq!(refused(Offer { headers: &[("Cookie", b"a=b")], ..request() }), name);
    assert_eq!(refused(Offer { headers: &[("keep-alive", b"5")], ..request() }), reserved);
    assert_eq!(refused(Offer { headers: &[("te", b"gzip")], ..request() }), reserved);
    assert_eq!(refused(Offer { headers: &[("te", b"trailers")], ..request() }), None);
    // And what may not be sent over any.
    assert_eq!(refused(Offer { headers: &[("upgrade", b"x")], ..request() }), reserved);
    let value = Some(HandshakeMisuse::FieldValue);
    assert_eq!(refused(Offer { headers: &[("x", b"a\r\nb: c")], ..request() }), value);
    assert_eq!(refused(Offer { target: "chat", ..request() }), Some(HandshakeMisuse::Target));
    assert_eq!(refused(Offer { host: "a b", ..request() }), Some(HandshakeMisuse::Host));
}

#[test]
fn any_2xx_opens_the_connection_and_nothing_else_does() {
    let none: Pairs<'_> = &[];
    for status in [200, 201, 204, 299] {
        assert!(matches!(connect().verify(status, none), Ok(Response::WebSocket(_))), "{status}");
    }
    for status in [100, 101, 103, 199, 300, 302, 401, 501] {
        let Ok(Response::Http(response)) = connect().verify(status, none) else { panic!("{status}") };
        assert_eq!((response.status(), response.reason()), (status, ""));
    }
}

#[test]
fn an_answer_is_held_to_what_was_offered() {
    assert_eq!(error(&[("sec-websocket-protocol", b"json"), ("x", b"y")]), None);
    assert_eq!(error(&[("sec-websocket-protocol", b"xml")]), Some(ResponseError::UnexpectedSubprotocol));
    let twice: Pairs<'_> = &[("sec-websocket-protocol", b"chat"), ("sec-websocket-protocol", b"chat")];
    assert_eq!(error(twice), Some(ResponseError::RepeatedSubprotocol));
    assert_eq!(error(&[("sec-websocket-extensions", b"x")]), None);
    assert_eq!(error(&[("sec-websocket-extensions", b"y")]), Some(ResponseError::UnexpectedExtension));
    assert_eq!(error(&[("sec-websocket-extensions", b";")]), Some(ResponseError::MalformedExtensions));
    let deflate = Some(ResponseError::UnexpectedExtension);
    assert_eq!(error(&[("sec-websocket-extensions", b"permessage-deflate")]), deflate);
}

#[test]
fn fields_of_a_connection_are_malformed_whatever_the_status() {
    for field in [
        ("connection", &b"close"[..]),
        ("upgrade", b"websocket"),
        ("transfer-encoding", b"chunked"),
        ("te", b"gzip"),
    ] {
        for status in [200, 404] {
            let error = connect().verify(status, &[field][..]).err();
            assert_eq!(error, Some(ResponseError::ConnectionSpecificField), "{}", field.0);
        }
    }
    // Of HTTP/1.1 alone, and without a meaning here [RFC 8441 §5].
    assert_eq!(error(&[("sec-websocket-accept", b"whatever")]), None);
}
