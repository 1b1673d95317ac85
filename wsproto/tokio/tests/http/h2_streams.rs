use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use h2::client::SendRequest;
use h2::ext::Protocol;
use http::Request;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_wsproto::http2::{Stream, accept, is_websocket};
use tokio_wsproto::wsproto::handshake::HandshakeMisuse;
use tokio_wsproto::{
    Accept, CloseCode, Connect, ConnectError, Error, Fault, Message, Options, Step, Timeouts, WebSocket,
};

const PATIENCE: Duration = Duration::from_secs(20);

/// An echo; to `/silent` no answer comes.
async fn server(allows: bool) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(serve(stream, allows));
        }
    });
    address
}

async fn serve(stream: TcpStream, allows: bool) {
    let mut builder = h2::server::Builder::new();
    if allows {
        builder.enable_connect_protocol();
    }
    let mut connection = builder.handshake(stream).await.unwrap();
    let mut silent = Vec::new();
    while let Some(Ok((request, respond))) = connection.accept().await {
        if request.uri().path() == "/silent" {
            silent.push((request, respond));
            continue;
        }
        let is_expected = is_websocket(&request);
        match accept(request, respond, &Accept::new().with_subprotocols(&["echo"]), &Options::new()) {
            Ok(socket) => {
                assert!(is_expected);
                tokio::spawn(echo(socket));
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}

async fn echo(mut socket: WebSocket<Stream>) -> Result<(), Error> {
    while let Some(message) = socket.recv().await? {
        socket.feed(message)?;
    }
    Ok(())
}

/// Connects, and waits for the server's settings.
async fn client(address: SocketAddr) -> SendRequest<Bytes> {
    let stream = TcpStream::connect(address).await.unwrap();
    let (client, mut connection) = h2::client::handshake(stream).await.unwrap();
    let mut ping = connection.ping_pong().unwrap();
    tokio::spawn(connection);
    ping.ping(h2::Ping::opaque()).await.unwrap();
    client
}

#[tokio::test]
async fn many_streams_of_a_connection_talk_at_once() {
    let client = client(server(true).await).await;
    let talk = async |n: usize| {
        let connect =
            Connect::new(format!("ws://chat.example/{n}")).subprotocols(["echo"]).header("X-Upper", "case");
        let mut socket = connect.over_http2(client.clone()).await.unwrap();
        assert_eq!(socket.subprotocol(), Some("echo"));
        assert_eq!(socket.get_ref().id() % 2, 1);
        // Many times what HTTP/2 lets come unasked.
        let message = "x".repeat(300_000 + n);
        for _ in 0..3 {
            socket.feed_uncompressed(&*message).unwrap();
            assert_eq!(socket.recv().await.unwrap(), Some(Message::from(&*message)));
        }
        socket.close(CloseCode::NORMAL, "").await.unwrap();
        assert_eq!(socket.close_code(), Some(CloseCode::NORMAL));
    };
    let all = async { tokio::join!(talk(0), talk(1), talk(2)) };
    timeout(PATIENCE, all).await.unwrap();
}

#[tokio::test]
async fn a_query_without_a_path_has_one_over_http2() {
    let client = client(server(true).await).await;
    drop(Connect::new("ws://chat.example?a").over_http2(client).await.unwrap());
}

#[tokio::test]
async fn the_response_is_there_for_those_who_ask() {
    let client = client(server(true).await).await;
    let connect = Connect::new("ws://chat.example/").subprotocols(["echo"]);
    let (_socket, response) = connect.over_http2_with_response(client).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.header("Sec-WebSocket-Protocol"), Some(&b"echo"[..]));
}

#[tokio::test]
async fn a_server_that_does_not_allow_it_is_not_asked() {
    let client = client(server(false).await).await;
    let error = Connect::new("ws://chat.example/").over_http2(client).await.unwrap_err();
    assert!(matches!(error, ConnectError::Http2), "{error:?}");
    assert_eq!(error.fault(), Fault::Peer);
}

#[tokio::test]
async fn a_refusal_has_its_body() {
    let client = client(server(true).await).await;
    let connect = Connect::new("ws://chat.example/").origin("https://foreign.example");
    let error = connect.over_http2(client).await.unwrap_err();
    let refused = error.refused().unwrap();
    assert_eq!((refused.status(), refused.body()), (403, &b"pages of this origin may not connect\n"[..]));
    assert_eq!(refused.header("Content-Type"), Some(&b"text/plain"[..]));
}

#[tokio::test]
async fn a_stream_that_is_not_answered_is_given_up_in_time() {
    let client = client(server(true).await).await;
    let options = Options::new().with_timeouts(Timeouts::new().with_opening(Some(Duration::from_millis(50))));
    let error = Connect::new("ws://chat.example/silent")
        .options(options)
        .over_http2(client.clone())
        .await
        .unwrap_err();
    assert!(matches!(error, ConnectError::Deadline(Step::Handshake)), "{error:?}");
    // The connection goes on.
    drop(Connect::new("ws://chat.example/").over_http2(client).await.unwrap());
}

#[tokio::test]
async fn fields_of_the_connection_are_not_sent() {
    let client = client(server(true).await).await;
    let error = Connect::new("ws://a/").header("Upgrade", "websocket").over_http2(client).await.unwrap_err();
    assert!(matches!(error, ConnectError::Request(HandshakeMisuse::ReservedField)), "{error:?}");
}

#[tokio::test]
async fn other_requests_are_refused() {
    let mut client = client(server(true).await).await;
    let plain = Request::get("http://a/").body(()).unwrap();
    let other = Request::connect("http://a/").extension(Protocol::from_static("other")).body(()).unwrap();
    for (request, status) in [(plain, 400), (other, 501)] {
        assert!(!is_websocket(&request));
        let (response, _send) = client.send_request(request, false).unwrap();
        assert_eq!(response.await.unwrap().status(), status);
    }
}

/// Sends these bytes and `END_STREAM` in one piece, and returns what comes.
async fn say_and_end(bytes: &[u8]) -> Vec<u8> {
    let mut client = client(server(true).await).await;
    let request = Request::connect("http://a/")
        .extension(Protocol::from_static("websocket"))
        .header("sec-websocket-version", "13")
        .body(())
        .unwrap();
    let (response, mut send) = client.send_request(request, false).unwrap();
    send.send_data(Bytes::copy_from_slice(bytes), true).unwrap();
    let mut body = response.await.unwrap().into_body();
    let mut received = Vec::new();
    while let Some(Ok(data)) = timeout(PATIENCE, body.data()).await.unwrap() {
        received.extend_from_slice(&data);
    }
    received
}

#[tokio::test]
async fn a_message_right_before_the_streams_end_is_answered() {
    let message = [0x81, 0x82, 0, 0, 0, 0, b'h', b'i', 0x88, 0x80, 0, 0, 0, 0];
    assert_eq!(say_and_end(&message).await, b"\x81\x02hi\x88\x00");
    // Without a Close frame as well.
    assert_eq!(say_and_end(&message[..8]).await, b"\x81\x02hi");
}

#[tokio::test]
async fn a_stream_that_is_dropped_is_reset() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut builder = h2::server::Builder::new();
        let mut connection = builder.enable_connect_protocol().handshake::<_, Bytes>(stream).await.unwrap();
        let (request, respond) = connection.accept().await.unwrap().unwrap();
        let mut socket = accept(request, respond, &Accept::new(), &Options::new()).unwrap();
        tokio::spawn(async move { while connection.accept().await.is_some() {} });
        timeout(PATIENCE, socket.recv()).await.unwrap().unwrap_err()
    });
    let other = client(address).await;
    drop(Connect::new("ws://a/").over_http2(other).await.unwrap());
    let error = server.await.unwrap();
    assert!(error.is_gone(), "{error:?}");
}

