//! A first line that can be no request, or no response, is refused at its first impossible byte, however it is cut.

use wsproto::handshake::{
    ClientHandshake, HeadError, Offer, Request, RequestDecoder, RequestFault, Response, ResponseDecoder,
    ResponseError,
};

/// After how many bytes a request is refused, and for what: in pieces, and in one.
fn refused(bytes: &[u8]) -> Option<(usize, RequestFault)> {
    let mut decoder = RequestDecoder::new();
    let in_pieces =
        (0..=bytes.len()).find_map(|len| Some((len, decoder.decode(&bytes[..len]).err()?.fault())));
    let whole = Request::decode(bytes).err().map(wsproto::handshake::RequestError::fault);
    assert_eq!(whole, in_pieces.map(|(_, fault)| fault), "{}", bytes.escape_ascii());
    in_pieces
}

fn client() -> ResponseDecoder<'static> {
    ResponseDecoder::new(ClientHandshake::new(Offer::new("a", "/"), [7; 16]).unwrap())
}

fn response_refused(bytes: &[u8]) -> Option<(usize, ResponseError)> {
    let mut decoder = client();
    let in_pieces = (0..=bytes.len()).find_map(|len| Some((len, decoder.decode(&bytes[..len]).err()?)));
    assert_eq!(client().decode(bytes).err(), in_pieces.map(|(_, error)| error), "{}", bytes.escape_ascii());
    in_pieces
}

#[test]
fn what_can_be_no_request_is_told_at_once() {
    for (bytes, after) in [
        (&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..], 1), // a TLS ClientHello
        (b"\0\0\0\0", 1),
        (b"\x04\x01\x00\x50", 1), // SOCKS
        (b"(GET / HTTP/1.1", 1),
        (b" GET / HTTP/1.1", 1),
        (b"\rGET / HTTP/1.1", 2),
        (b"GE\x80T / HTTP/1.1", 3),
        (b"GET\t/ HTTP/1.1", 4),
        (b"GET  / HTTP/1.1", 5),
        (b"GET /\r\n", 6), // HTTP/0.9
        (b"GET /\x7f HTTP/1.1", 6),
        (b"GET / SIP/2.0", 7),
        (b"GET / http/1.1", 7),
        (b"GET / HTTP/x.1", 12),
        (b"GET / HTTP/11", 13),
        (b"GET / HTTP/1.10", 15),
        (b"GET / HTTP/1.1\r ", 16),
        (b"HELO mail.example\r\n", 18), // a method and a target, but for the version
        (b"SSH-2.0-OpenSSH_9.2\r\n", 20), // all of it may be a method
    ] {
        assert_eq!(refused(bytes), Some((after, RequestFault::RequestLine)), "{}", bytes.escape_ascii());
        // What stands before may yet become a request.
        assert_eq!(refused(&bytes[..after - 1]), None, "{}", bytes.escape_ascii());
    }
}

#[test]
fn empty_lines_before_make_no_difference() {
    assert_eq!(refused(b"\r\n\r\n\x16"), Some((5, RequestFault::RequestLine)));
    assert_eq!(refused(b"\r\n\n"), Some((3, RequestFault::Head(HeadError::BareLineFeed))));
    assert_eq!(refused(b"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), None);
}

#[test]
fn another_version_is_told_once_its_line_is_whole() {
    for line in
        [&b"GET / HTTP/2.0\r\n"[..], b"PRI * HTTP/2.0\r\n", b"GET / HTTP/0.9\r\n", b"GET / HTTP/3.1\r\n"]
    {
        assert_eq!(refused(line), Some((line.len(), RequestFault::HttpVersionNotSupported)));
    }
}

#[test]
fn a_line_feed_alone_is_told_where_it_stands() {
    for line in [&b"GET\n"[..], b"GET / HTTP/1.1\n", b"\n"] {
        assert_eq!(refused(line), Some((line.len(), RequestFault::Head(HeadError::BareLineFeed))));
    }
}

#[test]
fn what_can_be_no_response_is_told_at_once() {
    for (bytes, after) in [
        (&b"SSH-2.0-OpenSSH_9.2\r\n"[..], 1),
        (b"\x15\x03\x01\x00\x02", 1), // a TLS alert
        (b"220 mail.example ESMTP\r\n", 1),
        (b"ICY 200 OK\r\n", 1),
        (b"HTTP/2", 6),
        (b"HTTP/1.1  ", 10),
        (b"HTTP/1.1 007 Bond", 10),
        (b"HTTP/1.1 1x1", 11),
        (b"HTTP/1.1 1011", 13),
        (b"HTTP/1.1 101 \x1b", 14),
        (b"HTTP/1.1 101\r\r", 14),
    ] {
        assert_eq!(
            response_refused(bytes),
            Some((after, ResponseError::StatusLine)),
            "{}",
            bytes.escape_ascii()
        );
        assert_eq!(response_refused(&bytes[..after - 1]), None, "{}", bytes.escape_ascii());
    }
}

/// [RFC 9110 §15]: valid ones are 100 to 599; what is above is to be taken as a server error, which opens nothing.
#[test]
fn a_status_has_three_digits_the_first_not_zero() {
    for status in ["000", "001", "007", "099"] {
        let head = format!("HTTP/1.1 {status} X\r\n\r\n");
        assert_eq!(client().decode(head.as_bytes()).unwrap_err(), ResponseError::StatusLine, "{status}");
    }
    for status in [200, 599, 600, 999] {
        let head = format!("HTTP/1.1 {status} X\r\n\r\n");
        let found = client().decode(head.as_bytes()).unwrap().unwrap();
        assert!(matches!(found.response(head.as_bytes()), Response::Http(http) if http.status() == status));
    }
}

#[test]
fn a_higher_minor_version_is_processed_as_1_1() {
    let head = b"HTTP/1.3 101 \r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    let handshake = ClientHandshake::new(Offer::new("a", "/"), *b"the sample nonce").unwrap();
    assert!(matches!(handshake.decode(head), Ok(Some((Response::WebSocket(_), _)))));
}

#[test]
fn an_absolute_target_may_have_the_scheme_of_websocket() {
    let fields = "Host: other\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    for (target, path) in [
        ("ws://example.com:81/chat?x", "/chat"),
        ("wss://example.com:81/chat", "/chat"),
        ("WSS://example.com:81", "/"),
        ("ws://example.com:81?x", "/"),
    ] {
        let head = format!("GET {target} HTTP/1.1\r\n{fields}");
        let Ok(Some((Request::WebSocket(handshake), _))) = Request::decode(head.as_bytes()) else {
            panic!("{target}")
        };
        assert_eq!((handshake.host(), handshake.http().path()), ("example.com:81", path), "{target}");
        assert_eq!(handshake.http().target(), target);
    }
    for target in ["ws:/example.com/", "wsx://example.com/", "ws://", "ws://user@example.com/", "ws://a#b"] {
        let head = format!("GET {target} HTTP/1.1\r\n{fields}");
        assert_eq!(Request::decode(head.as_bytes()).unwrap_err().fault(), RequestFault::Target, "{target}");
    }
}
