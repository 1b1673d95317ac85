//! The opening handshake over header fields that an HTTP library has parsed: HTTP/1.1, HTTP/2 and HTTP/3.

use wsproto::handshake::{
    Choice, ClientHandshake, Fields, HandshakeMisuse, HttpVersion, Offer, Request, RequestError,
    RequestFault, Response, ResponseError, ServerHandshake,
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
    let Ok(Request::WebSocket(upgrade)) = Request::from_parts("GET", "/", HttpVersion::Http11, UPGRADE)
    else {
        panic!("not an upgrade");
    };
    let answer = Choice { subprotocol: Some("json"), headers: &[("X", b"y")], ..Choice::default() };
    let acceptance = upgrade.accept(answer).unwrap();
    let expected: Pairs<'_> = &[
        ("Upgrade", b"websocket"),
        ("Connection", b"Upgrade"),
        ("Sec-WebSocket-Accept", b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
        ("Sec-WebSocket-Protocol", b"json"),
        ("X", b"y"),
    ];
    assert!(acceptance.headers().eq(expected.iter().copied()));
    assert_eq!((acceptance.status(), acceptance.body()), (101, &b""[..]));
}

#[test]
fn the_rules_are_those_of_the_bytes() {
    let decide = |method, version, fields: Pairs<'_>| {
        Request::from_parts(method, "/", version, || fields.iter().copied()).err().map(RequestError::fault)
    };
    assert_eq!(decide("GET", HttpVersion::Http11, UPGRADE), None);
    assert_eq!(decide("POST", HttpVersion::Http11, UPGRADE), Some(RequestFault::Method));
    assert!(matches!(Request::from_parts("GET", "/", HttpVersion::Http10, UPGRADE), Ok(Request::Http(_))));
    for (left_out, error) in [
        ("host", Some(RequestFault::MissingHost)),
        ("connection", Some(RequestFault::Connection)),
        ("upgrade", None), // an ordinary request
        ("sec-websocket-key", Some(RequestFault::MissingKey)),
        ("sec-websocket-version", Some(RequestFault::MissingVersion)),
    ] {
        let fields: Vec<_> = UPGRADE.iter().copied().filter(|(name, _)| *name != left_out).collect();
        assert_eq!(decide("GET", HttpVersion::Http11, &fields), error, "{left_out}");
    }
}

#[test]
fn a_server_understands_the_fields_of_a_client() {
    let request = Offer {
        origin: Some("http://example.com"),
        subprotocols: &["json-delta", "json"],
        extensions: Some("a; x=1, b"),
        headers: &[("X", b"y")],
        ..Offer::new("example.com:8080", "/chat")
    };
    let handshake = ClientHandshake::new(request, *b"the sample nonce").unwrap();
    let fields = || handshake.headers();
    let request = Request::from_parts(handshake.method(), request.target, HttpVersion::Http11, fields);
    let Ok(Request::WebSocket(upgrade)) = request else { panic!("not an upgrade") };
    assert_eq!(upgrade.host(), "example.com:8080");
    assert_eq!(upgrade.origin().unwrap().as_str(), "http://example.com");
    assert!(upgrade.subprotocols().eq(["json-delta", "json"]));
    assert!(upgrade.extensions().map(|extension| extension.name()).eq(["a", "b"]));
    assert_eq!(upgrade.http().header("x"), Some(&b"y"[..]));

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
        let error = Request::from_parts("GET", "/", HttpVersion::Http11, &fields[..]).unwrap_err();
        assert_eq!(error.fault(), RequestFault::InvalidOrigin, "{}", origin.escape_ascii());
    }
}

