//! The opening handshake over header fields that an HTTP library has parsed: HTTP/1.1, HTTP/2 and HTTP/3.

use wsproto::handshake::{
    Acceptance, Answer, ClientHandshake, ClientRequest, ConnectError, ExtendedConnect, Fields, HttpVersion,
    OptionError, Request, RequestError, Response, ResponseError,
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
fn a_server_understands_the_fields_of_a_client() {
    let request = ClientRequest {
        origin: Some("http://example.com"),
        subprotocols: &["json-delta", "json"],
        extensions: Some("a; x=1, b"),
        headers: &[("X", b"y")],
        ..ClientRequest::new("example.com:8080", "/chat")
    };
    let handshake = ClientHandshake::new(request, *b"the sample nonce").unwrap();
    let fields = || handshake.headers();
    let request = Request::from_parts(ClientHandshake::METHOD, request.target, HttpVersion::Http11, fields);
    let Ok(Request::Upgrade(upgrade)) = request else { panic!("not an upgrade") };
    assert_eq!(upgrade.host(), "example.com:8080");
    assert_eq!(upgrade.origin().unwrap().as_str(), "http://example.com");
    assert!(upgrade.subprotocols().eq(["json-delta", "json"]));
    assert!(upgrade.extensions().map(|extension| extension.name()).eq(["a", "b"]));
    assert_eq!(upgrade.http().header("x"), Some(&b"y"[..]));
    assert_eq!(upgrade.accept_key(), b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");

    // These fields, and no others, are what the bytes have; but for the names of subprotocols, which share a line there.
    let mut sent = [0; 512];
    let len = handshake.encode(&mut sent).unwrap();
    let (bytes, _) = Request::decode(&sent[..len]).unwrap().unwrap();
    let without_offers = |(name, _): &(&str, &[u8])| *name != "Sec-WebSocket-Protocol";
    assert!(bytes.http().headers().filter(without_offers).eq(handshake.headers().filter(without_offers)));
}

#[test]
fn no_origin_can_end_a_line() {
    for origin in [&b"http://a\r\nX: y"[..], b"http://a\n", b"http://a\0b", b"http://\x7f", b"\xff"] {
        let fields = [UPGRADE, &[("origin", origin), ("x", b"y")]].concat();
        let error = Request::from_parts("GET", "/", HttpVersion::Http11, &fields[..]).map(|_| ());
        assert_eq!(error, Err(RequestError::InvalidOrigin), "{}", origin.escape_ascii());
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

fn connect(fields: Pairs<'_>) -> Result<Option<ExtendedConnect<'_, Pairs<'_>>>, ConnectError> {
    ExtendedConnect::from_parts("CONNECT", Some("websocket"), "example.com", fields)
}

/// The rule that an extended CONNECT with `fields` breaks.
fn broken(fields: Pairs<'_>) -> Option<RequestError> {
    connect(fields).err().map(ConnectError::rule)
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
    let expected: Pairs<'_> = &[("sec-websocket-protocol", b"b"), ("sec-websocket-extensions", b"x")];
    assert!(connect.accept(answer).unwrap().headers().eq(expected.iter().copied()));
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
    let version = ("sec-websocket-version", &b"13"[..]);
    for name in ["connection", "upgrade", "transfer-encoding", "keep-alive", "proxy-connection", "te"] {
        let fields = [version, (name, &b"x"[..])];
        assert_eq!(broken(&fields), Some(RequestError::ConnectionSpecificField), "{name}");
    }
    assert_eq!(broken(&[version, ("te", b"trailers")]), None);
    let fields = [version, ("te", b"trailers"), ("te", b"gzip")];
    assert_eq!(broken(&fields), Some(RequestError::ConnectionSpecificField));
}

#[test]
fn an_extended_connect_is_answered_in_the_words_of_http_2() {
    let connect = connect(&[("sec-websocket-version", b"13")]).unwrap().unwrap();
    let answer = |name, value| {
        let headers: Pairs<'_> = &[(name, value)];
        connect.accept(Answer { headers, ..Answer::default() }).map(|_| ())
    };
    assert_eq!(answer("set-cookie", &b"a=b"[..]), Ok(()));
    assert_eq!(answer("Set-Cookie", b"a=b"), Err(OptionError::FieldName));
    for name in ["connection", "keep-alive", "proxy-connection", "te", "upgrade", "transfer-encoding"] {
        assert_eq!(answer(name, b"x"), Err(OptionError::ReservedField), "{name}");
    }
}

#[test]
fn an_extended_connect_is_refused_in_the_words_of_http_2() {
    for (fields, status, headers) in [
        (&[][..], 400, &[("sec-websocket-version", &b"13"[..])][..]),
        (&[("sec-websocket-version", &b"8"[..])], 400, &[("sec-websocket-version", b"13")]),
        (&[("sec-websocket-version", b"13"), ("upgrade", b"x")], 400, &[]),
    ] {
        let error = connect(fields).unwrap_err();
        assert_eq!((error.status(), error.headers()), (status, headers));
        assert_eq!(error.to_string(), error.rule().to_string());
    }
}

#[test]
fn an_extended_connect_is_held_to_the_other_rules() {
    assert_eq!(broken(&[]), Some(RequestError::MissingVersion));
    assert_eq!(broken(&[("sec-websocket-version", b"8")]), Some(RequestError::UnsupportedVersion));
    let version = ("sec-websocket-version", &b"13"[..]);
    let fields = [version, ("sec-websocket-protocol", b"a, a")];
    assert_eq!(broken(&fields), Some(RequestError::RepeatedSubprotocol));
    let fields = [version, ("sec-websocket-extensions", b"a;")];
    assert_eq!(broken(&fields), Some(RequestError::MalformedExtensions));
    let error = ExtendedConnect::from_parts("CONNECT", Some("websocket"), "a/b", &[version][..]).unwrap_err();
    assert_eq!(error.rule(), RequestError::InvalidHost);
}

#[test]
fn fields_are_found_whatever_their_case_and_trimmed() {
    let fields: Pairs<'_> = &[("A", b"1"), ("b", b"2"), ("a", b"\t3 ")];
    assert_eq!(fields.value("a"), Some(&b"1"[..]));
    assert!(fields.values("A").into_iter().eq([&b"1"[..], b"3"]));
}
