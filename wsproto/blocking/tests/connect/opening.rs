use std::io::{self, Read, Write};
use std::thread;
use std::time::Duration;

use std::net::TcpListener;
use wsproto_blocking::wsproto::handshake::{HandshakeMisuse, ResponseError, UrlError};
use wsproto_blocking::{CloseCode, Connect, ConnectError, Fault, Message, Options, Step, Timeouts, connect};

use crate::support::{ACCEPT, echo_server, fill_in, read_head, scripted};

fn within(time: Duration) -> Options {
    Options::new().with_timeouts(Timeouts::new().with_opening(Some(time)))
}

#[test]
fn a_client_talks_to_tungstenite() {
    let address = echo_server();
    let mut socket = connect(&format!("ws://{address}")).unwrap();
    assert!(!socket.get_ref().is_tls());
    assert!(socket.get_ref().get_ref().nodelay().unwrap());
    socket.send("κόσμε").unwrap();
    assert_eq!(socket.recv().unwrap(), Some(Message::from("κόσμε")));
    socket.close(CloseCode::NORMAL, "").unwrap();
    assert_eq!(socket.close_code(), Some(CloseCode::NORMAL));
}

#[test]
fn the_request_says_what_was_asked_for() {
    let (address, requests) = scripted([ACCEPT.replace("\r\n\r\n", "\r\nSec-WebSocket-Protocol: b\r\n\r\n")]);
    let client = Connect::new(format!("WS://LocalHost:{}?room=1", address.port()))
        .address(address)
        .header("Authorization", "Bearer secret")
        .subprotocols(["a", "b"])
        .origin("https://example.com")
        .deflate(None);
    assert!(!format!("{client:?}").contains("secret"));
    let socket = client.connect().unwrap();
    assert_eq!(socket.subprotocol(), Some("b"));
    drop(socket);
    let request = &requests.join().unwrap()[0];
    assert!(
        request.starts_with(&format!("GET /?room=1 HTTP/1.1\r\nHost: LocalHost:{}\r\n", address.port())),
        "{request}"
    );
    for line in
        ["Authorization: Bearer secret", "Sec-WebSocket-Protocol: a, b", "Origin: https://example.com"]
    {
        assert!(request.lines().any(|other| other == line), "{request}");
    }
    assert!(!request.contains("Extensions"), "{request}");
}

#[test]
fn compression_is_offered_and_used_where_the_server_does_it() {
    let deflate = "\r\nSec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n\r\n";
    // "Hello" compressed, of RFC 7692 §7.2.3.1, behind the head in one piece.
    let (client_end, mut server_end) = crate::common::streams();
    let server = thread::spawn(move || {
        let mut head = vec![0; 1024];
        let n = server_end.read(&mut head).unwrap();
        let request = String::from_utf8(head[..n].to_vec()).unwrap();
        assert!(request.contains("Sec-WebSocket-Extensions: permessage-deflate"), "{request}");
        let mut answer = fill_in(&ACCEPT.replace("\r\n\r\n", deflate), &request).into_bytes();
        answer.extend([0xc1, 0x07, 0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]);
        server_end.write_all(&answer).unwrap();
        let mut frame = [0; 2];
        server_end.read_exact(&mut frame).unwrap();
        frame[0]
    });
    let mut socket = Connect::new("ws://pipe/").over(client_end).unwrap();
    assert_eq!(socket.recv().unwrap(), Some(Message::from("Hello")));
    socket.send("a".repeat(1000)).unwrap();
    assert_eq!(server.join().unwrap(), 0xc1, "RSV1: it is compressed");
}

#[test]
fn what_comes_behind_the_head_is_kept_and_interim_answers_are_skipped() {
    let answer = format!("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n{ACCEPT}");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let request = read_head(&mut stream);
        let mut bytes = fill_in(&answer, &request).into_bytes();
        bytes.extend(b"\x81\x05Hello\x81\x02");
        // In pieces of one byte, then all in one.
        let (slow, fast) = bytes.split_at(80);
        stream.set_nodelay(true).unwrap();
        for byte in slow {
            stream.write_all(&[*byte]).unwrap();
            thread::yield_now();
        }
        stream.write_all(fast).unwrap();
        stream.write_all(b"ok").unwrap();
        stream
    });
    let mut socket = connect(&format!("ws://{address}/")).unwrap();
    assert_eq!(socket.recv().unwrap(), Some(Message::from("Hello")));
    assert_eq!(socket.recv().unwrap(), Some(Message::from("ok")));
    drop(server.join().unwrap());
}

