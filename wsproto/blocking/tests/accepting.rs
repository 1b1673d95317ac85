//! The server's side of the opening handshake.

mod common;

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use common::{millis, streams, timed};

use wsproto_blocking::wsproto::handshake::Answer;
use wsproto_blocking::{Accept, AcceptError, Handshake, Message, Opening, Options, accept, accept_with};

const UPGRADE: &str = "GET /chat?token=1 HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
     Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";

/// A stream on which `sent` has come, and its other end.
fn stream(sent: &str) -> (TcpStream, TcpStream) {
    let (server, mut client) = streams();
    client.write_all(sent.as_bytes()).unwrap();
    (server, client)
}

/// All that the server answers.
fn answer(mut client: TcpStream) -> String {
    client.shutdown(Shutdown::Write).unwrap();
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).unwrap();
    String::from_utf8(answer).unwrap()
}

#[test]
fn bytes_behind_the_head_are_kept() {
    let sent = format!("{UPGRADE}\r\n\u{1}");
    let mut bytes = sent.into_bytes();
    bytes.pop();
    bytes.extend(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"); // [RFC 6455 §5.7]
    let (server, mut client) = streams();
    client.write_all(&bytes).unwrap();
    let mut socket = accept(server).unwrap();
    assert_eq!(socket.recv().unwrap(), Some(Message::from("Hello")));
}

#[test]
fn a_handshake_can_be_looked_at_and_accepted_with_a_choice() {
    let sent = format!(
        "{UPGRADE}Sec-WebSocket-Protocol: xml, json\r\nOrigin: https://example.com\r\n\
         Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
    );
    let (server, client) = stream(&sent);
    let handshake = Handshake::read(server, &Options::new()).unwrap();
    assert_eq!((handshake.path(), handshake.query()), ("/chat", Some("token=1")));
    assert_eq!(handshake.header("HOST"), Some(&b"example.com"[..]));
    assert_eq!(handshake.origin().unwrap().as_str(), "https://example.com");
    assert_eq!(handshake.subprotocols().collect::<Vec<_>>(), ["xml", "json"]);
    let choice = Accept::new().with_subprotocols(&["cbor", "json"]).with_header("Set-Cookie", "a=b");
    let socket = handshake.accept(choice).unwrap();
    assert_eq!(socket.subprotocol(), Some("json"));
    drop(socket);
    let answer = answer(client);
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    for line in [
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
        "Sec-WebSocket-Protocol: json",
        "Set-Cookie: a=b",
        "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover",
    ] {
        assert!(answer.contains(&format!("{line}\r\n")), "{line} in {answer}");
    }
}

#[test]
fn compression_can_be_turned_off() {
    let (server, client) = stream(&format!("{UPGRADE}Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"));
    drop(accept_with(server, &Options::new().with_deflate(None)).unwrap());
    assert!(!answer(client).contains("Sec-WebSocket-Extensions"));
}

#[test]
fn foreign_pages_are_refused_unless_they_are_allowed() {
    let sent = format!("{UPGRADE}Origin: https://evil.example\r\n\r\n");
    let (server, client) = stream(&sent);
    let telling = thread::spawn(move || answer(client));
    let outcome = accept(server);
    let answer = telling.join().unwrap();
    assert!(matches!(outcome, Err(AcceptError::Origin(origin)) if *origin == *"https://evil.example"));
    assert!(
        answer.starts_with("HTTP/1.1 403 ") && answer.ends_with("pages of this origin may not connect\n")
    );

    for options in [
        Options::new().allow_origins(["https://other.example", "https://evil.example"]),
        Options::new().any_origin(),
    ] {
        let (server, _client) = stream(&sent);
        accept_with(server, &options).unwrap();
    }
    let (server, _client) = stream(&format!("{UPGRADE}Origin: https://example.com\r\n\r\n"));
    accept_with(server, &Options::new().allow_origins(["https://other.example"])).unwrap();
}

#[test]
fn refusals_have_a_status_and_a_body() {
    let (server, client) = stream(&format!("{UPGRADE}\r\n"));
    let telling = thread::spawn(move || answer(client));
    let outcome = Handshake::read(server, &Options::new()).unwrap().refuse(401, "who are you?\n");
    let answer = telling.join().unwrap();
    outcome.unwrap();
    assert!(answer.starts_with("HTTP/1.1 401 ") && answer.ends_with("\r\n\r\nwho are you?\n"), "{answer}");
}

#[test]
fn a_malformed_request_is_told_what_is_wrong() {
    let (server, client) = stream("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n");
    let telling = thread::spawn(move || answer(client));
    let outcome = accept(server);
    let answer = telling.join().unwrap();
    let Err(AcceptError::Request(error)) = outcome else { panic!() };
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.ends_with(&error.to_string()), "{answer}");
}

