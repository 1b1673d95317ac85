//! What a decoder found can be kept beside the bytes, and gives the same request or response each time.

use wsproto::handshake::{
    Choice, ClientHandshake, Offer, Request, RequestDecoder, RequestHead, Response, ResponseDecoder,
    ResponseHead,
};

const REQUEST: &[u8] = b"\r\nGET http://a.example/chat?x HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nOrigin: https://a.example\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nCookie: a=b\r\n\
    Sec-WebSocket-Protocol: chat, superchat\r\nSec-WebSocket-Extensions: x; y=1\r\nSec-WebSocket-Version: 13\r\n\r\n\x81\x80";

const RESPONSE: &[u8] = b"HTTP/1.1 100 \r\n\r\nHTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat\r\n\
    Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10\r\n\r\n\x81\x00";

/// An owner of the bytes, as an adapter has it: it can't borrow from itself.
struct Owned {
    bytes: Vec<u8>,
    head: RequestHead,
}

impl Owned {
    fn request(&self) -> Request<'_> {
        self.head.request(&self.bytes)
    }
}

fn request_head(bytes: &[u8]) -> RequestHead {
    RequestDecoder::new().decode(bytes).unwrap().unwrap()
}

fn client() -> ClientHandshake<'static> {
    let offer = Offer {
        subprotocols: &["chat"],
        extensions: Some("permessage-deflate; server_max_window_bits=10"),
        ..Offer::new("a", "/")
    };
    ClientHandshake::new(offer, *b"the sample nonce").unwrap()
}

fn response_head(bytes: &[u8]) -> ResponseHead {
    ResponseDecoder::new(client()).decode(bytes).unwrap().unwrap()
}

#[test]
fn a_kept_request_is_the_one_that_was_decoded() {
    let (decoded, end) = Request::decode(REQUEST).unwrap().unwrap();
    let head = request_head(REQUEST);
    assert_eq!(head.end(), end);
    // The bytes move, and what follows the head goes: the head stays what it is.
    let owned = Owned { bytes: REQUEST[..end].to_vec(), head };
    for _ in 0..2 {
        assert_eq!(format!("{:?}", owned.request()), format!("{decoded:?}"));
    }
    let Request::WebSocket(handshake) = owned.request() else { panic!("an ordinary request") };
    assert_eq!((handshake.host(), handshake.http().path()), ("a.example", "/chat"));
    assert_eq!((handshake.http().method(), handshake.http().query()), ("GET", Some("x")));
    assert_eq!(handshake.origin().unwrap().as_str(), "https://a.example");
    assert!(handshake.subprotocols().eq(["chat", "superchat"]));
    assert!(handshake.extensions().map(|extension| extension.name()).eq(["x"]));
    assert_eq!(handshake.http().header("cookie"), Some(&b"a=b"[..]));
    let answer = handshake.accept(Choice::default()).unwrap();
    assert!(answer.headers().any(|(_, value)| value == b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
}

#[test]
fn an_ordinary_request_can_be_kept_too() {
    let bytes = b"POST /x?y HTTP/1.0\r\nA: b\r\n\r\n";
    let (decoded, _) = Request::decode(bytes).unwrap().unwrap();
    let Request::Http(kept) = request_head(bytes).request(bytes) else { panic!("a handshake") };
    assert_eq!(format!("{kept:?}"), format!("{:?}", decoded.http()));
}

#[test]
fn a_kept_response_is_the_one_that_was_decoded() {
    let (decoded, end) = client().decode(RESPONSE).unwrap().unwrap();
    let head = response_head(RESPONSE);
    assert_eq!(head.end(), end);
    let bytes = RESPONSE[..end].to_vec();
    assert_eq!(format!("{:?}", head.response(&bytes)), format!("{decoded:?}"));
    let Response::WebSocket(accepted) = head.response(&bytes) else { panic!("not accepted") };
    assert_eq!(accepted.subprotocol(), Some("chat"));
    assert_eq!(accepted.deflate().unwrap().server_max_window_bits.get(), 10);
    assert_eq!(accepted.http().status(), 101);

    let refusal = b"HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n";
    let Response::Http(http) = response_head(refusal).response(refusal) else { panic!("accepted") };
    assert_eq!((http.status(), http.reason(), http.header("location")), (302, "Found", Some(&b"/x"[..])));
}

/// They mean nothing then, and there is no panic.
#[test]
fn other_bytes_give_another_request_and_no_panic() {
    let (request, response) = (request_head(REQUEST), response_head(RESPONSE));
    let noise: Vec<_> = (0..400_u16).map(|n| n.to_le_bytes()[0].wrapping_mul(167)).collect();
    for bytes in [&b""[..], &REQUEST[1..], RESPONSE, REQUEST, &[0xff; 1000], &[b'\n'; 1000], &noise] {
        for len in [0, 1, 20, 100, bytes.len()] {
            let bytes = bytes.get(..len).unwrap_or(bytes);
            let other = request.request(bytes);
            let _ = (other.http().headers().count(), other.http().path(), other.http().lost_upgrade());
            if let Request::WebSocket(handshake) = other {
                let _ =
                    (handshake.origin(), handshake.subprotocols().count(), handshake.extensions().count());
                let _ = handshake.accept(Choice { extensions: Some("x"), ..Choice::default() });
            }
            let other = response.response(bytes);
            let _ = (other.http().status(), other.http().headers().count());
            if let Response::WebSocket(accepted) = other {
                let _ = (accepted.subprotocol(), accepted.extensions().count());
            }
        }
    }
}
