//! `chat_tokio` and `pubsub`, each as the program it is, with clients by an independent implementation.

mod common;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;

use common::{Program, UPGRADE, connect, exchange, tcp};
use tungstenite::client::IntoClientRequest;
use tungstenite::protocol::WebSocket;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::{Error, Message, client};

const CHAT: &str = env!("CARGO_BIN_EXE_chat_tokio");
const PUBSUB: &str = env!("CARGO_BIN_EXE_pubsub");

/// Waits until the connection's task has begun to listen: who has its Pong is in the room.
fn settle(socket: &mut WebSocket<TcpStream>) {
    socket.send(Message::Ping("here".into())).unwrap();
    assert_eq!(socket.read().unwrap(), Message::Pong("here".into()));
}

/// Ends a server: INT as Ctrl-C does, TERM as an operating system does.
fn signal(program: &Program, name: &str) {
    let command = format!("kill -{name} {}", program.0.id());
    assert!(Command::new("sh").args(["-c", &command]).status().unwrap().success());
}

#[test]
fn in_the_chat_all_hear_all() {
    let (_program, address) = Program::serve(CHAT);
    let mut clients: Vec<_> = (0..3).map(|_| connect(&address)).collect();
    clients.iter_mut().for_each(settle);
    let messages =
        [Message::text("Hello"), Message::text("κόσμε".repeat(5_000)), Message::binary(vec![7; 60_000])];
    for (sender, message) in messages.iter().enumerate() {
        clients[sender].send(message.clone()).unwrap();
        for client in &mut clients {
            assert!(client.read().unwrap() == *message);
        }
    }
    // Many at once: in one order for all.
    for (sender, client) in clients.iter_mut().enumerate() {
        for n in 0..20 {
            client.write(Message::text(format!("{sender} {n}"))).unwrap();
        }
        client.flush().unwrap();
    }
    let heard: Vec<Vec<Message>> =
        clients.iter_mut().map(|client| (0..60).map(|_| client.read().unwrap()).collect()).collect();
    assert!(heard[0] == heard[1] && heard[1] == heard[2]);
}

#[test]
fn in_the_chat_who_does_not_read_is_dropped_and_the_others_do_not_wait() {
    let (_program, address) = Program::serve(CHAT);
    let (mut slow, mut busy) = (connect(&address), connect(&address));
    settle(&mut slow);
    settle(&mut busy);
    let message = Message::binary(vec![7; 64 * 1024]);
    let count = 1_000; // 64 MB: more than all that lies between
    for _ in 0..count {
        busy.send(message.clone()).unwrap();
        assert!(busy.read().unwrap() == message);
    }
    let mut received = 0;
    while let Ok(Message::Binary(_)) = slow.read() {
        received += 1;
    }
    assert!(received < count, "all of it was kept for one who did not read");
}

