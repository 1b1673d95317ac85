//! The opening handshake does not depend on how its bytes were cut, costs linear time, and never panics.

use proptest::prelude::*;
use wsproto::handshake::{
    Choice, ClientHandshake, HeadLimits, Offer, Origin, Request, RequestDecoder, Response, ResponseDecoder,
};

const REQUEST: &[u8] = b"\r\nGET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: chat, superchat\r\n\
    Sec-WebSocket-Version: 13\r\n\r\n\x81\x80....";

const RESPONSE: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat\r\n\r\n\x81\x00";

fn handshake() -> ClientHandshake<'static> {
    let request = Offer { subprotocols: &["chat"], ..Offer::new("server.example.com", "/chat") };
    ClientHandshake::new(request, *b"the sample nonce").unwrap()
}

/// What a decoder made of `buf` when its first `cuts` bytes came, then more, and at last all of them.
fn request_in_pieces(buf: &[u8], cuts: &[usize], limits: HeadLimits) -> String {
    let mut decoder = RequestDecoder::with_limits(limits);
    for &len in cuts.iter().chain([&buf.len()]) {
        match decoder.decode(&buf[..len]) {
            Ok(None) => {}
            Ok(Some(head)) => return format!("{:?}, {} bytes", head.request(buf), head.end()),
            Err(error) => return format!("{error:?}"),
        }
    }
    "incomplete".to_owned()
}

fn response_in_pieces(buf: &[u8], cuts: &[usize]) -> String {
    let mut decoder = ResponseDecoder::new(handshake());
    for &len in cuts.iter().chain([&buf.len()]) {
        match decoder.decode(&buf[..len]) {
            Ok(None) => {}
            Ok(Some(head)) => return format!("{:?}, {} bytes", head.response(buf), head.end()),
            Err(error) => return format!("{error:?}"),
        }
    }
    "incomplete".to_owned()
}

#[test]
fn every_cut_in_two_gives_the_same() {
    let request = request_in_pieces(REQUEST, &[], HeadLimits::DEFAULT);
    assert!(request.contains("WebSocket("), "{request}");
    for cut in 0..REQUEST.len() {
        assert_eq!(request_in_pieces(REQUEST, &[cut], HeadLimits::DEFAULT), request);
    }
    let response = response_in_pieces(RESPONSE, &[]);
    assert!(response.contains("WebSocket("), "{response}");
    for cut in 0..RESPONSE.len() {
        assert_eq!(response_in_pieces(RESPONSE, &[cut]), response);
    }
}

#[test]
fn a_byte_at_a_time_gives_the_same() {
    let cuts: Vec<_> = (0..REQUEST.len()).collect();
    assert_eq!(
        request_in_pieces(REQUEST, &cuts, HeadLimits::DEFAULT),
        request_in_pieces(REQUEST, &[], HeadLimits::DEFAULT)
    );
    let cuts: Vec<_> = (0..RESPONSE.len()).collect();
    assert_eq!(response_in_pieces(RESPONSE, &cuts), response_in_pieces(RESPONSE, &[]));
}

/// A mebibyte a byte at a time: a search that began anew each time would look at half a tebibyte.
#[test]
fn a_byte_at_a_time_costs_linear_time() {
    let limits = HeadLimits::DEFAULT.with_bytes(1 << 21).with_fields(1 << 20);
    let mut head = b"GET / HTTP/1.1\r\nHost: a\r\n".to_vec();
    head.extend(b"X: y\r\n".repeat(1 << 16));
    head.extend(b"X: ");
    head.extend(b"y".repeat(1 << 19));
    head.extend(b"\r\n\r\n");

    let mut decoder = RequestDecoder::with_limits(limits);
    for len in 0..head.len() {
        assert!(decoder.decode(&head[..len]).unwrap().is_none());
    }
    assert_eq!(decoder.decode(&head).unwrap().unwrap().end(), head.len());
}