#[test]
fn plain_http_is_handed_over_or_told_to_upgrade() {
    let page = "GET /page?x HTTP/1.1\r\nHost: example.com\r\n\r\n";
    let (server, client) = stream(page);
    let telling = thread::spawn(move || answer(client));
    let outcome = accept(server);
    let told = telling.join().unwrap();
    assert!(matches!(outcome, Err(AcceptError::Http)));
    assert!(told.starts_with("HTTP/1.1 426 ") && told.contains("Upgrade: websocket\r\n"), "{told}");
    assert!(told.contains("Connection: Upgrade, close\r\n"), "{told}");

    for (method, body) in [("GET", "<p>\n"), ("HEAD", "")] {
        let (server, client) = stream(&page.replace("GET", method));
        let Ok(Opening::Http(plain)) = Opening::read(server, &Options::new()) else { panic!() };
        assert_eq!((plain.request().path(), plain.request().query()), ("/page", Some("x")));
        let telling = thread::spawn(move || answer(client));
        let outcome = plain.answer(Answer::new(200, &[], b"<p>\n").unwrap());
        let told = telling.join().unwrap();
        outcome.unwrap();
        assert!(
            told.contains("Content-Length: 4\r\n") && told.ends_with(&format!("\r\n\r\n{body}")),
            "{told}"
        );
    }
    let (server, _client) = stream(page);
    let Ok(Opening::Http(plain)) = Opening::read(server, &Options::new()) else { panic!() };
    assert_eq!(plain.into_parts().1, page.as_bytes());
}

#[test]
fn a_head_that_drips_is_answered_408_and_one_that_never_begins_is_not() {
    let (options, time) = (timed(|t| t.with_opening(millis(300))), Duration::from_millis(300));
    let (server, mut client) = streams();
    let dripping = thread::spawn(move || {
        for byte in UPGRADE.bytes().cycle() {
            if client.write_all(&[byte]).is_err() {
                break;
            }
            thread::sleep(Duration::from_millis(20));
        }
    });
    let begun = Instant::now();
    assert!(matches!(accept_with(server, &options), Err(AcceptError::Deadline)));
    // A second more is for the client's end.
    assert!(begun.elapsed() >= time && begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    dripping.join().unwrap();

    for (sent, expected) in [("GET / HT", "HTTP/1.1 408 "), ("", "")] {
        let (server, mut client) = stream(sent);
        let telling = thread::spawn(move || {
            let mut told = String::new();
            client.read_to_string(&mut told).unwrap();
            told
        });
        assert!(matches!(accept_with(server, &options), Err(AcceptError::Deadline)));
        let told = telling.join().unwrap();
        assert!(told.starts_with(expected) && told.is_empty() == expected.is_empty(), "{told}");
    }
}

#[test]
fn an_end_before_the_request_is_told_as_such() {
    let (server, client) = stream("GET /");
    drop(client);
    assert!(matches!(accept(server), Err(AcceptError::Disconnected)));
}