#[test]
fn what_is_wrong_with_the_callers_words_is_told_before_anything_is_sent() {
    // Port 1 of this address takes no connection: an error of it would say so.
    type Check = fn(&ConnectError) -> bool;
    let cases: [(Connect, Check); 5] = [
        (Connect::new("http://127.0.0.1:1"), |e| matches!(e, ConnectError::Url(UrlError::Scheme))),
        (Connect::new("ws://127.0.0.1:1/ "), |e| matches!(e, ConnectError::Url(UrlError::Character))),
        (Connect::new("ws://127.0.0.1:1").header("a b", "c"), |e| {
            matches!(e, ConnectError::Request(HandshakeMisuse::FieldName))
        }),
        (Connect::new("ws://127.0.0.1:1").header("a", "b\r\nc: d"), |e| {
            matches!(e, ConnectError::Request(HandshakeMisuse::FieldValue))
        }),
        (Connect::new("ws://127.0.0.1:1").header("sec-websocket-key", "x"), |e| {
            matches!(e, ConnectError::Request(HandshakeMisuse::ReservedField))
        }),
    ];
    for (client, is_expected) in cases {
        let error = client.connect().unwrap_err();
        assert!(is_expected(&error), "{error:?}");
        assert_eq!((error.fault(), error.lost()), (Fault::Caller, None));
        assert_eq!(io::Error::from(error).kind(), io::ErrorKind::InvalidInput);
    }
}

#[test]
fn who_takes_no_connection_is_the_networks_fault() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = connect(&format!("ws://{address}")).unwrap_err();
    assert_eq!(error.fault(), Fault::Transport);
    assert!(error.lost().is_some());
    assert!(
        matches!(error, ConnectError::Io(ref error) if error.kind() == io::ErrorKind::ConnectionRefused),
        "{error:?}"
    );

    let error = connect("ws://no-such-host.invalid/").unwrap_err();
    assert!(matches!(error, ConnectError::Resolve(_)), "{error:?}");
}

#[test]
fn the_second_address_is_taken_where_the_first_fails() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let dead = listener.local_addr().unwrap();
    drop(listener);
    let alive = echo_server();
    let client = Connect::new("ws://chat.example/").address(dead).address(alive);
    assert_eq!(client.connect().unwrap().get_ref().get_ref().peer_addr().unwrap(), alive);
}

#[test]
fn a_server_that_is_silent_is_given_up_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = Connect::new(format!("ws://{}", listener.local_addr().unwrap()))
        .options(within(Duration::from_millis(50)));
    let error = client.connect().unwrap_err();
    assert!(matches!(error, ConnectError::Deadline(Step::Handshake)), "{error:?}");
    assert_eq!(error.fault(), Fault::Deadline);
    assert_eq!(io::Error::from(error).kind(), io::ErrorKind::TimedOut);
}

#[test]
fn the_deadline_holds_for_a_server_that_trickles() {
    let (client_end, mut server_end) = crate::common::streams();
    let server = thread::spawn(move || {
        for byte in "HTTP/1.1 101 S".bytes().chain(std::iter::repeat(b'w')) {
            if server_end.write_all(&[byte]).is_err() {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
    });
    let (start, time) = (std::time::Instant::now(), Duration::from_millis(300));
    let error = Connect::new("ws://pipe/").options(within(time)).over(client_end).unwrap_err();
    assert!(matches!(error, ConnectError::Deadline(Step::Handshake)), "{error:?}");
    assert!((time..time * 3).contains(&start.elapsed()), "{:?}", start.elapsed());
    server.join().unwrap();
}

#[test]
fn a_server_that_hangs_up_or_speaks_nonsense_is_told_apart() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        read_head(&mut stream);
    });
    let error = connect(&format!("ws://{address}")).unwrap_err();
    assert!(matches!(error, ConnectError::Disconnected), "{error:?}");
    server.join().unwrap();

    let (address, _requests) = scripted(["SSH-2.0-OpenSSH\r\n"]);
    let error = connect(&format!("ws://{address}")).unwrap_err();
    assert!(matches!(error, ConnectError::Response(ResponseError::StatusLine)), "{error:?}");
    assert_eq!(error.fault(), Fault::Peer);

    let (address, _requests) = scripted([ACCEPT.replace("{accept}", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")]);
    let error = connect(&format!("ws://{address}")).unwrap_err();
    assert!(matches!(error, ConnectError::Response(ResponseError::WrongAccept)), "{error:?}");
}

#[cfg(not(feature = "rustls"))]
#[test]
fn wss_without_tls_is_an_error_and_never_plaintext() {
    let (client_end, mut server_end) = crate::common::streams();
    let error = Connect::new("wss://pipe/").over(client_end).unwrap_err();
    assert!(matches!(error, ConnectError::TlsMissing), "{error:?}");
    assert_eq!((error.fault(), error.lost()), (Fault::Caller, None));
    assert_eq!(server_end.read(&mut [0; 16]).unwrap(), 0);
}

#[test]
fn the_response_is_there_for_those_who_ask() {
    let (address, _requests) = scripted([ACCEPT.replace("\r\n\r\n", "\r\nSet-Cookie: a=b\r\n\r\n")]);
    let (_socket, response) = Connect::new(format!("ws://{address}")).connect_with_response().unwrap();
    assert_eq!((response.status(), response.header("set-cookie")), (101, Some(&b"a=b"[..])));
    assert_eq!(response.body(), b"");
}
