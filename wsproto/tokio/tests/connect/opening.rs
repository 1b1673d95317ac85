use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_wsproto::wsproto::handshake::{HandshakeMisuse, ResponseError, UrlError};
use tokio_wsproto::{CloseCode, Connect, ConnectError, Fault, Message, Options, Step, Timeouts, connect};

use crate::support::{ACCEPT, PATIENCE, echo_server, fill_in, read_head, scripted};

fn within(time: Duration) -> Options {
    Options::new().with_timeouts(Timeouts::new().with_opening(Some(time)))
}

#[tokio::test]
async fn a_client_talks_to_tungstenite() {
    let address = echo_server();
    let mut socket = connect(&format!("ws://{address}")).await.unwrap();
    assert!(!socket.get_ref().is_tls());
    assert!(socket.get_ref().get_ref().nodelay().unwrap());
    socket.send("κόσμε").await.unwrap();
    assert_eq!(socket.recv().await.unwrap(), Some(Message::from("κόσμε")));
    socket.close(CloseCode::NORMAL, "").await.unwrap();
    assert_eq!(socket.close_code(), Some(CloseCode::NORMAL));
}

#[tokio::test]
async fn the_request_says_what_was_asked_for() {
    let (address, requests) =
        scripted([ACCEPT.replace("\r\n\r\n", "\r\nSec-WebSocket-Protocol: b\r\n\r\n")]).await;
    let client = Connect::new(format!("WS://LocalHost:{}?room=1", address.port()))
        .address(address)
        .header("Authorization", "Bearer secret")
        .subprotocols(["a", "b"])
        .origin("https://example.com")
        .deflate(None);
    assert!(!format!("{client:?}").contains("secret"));
    let socket = client.connect().await.unwrap();
    assert_eq!(socket.subprotocol(), Some("b"));
    drop(socket);
    let request = &requests.await.unwrap()[0];
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

#[tokio::test]
async fn compression_is_offered_and_used_where_the_server_does_it() {
    let deflate = "\r\nSec-WebSocket-Extensions: permessage-deflate; \
                   server_no_context_takeover; client_no_context_takeover\r\n\r\n";
    // "Hello" compressed, of RFC 7692 §7.2.3.1, behind the head in one piece.
    let (client_end, mut server_end) = duplex(4096);
    let server = tokio::spawn(async move {
        let mut head = vec![0; 1024];
        let n = server_end.read(&mut head).await.unwrap();
        let request = String::from_utf8(head[..n].to_vec()).unwrap();
        assert!(request.contains("Sec-WebSocket-Extensions: permessage-deflate"), "{request}");
        let mut answer = fill_in(&ACCEPT.replace("\r\n\r\n", deflate), &request).into_bytes();
        answer.extend([0xc1, 0x07, 0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]);
        server_end.write_all(&answer).await.unwrap();
        let mut frame = [0; 2];
        server_end.read_exact(&mut frame).await.unwrap();
        frame[0]
    });
    let mut socket = Connect::new("ws://pipe/").over(client_end).await.unwrap();
    assert_eq!(socket.recv().await.unwrap(), Some(Message::from("Hello")));
    socket.send("a".repeat(1000)).await.unwrap();
    assert_eq!(server.await.unwrap(), 0xc1, "RSV1: it is compressed");
}

#[tokio::test]
async fn what_comes_behind_the_head_is_kept_and_interim_answers_are_skipped() {
    let answer = format!("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n{ACCEPT}");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let request = read_head(&mut stream).await;
        let mut bytes = fill_in(&answer, &request).into_bytes();
        bytes.extend(b"\x81\x05Hello\x81\x02");
        // In pieces of one byte, then all in one.
        let (slow, fast) = bytes.split_at(80);
        stream.set_nodelay(true).unwrap();
        for byte in slow {
            stream.write_all(&[*byte]).await.unwrap();
            tokio::task::yield_now().await;
        }
        stream.write_all(fast).await.unwrap();
        stream.write_all(b"ok").await.unwrap();
        stream
    });
    let mut socket = connect(&format!("ws://{address}/")).await.unwrap();
    assert_eq!(socket.recv().await.unwrap(), Some(Message::from("Hello")));
    assert_eq!(socket.recv().await.unwrap(), Some(Message::from("ok")));
    drop(server.await.unwrap());
}

