//! The server's side of the opening handshake (RFC 6455 §4.2), over the bytes of HTTP/1.1.

use std::collections::HashSet;
use wsproto::error::BufferTooSmall;
use wsproto::handshake::{
    Answer, Choice, HandshakeMisuse, HeadError, HeadLimits, HttpVersion, Request, RequestDecoder,
    RequestError, RequestFault, RequestHead, ServerHandshake, accept_key, subprotocol,
};

/// A correct opening handshake without its last line, so that fields can be added.
const UPGRADE: &str = "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";

fn decode(head: &str) -> Result<Request<'_>, RequestError> {
    let (request, consumed) = Request::decode(head.as_bytes())?.expect("a whole head");
    assert_eq!(consumed, head.len());
    Ok(request)
}

fn upgrade(head: &str) -> ServerHandshake<'_> {
    match decode(head).unwrap_or_else(|error| panic!("{error}")) {
        Request::WebSocket(upgrade) => upgrade,
        Request::Http(_) => panic!("taken for an ordinary request"),
    }
}

/// The error for the correct handshake with `fields` added.
fn error_with(fields: &str) -> Option<RequestFault> {
    decode(&format!("{UPGRADE}{fields}\r\n")).err().map(RequestError::fault)
}

/// The rule that the correct handshake breaks with `from` replaced.
fn error_replacing(from: &str, to: &str) -> Option<RequestFault> {
    refused_replacing(from, to).map(RequestError::fault)
}

/// The error for it.
fn refused_replacing(from: &str, to: &str) -> Option<RequestError> {
    assert!(UPGRADE.contains(from), "{from}");
    decode(&format!("{}\r\n", UPGRADE.replace(from, to))).err()
}

/// The rule and the status.
fn told(error: RequestError) -> (RequestFault, u16) {
    (error.fault(), error.answer().status())
}

fn answer_to(error: RequestError) -> String {
    let mut out = [0; 512];
    let len = error.answer().encode(&mut out).unwrap();
    String::from_utf8(out[..len].to_vec()).unwrap()
}

#[test]
fn the_example_of_section_1_2_is_answered_byte_for_byte() {
    let request = "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: http://example.com\r\n\
        Sec-WebSocket-Protocol: chat, superchat\r\nSec-WebSocket-Version: 13\r\n\r\n";
    let upgrade = upgrade(request);
    assert_eq!(upgrade.http().path(), "/chat");
    assert_eq!(upgrade.host(), "server.example.com");
    assert_eq!(upgrade.origin().unwrap().as_str(), "http://example.com");
    let subprotocol = subprotocol::select(&["chat"], upgrade.subprotocols());

    let mut out = [0; 256];
    let acceptance = upgrade.accept(Choice { subprotocol, ..Choice::default() }).unwrap();
    let len = acceptance.encode(&mut out).unwrap();
    assert_eq!(
        std::str::from_utf8(&out[..len]).unwrap(),
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat\r\n\r\n"
    );
}

