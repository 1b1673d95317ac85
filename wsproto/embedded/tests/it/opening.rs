//! The opening handshake, in both roles.

use embassy_futures::block_on;
use wsproto::handshake::{RequestFault, Response, ResponseError, subprotocol};
use wsproto_embedded::{
    AcceptError, Choice, Connect, ConnectError, Handshake, NoClock, Options, accept, accept_with,
};

use crate::transport::{OfTheRfc, REQUEST, RESPONSE, Script, Then};

fn request(fields: &str) -> Vec<u8> {
    let (before, _) = REQUEST.split_at(REQUEST.len() - 2);
    [before, fields.as_bytes(), b"\r\n"].concat()
}

#[test]
fn a_server_looks_at_the_request_and_chooses() {
    let bytes = request("Authorization: Bearer 1\r\nSec-WebSocket-Protocol: soap, mqtt\r\n");
    let script = Script::new(&[&bytes], Then::End);
    let taken = script.taken.clone();
    let accepted = block_on(async {
        let mut handshake = Handshake::read(script, [0; 512], NoClock, &Options::new()).await?;
        handshake.with_http(|http| {
            assert_eq!((http.path(), http.query()), ("/chat", Some("x=1")));
            assert_eq!(http.header("authorization"), Some(&b"Bearer 1"[..]));
            assert_eq!(http.headers().count(), 7);
        });
        let chosen = handshake.with_request(|it| subprotocol::select(&["mqtt"], it.subprotocols())).unwrap();
        let headers: [(&str, &[u8]); 1] = [("X-Answer", b"yes")];
        handshake.accept(Choice { subprotocol: chosen, headers: &headers, ..Choice::default() }).await
    });
    assert!(accepted.is_ok());
    let answer =
        [&RESPONSE[..RESPONSE.len() - 2], b"Sec-WebSocket-Protocol: mqtt\r\nX-Answer: yes\r\n\r\n"].concat();
    assert_eq!(*taken.borrow(), answer);
}

#[test]
fn what_is_no_handshake_is_answered() {
    let (before, _) = REQUEST.split_at(REQUEST.len() - 2);
    let plain = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let bad = String::from_utf8(REQUEST.into()).unwrap().replace("Key: dGhl", "Key: ****");
    let long = [before, &[b'x'; 600]].concat();
    let foreign = request("Origin: https://elsewhere.example\r\n");
    for (bytes, answer, is_it) in [
        (&plain[..], "HTTP/1.1 404 ", (|error| *error == AcceptError::Http) as fn(&AcceptError<_>) -> bool),
        (
            bad.as_bytes(),
            "HTTP/1.1 400 ",
            |error| matches!(error, AcceptError::Request(error) if error.fault() == RequestFault::InvalidKey),
        ),
        (&long, "HTTP/1.1 431 ", |error| matches!(error, AcceptError::Request(_))),
        (&foreign, "HTTP/1.1 403 ", |error| *error == AcceptError::Origin),
    ] {
        let script = Script::new(&[bytes], Then::End);
        let taken = script.taken.clone();
        let error = block_on(accept(script, [0; 512], NoClock)).unwrap_err();
        assert!(is_it(&error), "{error:?}");
        assert!(taken.borrow().starts_with(answer.as_bytes()), "{}", taken.borrow().escape_ascii());
    }
}

#[test]
fn pages_of_ones_own_host_or_of_listed_ones_are_welcome() {
    let own = request("Origin: https://example.com\r\n");
    let foreign = request("Origin: https://elsewhere.example\r\n");
    let listed = ["https://elsewhere.example"];
    for (bytes, options, is_welcome) in [
        (&own, Options::new(), true),
        (&foreign, Options::new().any_origin(), true),
        (&foreign, Options::new().allow_origins(&listed), true),
        (&own, Options::new().allow_origins(&listed), false),
    ] {
        let script = Script::new(&[bytes], Then::End);
        assert_eq!(block_on(accept_with(script, [0; 512], NoClock, &options)).is_ok(), is_welcome);
    }
}