#[tokio::test]
async fn what_is_wrong_with_the_callers_words_is_told_before_anything_is_sent() {
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
        let error = client.connect().await.unwrap_err();
        assert!(is_expected(&error), "{error:?}");
        assert_eq!((error.fault(), error.lost()), (Fault::Caller, None));
        assert_eq!(io::Error::from(error).kind(), io::ErrorKind::InvalidInput);
    }
}

#[tokio::test]
async fn who_takes_no_connection_is_the_networks_fault() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = connect(&format!("ws://{address}")).await.unwrap_err();
    assert_eq!(error.fault(), Fault::Transport);
    assert!(error.lost().is_some());
    assert!(
        matches!(error, ConnectError::Io(ref error) if error.kind() == io::ErrorKind::ConnectionRefused),
        "{error:?}"
    );

    let error = connect("ws://no-such-host.invalid/").await.unwrap_err();
    assert!(matches!(error, ConnectError::Resolve(_)), "{error:?}");
}

#[tokio::test]
async fn the_second_address_is_taken_where_the_first_fails() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let dead = listener.local_addr().unwrap();
    drop(listener);
    let alive = echo_server();
    let client = Connect::new("ws://chat.example/").address(dead).address(alive);
    assert_eq!(client.connect().await.unwrap().get_ref().get_ref().peer_addr().unwrap(), alive);
}

#[tokio::test]
async fn a_server_that_is_silent_is_given_up_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = Connect::new(format!("ws://{}", listener.local_addr().unwrap()))
        .options(within(Duration::from_millis(50)));
    let error = timeout(PATIENCE, client.connect()).await.unwrap().unwrap_err();
    assert!(matches!(error, ConnectError::Deadline(Step::Handshake)), "{error:?}");
    assert_eq!(error.fault(), Fault::Deadline);
    assert_eq!(io::Error::from(error).kind(), io::ErrorKind::TimedOut);
}