/// Opens a connection to a room of `pubsub`, or gives the status that refuses it.
fn enter(address: &str, target: &str, bearer: Option<&str>) -> Result<WebSocket<TcpStream>, u16> {
    let mut request = format!("ws://{address}{target}").into_client_request().unwrap();
    if let Some(token) = bearer {
        request.headers_mut().insert("Authorization", format!("Bearer {token}").parse().unwrap());
    }
    match client(request, tcp(address)) {
        Ok((mut socket, _)) => {
            settle(&mut socket);
            Ok(socket)
        }
        Err(tungstenite::HandshakeError::Failure(Error::Http(response))) => Err(response.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

fn pubsub() -> (Program, String) {
    Program::serve_with(PUBSUB, &["write", "read"])
}

#[test]
fn a_room_hears_its_publisher_and_no_other_room_does() {
    let (_program, address) = pubsub();
    let mut publisher = enter(&address, "/rooms/news", Some("write")).unwrap();
    let mut subscriber = enter(&address, "/rooms/news?a=b&token=read", None).unwrap();
    let mut elsewhere = enter(&address, "/rooms/sports?token=read", None).unwrap();
    let mut other = enter(&address, "/rooms/sports?token=write", None).unwrap();
    publisher.send(Message::text("It rains")).unwrap();
    assert_eq!(subscriber.read().unwrap(), Message::text("It rains"));
    other.send(Message::text("1 : 0")).unwrap();
    assert_eq!(elsewhere.read().unwrap(), Message::text("1 : 0"), "and not what another room heard");
}

#[test]
fn who_has_no_token_or_no_room_is_refused() {
    let (_program, address) = pubsub();
    for (target, bearer, status) in [
        ("/rooms/news", None, 401),
        ("/rooms/news?token=wrong", None, 401),
        ("/rooms/news?token=rea", None, 401),
        ("/rooms/news?token=read", Some("wrong"), 401),
        ("/rooms/", Some("read"), 404),
        ("/rooms/a/b", Some("read"), 404),
        ("/news", Some("read"), 404),
    ] {
        assert_eq!(enter(&address, target, bearer).err(), Some(status), "{target} {bearer:?}");
    }
    let answer = String::from_utf8(exchange(&address, &[UPGRADE])).unwrap().to_lowercase();
    assert!(answer.contains("\r\nwww-authenticate: bearer\r\n"), "{answer}");
    assert!(exchange(&address, &[b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"]).starts_with(b"HTTP/1.1 426 "));
}

#[test]
fn a_subscriber_does_not_publish() {
    let (_program, address) = pubsub();
    let mut one = enter(&address, "/rooms/news", Some("read")).unwrap();
    let mut other = enter(&address, "/rooms/news", Some("read")).unwrap();
    let mut publisher = enter(&address, "/rooms/news", Some("write")).unwrap();
    one.send(Message::text("spam")).unwrap();
    let Message::Close(Some(close)) = one.read().unwrap() else { panic!("a Close frame") };
    assert_eq!((close.code, &*close.reason), (CloseCode::Policy, "this token only subscribes"));
    assert!(matches!(one.read(), Err(Error::ConnectionClosed)));
    publisher.send(Message::text("news")).unwrap();
    assert_eq!(other.read().unwrap(), Message::text("news"));
}

#[test]
fn an_empty_room_makes_place_for_another() {
    let (_program, address) = pubsub();
    // As many as there may be, one after the other and one more: each ends with its connection.
    for n in 0..=1000 {
        let mut socket = enter(&address, &format!("/rooms/{n}"), Some("read")).unwrap();
        socket.close(None).unwrap();
        while socket.read().is_ok() {}
    }
}

#[test]
fn a_signal_closes_all_connections_in_order() {
    let (tokens, room) = (&["write", "read"][..], "/rooms/a?token=read");
    for (path, arguments, target, name) in
        [(CHAT, &[][..], "/", "INT"), (PUBSUB, tokens, room, "INT"), (PUBSUB, tokens, room, "TERM")]
    {
        let (program, address) = Program::serve_with(path, arguments);
        let mut clients: Vec<_> = (0..3).map(|_| enter(&address, target, None).unwrap()).collect();
        signal(&program, name);
        for socket in &mut clients {
            let Message::Close(Some(close)) = socket.read().unwrap() else { panic!("a Close frame") };
            assert_eq!(close.code, CloseCode::Away);
            assert!(matches!(socket.read(), Err(Error::ConnectionClosed)));
        }
        drop(clients);
        let (is_good, out) = program.end();
        assert!(is_good && out.is_empty(), "{out}");
    }
}

#[test]
fn a_fault_ends_one_connection_alone() {
    for (path, arguments, target) in
        [(CHAT, &[][..], "/"), (PUBSUB, &["write", "read"], "/rooms/a?token=write")]
    {
        let (_program, address) = Program::serve_with(path, arguments);
        let mut wrong = enter(&address, target, None).unwrap();
        let mut other = enter(&address, target, None).unwrap();
        wrong.get_mut().write_all(b"\x81\x02hi").unwrap();
        let Message::Close(Some(close)) = wrong.read().unwrap() else { panic!("a Close frame") };
        assert_eq!(close.code, CloseCode::Protocol);
        let mut rest = Vec::new();
        wrong.get_mut().read_to_end(&mut rest).unwrap();
        assert_eq!(rest, b"");
        other.send(Message::text("still here")).unwrap();
        assert_eq!(other.read().unwrap(), Message::text("still here"));
    }
}
