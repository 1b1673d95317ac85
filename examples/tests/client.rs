//! The clients, each as the program it is, against a server by an independent implementation.

mod common;

use std::io::Write;
use std::net::{TcpListener, TcpStream};

use common::{Program, accept, close};
use tungstenite::handshake::server::{Request, Response};
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::protocol::{CloseFrame, WebSocket};
use tungstenite::{Error, Message};

const CLIENT_STD: &str = env!("CARGO_BIN_EXE_client_std");
const CLIENT_TOKIO: &str = env!("CARGO_BIN_EXE_client_tokio");
const AUTOBAHN_CLIENT: &str = env!("CARGO_BIN_EXE_autobahn_client");

#[test]
fn client_std_talks() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut program =
        Program::start(CLIENT_STD, &[&format!("ws://{}/chat?room=1", listener.local_addr().unwrap())]);
    let (mut socket, target) = accept(&listener);
    assert_eq!(target, "/chat?room=1");

    let mut typed = program.0.stdin.take().unwrap();
    typed.write_all("first\nκόσμε\n".as_bytes()).unwrap();
    assert_eq!(socket.read().unwrap(), Message::text("first"));
    assert_eq!(socket.read().unwrap(), Message::text("κόσμε"));
    socket.send(Message::Ping("ping".into())).unwrap();
    assert_eq!(socket.read().unwrap(), Message::Pong("ping".into()));
    socket.send(Message::text("printed")).unwrap();
    socket.send(Message::binary(vec![0, 1, 255])).unwrap();

    // The end of the input closes the connection.
    drop(typed);
    let Message::Close(Some(close)) = socket.read().unwrap() else { panic!("a Close frame") };
    assert_eq!(close.code, CloseCode::Normal);
    assert!(matches!(socket.read(), Err(Error::ConnectionClosed)));
    drop(socket);
    let (is_good, out) = program.end();
    assert!(is_good && out.contains("printed\n[3 bytes] 00 01 ff\n"), "{out}");
}

#[test]
fn client_std_tells_the_server_of_its_fault() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let program = Program::start(CLIENT_STD, &[&format!("ws://{}", listener.local_addr().unwrap())]);
    let (mut socket, _) = accept(&listener);
    socket.get_mut().write_all(b"\xc1\0").unwrap();
    let Message::Close(Some(close)) = socket.read().unwrap() else { panic!("a Close frame") };
    assert_eq!(close.code, CloseCode::Protocol);
    let (is_good, out) = program.end();
    assert!(!is_good && out.contains("client_std: the peer broke the protocol: "), "{out}");
}

#[test]
fn client_std_takes_options_and_shows_what_would_move_the_cursor() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    let options = ["--header", "X-Name: it's me", "--subprotocol", "a", "--subprotocol", "json", &url];
    let mut program = Program::start(CLIENT_STD, &options);
    let mut seen = None;
    #[expect(clippy::result_large_err, reason = "the error is tungstenite's")]
    let choose = |request: &Request, mut response: Response| {
        seen =
            Some((request.headers()["x-name"].clone(), request.headers()["sec-websocket-protocol"].clone()));
        response.headers_mut().append("Sec-WebSocket-Protocol", "json".parse().unwrap());
        Ok(response)
    };
    let mut socket = tungstenite::accept_hdr(listener.accept().unwrap().0, choose).unwrap();
    let (name, offered) = seen.unwrap();
    assert_eq!((name.as_bytes(), offered.as_bytes()), (&b"it's me"[..], &b"a, json"[..]));
    socket.send(Message::text("\u{1b}[2J\u{202e}αβ\n\"")).unwrap();

    let mut typed = program.0.stdin.take().unwrap();
    typed.write_all(b"/ping\n").unwrap();
    assert!(socket.read().unwrap().is_ping());
    socket.flush().unwrap();
    typed.write_all(b"behind it\n").unwrap();
    assert_eq!(socket.read().unwrap(), Message::text("behind it"));
    drop(typed);
    while socket.read().is_ok() {}
    drop(socket);
    let (is_good, out) = program.end();
    assert!(is_good && out.starts_with("\\u{1b}[2J\\u{202e}αβ\\n\"\n"), "{out}");
    assert!(out.contains("subprotocol: json\n") && out.contains("there and back: "), "{out}");
    assert!(!out.contains('\x1b'), "colours are for terminals: {out:?}");
}

#[test]
fn client_std_goes_through_a_proxy_and_tells_errors_in_words() {
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let through = format!("http://{}", proxy.local_addr().unwrap());
    let program = Program::start(CLIENT_STD, &["--proxy", &through, "ws://chat.example"]);
    let (mut stream, _) = proxy.accept().unwrap();
    let mut head = [0; 24];
    std::io::Read::read_exact(&mut stream, &mut head).unwrap();
    assert_eq!(head, *b"CONNECT chat.example:80 ");
    stream.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n").unwrap();
    let (is_good, out) = program.end();
    assert!(!is_good && out == "client_std: the proxy answered 403 Forbidden\n", "{out}");

    for (arguments, told) in [
        (&["--header"][..], "--header wants a value"),
        (&["--quick", "ws://a"], "no such option: --quick"),
        (&["ws://a", "ws://b"], "usage: "),
        (&[], "usage: "),
        (&["http://a"], "ws://"),
    ] {
        let (is_good, out) = Program::start(CLIENT_STD, arguments).end();
        assert!(!is_good && out.contains(told), "{arguments:?}: {out}");
    }
}

