//! Rules of RFC 6455 for the opening handshake that no other test holds alone; `docs/rfc6455.md` lists all of them.

use wsproto::handshake::{Choice, ClientHandshake, Offer, Request};

/// [RFC 6455 §11.3]: the fields of the handshake "MUST NOT appear more than once" in a request (key, version) and in
/// a response (accept, extensions, protocol).
#[test]
fn each_field_of_the_handshake_is_sent_once() {
    let request =
        Offer { subprotocols: &["a", "b"], extensions: Some("foo, bar"), ..Offer::new("example.com", "/") };
    let mut sent = [0; 512];
    let n = ClientHandshake::new(request, [7; 16]).unwrap().encode(&mut sent).unwrap();
    let answer = Choice { subprotocol: Some("b"), extensions: Some("foo, bar"), ..Choice::default() };
    let Some((Request::WebSocket(upgrade), _)) = Request::decode(&sent[..n]).unwrap() else {
        panic!("an upgrade")
    };
    let mut answered = [0; 512];
    let len = upgrade.accept(answer).unwrap().encode(&mut answered).unwrap();
    for (head, names) in [
        (&sent[..n], ["Key", "Version", "Protocol", "Extensions"].as_slice()),
        (&answered[..len], &["Accept", "Protocol", "Extensions"]),
    ] {
        let head = std::str::from_utf8(head).unwrap();
        assert_eq!(head.matches("Sec-WebSocket-").count(), names.len(), "{head}");
        for name in names {
            assert_eq!(head.matches(&format!("Sec-WebSocket-{name}: ")).count(), 1, "{head}");
        }
    }
}

/// [RFC 6455 §3]: fragments "MUST NOT be used"; [§4.1] item 2: GET, and HTTP/1.1; [§4.2.1]: "The request MUST contain"
/// what a server of ours asks for.
#[test]
fn a_request_is_one_that_a_server_takes() {
    for target in ["/", "/chat?a=b", "/%23"] {
        let handshake = ClientHandshake::new(Offer::new("example.com:81", target), [1; 16]).unwrap();
        let mut sent = [0; 512];
        let n = handshake.encode(&mut sent).unwrap();
        assert!(sent.starts_with(format!("GET {target} HTTP/1.1\r\n").as_bytes()));
        let Some((Request::WebSocket(upgrade), taken)) = Request::decode(&sent[..n]).unwrap() else {
            panic!("an upgrade")
        };
        assert_eq!((taken, upgrade.host(), upgrade.http().target()), (n, "example.com:81", target));
    }
    for target in ["/chat#top", "/#", "chat", ""] {
        assert!(ClientHandshake::new(Offer::new("example.com", target), [1; 16]).is_err(), "{target}");
    }
}
