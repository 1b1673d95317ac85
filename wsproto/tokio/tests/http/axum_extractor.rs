use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::any;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_wsproto::extract::{Upgraded, WebSocketUpgrade};
use tokio_wsproto::{CloseCode, Connect, Error, Message, Options, WebSocket};

async fn echo(mut socket: WebSocket<Upgraded>) -> Result<(), Error> {
    while let Some(message) = socket.recv().await? {
        socket.feed(message)?;
    }
    Ok(())
}

async fn talk(upgrade: WebSocketUpgrade, headers: HeaderMap, State(done): State<Arc<Notify>>) -> Response {
    let offered: Vec<_> = upgrade.requested_protocols().map(str::to_owned).collect();
    assert!(headers.contains_key("sec-websocket-key"), "other extractors see the request");
    let upgrade = upgrade
        .protocols(["b".to_owned(), "a".to_owned()])
        .max_message_size(1000)
        .header("X-Offered", offered.join("|"));
    let selected = upgrade.selected_protocol().map(str::to_owned);
    upgrade.on_upgrade(async move |socket| {
        assert_eq!(socket.subprotocol(), selected.as_deref());
        let _ = echo(socket).await;
        done.notify_one();
    })
}

async fn open_to_all(upgrade: WebSocketUpgrade) -> Response {
    let upgrade = upgrade.options(Options::new().any_origin()).max_frame_size(10).max_write_buffer_size(1000);
    upgrade.on_upgrade(async |socket| drop(echo(socket).await))
}

async fn misused(upgrade: WebSocketUpgrade) -> Response {
    upgrade.header("a b", "c").on_upgrade(async |_| unreachable!("it is refused"))
}

async fn server() -> (SocketAddr, Arc<Notify>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let done = Arc::new(Notify::new());
    let app = Router::new()
        .route("/talk", any(talk))
        .route("/open", any(open_to_all))
        .route("/misused", any(misused))
        .with_state(Arc::clone(&done));
    tokio::spawn(async { axum::serve(listener, app).await });
    (address, done)
}

#[tokio::test]
async fn a_connection_behind_axum_talks() {
    let (address, done) = server().await;
    let client = Connect::new(format!("ws://{address}/talk?x=1")).subprotocols(["a", "b"]);
    let mut socket = client.connect().await.unwrap();
    assert_eq!(socket.subprotocol(), Some("b"), "the server's preference");
    socket.send("x".repeat(1000)).await.unwrap();
    assert_eq!(socket.recv().await.unwrap().unwrap().len(), 1000);
    socket.close(CloseCode::NORMAL, "").await.unwrap();
    done.notified().await;

    let mut socket = client.connect().await.unwrap();
    socket.send("x".repeat(1001)).await.unwrap();
    assert_eq!(socket.recv().await.unwrap(), None);
    assert_eq!(socket.close_code(), Some(CloseCode::MESSAGE_TOO_BIG));
}

#[tokio::test]
async fn tungstenite_talks_to_a_connection_behind_axum() {
    let (address, _done) = server().await;
    let talk = move || {
        use tungstenite::client::IntoClientRequest;
        let mut request = format!("ws://{address}/talk").into_client_request().unwrap();
        request.headers_mut().insert("Sec-WebSocket-Protocol", "c, a".parse().unwrap());
        let stream = std::net::TcpStream::connect(address).unwrap();
        let (mut socket, response) = tungstenite::client(request, stream).unwrap();
        assert_eq!(response.headers()["sec-websocket-protocol"], "a");
        assert_eq!(response.headers()["x-offered"], "c|a");
        socket.send("κόσμε".into()).unwrap();
        assert_eq!(socket.read().unwrap(), "κόσμε".into());
    };
    tokio::task::spawn_blocking(talk).await.unwrap();
}

#[tokio::test]
async fn foreign_pages_are_refused_unless_the_options_let_them_in() {
    let (address, _done) = server().await;
    let status = async |path: &str| {
        let client = Connect::new(format!("ws://{address}/{path}")).origin("https://foreign.example");
        client.connect().await.map_err(|error| error.refused().map(tokio_wsproto::Response::status))
    };
    assert_eq!(status("talk").await.unwrap_err(), Some(403));
    assert_eq!(status("nowhere").await.unwrap_err(), Some(404));
    let mut socket = status("open").await.unwrap();
    socket.send("hi").await.unwrap();
    assert_eq!(socket.recv().await.unwrap(), Some(Message::from("hi")));
    socket.send("more than ten").await.unwrap();
    assert_eq!(socket.recv().await.unwrap(), None);
    assert_eq!(socket.close_code(), Some(CloseCode::MESSAGE_TOO_BIG));
}

#[tokio::test]
async fn a_field_that_cannot_be_sent_is_the_programs_fault() {
    let (address, _done) = server().await;
    let error = Connect::new(format!("ws://{address}/misused")).connect().await.unwrap_err();
    let refused = error.refused().unwrap();
    assert_eq!((refused.status(), refused.body()), (500, &b"the server is at fault\n"[..]));
}

#[tokio::test]
async fn what_is_no_handshake_is_refused_by_the_extractor() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let (address, _done) = server().await;
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /talk HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 426 ") && answer.contains("upgrade: websocket\r\n"), "{answer}");
}
