use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::thread::JoinHandle;
use tungstenite::Message;
use wsproto_blocking::wsproto::handshake::accept_key;

/// An answer that accepts, up to its blank line.
pub(crate) const ACCEPT: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n";

/// Reads a request's head.
pub(crate) fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("a whole head");
        head.extend(byte);
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

/// Gives one connection after the other one of these answers, and returns the requests. A connection is ended by the client.
pub(crate) fn scripted<S: Into<String>>(
    answers: impl IntoIterator<Item = S>,
) -> (SocketAddr, JoinHandle<Vec<String>>) {
    let answers: Vec<String> = answers.into_iter().map(Into::into).collect();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let requests = thread::spawn(move || {
        let mut requests = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let request = read_head(&mut stream);
            stream.write_all(fill_in(&answer, &request).as_bytes()).unwrap();
            // The client may be gone with bytes of ours unread.
            let _ = stream.read_to_end(&mut Vec::new());
            requests.push(request);
        }
        requests
    });
    (address, requests)
}

/// Echoes, by tungstenite.
pub(crate) fn echo_server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            thread::spawn(|| echo(stream.unwrap()));
        }
    });
    address
}

pub(crate) fn echo(stream: impl Read + Write) {
    let Ok(mut socket) = tungstenite::accept(stream) else { return };
    while let Ok(message) = socket.read() {
        if matches!(message, Message::Text(_) | Message::Binary(_)) {
            socket.send(message).unwrap();
        }
    }
}

/// Copies both ways, until the client's or the server's end.
pub(crate) fn tunnel(client: TcpStream, server: SocketAddr) {
    let server = TcpStream::connect(server).unwrap();
    for (mut from, mut to) in [(client.try_clone().unwrap(), server.try_clone().unwrap()), (server, client)] {
        thread::spawn(move || {
            let _ = std::io::copy(&mut from, &mut to);
            let _ = to.shutdown(std::net::Shutdown::Write);
        });
    }
}
