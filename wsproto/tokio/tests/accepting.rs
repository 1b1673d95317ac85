//! The server's side of the opening handshake.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio_wsproto::wsproto::handshake::Answer;
use tokio_wsproto::{
    Accept, AcceptError, Handshake, Message, Opening, Options, Timeouts, accept, accept_with,
};

const UPGRADE: &str = "GET /chat?token=1 HTTP/1.1\r\nHost: example.com\r\n\
    Upgrade: websocket\r\nConnection: Upgrade\r\n\
     Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";

/// A stream on which `sent` has come, and its other end.
async fn stream(sent: &str) -> (DuplexStream, DuplexStream) {
    let (server, mut client) = duplex(4096);
    client.write_all(sent.as_bytes()).await.unwrap();
    (server, client)
}

/// All that the server answers.
async fn answer(mut client: DuplexStream) -> String {
    client.shutdown().await.unwrap();
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn bytes_behind_the_head_are_kept() {
    let sent = format!("{UPGRADE}\r\n\u{1}");
    let mut bytes = sent.into_bytes();
    bytes.pop();
    bytes.extend(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"); // [RFC 6455 §5.7]
    let (server, mut client) = duplex(4096);
    client.write_all(&bytes).await.unwrap();
    let mut socket = accept(server).await.unwrap();
    assert_eq!(socket.recv().await.unwrap(), Some(Message::from("Hello")));
}

#[tokio::test]
async fn a_handshake_can_be_looked_at_and_accepted_with_a_choice() {
    let sent = format!(
        "{UPGRADE}Sec-WebSocket-Protocol: xml, json\r\nOrigin: https://example.com\r\n\
         Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
    );
    let (server, client) = stream(&sent).await;
    let handshake = Handshake::read(server, &Options::new()).await.unwrap();
    assert_eq!((handshake.path(), handshake.query()), ("/chat", Some("token=1")));
    assert_eq!(handshake.header("HOST"), Some(&b"example.com"[..]));
    assert_eq!(handshake.origin().unwrap().as_str(), "https://example.com");
    assert_eq!(handshake.subprotocols().collect::<Vec<_>>(), ["xml", "json"]);
    let choice = Accept::new().with_subprotocols(&["cbor", "json"]).with_header("Set-Cookie", "a=b");
    let socket = handshake.accept(choice).await.unwrap();
    assert_eq!(socket.subprotocol(), Some("json"));
    drop(socket);
    let answer = answer(client).await;
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

#[tokio::test]
async fn compression_can_be_turned_off() {
    let (server, client) =
        stream(&format!("{UPGRADE}Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n")).await;
    drop(accept_with(server, &Options::new().with_deflate(None)).await.unwrap());
    assert!(!answer(client).await.contains("Sec-WebSocket-Extensions"));
}

#[tokio::test]
async fn foreign_pages_are_refused_unless_they_are_allowed() {
    let sent = format!("{UPGRADE}Origin: https://evil.example\r\n\r\n");
    let (server, client) = stream(&sent).await;
    let (outcome, answer) = tokio::join!(accept(server), answer(client));
    assert!(matches!(outcome, Err(AcceptError::Origin(origin)) if *origin == *"https://evil.example"));
    assert!(
        answer.starts_with("HTTP/1.1 403 ") && answer.ends_with("pages of this origin may not connect\n")
    );

    for options in [
        Options::new().allow_origins(["https://other.example", "https://evil.example"]),
        Options::new().any_origin(),
    ] {
        let (server, _client) = stream(&sent).await;
        accept_with(server, &options).await.unwrap();
    }
    let (server, _client) = stream(&format!("{UPGRADE}Origin: https://example.com\r\n\r\n")).await;
    accept_with(server, &Options::new().allow_origins(["https://other.example"])).await.unwrap();
}

#[tokio::test]
async fn refusals_have_a_status_and_a_body() {
    let (server, client) = stream(&format!("{UPGRADE}\r\n")).await;
    let refused =
        async { Handshake::read(server, &Options::new()).await.unwrap().refuse(401, "who are you?\n").await };
    let (outcome, answer) = tokio::join!(refused, answer(client));
    outcome.unwrap();
    assert!(answer.starts_with("HTTP/1.1 401 ") && answer.ends_with("\r\n\r\nwho are you?\n"), "{answer}");
}

#[tokio::test]
async fn a_malformed_request_is_told_what_is_wrong() {
    let (server, client) = stream("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n").await;
    let (outcome, answer) = tokio::join!(accept(server), answer(client));
    let Err(AcceptError::Request(error)) = outcome else { panic!() };
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.ends_with(&error.to_string()), "{answer}");
}

#[tokio::test]
async fn plain_http_is_handed_over_or_told_to_upgrade() {
    let page = "GET /page?x HTTP/1.1\r\nHost: example.com\r\n\r\n";
    let (server, client) = stream(page).await;
    let (outcome, told) = tokio::join!(accept(server), answer(client));
    assert!(matches!(outcome, Err(AcceptError::Http)));
    assert!(told.starts_with("HTTP/1.1 426 ") && told.contains("Upgrade: websocket\r\n"), "{told}");
    assert!(told.contains("Connection: Upgrade, close\r\n"), "{told}");

    for (method, body) in [("GET", "<p>\n"), ("HEAD", "")] {
        let (server, client) = stream(&page.replace("GET", method)).await;
        let Ok(Opening::Http(plain)) = Opening::read(server, &Options::new()).await else { panic!() };
        assert_eq!((plain.request().path(), plain.request().query()), ("/page", Some("x")));
        let page = plain.answer(Answer::new(200, &[], b"<p>\n").unwrap());
        let (outcome, told) = tokio::join!(page, answer(client));
        outcome.unwrap();
        assert!(
            told.contains("Content-Length: 4\r\n") && told.ends_with(&format!("\r\n\r\n{body}")),
            "{told}"
        );
    }
    let (server, _client) = stream(page).await;
    let Ok(Opening::Http(plain)) = Opening::read(server, &Options::new()).await else { panic!() };
    assert_eq!(plain.into_parts().1, page.as_bytes());
}

#[tokio::test(start_paused = true)]
async fn a_head_that_drips_is_answered_408_and_one_that_never_begins_is_not() {
    let (server, mut client) = duplex(4096);
    let dripping = async {
        for byte in UPGRADE.bytes().cycle() {
            if client.write_all(&[byte]).await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        answer(client).await
    };
    let begun = tokio::time::Instant::now();
    let dripping = async { tokio::time::timeout(Duration::from_secs(10), dripping).await };
    let (outcome, _) = tokio::join!(accept(server), dripping);
    assert!(matches!(outcome, Err(AcceptError::Deadline)));
    assert!(begun.elapsed() < Duration::from_secs(12));

    for (sent, expected) in [("GET / HT", "HTTP/1.1 408 "), ("", "")] {
        let (server, mut client) = stream(sent).await;
        let begun = tokio::time::Instant::now();
        assert!(matches!(accept(server).await, Err(AcceptError::Deadline)));
        assert!(begun.elapsed() < Duration::from_secs(12));
        let mut told = String::new();
        client.read_to_string(&mut told).await.unwrap();
        assert!(told.starts_with(expected) && told.is_empty() == expected.is_empty(), "{told}");
    }
    let patient = Options::new().with_timeouts(Timeouts::new().with_opening(None));
    let (server, _client) = stream("GET / HT").await;
    let waited = tokio::time::timeout(Duration::from_secs(1_000_000), accept_with(server, &patient)).await;
    assert!(waited.is_err(), "a deadline that is off");
}

#[tokio::test]
async fn an_end_before_the_request_is_told_as_such() {
    let (server, client) = stream("GET /").await;
    drop(client);
    assert!(matches!(accept(server).await, Err(AcceptError::Disconnected)));
}
