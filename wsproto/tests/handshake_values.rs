//! The opening handshake over header fields that an HTTP library has parsed: HTTP/1.1, HTTP/2 and HTTP/3.

#![cfg(feature = "handshake")]

use wsproto::handshake::{
    Acceptance, Answer, ClientHandshake, ClientRequest, ExtendedConnect, Fields, HttpVersion, OptionError,
    Request, RequestError, Response, ResponseError,
};

type Pairs<'a> = &'a [(&'a str, &'a [u8])];

const UPGRADE: Pairs<'_> = &[
    ("host", b"example.com"),
    ("connection", b"keep-alive, Upgrade"),
    ("upgrade", b"websocket"),
    ("sec-websocket-key", b" dGhlIHNhbXBsZSBub25jZQ== "),
    ("sec-websocket-version", b"13"),
    ("sec-websocket-protocol", b"json"),
];

#[test]
fn an_upgrade_is_accepted_from_its_fields() {
    let Ok(Request::Upgrade(upgrade)) = Request::from_parts("GET", "/", HttpVersion::Http11, UPGRADE) else {
        panic!("not an upgrade");
    };
    let answer = Answer { subprotocol: Some("json"), headers: &[("X", b"y")], ..Answer::default() };
    let acceptance = upgrade.accept(answer).unwrap();
    let expected: Pairs<'_> = &[
        ("Upgrade", b"websocket"),
        ("Connection", b"Upgrade"),
        ("Sec-WebSocket-Accept", b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
        ("Sec-WebSocket-Protocol", b"json"),
        ("X", b"y"),
    ];
    assert!(acceptance.headers().eq(expected.iter().copied()));
    assert_eq!(Acceptance::STATUS, 101);
}

#[test]
fn the_rules_are_those_of_the_bytes() {
    let decide = |method, version, fields: Pairs<'_>| {
        Request::from_parts(method, "/", version, || fields.iter().copied()).map(|_| ()).err()
    };
    assert_eq!(decide("GET", HttpVersion::Http11, UPGRADE), None);
    assert_eq!(decide("POST", HttpVersion::Http11, UPGRADE), Some(RequestError::Method));
    assert!(matches!(Request::from_parts("GET", "/", HttpVersion::Http10, UPGRADE), Ok(Request::Http(_))));
    for (left_out, error) in [
        ("host", Some(RequestError::MissingHost)),
        ("connection", Some(RequestError::Connection)),
        ("upgrade", None), // an ordinary request
        ("sec-websocket-key", Some(RequestError::MissingKey)),
        ("sec-websocket-version", Some(RequestError::MissingVersion)),
    ] {
        let fields: Vec<_> = UPGRADE.iter().copied().filter(|(name, _)| *name != left_out).collect();
        assert_eq!(decide("GET", HttpVersion::Http11, &fields), error, "{left_out}");
    }
}

#[test]
fn a_client_verifies_fields() {
    let request = ClientRequest { subprotocols: &["json"], ..ClientRequest::new("example.com", "/") };
    let handshake = ClientHandshake::new(request, *b"the sample nonce").unwrap();
    let fields: Pairs<'_> = &[
        ("upgrade", b"websocket"),
        ("connection", b"upgrade"),
        ("sec-websocket-accept", b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
        ("sec-websocket-protocol", b"json"),
    ];
    assert!(
        matches!(handshake.verify(101, fields), Ok(Response::Upgraded(up)) if up.subprotocol() == Some("json"))
    );
    assert!(
        matches!(handshake.verify(404, fields), Ok(Response::Http(response)) if response.status() == 404)
    );
    assert_eq!(handshake.verify(101, &fields[..2]).unwrap_err(), ResponseError::MissingAccept);
}

fn connect(fields: Pairs<'_>) -> Result<Option<ExtendedConnect<'_, Pairs<'_>>>, RequestError> {
    ExtendedConnect::from_parts("CONNECT", Some("websocket"), "example.com", fields)
}

#[test]
fn an_extended_connect_needs_no_key() {
    let fields: Pairs<'_> = &[
        ("sec-websocket-version", b"13"),
        ("sec-websocket-protocol", b"a, b"),
        ("sec-websocket-extensions", b"x; y"),
        ("origin", b"https://example.com"),
    ];
    let connect = connect(fields).unwrap().unwrap();
    assert!(connect.subprotocols().eq(["a", "b"]));
    assert!(connect.extensions().map(|extension| extension.name()).eq(["x"]));
    assert!(connect.origin().unwrap().is_same_host(connect.host()));

    let answer = Answer { subprotocol: Some("b"), extensions: Some("x"), ..Answer::default() };
    let expected: Pairs<'_> = &[("Sec-WebSocket-Protocol", b"b"), ("Sec-WebSocket-Extensions", b"x")];
    assert!(connect.accept(answer).unwrap().eq(expected.iter().copied()));
    let answer = Answer { subprotocol: Some("c"), ..Answer::default() };
    assert_eq!(connect.accept(answer).map(|_| ()), Err(OptionError::SubprotocolNotOffered));
}

#[test]
fn another_connect_is_told_apart() {
    let fields = UPGRADE;
    for (method, protocol) in
        [("CONNECT", None), ("CONNECT", Some("connect-udp")), ("GET", Some("websocket"))]
    {
        assert!(ExtendedConnect::from_parts(method, protocol, "a", fields).unwrap().is_none());
    }
}

#[test]
fn an_extended_connect_has_no_fields_of_a_connection() {
    for name in ["connection", "upgrade", "transfer-encoding"] {
        let fields = [("sec-websocket-version", &b"13"[..]), (name, b"x")];
        assert_eq!(connect(&fields).map(|_| ()), Err(RequestError::ConnectionSpecificField), "{name}");
    }
}

#[test]
fn an_extended_connect_is_held_to_the_other_rules() {
    assert_eq!(connect(&[]).map(|_| ()), Err(RequestError::MissingVersion));
    assert_eq!(
        connect(&[("sec-websocket-version", b"8")]).map(|_| ()),
        Err(RequestError::UnsupportedVersion)
    );
    let version = ("sec-websocket-version", &b"13"[..]);
    let fields = [version, ("sec-websocket-protocol", b"a, a")];
    assert_eq!(connect(&fields).map(|_| ()), Err(RequestError::RepeatedSubprotocol));
    let fields = [version, ("sec-websocket-extensions", b"a;")];
    assert_eq!(connect(&fields).map(|_| ()), Err(RequestError::MalformedExtensions));
    let error = ExtendedConnect::from_parts("CONNECT", Some("websocket"), "a/b", &[version][..]).map(|_| ());
    assert_eq!(error, Err(RequestError::InvalidHost));
}

#[test]
fn fields_are_found_whatever_their_case_and_trimmed() {
    let fields: Pairs<'_> = &[("A", b"1"), ("b", b"2"), ("a", b"\t3 ")];
    assert_eq!(fields.value("a"), Some(&b"1"[..]));
    assert!(fields.values("A").into_iter().eq([&b"1"[..], b"3"]));
}
