//! Responses before the response ([RFC 9110 §15.2]), and requests that wait for one ([RFC 9110 §10.1.1]).

use wsproto::handshake::{
    Choice, ClientHandshake, HeadError, HeadLimits, HttpVersion, Offer, Request, Response, ResponseDecoder,
    ResponseError,
};

const ACCEPTED: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

const INTERIM: &str = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n";

const REQUEST: &str = "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";

fn handshake() -> ClientHandshake<'static> {
    ClientHandshake::new(Offer::new("server.example.com", "/chat"), *b"the sample nonce").unwrap()
}

/// What a request with `fields` added is answered.
fn answered(fields: &str) -> String {
    let head = format!("{REQUEST}{fields}\r\n");
    let Ok(Some((Request::WebSocket(handshake), _))) = Request::decode(head.as_bytes()) else {
        panic!("{head}")
    };
    let mut dst = [0; 256];
    let len = handshake.accept(Choice::default()).unwrap().encode(&mut dst).unwrap();
    String::from_utf8(dst[..len].to_vec()).unwrap()
}

#[test]
fn interim_responses_are_skipped_however_they_are_cut() {
    let buf = format!("{INTERIM}{ACCEPTED}\u{1}frame");
    let end = INTERIM.len() + ACCEPTED.len();
    for cut in 0..=buf.len() {
        let mut decoder = ResponseDecoder::new(handshake());
        let first = decoder.decode(&buf.as_bytes()[..cut]).unwrap();
        assert_eq!(first.is_some(), cut >= end);
        let head = first.unwrap_or_else(|| decoder.decode(buf.as_bytes()).unwrap().unwrap());
        assert_eq!(head.end(), end);
        let Response::WebSocket(accepted) = head.response(buf.as_bytes()) else { panic!("not accepted") };
        assert_eq!((accepted.http().status(), accepted.http().reason()), (101, "Switching Protocols"));
        assert_eq!(accepted.http().headers().count(), 3, "none of those before");
        assert_eq!(accepted.http().header("link"), None);
    }
}

#[test]
fn another_response_may_follow_them_too() {
    let buf = format!("{INTERIM}HTTP/1.1 404 Not Found\r\nX: y\r\n\r\n");
    let (response, end) = handshake().decode(buf.as_bytes()).unwrap().unwrap();
    assert_eq!(end, buf.len());
    assert!(matches!(response, Response::Http(http) if http.status() == 404 && http.reason() == "Not Found"));
    assert!(handshake().decode(INTERIM.as_bytes()).unwrap().is_none(), "they are not the response");
}

#[test]
fn the_limits_hold_for_all_of_them() {
    let buf = format!("{INTERIM}{ACCEPTED}");
    let decode = |bytes, fields| {
        let limits = HeadLimits::DEFAULT.with_bytes(bytes).with_fields(fields);
        ResponseDecoder::with_limits(handshake(), limits)
            .decode(buf.as_bytes())
            .map(|head| head.unwrap().end())
    };
    assert_eq!(decode(buf.len(), 4), Ok(buf.len()));
    assert_eq!(decode(buf.len() - 1, 4), Err(ResponseError::Head(HeadError::TooLong)));
    assert_eq!(decode(buf.len(), 3), Err(ResponseError::Head(HeadError::TooManyFields)));
    // A server that never comes to the point.
    let endless = "HTTP/1.1 100 \r\n\r\n".repeat(1000);
    let error = handshake().decode(endless.as_bytes()).unwrap_err();
    assert_eq!(error, ResponseError::Head(HeadError::TooLong));
}

#[test]
fn interim_responses_are_held_to_the_grammar() {
    for (interim, error) in [
        ("HTTP/1.1 100 \r\nX : y\r\n\r\n", ResponseError::Head(HeadError::FieldName)),
        ("HTTP/1.1 100 \r\nX: y\n\r\n", ResponseError::Head(HeadError::BareLineFeed)),
        ("HTTP/1.1 100\tx\r\n\r\n", ResponseError::StatusLine),
    ] {
        assert_eq!(
            handshake().decode(format!("{interim}{ACCEPTED}").as_bytes()).unwrap_err(),
            error,
            "{interim}"
        );
    }
}

#[test]
fn a_decoder_resets_itself_behind_a_response() {
    let buf = format!("{INTERIM}{ACCEPTED}");
    let mut decoder = ResponseDecoder::with_limits(handshake(), HeadLimits::DEFAULT.with_bytes(buf.len()));
    for _ in 0..2 {
        assert_eq!(decoder.decode(buf.as_bytes()).unwrap().unwrap().end(), buf.len());
    }
}

/// [RFC 9110 §7.8]: "the server MUST send a 100 (Continue) response before sending a 101".
#[test]
fn a_client_that_waits_is_answered_100_before_101() {
    let plain = answered("");
    assert!(plain.starts_with("HTTP/1.1 101 "));
    for fields in [
        "Expect: 100-continue\r\n",
        "expect: 100-Continue\r\n",
        "Expect: x, 100-continue\r\n",
        "Expect: x\r\nExpect: 100-continue\r\n",
    ] {
        assert_eq!(answered(fields), format!("HTTP/1.1 100 Continue\r\n\r\n{plain}"), "{fields}");
    }
    // Nobody waits for anything with these.
    for fields in
        ["Expect: 100-continues\r\n", "Expect: 200-ok\r\n", "Expect:\r\n", "X-Expect: 100-continue\r\n"]
    {
        assert_eq!(answered(fields), plain, "{fields}");
    }
    // Our client takes the two together.
    let both = answered("Expect: 100-continue\r\n");
    assert!(
        matches!(handshake().decode(both.as_bytes()), Ok(Some((Response::WebSocket(_), end))) if end == both.len())
    );
}

#[test]
fn an_http_library_says_100_by_itself() {
    let headers: [(&str, &[u8]); 6] = [
        ("host", b"a"),
        ("upgrade", b"websocket"),
        ("connection", b"upgrade"),
        ("sec-websocket-key", b"dGhlIHNhbXBsZSBub25jZQ=="),
        ("sec-websocket-version", b"13"),
        ("expect", b"100-continue"),
    ];
    let request = Request::from_parts("GET", "/", HttpVersion::Http11, &headers[..]);
    let Ok(Request::WebSocket(handshake)) = request else { panic!("an upgrade") };
    let answer = handshake.accept(Choice::default()).unwrap();
    assert_eq!((answer.status(), answer.headers().count()), (101, 3));
}

#[test]
fn a_request_that_is_no_handshake_may_expect_what_it_likes() {
    let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n";
    let Ok(Some((Request::Http(request), _))) = Request::decode(head.as_bytes()) else { panic!("refused") };
    assert_eq!(request.header("expect"), Some(&b"100-continue"[..]));
}