#[tokio::test(start_paused = true)]
async fn the_deadline_holds_for_a_server_that_trickles() {
    let (client_end, mut server_end) = duplex(4096);
    let server = tokio::spawn(async move {
        for byte in "HTTP/1.1 101 S".bytes().chain(std::iter::repeat(b'w')) {
            if server_end.write_all(&[byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(900)).await;
        }
    });
    let start = tokio::time::Instant::now();
    let error = Connect::new("ws://pipe/").over(client_end).await.unwrap_err();
    assert!(matches!(error, ConnectError::Deadline(Step::Handshake)), "{error:?}");
    assert_eq!(start.elapsed().as_secs(), 10);
    server.await.unwrap();
}

#[tokio::test]
async fn a_server_that_hangs_up_or_speaks_nonsense_is_told_apart() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_head(&mut stream).await;
    });
    let error = connect(&format!("ws://{address}")).await.unwrap_err();
    assert!(matches!(error, ConnectError::Disconnected), "{error:?}");
    server.await.unwrap();

    let (address, _requests) = scripted(["SSH-2.0-OpenSSH\r\n"]).await;
    let error = connect(&format!("ws://{address}")).await.unwrap_err();
    assert!(matches!(error, ConnectError::Response(ResponseError::StatusLine)), "{error:?}");
    assert_eq!(error.fault(), Fault::Peer);

    let (address, _requests) = scripted([ACCEPT.replace("{accept}", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")]).await;
    let error = connect(&format!("ws://{address}")).await.unwrap_err();
    assert!(matches!(error, ConnectError::Response(ResponseError::WrongAccept)), "{error:?}");
}

#[cfg(not(feature = "rustls"))]
#[tokio::test]
async fn wss_without_tls_is_an_error_and_never_plaintext() {
    let (client_end, mut server_end) = duplex(4096);
    let error = Connect::new("wss://pipe/").over(client_end).await.unwrap_err();
    assert!(matches!(error, ConnectError::TlsMissing), "{error:?}");
    assert_eq!((error.fault(), error.lost()), (Fault::Caller, None));
    assert_eq!(server_end.read(&mut [0; 16]).await.unwrap(), 0);
}

/// [RFC 9112 §3.2] The port of the scheme is left out, whoever wrote it.
#[tokio::test]
async fn the_host_field_has_no_port_that_goes_without_saying() {
    for (url, line) in [
        ("ws://h:80/", "\r\nHost: h\r\n"),
        ("ws://h:443/", "\r\nHost: h:443\r\n"),
        ("ws://h", "\r\nHost: h\r\n"),
        ("ws://[::1]:80", "\r\nHost: [::1]\r\n"),
    ] {
        let (client_end, mut server_end) = duplex(4096);
        let asking = tokio::spawn(async move { Connect::new(url).over(client_end).await.map(drop) });
        let mut head = [0; 4096];
        let n = server_end.read(&mut head).await.unwrap();
        let head = String::from_utf8_lossy(&head[..n]);
        assert!(head.contains(line), "{url}: {head}");
        drop(server_end);
        asking.await.unwrap().unwrap_err();
    }
}

#[tokio::test]
async fn a_connection_can_be_made_in_a_task_of_its_own() {
    let url = format!("ws://{}", echo_server());
    tokio::spawn(async move { connect(&url).await.map(drop) }).await.unwrap().unwrap();
    assert!(size_of_val(&connect("ws://a")) <= 512, "{}", size_of_val(&connect("ws://a")));
}

#[tokio::test]
async fn the_response_is_there_for_those_who_ask() {
    let (address, _requests) = scripted([ACCEPT.replace("\r\n\r\n", "\r\nSet-Cookie: a=b\r\n\r\n")]).await;
    let (_socket, response) = Connect::new(format!("ws://{address}")).connect_with_response().await.unwrap();
    assert_eq!((response.status(), response.header("set-cookie")), (101, Some(&b"a=b"[..])));
    assert_eq!(response.body(), b"");

    let (address, _requests) = scripted([ACCEPT.replace("\r\n\r\n", "\r\nSet-Cookie: a=b\r\n\r\n")]).await;
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let (_socket, response) = Connect::new("ws://a").over_with_response(stream).await.unwrap();
    assert_eq!((response.status(), response.header("set-cookie")), (101, Some(&b"a=b"[..])));
}

#[tokio::test]
async fn a_future_that_is_dropped_closes_the_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    let client = tokio::spawn(async move { connect(&url).await });
    let (mut stream, _) = listener.accept().await.unwrap();
    read_head(&mut stream).await;
    client.abort();
    assert_eq!(timeout(PATIENCE, stream.read(&mut [0; 16])).await.unwrap().unwrap(), 0);
}

/// A server that takes its time for each step; the future is dropped at each await up to the end, and made anew.
#[tokio::test]
async fn a_client_that_gave_up_connects_the_next_time() {
    use std::future::{Future, poll_fn};
    use std::task::Poll;

    let client = Connect::new(format!("ws://{}", echo_server()));
    for polls in 1.. {
        let mut connecting = std::pin::pin!(client.connect());
        let mut left = polls;
        let connected = poll_fn(|cx| {
            left -= 1;
            match connecting.as_mut().poll(cx) {
                Poll::Ready(connected) => Poll::Ready(Some(connected)),
                Poll::Pending if left == 0 => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            }
        });
        if let Some(connected) = connected.await {
            let mut socket = connected.unwrap();
            socket.send("hi").await.unwrap();
            assert_eq!(socket.recv().await.unwrap(), Some(Message::from("hi")));
            assert!(polls > 1);
            break;
        }
    }
}