#[test]
fn a_decoder_is_as_new_after_a_request() {
    let mut decoder = RequestDecoder::new();
    let buf = b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n";
    let first = decoder.decode(buf).unwrap().unwrap();
    assert_eq!(first.request(buf).http().path(), "/1");
    let rest = &buf[first.end()..];
    let second = decoder.decode(rest).unwrap().unwrap();
    assert_eq!(second.request(rest).http().path(), "/2");
}

#[test]
fn a_decoder_survives_other_bytes_than_before() {
    let mut decoder = RequestDecoder::new();
    assert!(decoder.decode(b"GET / HTTP/1.1\r\nX: y\r\n").unwrap().is_none());
    // Whatever it makes of that, it doesn't take an inner blank line for a field.
    assert!(decoder.decode(b"\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n").is_err());
}

/// Pieces of heads, correct and not, so that chance makes interesting ones of them.
fn head_like() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        &b"GET / HTTP/1.1\r\n"[..],
        b"POST /x HTTP/1.0\r\n",
        b"HTTP/1.1 101 x\r\n",
        b"HTTP/1.1 404 Not Found\r\n",
        b"Host: a\r\n",
        b"Upgrade: websocket\r\n",
        b"Connection: Upgrade\r\n",
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
        b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n",
        b"Sec-WebSocket-Version: 13\r\n",
        b"Sec-WebSocket-Protocol: chat\r\n",
        b"Sec-WebSocket-Extensions: a; b=\"c\"\r\n",
        b"X:",
        b" folded\r\n",
        b"\r\n",
        b"\r\n\r\n",
        b"\n",
        b"\r",
        b"\0",
        b"\xff",
        b" ",
        b"\x81\x05hello",
    ]);
    prop::collection::vec(piece, 0..16).prop_map(|pieces| pieces.concat())
}