/// hyper over HTTP/2: the same service as over HTTP/1.1.
#[cfg(feature = "hyper")]
#[tokio::test]
async fn a_connection_behind_hyper_talks_over_http2() {
    use hyper::server::conn::http2;
    use hyper::service::service_fn;
    use hyper_util::rt::{TokioExecutor, TokioIo};

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut builder = http2::Builder::new(TokioExecutor::new());
        let service = service_fn(crate::hyper_upgrade::serve);
        builder.enable_connect_protocol().serve_connection(TokioIo::new(stream), service).await
    });
    let client = client(address).await;
    let connect = Connect::new("ws://chat.example/").subprotocols(["echo"]);
    let mut socket = connect.over_http2(client).await.unwrap();
    let message = vec![0x55; 300_000];
    socket.feed_uncompressed(&message).unwrap();
    assert_eq!(timeout(PATIENCE, socket.recv()).await.unwrap().unwrap().unwrap().as_bytes(), message);
    socket.close(CloseCode::NORMAL, "").await.unwrap();
    assert_eq!(socket.close_code(), Some(CloseCode::NORMAL));
}

/// axum over HTTP/2: the same extractor as over HTTP/1.1.
#[cfg(feature = "axum")]
#[tokio::test]
async fn a_connection_behind_axum_talks_over_http2() {
    use axum::Router;
    use axum::routing::any;
    use hyper::server::conn::http2;
    use hyper_util::rt::{TokioExecutor, TokioIo};
    use hyper_util::service::TowerToHyperService;
    use tokio_wsproto::extract::WebSocketUpgrade;

    let handler = async |upgrade: WebSocketUpgrade| {
        upgrade.protocols(["echo"]).on_upgrade(async |mut socket| {
            while let Ok(Some(message)) = socket.recv().await {
                let _ = socket.feed(message);
            }
        })
    };
    let app = Router::new().route("/echo", any(handler));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut builder = http2::Builder::new(TokioExecutor::new());
        let service = TowerToHyperService::new(app);
        builder.enable_connect_protocol().serve_connection(TokioIo::new(stream), service).await
    });
    let client = client(address).await;
    let connect = Connect::new("ws://chat.example/echo").subprotocols(["echo"]);
    let mut socket = connect.over_http2(client.clone()).await.unwrap();
    assert_eq!(socket.subprotocol(), Some("echo"));
    socket.send("hi").await.unwrap();
    assert_eq!(timeout(PATIENCE, socket.recv()).await.unwrap().unwrap(), Some(Message::from("hi")));
    let error = connect.origin("https://foreign.example").over_http2(client).await.unwrap_err();
    assert_eq!(error.refused().map(tokio_wsproto::Response::status), Some(403));
}

