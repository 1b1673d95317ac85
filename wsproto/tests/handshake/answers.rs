//! What a server sends besides 101: refusals over any HTTP, hints, and appending to a `Vec`.

use wsproto::handshake::{Answer, HandshakeMisuse, Request, RequestFault};

/// As nginx sends it on, unless told otherwise: HTTP/1.0, and no field of the connection but its own.
const BEHIND_NGINX: &str = "GET /chat HTTP/1.0\r\nHost: backend\r\nConnection: close\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

fn lost_upgrade(head: &str) -> Option<RequestFault> {
    let Ok(Some((Request::Http(request), _))) = Request::decode(head.as_bytes()) else { panic!("{head}") };
    request.lost_upgrade().map(wsproto::handshake::RequestError::fault)
}

fn encoded(answer: &Answer<'_>) -> String {
    let mut dst = [0; 512];
    let len = answer.encode(&mut dst).unwrap();
    String::from_utf8(dst[..len].to_vec()).unwrap()
}

#[test]
fn a_key_without_an_upgrade_tells_of_a_proxy() {
    assert_eq!(lost_upgrade(BEHIND_NGINX), Some(RequestFault::LostUpgrade));
    let http_1_1 = BEHIND_NGINX.replace("HTTP/1.0", "HTTP/1.1");
    assert_eq!(lost_upgrade(&http_1_1), Some(RequestFault::LostUpgrade));
    // HTTP/1.0 knows no upgrade, so that one is lost too.
    let ignored = BEHIND_NGINX.replace("Connection: close", "Connection: Upgrade\r\nUpgrade: websocket");
    assert_eq!(lost_upgrade(&ignored), Some(RequestFault::LostUpgrade));
    for page in [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nSec-WebSocket-Version: 13\r\n\r\n",
        // Another protocol was asked for, and nothing was dropped.
        "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    ] {
        assert_eq!(lost_upgrade(page), None, "{page}");
    }
    let fields: [(&str, &[u8]); 1] = [("sec-websocket-key", b"x")];
    let request = Request::from_http2_parts("GET", None, "a", "/", &fields[..]).unwrap();
    assert!(request.http().lost_upgrade().is_none(), "nothing is upgraded over HTTP/2");
}

#[test]
fn the_hint_is_426_with_a_word_on_proxies() {
    let Ok(Some((Request::Http(request), _))) = Request::decode(BEHIND_NGINX.as_bytes()) else { panic!() };
    let text = encoded(&request.lost_upgrade().unwrap().answer());
    assert!(text.starts_with("HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\n"), "{text}");
    assert!(text.contains("\r\nConnection: Upgrade, close\r\n"), "{text}");
    assert!(text.contains("\r\nSec-WebSocket-Version: 13\r\n"), "{text}");
    let (_, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(body.contains("proxy"), "{body}");
    // No answer of ours is longer: so large a buffer is enough.
    assert!(text.len() <= 400, "{}", text.len());

    let head = BEHIND_NGINX.replace("GET", "HEAD");
    let Ok(Some((Request::Http(request), _))) = Request::decode(head.as_bytes()) else { panic!() };
    assert!(encoded(&request.lost_upgrade().unwrap().answer()).ends_with("\r\n\r\n"));
}

#[test]
fn the_same_answer_can_be_had_without_its_text() {
    for (head, status) in [
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/2.0\r\n", 505),
        ("PUT / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n", 405),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 8\r\n\r\n",
            426,
        ),
    ] {
        let error = Request::decode(head.as_bytes()).unwrap_err();
        let (with, without) = (error.answer(), error.answer_without_text());
        assert_eq!((with.status(), without.status(), without.body()), (status, status, &b""[..]));
        let is_type = |(name, _): &(&str, &[u8])| *name == "Content-Type";
        assert!(without.headers().eq(with.headers().filter(|field| !is_type(field))), "{head}");
        let text = encoded(&without);
        assert!(text.ends_with("\r\nContent-Length: 0\r\n\r\n") && text.len() <= 170, "{text}");
    }
}

/// What hyper needs for a 426: it writes `Content-Length`, but no `Connection: upgrade` that it wasn't given.
#[test]
fn a_library_is_given_the_connection_of_a_426() {
    let head = "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 8\r\n\r\n";
    let answer = Request::decode(head.as_bytes()).unwrap_err().answer();
    let expected: [(&str, &[u8]); 4] = [
        ("Upgrade", b"websocket"),
        ("Connection", b"Upgrade"),
        ("Content-Type", b"text/plain"),
        ("Sec-WebSocket-Version", b"13"),
    ];
    assert!(answer.headers().eq(expected));
    let answer = Request::decode(b"\0").unwrap_err().answer();
    assert!(answer.headers().eq([("Content-Type", &b"text/plain"[..])]), "and no other has one");
}

#[test]
fn an_upgrade_of_the_callers_is_named_by_connection_whatever_its_case() {
    for name in ["Upgrade", "upgrade", "UPGRADE"] {
        let headers = [(name, &b"h2c"[..])];
        let answer = Answer::new(426, &headers, b"").unwrap();
        assert_eq!(
            encoded(&answer),
            format!(
                "HTTP/1.1 426 Upgrade Required\r\n{name}: h2c\r\nConnection: Upgrade, close\r\nContent-Length: 0\r\n\r\n"
            )
        );
        assert!(answer.headers().any(|field| field == ("Connection", b"Upgrade")));
    }
    assert_eq!(Answer::new(426, &[("CONNECTION", b"x")], b"").err(), Some(HandshakeMisuse::ReservedField));
}

#[test]
fn without_its_body_an_answer_still_tells_the_length() {
    let answer = Answer::new(200, &[], b"a page").unwrap();
    assert_eq!(answer.body(), b"a page");
    let head = answer.without_body();
    assert_eq!((head.status(), head.body()), (200, &b""[..]));
    assert_eq!(encoded(&answer), encoded(&head) + "a page");
    assert!(encoded(&head).ends_with("\r\nContent-Length: 6\r\n\r\n"));
}

#[cfg(feature = "alloc")]
#[test]
fn what_is_appended_is_what_is_encoded() {
    use wsproto::handshake::{Choice, ClientHandshake, Offer};

    let mut out = b"before".to_vec();
    let client = ClientHandshake::new(Offer::new("example.com", "/"), [7; 16]).unwrap();
    client.append(&mut out);
    let mut dst = [0; 512];
    let len = client.encode(&mut dst).unwrap();
    assert_eq!(out, [b"before", &dst[..len]].concat());

    let Ok(Some((Request::WebSocket(server), _))) = Request::decode(&dst[..len]) else {
        panic!("a handshake")
    };
    let page = Answer::new(404, &[], b"none").unwrap();
    let error = Request::decode(b"\x16\x03").unwrap_err();
    for answer in [server.accept(Choice::default()).unwrap(), page, page.without_body(), error.answer()] {
        let mut out = b"before".to_vec();
        answer.append(&mut out);
        assert_eq!(out, [b"before", encoded(&answer).as_bytes()].concat());
    }

    // Over HTTP/2 the library writes.
    let mut out = Vec::new();
    ClientHandshake::over_http2(Offer::new("example.com", "/")).unwrap().append(&mut out);
    assert!(out.is_empty());
}