#[test]
fn the_key_of_section_1_3_is_answered_as_printed() {
    assert_eq!(&accept_key(b"dGhlIHNhbXBsZSBub25jZQ=="), b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

#[test]
fn chromium_is_understood() {
    let request = "GET /ws?room=1 HTTP/1.1\r\nHost: localhost:8080\r\nConnection: Upgrade\r\nPragma: no-cache\r\n\
        Cache-Control: no-cache\r\n\
        User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36\r\n\
        Upgrade: websocket\r\nOrigin: http://localhost:8080\r\nSec-WebSocket-Version: 13\r\n\
        Accept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-US,en;q=0.9\r\n\
        Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\n\
        Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\
        Sec-WebSocket-Protocol: json-delta, json\r\n\r\n";
    let upgrade = upgrade(request);
    assert_eq!((upgrade.http().path(), upgrade.http().query()), ("/ws", Some("room=1")));
    assert!(upgrade.origin().unwrap().is_same_host(upgrade.host()));
    assert!(upgrade.subprotocols().eq(["json-delta", "json"]));
    assert!(upgrade.extensions().map(|extension| extension.name()).eq(["permessage-deflate"]));
    let answer = upgrade.accept(Choice::default()).unwrap();
    let accept = ("Sec-WebSocket-Accept", &b"HSmrc0sMlYUkAGmm5OPpG2HaGWk="[..]);
    assert_eq!(answer.headers().nth(2), Some(accept));
}

#[test]
fn firefox_is_understood() {
    let request = "GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\
        User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0\r\nAccept: */*\r\n\
        Accept-Language: en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br, zstd\r\nSec-WebSocket-Version: 13\r\n\
        Origin: http://127.0.0.1:8080\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nConnection: keep-alive, Upgrade\r\n\
        Sec-Fetch-Dest: empty\r\nSec-Fetch-Mode: websocket\r\nSec-Fetch-Site: same-origin\r\nPragma: no-cache\r\n\
        Cache-Control: no-cache\r\nUpgrade: websocket\r\n\r\n";
    assert!(upgrade(request).origin().unwrap().is_same_host("127.0.0.1:8080"));
}

#[test]
fn an_ordinary_request_is_told_apart() {
    for head in [
        "GET /index.html?x=1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /index.html?x=1 HTTP/1.1\r\nHost: localhost\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
        "GET /index.html?x=1 HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket/13\r\n\r\n",
        "GET /index.html?x=1 HTTP/1.0\r\n\r\n",
        "POST /index.html?x=1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\n",
    ] {
        let Request::Http(request) = decode(head).unwrap() else { panic!("{head}") };
        assert_eq!(request.path(), "/index.html");
        assert_eq!(request.query(), Some("x=1"));
        assert_eq!(request.target(), "/index.html?x=1");
    }
}

#[test]
fn header_fields_are_found_whatever_their_case() {
    let request = decode("GET / HTTP/1.1\r\nHost: a\r\nCookie: b=1\r\ncookie:\tb=2 \r\n\r\n").unwrap();
    assert_eq!(request.http().header("COOKIE"), Some(&b"b=1"[..]));
    assert_eq!(request.http().header("X"), None);
    assert_eq!(request.http().headers().last(), Some(("cookie", &b"b=2"[..])));
    assert_eq!(request.http().version(), HttpVersion::Http11);
    assert_eq!(request.http().method(), "GET");
}

#[test]
fn what_follows_the_head_is_left_to_the_connection() {
    let head = format!("{UPGRADE}\r\n");
    let buf = [head.as_bytes(), b"\x81\x85\r\n\r\n"].concat();
    let (request, consumed) = Request::decode(&buf).unwrap().unwrap();
    assert!(matches!(request, Request::WebSocket(_)));
    assert_eq!(consumed, head.len());
}

#[test]
fn an_incomplete_head_is_no_error() {
    let head = format!("{UPGRADE}\r\n");
    for len in 0..head.len() {
        assert!(Request::decode(&head.as_bytes()[..len]).unwrap().is_none());
    }
}

#[test]
fn empty_lines_before_the_request_are_ignored() {
    assert!(matches!(decode(&format!("\r\n\r\n{UPGRADE}\r\n")), Ok(Request::WebSocket(_))));
}

#[test]
fn upgrade_and_connection_are_lists_of_tokens_whatever_their_case() {
    for (from, to) in [
        ("Connection: Upgrade", "Connection: keep-alive, Upgrade"),
        ("Connection: Upgrade", "connection: uPGRADE,keep-alive"),
        ("Connection: Upgrade", "Connection: keep-alive\r\nConnection: upgrade"),
        ("Connection: Upgrade", "Connection: ,\tUpgrade ,"),
        ("Upgrade: websocket", "UPGRADE: WebSocket"),
        ("Upgrade: websocket", "Upgrade: h2c, websocket"),
        ("Upgrade: websocket", "Upgrade: HTTP/3.0\r\nUpgrade: websocket"),
    ] {
        assert!(
            matches!(decode(&format!("{}\r\n", UPGRADE.replace(from, to))), Ok(Request::WebSocket(_))),
            "{to}"
        );
    }
}

#[test]
fn connection_must_name_upgrade_and_not_only_contain_the_word() {
    for to in [
        "Connection: close",
        "Connection: Upgrades",
        "Connection: no-upgrade",
        "Connection: \"Upgrade\"",
        "X: y",
    ] {
        assert_eq!(error_replacing("Connection: Upgrade", to), Some(RequestFault::Connection), "{to}");
    }
    assert_eq!(
        error_replacing("Connection: Upgrade", "Connection: a b, Upgrade"),
        Some(RequestFault::Connection)
    );
}

#[test]
fn upgrade_must_be_a_list_of_protocols() {
    for to in ["Upgrade: web socket, websocket", "Upgrade: \"a, websocket, b\"", "Upgrade: /1, websocket"] {
        assert_eq!(error_replacing("Upgrade: websocket", to), Some(RequestFault::MalformedUpgrade), "{to}");
    }
}

#[test]
fn the_method_must_be_get() {
    for method in ["POST", "HEAD", "get", "CONNECT"] {
        let error = refused_replacing("GET", method).unwrap();
        assert_eq!(told(error), (RequestFault::Method, 405));
        assert!(answer_to(error).starts_with("HTTP/1.1 405 Method Not Allowed\r\n"));
        assert!(answer_to(error).contains("\r\nAllow: GET\r\n"));
    }
}

#[test]
fn http_1_must_be_1_1_or_higher() {
    // RFC 9110 §7.8: the `Upgrade` of HTTP/1.0 is ignored, whatever it says.
    for value in ["websocket", "a b"] {
        let head = format!("{UPGRADE}\r\n")
            .replace("HTTP/1.1", "HTTP/1.0")
            .replace("Upgrade: websocket", &format!("Upgrade: {value}"));
        assert!(matches!(decode(&head), Ok(Request::Http(page)) if page.version() == HttpVersion::Http10));
    }
    for version in ["HTTP/1.2", "HTTP/1.9"] {
        let head = format!("{}\r\n", UPGRADE.replace("HTTP/1.1", version));
        assert_eq!(upgrade(&head).http().version(), HttpVersion::Http11);
    }
    for version in ["HTTP/2.0", "HTTP/3.0", "HTTP/0.9", "HTTP/0.0"] {
        let error = refused_replacing("HTTP/1.1", version).unwrap();
        assert_eq!(told(error), (RequestFault::HttpVersionNotSupported, 505));
    }
    assert_eq!(told(Request::decode(b"PRI * HTTP/2.0\r\n").unwrap_err()).1, 505);
}

#[test]
fn the_request_line_must_be_well_formed() {
    for line in [
        "GET /",
        "GET  / HTTP/1.1",
        "GET / HTTP/1.1 ",
        " GET / HTTP/1.1",
        "GET / http/1.1",
        "GET / HTTP/1.x",
        "GET / HTTP/1.10",
        "GET / HTTP/11",
        "GET /HTTP/1.1",
        "GET HTTP/1.1",
        "GET /\tHTTP/1.1",
        "GET / H HTTP/1.1",
        "GET / HHTTP/1.1",
        "GET /a b HTTP/1.1",
        "GET /a b HTTP/2.0",
        "GET / HTTP/1.1 HTTP/1.1",
        "GET / HTTP/1.1\rHTTP/1.1",
        "GET / HTTP/1.1\r HTTP/1.1",
        " HTTP/1.1",
        "HTTP/1.1",
        "G(T / HTTP/1.1",
        "/",
    ] {
        let error = refused_replacing("GET /chat HTTP/1.1", line).unwrap();
        assert_eq!(told(error), (RequestFault::RequestLine, 400), "{line}");
    }
}

#[test]
fn the_target_must_be_a_path_or_a_uri_without_fragment() {
    for target in ["*", "chat", "ftp://a/", "http://", "http://a@b/", "/chat#x", "/\u{e9}"] {
        assert_eq!(error_replacing("/chat", target), Some(RequestFault::Target), "{target}");
    }
}

#[test]
fn a_whole_uri_as_target_decides_the_host() {
    let head = format!("{}\r\n", UPGRADE.replace("/chat", "HTTP://other.example:81/chat?x"));
    let upgrade = upgrade(&head);
    assert_eq!(upgrade.host(), "other.example:81");
    assert_eq!((upgrade.http().path(), upgrade.http().query()), ("/chat", Some("x")));
    assert_eq!(decode("GET http://a?x HTTP/1.1\r\nHost: a\r\n\r\n").unwrap().http().path(), "/");
    assert_eq!(decode("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").unwrap().http().path(), "*");
}

#[test]
fn host_must_be_there_once_and_be_a_host() {
    let host = "Host: server.example.com";
    assert_eq!(error_replacing(host, "X: y"), Some(RequestFault::MissingHost));
    assert_eq!(error_with("Host: server.example.com\r\n"), Some(RequestFault::RepeatedHost));
    for value in ["", "a b", "a/b", "user@a", "a:port", "a:99999", "[::1", "\u{e9}", "a, b:1,"] {
        let error = error_replacing(host, &format!("Host: {value}"));
        assert_eq!(error, Some(RequestFault::InvalidHost), "{value}");
    }
    for value in ["localhost", "127.0.0.1:80", "[::1]:8080", "xn--a.example", "example.com:", "[::1]:"] {
        assert_eq!(error_replacing(host, &format!("Host: {value}")), None, "{value}");
    }
}

#[test]
fn host_is_checked_for_ordinary_requests_too() {
    assert_eq!(decode("GET / HTTP/1.1\r\n\r\n").unwrap_err().fault(), RequestFault::MissingHost);
    assert_eq!(
        decode("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n").unwrap_err().fault(),
        RequestFault::RepeatedHost
    );
}

#[test]
fn a_version_other_than_13_is_answered_with_the_one_that_is_spoken() {
    for value in ["8", "12", "14", "0", "013", "13, 8", "", "thirteen"] {
        let error = refused_replacing("Version: 13", &format!("Version: {value}")).unwrap();
        assert_eq!(told(error), (RequestFault::UnsupportedVersion, 426), "{value}");
    }
    assert_eq!(
        answer_to(refused_replacing("Version: 13", "Version: 8").unwrap()),
        "HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nContent-Type: text/plain\r\n\
         Sec-WebSocket-Version: 13\r\nConnection: Upgrade, close\r\nContent-Length: 58\r\n\r\n\
         this version of WebSocket is not supported: use version 13"
    );
}

#[test]
fn a_missing_version_is_answered_likewise() {
    let error = refused_replacing("Sec-WebSocket-Version: 13", "X: y").unwrap();
    assert_eq!(told(error), (RequestFault::MissingVersion, 426));
    assert!(answer_to(error).contains("\r\nSec-WebSocket-Version: 13\r\n"));
}

#[test]
fn a_repeated_version_is_malformed() {
    let error = error_with("Sec-WebSocket-Version: 13\r\n");
    assert_eq!(error, Some(RequestFault::RepeatedVersion));
}

#[test]
fn the_key_must_be_there_once_and_be_sixteen_bytes() {
    let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
    assert_eq!(error_replacing(key, "X: y"), Some(RequestFault::MissingKey));
    assert_eq!(error_with(&format!("{key}\r\n")), Some(RequestFault::RepeatedKey));
    for value in ["", "dGhlIHNhbXBsZSBub25jZQ", "c2hvcnQ=", "dGhlIHNhbXBsZSBub25jZQ==, x"] {
        let error = error_replacing(key, &format!("Sec-WebSocket-Key: {value}"));
        assert_eq!(error, Some(RequestFault::InvalidKey), "{value}");
    }
}

#[test]
fn an_upgrade_has_no_body() {
    for fields in [
        "Content-Length: 1\r\n",
        "Content-Length: 0\r\nContent-Length: 5\r\n",
        "Content-Length: 0, 0\r\n",
        "Content-Length: +0\r\n",
        "Content-Length:\r\n",
        "Transfer-Encoding: chunked\r\n",
        "transfer-encoding:\r\n",
    ] {
        assert_eq!(error_with(fields), Some(RequestFault::Body), "{fields}");
    }
    assert_eq!(error_with("Content-Length: 0\r\n"), None);
}

#[test]
fn malformed_fields_are_refused_wherever_they_are() {
    for (fields, error) in [
        ("X : y\r\n", HeadError::FieldName),
        ("X\r\n", HeadError::FieldName),
        (": y\r\n", HeadError::FieldName),
        ("X: y\r\n folded\r\n", HeadError::FoldedField),
        ("X: y\rZ: z\r\n", HeadError::FieldValue),
        ("X: \0\r\n", HeadError::FieldValue),
        ("X: y\n", HeadError::BareLineFeed),
        ("\n", HeadError::BareLineFeed),
        ("X: y\n\nGET / HTTP/1.1\r\n", HeadError::BareLineFeed),
    ] {
        assert_eq!(error_with(fields), Some(RequestFault::Head(error)), "{fields:?}");
    }
}

#[test]
fn the_first_line_cannot_be_folded() {
    let error = error_replacing("HTTP/1.1\r\n", "HTTP/1.1\r\n X: y\r\n");
    assert_eq!(error, Some(RequestFault::Head(HeadError::FoldedField)));
}

#[test]
fn a_head_of_8_kib_is_borne_and_one_byte_more_is_not() {
    let fill = |len: usize| {
        let start = format!("{UPGRADE}X: ");
        format!("{start}{}\r\n\r\n", "y".repeat(len - start.len() - 4))
    };
    assert!(decode(&fill(8192)).is_ok());
    let error = decode(&fill(8193)).unwrap_err();
    assert_eq!(told(error), (RequestFault::Head(HeadError::TooLong), 431));
    // It is known when the limit is reached, not when the end comes.
    assert!(Request::decode(&[b'x'; 8191]).unwrap().is_none());
    assert_eq!(told(Request::decode(&[b'x'; 8192]).unwrap_err()).1, 431);
}

#[test]
fn a_hundred_fields_are_borne_and_one_more_is_not() {
    let five = UPGRADE.lines().count() - 1;
    assert_eq!(error_with(&"X: y\r\n".repeat(100 - five)), None);
    let error = decode(&format!("{UPGRADE}{}\r\n", "X: y\r\n".repeat(101 - five))).unwrap_err();
    assert_eq!(told(error), (RequestFault::Head(HeadError::TooManyFields), 431));
    // Also when the end has not come.
    let endless = format!("{UPGRADE}{}", "X: y\r\n".repeat(101 - five));
    assert_eq!(Request::decode(endless.as_bytes()).unwrap_err(), error);
}

#[test]
fn the_limits_can_be_set() {
    let head = format!("{UPGRADE}\r\n");
    let decode = |bytes, fields| {
        let mut decoder =
            RequestDecoder::with_limits(HeadLimits::DEFAULT.with_bytes(bytes).with_fields(fields));
        decoder.decode(head.as_bytes()).map(|_| ()).map_err(RequestError::fault)
    };
    assert_eq!(decode(head.len(), 5), Ok(()));
    assert_eq!(decode(head.len() - 1, 5), Err(RequestFault::Head(HeadError::TooLong)));
    assert_eq!(decode(head.len(), 4), Err(RequestFault::Head(HeadError::TooManyFields)));
    assert_eq!(decode(0, 0), Err(RequestFault::Head(HeadError::TooLong)));
    assert_eq!(decode(usize::MAX, usize::MAX), Ok(()));
}

#[test]
fn origin_must_be_there_at_most_once() {
    assert_eq!(error_with("Origin: http://a\r\nOrigin: http://b\r\n"), Some(RequestFault::RepeatedOrigin));
    for value in ["http://\u{e9}", "http://a\tb"] {
        assert_eq!(error_with(&format!("Origin: {value}\r\n")), Some(RequestFault::InvalidOrigin));
    }
    // RFC 6454 §7.1 has a list of origins, of which a browser sends one.
    assert_eq!(error_with("Origin: http://a http://b\r\n"), None);
    assert!(upgrade(&format!("{UPGRADE}\r\n")).origin().is_none());
}

#[test]
fn origins_are_compared_exactly() {
    let head = format!("{UPGRADE}Origin: https://chat.example\r\n\r\n");
    let origin = upgrade(&head).origin().unwrap();
    assert!(origin.is_one_of(&["http://localhost", "https://chat.example"]));
    for other in [
        "https://chat.example.",
        "https://chat.exampl",
        "https://chat.example:443",
        "http://chat.example",
        "*",
    ] {
        assert!(!origin.is_one_of(&[other]), "{other}");
    }
    assert!(!origin.is_one_of(&[]));
}

#[test]
fn subprotocols_are_unique_tokens_over_all_their_fields() {
    let head = format!("{UPGRADE}Sec-WebSocket-Protocol: a, b\r\nsec-websocket-protocol: c\r\n\r\n");
    assert!(upgrade(&head).subprotocols().eq(["a", "b", "c"]));
    for (value, error) in [
        ("", RequestFault::MalformedSubprotocols),
        ("a b", RequestFault::MalformedSubprotocols),
        ("a/b", RequestFault::MalformedSubprotocols),
        ("a, b, a", RequestFault::RepeatedSubprotocol),
        ("a\r\nSec-WebSocket-Protocol: a", RequestFault::RepeatedSubprotocol),
    ] {
        assert_eq!(error_with(&format!("Sec-WebSocket-Protocol: {value}\r\n")), Some(error), "{value}");
    }
}

#[test]
fn only_an_offered_subprotocol_can_be_answered() {
    let head = format!("{UPGRADE}Sec-WebSocket-Protocol: json\r\n\r\n");
    let answer =
        |name| upgrade(&head).accept(Choice { subprotocol: Some(name), ..Choice::default() }).map(|_| ());
    assert_eq!(answer("json"), Ok(()));
    assert_eq!(answer("JSON"), Err(HandshakeMisuse::SubprotocolNotOffered));
    assert_eq!(answer("json\r\nX: y"), Err(HandshakeMisuse::SubprotocolNotOffered));
}

#[test]
fn only_offered_extensions_can_be_answered() {
    let head = format!("{UPGRADE}Sec-WebSocket-Extensions: a; x, b\r\n\r\n");
    let answer =
        |list| upgrade(&head).accept(Choice { extensions: Some(list), ..Choice::default() }).map(|_| ());
    assert_eq!(answer("b; y=1"), Ok(()));
    assert_eq!(answer("b, a"), Ok(()));
    assert_eq!(answer("b, c"), Err(HandshakeMisuse::ExtensionNotOffered));
    assert_eq!(answer(""), Err(HandshakeMisuse::Extensions));
    assert_eq!(answer("a\r\nX: y"), Err(HandshakeMisuse::Extensions));
}

#[test]
fn nothing_that_is_answered_can_end_a_line_or_stand_for_the_handshake() {
    let head = format!("{UPGRADE}\r\n");
    let answer = |name: &str, value: &[u8]| {
        upgrade(&head).accept(Choice { headers: &[(name, value)], ..Choice::default() }).map(|_| ()).err()
    };
    assert_eq!(answer("Set-Cookie", b"a=b"), None);
    for value in [&b"a\r\nX: y"[..], b"a\rb", b"a\nb", b"a\0b", b"\x1b"] {
        assert_eq!(answer("X", value), Some(HandshakeMisuse::FieldValue));
    }
    for name in ["", "X:", "X Y", "X\r\nY", "X\0"] {
        assert_eq!(answer(name, b"y"), Some(HandshakeMisuse::FieldName));
    }
    for name in ["connection", "UPGRADE", "Sec-WebSocket-Accept", "Sec-WebSocket-Foo", "Transfer-Encoding"] {
        assert_eq!(answer(name, b"y"), Some(HandshakeMisuse::ReservedField));
    }
}

#[test]
fn an_answer_that_does_not_fit_is_not_begun() {
    let head = format!("{UPGRADE}\r\n");
    let upgrade = upgrade(&head);
    let acceptance = upgrade.accept(Choice { headers: &[("X", b"y")], ..Choice::default() }).unwrap();
    let needed = acceptance.encode(&mut [0; 256]).unwrap();
    let mut out = [7; 256];
    for len in 0..needed {
        assert_eq!(acceptance.encode(&mut out[..len]), Err(BufferTooSmall { needed }));
        assert_eq!(out, [7; 256]);
    }
    assert_eq!(acceptance.encode(&mut out[..needed]), Ok(needed));
    assert!(out[..needed].ends_with(b"\r\nX: y\r\n\r\n"));
}

#[test]
fn a_foreign_origin_can_be_refused() {
    let mut out = [0; 128];
    let len = Answer::new(403, &[], b"no").unwrap().encode(&mut out).unwrap();
    assert_eq!(&out[..len], b"HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno");
    let len = Answer::new(403, &[], b"no").unwrap().without_body().encode(&mut out).unwrap();
    assert!(out[..len].ends_with(b"Content-Length: 2\r\n\r\n"));
}

#[test]
fn a_reply_can_be_nothing_but_a_final_answer_with_clean_fields() {
    for status in [0, 100, 101, 199, 600, 1000] {
        assert_eq!(Answer::new(status, &[], b"").err(), Some(HandshakeMisuse::Status), "{status}");
    }
    for status in [204, 205, 304] {
        assert_eq!(Answer::new(status, &[], b"x").err(), Some(HandshakeMisuse::Status), "{status}");
    }
    assert_eq!(
        Answer::new(200, &[("content-length", b"0")], b"").err(),
        Some(HandshakeMisuse::ReservedField)
    );
    assert_eq!(Answer::new(302, &[("Location", b"/\r\nX: y")], b"").err(), Some(HandshakeMisuse::FieldValue));
    assert!(Answer::new(302, &[("Location", b"/")], b"").is_ok());
}

/// [RFC 9110 §15.4.5], [RFC 9110 §8.6]
#[test]
fn not_modified_has_no_length() {
    let mut out = [0; 128];
    let len = Answer::new(304, &[("ETag", b"\"1\"")], b"").unwrap().encode(&mut out).unwrap();
    assert_eq!(&out[..len], b"HTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\nConnection: close\r\n\r\n");
}

#[test]
fn no_content_has_no_length() {
    let mut out = [0; 128];
    let len = Answer::new(204, &[], b"").unwrap().encode(&mut out).unwrap();
    assert_eq!(&out[..len], b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
    let len = Answer::new(205, &[], b"").unwrap().encode(&mut out).unwrap();
    assert!(out[..len].ends_with(b"\r\nContent-Length: 0\r\n\r\n"));
}

#[test]
fn every_error_has_a_whole_answer() {
    let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
    let wrong = [
        ("", format!("X: {}\r\n", "y".repeat(8192)), 431, "Request Header Fields Too Large"),
        ("", "X : y\r\n".to_owned(), 400, "Bad Request"),
        ("GET", String::new(), 400, "Bad Request"),
        ("/chat HTTP/1.1", "/chat HTTP/2.0".to_owned(), 505, "HTTP Version Not Supported"),
        ("/chat", "*".to_owned(), 400, "Bad Request"),
        ("Host", "X".to_owned(), 400, "Bad Request"),
        ("GET", "PUT".to_owned(), 405, "Method Not Allowed"),
        ("Connection", "X".to_owned(), 400, "Bad Request"),
        ("", "Content-Length: 1\r\n".to_owned(), 400, "Bad Request"),
        ("Sec-WebSocket-Version", "X".to_owned(), 426, "Upgrade Required"),
        ("Version: 13", "Version: 8".to_owned(), 426, "Upgrade Required"),
        (key, "X: y".to_owned(), 400, "Bad Request"),
        ("", "Sec-WebSocket-Protocol: a, a\r\n".to_owned(), 400, "Bad Request"),
        ("", "Sec-WebSocket-Extensions: ;\r\n".to_owned(), 400, "Bad Request"),
    ];
    let mut faults = HashSet::new();
    for (from, to, status, reason) in wrong {
        let head = match from {
            "" => format!("{UPGRADE}{to}\r\n"),
            from => format!("{}\r\n", UPGRADE.replace(from, &to)),
        };
        let error = Request::decode(head.as_bytes()).unwrap_err();
        assert!(faults.insert(error.fault()), "twice: {error}");
        let answer = answer_to(error);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} {reason}\r\n")), "{answer}");
        // The reason stands in the body.
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert_eq!(body, error.to_string());
        assert!(head.ends_with(&format!("close\r\nContent-Length: {}", body.len())), "{answer}");
        assert!(head.contains("\r\nContent-Type: text/plain\r\n"), "{answer}");
        let names: Vec<_> =
            head.lines().filter_map(|line| line.split_once(": ")).map(|(name, _)| name).collect();
        let unique: HashSet<_> = names.iter().collect();
        assert_eq!(unique.len(), names.len(), "a field is written twice: {answer}");
        assert!(answer.len() <= 400, "{answer}");
        assert!(error.answer().encode(&mut []).is_err());
    }
}

#[test]
fn a_refusal_of_head_has_no_body() {
    let of = |method: &str, from: &str, to: &str| {
        let head = UPGRADE.replace("GET", method).replace(from, to);
        answer_to(Request::decode(format!("{head}\r\n").as_bytes()).unwrap_err())
    };
    for (from, to) in [
        ("Host", "Y"),
        ("HTTP/1.1", "HTTP/2.0"),
        ("/chat", "/#"),
        ("Host", "Host "),
        ("Upgrade: w", "Upgrade: /"),
    ] {
        let (head, body) = (of("HEAD", from, to), of("PUT", from, to));
        assert!(head.ends_with("\r\n\r\n") && body.starts_with(&head), "{head}\n{body}");
        assert!(body.len() > head.len());
    }
    // The method alone is wrong, or the whole is too long.
    assert!(of("HEAD", "", "").ends_with("\r\n\r\n"));
    let endless = [b"HEAD / HTTP/1.1\r\nX: ", &[b'y'; 8192][..]].concat();
    assert!(answer_to(Request::decode(&endless).unwrap_err()).ends_with("\r\n\r\n"));
    // As is a line that can't be one: what it would have been does not matter.
    assert!(answer_to(Request::decode(b"HEAD\t").unwrap_err()).contains("request line"));
}

#[test]
fn a_request_is_small() {
    assert!(size_of::<Request<'_>>() <= 168);
    assert!(size_of::<RequestDecoder>() <= 80);
    assert!(size_of::<RequestHead>() <= 136);
    assert!(size_of::<RequestError>() <= 4);
}

#[test]
fn a_version_prints_as_http_has_it() {
    assert_eq!(
        format!("{} {} {}", HttpVersion::Http10, HttpVersion::Http11, HttpVersion::Http2),
        "HTTP/1.0 HTTP/1.1 HTTP/2"
    );
}