/// What is not read yet may come no faster than the peer's window allows.
#[tokio::test]
async fn a_stream_takes_no_more_than_its_peer_wants() {
    const WINDOW: usize = 65_535; // [RFC 9113 §6.9.2]
    let (ours, theirs) = tokio::io::duplex(1 << 20);
    let reading = tokio::spawn(async {
        let (client, mut connection) = h2::client::handshake(theirs).await.unwrap();
        let mut ping = connection.ping_pong().unwrap();
        tokio::spawn(connection);
        ping.ping(h2::Ping::opaque()).await.unwrap();
        let mut socket = Connect::new("ws://localhost/").over_http2(client).await.unwrap();
        // Nothing is read for a while, and then all that was sent.
        tokio::time::sleep(Duration::from_millis(200)).await;
        socket.get_mut().read_exact(&mut vec![0; WINDOW]).await.unwrap();
        socket
    });
    let mut builder = h2::server::Builder::new();
    let mut connection = builder.enable_connect_protocol().handshake(ours).await.unwrap();
    let (request, respond) = connection.accept().await.unwrap().unwrap();
    let mut socket = accept(request, respond, &Accept::new(), &Options::new()).unwrap();
    tokio::spawn(async move { while connection.accept().await.is_some() {} });
    let stream = socket.get_mut();
    let bytes = vec![0; 1 << 20];
    assert_eq!(stream.write(&bytes).await.unwrap(), WINDOW);
    assert!(timeout(Duration::from_millis(100), stream.write(&bytes)).await.is_err());
    // What was read may come anew.
    assert!(timeout(PATIENCE, stream.write(&bytes)).await.unwrap().unwrap() <= WINDOW);
    drop(reading.await.unwrap());
}
