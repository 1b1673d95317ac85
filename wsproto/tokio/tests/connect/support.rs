use std::net::{SocketAddr, TcpListener as StdListener};
use std::thread;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_wsproto::wsproto::handshake::accept_key;
use tungstenite::Message;

/// So long nothing here takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// An answer that accepts, up to its blank line.
pub(crate) const ACCEPT: &str = "HTTP/1.1 101 Switching Protocols\r\n\
    Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n";

/// Reads a request's head.
pub(crate) async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("a whole head"));
    }
    String::from_utf8(head).unwrap()
}

/// Puts the answer to the request's key where `{accept}` stands.
pub(crate) fn fill_in(answer: &str, request: &str) -> String {
    let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "));
    // A proxy's request has none.
    let accept = key.map_or([b'-'; 28], |key| accept_key(key.as_bytes().try_into().unwrap()));
    answer.replace("{accept}", std::str::from_utf8(&accept).unwrap())
}

/// Gives one connection after the other one of these answers, and returns the requests. A connection is ended
/// by the client.
pub(crate) async fn scripted<S: Into<String>>(
    answers: impl IntoIterator<Item = S>,
) -> (SocketAddr, JoinHandle<Vec<String>>) {
    let answers: Vec<String> = answers.into_iter().map(Into::into).collect();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let requests = tokio::spawn(async move {
        let mut requests = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let request = read_head(&mut stream).await;
            stream.write_all(fill_in(&answer, &request).as_bytes()).await.unwrap();
            // The client may be gone with bytes of ours unread.
            let _ = stream.read_to_end(&mut Vec::new()).await;
            requests.push(request);
        }
        requests
    });
    (address, requests)
}

/// Echoes, by tungstenite.
pub(crate) fn echo_server() -> SocketAddr {
    let listener = StdListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            thread::spawn(|| echo(stream.unwrap()));
        }
    });
    address
}

pub(crate) fn echo(stream: impl std::io::Read + std::io::Write) {
    let Ok(mut socket) = tungstenite::accept(stream) else { return };
    while let Ok(message) = socket.read() {
        if matches!(message, Message::Text(_) | Message::Binary(_)) {
            socket.send(message).unwrap();
        }
    }
}