#[test]
fn a_server_can_refuse() {
    let script = Script::new(&[REQUEST], Then::End);
    let taken = script.taken.clone();
    block_on(async {
        let handshake = Handshake::read(script, [0; 512], NoClock, &Options::new()).await.unwrap();
        handshake.refuse(503, b"full").await.map(|_| ())
    })
    .unwrap();
    let taken = taken.borrow();
    assert!(taken.starts_with(b"HTTP/1.1 503 ") && taken.ends_with(b"\r\n\r\nfull"));
}

/// A long answer goes behind what was received, and where that has no room, there is none.
#[test]
fn an_answer_has_the_place_that_is_left() {
    let value = [b'x'; 200];
    let headers: [(&str, &[u8]); 1] = [("X-Long", &value)];
    for (is_accepted, room) in [(true, 339), (false, 338)] {
        let script = Script::new(&[REQUEST], Then::End);
        // 339 bytes of answer.
        let mut memory = vec![0; REQUEST.len() + room];
        let result = block_on(async {
            macro_rules! with { ($($n:literal)*) => { match memory.len() { $($n => {
                let memory: &mut [u8; $n] = (&mut memory[..]).try_into().unwrap();
                let handshake = Handshake::read(script, memory, NoClock, &Options::new()).await.unwrap();
                handshake.accept(Choice { headers: &headers, ..Choice::default() }).await.map(|_| ())
            })* n => panic!("{n}") } } }
            with!(497 496)
        });
        assert_eq!(result.is_ok(), is_accepted, "{result:?}");
    }
}

#[test]
fn a_client_asks_and_looks_at_the_response() {
    let headers: [(&str, &[u8]); 1] = [("Authorization", b"Bearer 1")];
    let connect =
        Connect::new("example.com", "/chat").headers(&headers).subprotocols(&["mqtt"]).origin("null");
    let response =
        [&RESPONSE[..RESPONSE.len() - 2], b"Sec-WebSocket-Protocol: mqtt\r\nServer: x\r\n\r\n"].concat();
    for piece in [1, 7, 1000] {
        let mut script = Script::new(&[&response], Then::Hang);
        script.piece = piece;
        let taken = script.taken.clone();
        let mut seen = false;
        let look = |response: &Response<'_>| {
            let Response::WebSocket(accepted) = response else { panic!() };
            assert_eq!(accepted.subprotocol(), Some("mqtt"));
            assert_eq!(accepted.http().header("Server"), Some(&b"x"[..]));
            seen = true;
        };
        block_on(connect.connect_with_response(script, [0; 512], NoClock, OfTheRfc(false), look)).unwrap();
        assert!(seen);
        let taken = String::from_utf8(taken.borrow().clone()).unwrap();
        assert!(taken.starts_with("GET /chat HTTP/1.1\r\nHost: example.com\r\n"), "{taken}");
        for line in [
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            "Authorization: Bearer 1",
            "Sec-WebSocket-Protocol: mqtt",
            "Origin: null",
        ] {
            assert!(taken.contains(&format!("\r\n{line}\r\n")), "{line}");
        }
    }
}

#[test]
fn a_client_is_refused_or_given_up() {
    let connect = Connect::new("example.com", "/");
    let try_it = |bytes: &[u8], then| {
        block_on(connect.connect(Script::new(&[bytes], then), [0; 512], NoClock, OfTheRfc(false))).map(|_| ())
    };
    assert_eq!(try_it(b"HTTP/1.1 503 \r\n\r\n", Then::End), Err(ConnectError::Refused(503)));
    assert_eq!(try_it(&RESPONSE[..50], Then::End), Err(ConnectError::Disconnected));
    assert!(matches!(try_it(&RESPONSE[..50], Then::Fail), Err(ConnectError::Io(_))));
    let wrong = String::from_utf8(RESPONSE.into()).unwrap().replace("s3pP", "s3pp");
    assert_eq!(try_it(wrong.as_bytes(), Then::End), Err(ConnectError::Response(ResponseError::WrongAccept)));
    let mut memory = [0; 131];
    let script = Script::new(&[], Then::End);
    let result = block_on(connect.connect(script, &mut memory, NoClock, OfTheRfc(false)));
    assert!(matches!(result, Err(ConnectError::BufferTooSmall(_))));
    let bad = Connect::new("example.com", "no path");
    let result = block_on(bad.connect(Script::new(&[], Then::End), [0; 512], NoClock, OfTheRfc(false)));
    assert!(matches!(result, Err(ConnectError::Misuse(_))));
}