#[test]
fn a_client_verifies_fields() {
    let request = Offer { subprotocols: &["json"], ..Offer::new("example.com", "/") };
    let handshake = ClientHandshake::new(request, *b"the sample nonce").unwrap();
    let fields: Pairs<'_> = &[
        ("upgrade", b"websocket"),
        ("connection", b"upgrade"),
        ("sec-websocket-accept", b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
        ("sec-websocket-protocol", b"json"),
    ];
    assert!(
        matches!(handshake.verify(101, fields), Ok(Response::WebSocket(up)) if up.subprotocol() == Some("json"))
    );
    assert!(
        matches!(handshake.verify(404, fields), Ok(Response::Http(response)) if response.status() == 404)
    );
    assert_eq!(handshake.verify(101, &fields[..2]).unwrap_err(), ResponseError::MissingAccept);
}

fn decide(fields: Pairs<'_>) -> Result<Request<'_, Pairs<'_>>, RequestError> {
    Request::from_http2_parts("CONNECT", Some("websocket"), "example.com", "/room", fields)
}

fn connect(fields: Pairs<'_>) -> ServerHandshake<'_, Pairs<'_>> {
    let Ok(Request::WebSocket(handshake)) = decide(fields) else { panic!("not a handshake") };
    handshake
}

/// The rule that an extended CONNECT with `fields` breaks.
fn broken(fields: Pairs<'_>) -> Option<RequestFault> {
    decide(fields).err().map(RequestError::fault)
}

#[test]
fn an_extended_connect_needs_no_key() {
    let fields: Pairs<'_> = &[
        ("sec-websocket-version", b"13"),
        ("sec-websocket-protocol", b"a, b"),
        ("sec-websocket-extensions", b"x; y"),
        ("origin", b"https://example.com"),
    ];
    let connect = connect(fields);
    assert!(connect.subprotocols().eq(["a", "b"]));
    assert!(connect.extensions().map(|extension| extension.name()).eq(["x"]));
    assert!(connect.origin().unwrap().is_same_host(connect.host()));

    let answer = Choice { subprotocol: Some("b"), extensions: Some("x"), ..Choice::default() };
    let expected: Pairs<'_> = &[("sec-websocket-protocol", b"b"), ("sec-websocket-extensions", b"x")];
    assert!(connect.accept(answer).unwrap().headers().eq(expected.iter().copied()));
    let answer = Choice { subprotocol: Some("c"), ..Choice::default() };
    assert_eq!(connect.accept(answer).map(|_| ()), Err(HandshakeMisuse::SubprotocolNotOffered));
}

#[test]
fn another_connect_is_told_apart() {
    let fields = UPGRADE;
    for (method, protocol) in
        [("CONNECT", None), ("CONNECT", Some("connect-udp")), ("GET", Some("websocket"))]
    {
        let request = Request::from_http2_parts(method, protocol, "a", "/", fields).unwrap();
        assert!(matches!(request, Request::Http(http) if http.version() == HttpVersion::Http2));
    }
}

#[test]
fn an_extended_connect_has_no_fields_of_a_connection() {
    let version = ("sec-websocket-version", &b"13"[..]);
    for name in ["connection", "upgrade", "transfer-encoding", "keep-alive", "proxy-connection", "te"] {
        let fields = [version, (name, &b"x"[..])];
        assert_eq!(broken(&fields), Some(RequestFault::ConnectionSpecificField), "{name}");
    }
    assert_eq!(broken(&[version, ("te", b"trailers")]), None);
    let fields = [version, ("te", b"trailers"), ("te", b"gzip")];
    assert_eq!(broken(&fields), Some(RequestFault::ConnectionSpecificField));
}

#[test]
fn an_extended_connect_is_answered_in_the_words_of_http_2() {
    let connect = connect(&[("sec-websocket-version", b"13")]);
    let answer = |name, value| {
        let headers: Pairs<'_> = &[(name, value)];
        connect.accept(Choice { headers, ..Choice::default() }).map(|_| ())
    };
    assert_eq!(answer("set-cookie", &b"a=b"[..]), Ok(()));
    assert_eq!(answer("Set-Cookie", b"a=b"), Err(HandshakeMisuse::FieldName));
    for name in ["connection", "keep-alive", "proxy-connection", "te", "upgrade", "transfer-encoding"] {
        assert_eq!(answer(name, b"x"), Err(HandshakeMisuse::ReservedField), "{name}");
    }
}