#[test]
fn client_std_ends_quietly_when_nobody_reads_what_it_prints() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut program = Program::start(CLIENT_STD, &[&format!("ws://{}", listener.local_addr().unwrap())]);
    let (mut socket, _) = accept(&listener);
    drop(program.0.stdout.take());
    socket.send(Message::text("unheard")).unwrap();
    assert!(socket.read().is_err());
    assert_eq!(program.end(), (true, String::new()));
}

/// The suite's own protocol, with one case.
#[test]
fn autobahn_client_runs_the_cases_it_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let program = Program::start(AUTOBAHN_CLIENT, &[&listener.local_addr().unwrap().to_string()]);

    let next = |expected: &str| {
        let (socket, target) = accept(&listener);
        assert_eq!(target, expected);
        socket
    };
    let mut count = next("/getCaseCount");
    count.send(Message::text("1")).unwrap();
    close(count);
    let mut case = next("/runCase?case=1&agent=wsproto");
    for message in [Message::text("κόσμε"), Message::binary(vec![7; 2 << 20])] {
        case.send(message.clone()).unwrap();
        assert!(case.read().unwrap() == message);
    }
    close(case);
    close(next("/updateReports?agent=wsproto&shutdownOnComplete=true"));
    let (is_good, out) = program.end();
    assert!(is_good, "{out}");
    assert_eq!(out, "1 cases\n");
}

#[test]
fn client_tokio_talks_and_comes_back() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut program =
        Program::start(CLIENT_TOKIO, &[&format!("ws://{}/chat?room=1", listener.local_addr().unwrap())]);
    let (mut socket, target) = accept(&listener);
    assert_eq!(target, "/chat?room=1");
    let mut typed = program.0.stdin.take().unwrap();
    typed.write_all("first\nκόσμε\n".as_bytes()).unwrap();
    assert_eq!(socket.read().unwrap(), Message::text("first"));
    assert_eq!(socket.read().unwrap(), Message::text("κόσμε"));
    socket.send(Message::text("bell: \u{7}")).unwrap();
    close_with(&mut socket, CloseCode::Away);

    // It waits for some seconds at most, and goes on.
    let (mut socket, _) = accept(&listener);
    typed.write_all(b"again\n").unwrap();
    assert_eq!(socket.read().unwrap(), Message::text("again"));
    // The end of the input closes the connection, and what comes before the answer is printed.
    drop(typed);
    socket.send(Message::text("last")).unwrap();
    let Message::Close(Some(close)) = socket.read().unwrap() else { panic!("a Close frame") };
    assert_eq!(close.code, CloseCode::Normal);
    assert!(matches!(socket.read(), Err(Error::ConnectionClosed)));
    drop(socket);
    let (is_good, out) = program.end();
    assert!(is_good && out.contains("bell: \u{fffd}\nlast\n"), "{out}");
}

#[test]
fn client_tokio_does_not_come_back_where_it_is_not_wanted() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    let program = Program::start(CLIENT_TOKIO, &[&url]);
    close_with(&mut accept(&listener).0, CloseCode::Policy);
    let (is_good, out) = program.end();
    assert!(!is_good && out.contains("1008"), "{out}");

    let program = Program::start(CLIENT_TOKIO, &[&url]);
    let (mut stream, _) = listener.accept().unwrap();
    stream.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n").unwrap();
    let (is_good, out) = program.end();
    assert!(!is_good && out.contains("403"), "{out}");
}

#[test]
fn client_tokio_says_goodbye_when_nobody_reads_what_it_prints() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut program = Program::start(CLIENT_TOKIO, &[&format!("ws://{}", listener.local_addr().unwrap())]);
    let (mut socket, _) = accept(&listener);
    drop(program.0.stdout.take());
    socket.send(Message::text("unheard")).unwrap();
    let Message::Close(Some(close)) = socket.read().unwrap() else { panic!("a Close frame") };
    assert_eq!(close.code, CloseCode::Normal);
    assert!(matches!(socket.read(), Err(Error::ConnectionClosed)));
    drop(socket);
    assert!(program.end().0);
}

/// Closes as a server does, and reads on until the client has answered.
fn close_with(socket: &mut WebSocket<TcpStream>, code: CloseCode) {
    socket.close(Some(CloseFrame { code, reason: "".into() })).unwrap();
    while socket.read().is_ok() {}
    socket.get_mut().shutdown(std::net::Shutdown::Both).unwrap();
}
