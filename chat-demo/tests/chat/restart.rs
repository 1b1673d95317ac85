//! A server that stops under load and comes back: everybody reconnects, and misses nothing that it knows.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tungstenite::{ClientRequestBuilder, Message, WebSocket};

use crate::rig::{Server, chat_demo, until};

const CLIENTS: usize = 25;

/// What a client has heard: the texts by their places.
type Heard = BTreeMap<(u64, u64), String>;

fn at(message: &Value) -> (u64, u64) {
    let (time, number) = message["id"].as_str().and_then(|id| id.split_once('-')).expect("an id");
    (time.parse().expect("a time"), number.parse().expect("a number"))
}

fn connect(address: SocketAddr) -> Option<WebSocket<TcpStream>> {
    let stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_millis(20))).ok()?;
    let uri = format!("ws://{address}/").parse().expect("a URI");
    let request = ClientRequestBuilder::new(uri).with_sub_protocol("json-delta");
    let mut socket = tungstenite::client(request, stream);
    for _ in 0..100 {
        match socket {
            Ok((socket, _)) => return Some(socket),
            Err(tungstenite::HandshakeError::Interrupted(rest)) => socket = rest.handshake(),
            Err(_) => return None,
        }
    }
    None
}

/// Talks and listens until it is over, and reconnects with backoff. No message comes twice on one connection.
fn client(address: SocketAddr, name: usize, is_talking: &AtomicBool, is_over: &AtomicBool) -> (Heard, usize) {
    let mut heard = Heard::new();
    let (mut connections, mut backoff) = (0, 1);
    while !is_over.load(SeqCst) {
        let Some(mut socket) = connect(address) else {
            thread::sleep(Duration::from_millis(10 * backoff + name as u64));
            backoff = (backoff * 2).min(20);
            continue;
        };
        (connections, backoff) = (connections + 1, 1);
        let mut last = None;
        for n in 0.. {
            if is_over.load(SeqCst) {
                break;
            }
            let post = json!({ "user": format!("{name}"), "text": format!("{name} {connections} {n}") });
            if n % 12 == 0 && is_talking.load(SeqCst) && socket.send(Message::text(post.to_string())).is_err()
            {
                break;
            }
            match socket.read() {
                Ok(Message::Text(text)) => {
                    let value: Value = serde_json::from_str(&text).expect("JSON");
                    let list = value["msg"].as_array().map(|list| list.iter().rev().collect());
                    let new: Vec<_> =
                        list.or(value["new"].as_array().map(|new| new.iter().collect())).unwrap_or_default();
                    for message in new {
                        assert!(last < Some(at(message)), "in order, and once");
                        last = Some(at(message));
                        heard.insert(at(message), message["text"].to_string());
                    }
                }
                Ok(_) => {}
                Err(tungstenite::Error::Io(error)) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(_) => break,
            }
        }
    }
    (heard, connections)
}

#[cfg(unix)]
#[test]
fn all_reconnect_after_a_restart_under_load_and_miss_nothing_of_the_last_fifty() {
    let unhurried = ["--rate", "1000", "--burst", "1000"];
    let mut server = Server::start(&unhurried);
    let address = server.address;
    let (is_talking, is_over) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicBool::new(false)));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|name| {
            let (is_talking, is_over) = (Arc::clone(&is_talking), Arc::clone(&is_over));
            thread::spawn(move || client(address, name, &is_talking, &is_over))
        })
        .collect();
    for signal in ["TERM", "KILL"] {
        thread::sleep(Duration::from_millis(700));
        server.signal(signal);
        server.wait();
        // Some find nobody there.
        thread::sleep(Duration::from_millis(200));
        server = Server::spawn(chat_demo().args(["--listen", &address.to_string()]).args(unhurried));
    }
    until("all are back", || (server.online() == CLIENTS as u64 + 1).then_some(()));
    thread::sleep(Duration::from_millis(500));
    is_talking.store(false, SeqCst);
    thread::sleep(Duration::from_millis(500));
    let history = server.join("json-delta").1;
    is_over.store(true, SeqCst);
    let history: Heard = history["msg"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|message| (at(message), message["text"].to_string()))
        .collect();
    assert_eq!(history.len(), 50);
    for client in clients {
        let (heard, connections) = client.join().expect("no panic");
        assert!(connections >= 3, "it was put out twice");
        assert!(history.iter().all(|(at, text)| heard.get(at) == Some(text)), "nothing is missing");
    }
}
