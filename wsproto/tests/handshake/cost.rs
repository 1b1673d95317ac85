//! The opening handshake costs linear time, whatever is in the head.

use std::cell::Cell;
use wsproto::handshake::subprotocol::MAX_SUBPROTOCOLS;
use wsproto::handshake::{
    Choice, ClientHandshake, HeadLimits, HttpVersion, Offer, Request, RequestDecoder, RequestError,
    RequestFault, Response,
};

const UPGRADE: [(&str, &[u8]); 5] = [
    ("Host", b"server.example.com"),
    ("Upgrade", b"websocket"),
    ("Connection", b"Upgrade"),
    ("Sec-WebSocket-Key", b"dGhlIHNhbXBsZSBub25jZQ=="),
    ("Sec-WebSocket-Version", b"13"),
];

type Headers = Vec<(&'static str, String)>;

/// As many subprotocols as may be offered, separated by `separator`.
fn offer(separator: &str) -> String {
    (0..MAX_SUBPROTOCOLS).map(|i| format!("p{i}")).collect::<Vec<_>>().join(separator)
}

/// What a peer may add to the correct handshake so that it costs the most; each about `len` bytes long or longer.
fn heavy(len: usize) -> Vec<Headers> {
    let fill = |unit: &str| unit.repeat(len / unit.len());
    let protocol = "Sec-WebSocket-Protocol";
    let extensions = "Sec-WebSocket-Extensions";
    vec![
        vec![(protocol, offer(","))],
        vec![(protocol, fill(",") + &offer(","))],
        vec![(protocol, offer(&format!(" ,{}", ", ".repeat(len / MAX_SUBPROTOCOLS / 2))))],
        (0..MAX_SUBPROTOCOLS).map(|i| (protocol, format!("p{i}"))).collect(),
        (0..MAX_SUBPROTOCOLS)
            .map(|i| (protocol, "p".repeat(len / MAX_SUBPROTOCOLS) + &i.to_string()))
            .collect(),
        vec![(extensions, fill("a;x=\"\\1\", "))],
        vec![(extensions, fill(",") + "a")],
        vec![(extensions, "a".to_owned() + &fill(";x"))],
        (0..64).map(|_| (extensions, "a; x, b".to_owned())).collect(),
        vec![("Upgrade", fill("h2c, "))],
        vec![("Connection", fill(",") + "a")],
        vec![("Content-Length", "0".repeat(len))],
        vec![("Origin", fill("http://a "))],
        vec![("X", fill(" "))],
    ]
}

/// Decides about the correct handshake with `headers`, and answers it; gives how often its fields were gone through.
fn passes(headers: &Headers) -> (Result<(), RequestFault>, usize) {
    let added = headers.iter().map(|(name, value)| (*name, value.as_bytes()));
    let pairs: Vec<_> = UPGRADE.into_iter().chain(added).collect();
    let passes = Cell::new(0);
    let fields = || {
        passes.set(passes.get() + 1);
        pairs.iter().copied()
    };
    let decided = Request::from_parts("GET", "/", HttpVersion::Http11, fields);
    let decided = decided.map_err(RequestError::fault).map(|request| {
        let Request::WebSocket(upgrade) = request else { panic!("an ordinary request") };
        let subprotocol = upgrade.subprotocols().last();
        let extensions = upgrade.extensions().last().map(|extension| extension.name());
        assert!(upgrade.accept(Choice { subprotocol, extensions, ..Choice::default() }).is_ok());
    });
    (decided, passes.get())
}

#[test]
fn the_fields_are_gone_through_as_often_whatever_is_in_them() {
    let few: Headers =
        vec![("Sec-WebSocket-Protocol", "p".to_owned()), ("Sec-WebSocket-Extensions", "a".to_owned())];
    let (decided, most) = passes(&few);
    assert_eq!(decided, Ok(()));
    assert!(most < 40, "{most}");
    for headers in heavy(8192) {
        let (decided, passes) = passes(&headers);
        assert_eq!(decided, Ok(()), "{headers:?}");
        assert!(passes <= most, "{passes} passes instead of {most}: {headers:?}");
    }
    // Too many, and the same one again and again: known as soon as it is there.
    for value in [offer(",") + ",p", "p,".repeat(4096)] {
        let (decided, passes) = passes(&vec![("Sec-WebSocket-Protocol", value)]);
        assert!(decided.is_err());
        assert!(passes <= most, "{passes}");
    }
}

/// Half a mebibyte each: what looked at it anew for each of its bytes would look at a quarter of a tebibyte.
#[test]
fn the_cost_of_a_whole_request_is_linear() {
    let limits = HeadLimits::DEFAULT.with_bytes(1 << 22).with_fields(1 << 20);
    for headers in heavy(1 << 19) {
        let added = headers.iter().map(|(name, value)| (*name, value.as_bytes()));
        let mut head = b"GET / HTTP/1.1\r\n".to_vec();
        for (name, value) in UPGRADE.into_iter().chain(added) {
            head.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        head.extend(b"\r\n");
        let found = RequestDecoder::with_limits(limits).decode(&head).unwrap().unwrap();
        assert_eq!(found.end(), head.len());
        let Request::WebSocket(upgrade) = found.request(&head) else { panic!("an ordinary request") };
        let subprotocol = upgrade.subprotocols().last();
        assert!(upgrade.accept(Choice { subprotocol, ..Choice::default() }).is_ok());
    }
}

#[test]
fn the_cost_of_a_whole_response_is_linear() {
    let request = Offer { extensions: Some("a"), ..Offer::new("a", "/") };
    let handshake = ClientHandshake::new(request, *b"the sample nonce").unwrap();
    for list in ["a, ".repeat(1 << 18), ",".repeat(1 << 19) + "a", "a".to_owned() + &"; x".repeat(1 << 18)] {
        let fields: [(&str, &[u8]); 4] = [
            ("Upgrade", b"websocket"),
            ("Connection", b"Upgrade"),
            ("Sec-WebSocket-Accept", b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
            ("Sec-WebSocket-Extensions", list.as_bytes()),
        ];
        assert!(matches!(handshake.verify(101, &fields[..]), Ok(Response::WebSocket(_))));
    }
}