fn with_cuts(bytes: impl Strategy<Value = Vec<u8>>) -> impl Strategy<Value = (Vec<u8>, Vec<usize>)> {
    bytes.prop_flat_map(|bytes| {
        let cuts = prop::collection::vec(0..=bytes.len(), 0..8).prop_map(|mut cuts| {
            cuts.sort_unstable();
            cuts
        });
        (Just(bytes), cuts)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_give_the_same_however_cut((bytes, cuts) in with_cuts(prop::collection::vec(any::<u8>(), 0..256))) {
        let limits = HeadLimits::DEFAULT;
        prop_assert_eq!(request_in_pieces(&bytes, &cuts, limits), request_in_pieces(&bytes, &[], limits));
        prop_assert_eq!(response_in_pieces(&bytes, &cuts), response_in_pieces(&bytes, &[]));
    }

    #[test]
    fn any_head_gives_the_same_however_cut(
        (bytes, cuts) in with_cuts(head_like()), limit in 0..200_usize, fields in 0..10_usize
    ) {
        let limits = HeadLimits::DEFAULT.with_bytes(limit).with_fields(fields);
        prop_assert_eq!(request_in_pieces(&bytes, &cuts, limits), request_in_pieces(&bytes, &[], limits));
        let limits = HeadLimits::DEFAULT;
        prop_assert_eq!(request_in_pieces(&bytes, &cuts, limits), request_in_pieces(&bytes, &[], limits));
        prop_assert_eq!(response_in_pieces(&bytes, &cuts), response_in_pieces(&bytes, &[]));
    }

    /// What we accept, a widely used parser accepts too, and sees the same in it.
    #[test]
    fn httparse_sees_the_same_fields(bytes in head_like()) {
        let host = |bytes: &[u8]| [&b"GET / HTTP/1.1\r\nHost: a\r\n"[..], bytes].concat();
        for bytes in [host(&bytes), bytes] {
            if let Ok(Some((request, consumed))) = Request::decode(&bytes) {
                let mut headers = [httparse::EMPTY_HEADER; 32];
                let mut theirs = httparse::Request::new(&mut headers);
                prop_assert_eq!(theirs.parse(&bytes), Ok(httparse::Status::Complete(consumed)));
                prop_assert_eq!(theirs.method, Some(request.http().method()));
                prop_assert_eq!(theirs.path, Some(request.http().target()));
                prop_assert!(theirs.headers.iter().map(|h| (h.name, h.value)).eq(request.http().headers()));
            }
        }
    }

    #[test]
    fn a_client_and_a_server_understand_each_other(
        nonce: [u8; 16],
        host in "[a-z]{1,8}(\\.[a-z]{1,8})?(:[1-9][0-9]{0,3})?",
        target in "/[!-\"$-~]{0,20}",
        origin in prop::option::of("https?://[a-z.]{1,10}"),
        names in prop::collection::btree_set("[!#$%&'*+.^_`|~0-9A-Za-z-]{1,6}", 0..6),
        extensions in prop::option::of("[a-d](;[x-z](=[0-9])?){0,3}(, [a-d]){0,3}"),
        header in prop::collection::vec(any::<u8>().prop_filter("text", |b| *b > 32 && *b != 127), 0..20),
        choice: prop::sample::Index,
    ) {
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let request = Offer {
            host: &host,
            target: &target,
            origin: origin.as_deref(),
            subprotocols: &names,
            extensions: extensions.as_deref(),
            headers: &[("X-Own", &header)],
        };
        let client = ClientHandshake::new(request, nonce).unwrap();
        let mut sent = [0; 1024];
        let len = client.encode(&mut sent).unwrap();

        let (request, consumed) = Request::decode(&sent[..len]).unwrap().unwrap();
        prop_assert_eq!(consumed, len);
        let Request::WebSocket(upgrade) = request else { panic!("not an upgrade") };
        prop_assert_eq!(upgrade.host(), &host);
        prop_assert_eq!(upgrade.http().target(), &target);
        prop_assert_eq!(upgrade.origin().map(Origin::as_str), origin.as_deref());
        prop_assert!(upgrade.subprotocols().eq(names.iter().copied()));
        prop_assert_eq!(upgrade.http().header("x-own"), Some(&header[..]));

        let subprotocol = (!names.is_empty()).then(|| *choice.get(&names));
        let answer = Choice { subprotocol, extensions: extensions.as_deref(), headers: &[("X-Own", &header)] };
        let mut answered = [0; 1024];
        let len = upgrade.accept(answer).unwrap().encode(&mut answered).unwrap();

        let (response, consumed) = client.decode(&answered[..len]).unwrap().unwrap();
        prop_assert_eq!(consumed, len);
        let Response::WebSocket(upgraded) = response else { panic!("not upgraded") };
        prop_assert_eq!(upgraded.subprotocol(), subprotocol);
        prop_assert!(upgraded.extensions().eq(upgrade.extensions()));
        prop_assert_eq!(upgraded.http().header("X-OWN"), Some(&header[..]));
    }

    #[test]
    fn whatever_can_be_answered_is_one_head(
        name in prop::collection::vec(any::<char>(), 0..4), value in prop::collection::vec(any::<u8>(), 0..8)
    ) {
        let name: String = name.into_iter().collect();
        let headers = [(name.as_str(), &value[..])];
        let Ok(Some((Request::WebSocket(upgrade), _))) = Request::decode(REQUEST) else { panic!("not an upgrade") };
        if let Ok(acceptance) = upgrade.accept(Choice { headers: &headers, ..Choice::default() }) {
            let mut out = [0; 256];
            let len = acceptance.encode(&mut out).unwrap();
            let (response, consumed) = handshake().decode(&out[..len]).unwrap().unwrap();
            prop_assert_eq!(consumed, len);
            let Response::WebSocket(upgraded) = response else { panic!("not upgraded") };
            prop_assert_eq!(upgraded.http().headers().count(), 4);
        }
    }
}