#[test]
fn an_extended_connect_is_refused_in_the_words_of_http_2() {
    for (fields, status, headers) in [
        (&[][..], 400, &[("sec-websocket-version", &b"13"[..])][..]),
        (&[("sec-websocket-version", &b"8"[..])], 400, &[("sec-websocket-version", b"13")]),
        (&[("sec-websocket-version", b"13"), ("upgrade", b"x")], 400, &[]),
    ] {
        let error = decide(fields).unwrap_err();
        let answer = error.answer();
        assert_eq!(answer.status(), status);
        let text: (&str, &[u8]) = ("content-type", b"text/plain");
        assert!(answer.headers().eq([text].into_iter().chain(headers.iter().copied())));
        assert_eq!(answer.body(), error.to_string().as_bytes());
        assert_eq!(error.to_string(), error.fault().to_string());
        assert_eq!(answer.encode(&mut []), Ok(0), "there are no bytes to write");
    }
}

#[test]
fn an_extended_connect_is_held_to_the_other_rules() {
    assert_eq!(broken(&[]), Some(RequestFault::MissingVersion));
    assert_eq!(broken(&[("sec-websocket-version", b"8")]), Some(RequestFault::UnsupportedVersion));
    let version = ("sec-websocket-version", &b"13"[..]);
    let fields = [version, ("sec-websocket-protocol", b"a, a")];
    assert_eq!(broken(&fields), Some(RequestFault::RepeatedSubprotocol));
    let fields = [version, ("sec-websocket-extensions", b"a;")];
    assert_eq!(broken(&fields), Some(RequestFault::MalformedExtensions));
    for (authority, path, fault) in [
        ("a/b", "/", RequestFault::InvalidHost),
        ("", "/", RequestFault::InvalidHost),
        ("a", "", RequestFault::Target),
        ("a", "chat", RequestFault::Target),
        ("a", "/#", RequestFault::Target),
    ] {
        let fields = [version];
        let error = Request::from_http2_parts("CONNECT", Some("websocket"), authority, path, &fields[..]);
        assert_eq!(error.unwrap_err().fault(), fault, "{authority} {path}");
    }
}

#[test]
fn a_host_must_be_the_one_of_authority() {
    let version = ("sec-websocket-version", &b"13"[..]);
    let decide = |authority: &str, host: &[u8]| {
        let fields = [version, ("host", host)];
        let request = Request::from_http2_parts("CONNECT", Some("websocket"), authority, "/", &fields[..]);
        request.err().map(RequestError::fault)
    };
    for host in [&b"example.com"[..], b"EXAMPLE.com", b"example.com:443", b"example.com:80", b"example.com:"]
    {
        assert_eq!(decide("example.com", host), None, "{}", host.escape_ascii());
    }
    assert_eq!(decide("example.com:8443", b"Example.com:8443"), None);
    for host in [&b"example.org"[..], b"example.com.", b"example.com:8443", b"www.example.com"] {
        assert_eq!(decide("example.com", host), Some(RequestFault::HostMismatch), "{}", host.escape_ascii());
    }
    assert_eq!(decide("example.com:443", b"example.com:80"), Some(RequestFault::HostMismatch));
    assert_eq!(decide("example.com", b"a b"), Some(RequestFault::InvalidHost));
    let twice = [version, ("host", b"example.com"), ("host", b"example.com")];
    assert_eq!(broken(&twice), Some(RequestFault::RepeatedHost));
}

#[test]
fn the_fields_of_a_library_can_be_gone_through() {
    let fields: Pairs<'_> = &[("A", b"1"), ("b", b"2")];
    assert!(fields.pairs().eq(fields.iter().copied()));
    assert!(fields.pairs_around("b").any(|field| field == ("b", b"2")));
}
