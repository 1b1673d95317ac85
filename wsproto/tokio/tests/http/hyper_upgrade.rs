use std::convert::Infallible;
use std::net::SocketAddr;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_wsproto::{Accept, AcceptError, CloseCode, Connect, Error, Message, Options, upgrade};

/// The service: an echo, with a subprotocol and a cookie.
pub(crate) async fn serve(mut request: Request<Incoming>) -> Result<Response<String>, Infallible> {
    let accept = Accept::new().with_subprotocols(&["echo"]).with_header("Set-Cookie", "seen=1");
    match upgrade::accept(&mut request, &accept, &Options::new()) {
        Ok((response, upgrade)) => {
            tokio::spawn(async {
                let mut socket = upgrade.await.unwrap();
                assert_eq!(socket.subprotocol(), Some("echo"));
                while let Some(message) = socket.recv().await? {
                    socket.feed(message)?;
                }
                Ok::<_, Error>(())
            });
            Ok(response)
        }
        Err(refusal) => Ok(refusal.into_response()),
    }
}

async fn server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(serve));
            tokio::spawn(async { connection.with_upgrades().await.map_err(drop) });
        }
    });
    address
}

/// Sends a request as it stands, and returns the answer.
async fn ask(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_connection_behind_hyper_talks() {
    let address = server().await;
    let client = Connect::new(format!("ws://{address}/")).subprotocols(["other", "echo"]);
    let mut socket = client.connect().await.unwrap();
    assert_eq!(socket.subprotocol(), Some("echo"));
    for n in 0..100 {
        socket.feed(n.to_string()).unwrap();
    }
    socket.feed(vec![0x55; 300_000]).unwrap();
    for n in 0..100 {
        assert_eq!(socket.recv().await.unwrap(), Some(Message::from(n.to_string())));
    }
    assert_eq!(socket.recv().await.unwrap().unwrap().len(), 300_000);
    socket.close(CloseCode::NORMAL, "").await.unwrap();
    assert_eq!(socket.close_code(), Some(CloseCode::NORMAL));
}

#[tokio::test]
async fn tungstenite_talks_to_a_connection_behind_hyper() {
    let address = server().await;
    let talk = move || {
        use tungstenite::client::IntoClientRequest;
        let mut request = format!("ws://{address}/").into_client_request().unwrap();
        request.headers_mut().insert("Sec-WebSocket-Protocol", "echo".parse().unwrap());
        let stream = std::net::TcpStream::connect(address).unwrap();
        let (mut socket, response) = tungstenite::client(request, stream).unwrap();
        assert_eq!(response.headers()["set-cookie"], "seen=1");
        socket.send("κόσμε".into()).unwrap();
        assert_eq!(socket.read().unwrap(), "κόσμε".into());
    };
    tokio::task::spawn_blocking(talk).await.unwrap();
}

#[tokio::test]
async fn what_is_sent_behind_the_request_is_not_lost() {
    let address = server().await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut bytes = b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: echo\r\n\r\n"
        .to_vec();
    bytes.extend([0x81, 0x82, 0, 0, 0, 0, b'h', b'i', 0x88, 0x80, 0, 0, 0, 0]);
    stream.write_all(&bytes).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert!(
        answer.starts_with(b"HTTP/1.1 101 ") && answer.ends_with(b"\r\n\r\n\x81\x02hi\x88\x00"),
        "{answer:?}"
    );
}

#[tokio::test]
async fn what_is_no_handshake_is_refused_with_the_reason() {
    let address = server().await;
    let upgrade =
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let lower = |answer: String| answer.to_ascii_lowercase();

    let plain = lower(ask(address, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await);
    // [RFC 9110 §15.5.22], [RFC 9110 §7.8]
    assert!(plain.starts_with("http/1.1 426 ") && plain.contains("upgrade: websocket\r\n"), "{plain}");
    assert!(
        plain.contains("connection: upgrade") && plain.ends_with("here are only websockets\n"),
        "{plain}"
    );

    // [RFC 9110 §9.3.2] No body.
    let head = lower(ask(address, "HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await);
    assert!(head.starts_with("http/1.1 426 ") && head.ends_with("\r\n\r\n"), "{head}");

    let version = format!(
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, close\r\n{}\r\n",
        upgrade.replace("13", "8")
    );
    let version = lower(ask(address, &version).await);
    assert!(
        version.starts_with("http/1.1 426 ") && version.contains("sec-websocket-version: 13\r\n"),
        "{version}"
    );

    let foreign = format!(
        "GET / HTTP/1.1\r\nHost: a\r\nOrigin: https://b\r\nConnection: Upgrade, close\r\n{upgrade}\r\n"
    );
    let foreign = lower(ask(address, &foreign).await);
    assert!(
        foreign.starts_with("http/1.1 403 ") && foreign.contains("content-type: text/plain\r\n"),
        "{foreign}"
    );

    let dropped = format!(
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{}\r\n",
        &upgrade["Upgrade: websocket\r\n".len()..]
    );
    let dropped = lower(ask(address, &dropped).await);
    assert!(dropped.starts_with("http/1.1 426 ") && dropped.contains("proxy"), "{dropped}");
}

/// hyper says 101 all the same, and drops the connection.
#[tokio::test]
async fn hyper_that_serves_without_upgrades_has_no_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (failed, mut failures) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let service = service_fn(|mut request| {
            let (response, upgrade) = upgrade::accept(&mut request, &Accept::new(), &Options::new()).unwrap();
            let failed = failed.clone();
            tokio::spawn(async move { failed.send(upgrade.await.unwrap_err()) });
            async { Ok::<_, Infallible>(response) }
        });
        http1::Builder::new().serve_connection(TokioIo::new(stream), service).await
    });
    let mut socket = Connect::new(format!("ws://{address}/")).connect().await.unwrap();
    assert!(socket.recv().await.unwrap_err().is_gone());
    assert!(matches!(failures.recv().await.unwrap(), AcceptError::Io(_)));
}

#[tokio::test]
async fn a_request_that_hyper_did_not_read_has_no_connection() {
    let mut request = Request::get("/")
        .header("Host", "a")
        .header("Upgrade", "websocket")
        .header("Connection", "Upgrade")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
        .body(())
        .unwrap();
    let refusal = upgrade::accept(&mut request, &Accept::new(), &Options::new()).unwrap_err();
    assert!(refusal.to_string().contains("without upgrades"), "{refusal}");
    assert_eq!(refusal.into_response().status(), 500);
    // A field that can't be sent.
    let accept = Accept::new().with_header("a", "b\r\nc: d");
    let refusal = upgrade::accept(&mut request, &accept, &Options::new()).unwrap_err();
    assert!(matches!(refusal.error(), AcceptError::Misuse(_)), "{refusal:?}");
    assert_eq!(refusal.into_response().status(), 500);
}
