//! Each program does what it is for: it is run once, against tungstenite's other end.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tungstenite::protocol::WebSocket;
use tungstenite::{Message, accept, client};

const PATIENCE: Duration = Duration::from_secs(20);

/// A program that ends with its test.
struct Program(Child);

impl Program {
    fn start(path: &str, argument: &str) -> Self {
        let mut command = Command::new(path);
        command.arg(argument).stdin(Stdio::piped()).stdout(Stdio::piped());
        Self(command.spawn().unwrap())
    }

    /// Gives the address that a server prints first of all.
    fn address(&mut self) -> String {
        let mut line = String::new();
        BufReader::new(self.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
        line.trim().strip_prefix("listening on ws://").unwrap().to_owned()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn connect(address: &str) -> WebSocket<TcpStream> {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    client(format!("ws://{address}/"), stream).unwrap().0
}

#[test]
fn the_echo_servers_echo() {
    for path in [
        env!("CARGO_BIN_EXE_echo_tokio_wsproto"),
        env!("CARGO_BIN_EXE_echo_tungstenite"),
        env!("CARGO_BIN_EXE_echo_tokio_tungstenite"),
        env!("CARGO_BIN_EXE_echo_tokio_websockets"),
        env!("CARGO_BIN_EXE_echo_fastwebsockets"),
        env!("CARGO_BIN_EXE_echo_axum"),
    ] {
        let mut program = Program::start(path, "");
        let mut socket = connect(&program.address());
        for message in [Message::text("κόσμε"), Message::binary(vec![7; 100_000])] {
            socket.send(message.clone()).unwrap();
            assert!(socket.read().unwrap() == message, "{path}");
        }
        socket.close(None).unwrap();
        assert!(matches!(socket.read(), Ok(Message::Close(_))), "{path}");
    }
}

#[test]
fn in_the_chats_all_hear_all() {
    for path in [
        env!("CARGO_BIN_EXE_chat_tokio_wsproto"),
        env!("CARGO_BIN_EXE_chat_tokio_tungstenite"),
        env!("CARGO_BIN_EXE_chat_tokio_websockets"),
        env!("CARGO_BIN_EXE_chat_fastwebsockets"),
        env!("CARGO_BIN_EXE_chat_axum"),
    ] {
        let mut program = Program::start(path, "127.0.0.1:0");
        let address = program.address();
        let mut clients = [connect(&address), connect(&address)];
        for socket in &mut clients {
            // Who has its Pong is in the room.
            socket.send(Message::Ping("here".into())).unwrap();
            assert_eq!(socket.read().unwrap(), Message::Pong("here".into()), "{path}");
        }
        clients[0].send(Message::text("Hello")).unwrap();
        for socket in &mut clients {
            assert_eq!(socket.read().unwrap(), Message::text("Hello"), "{path}");
        }
    }
}

#[test]
fn the_clients_send_and_print() {
    for path in [
        env!("CARGO_BIN_EXE_client_tokio_wsproto"),
        env!("CARGO_BIN_EXE_client_tungstenite"),
        env!("CARGO_BIN_EXE_client_tokio_tungstenite"),
        env!("CARGO_BIN_EXE_client_tokio_websockets"),
        env!("CARGO_BIN_EXE_client_fastwebsockets"),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut program = Program::start(path, &format!("ws://{}/", listener.local_addr().unwrap()));
        let stream = listener.accept().unwrap().0;
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut socket = accept(stream).unwrap();
        let mut stdin = program.0.stdin.take().unwrap();
        stdin.write_all(b"Hello\n").unwrap();
        assert_eq!(socket.read().unwrap(), Message::text("Hello"), "{path}");
        socket.send(Message::text("a\x1b[2J")).unwrap();
        let mut stdout = BufReader::new(program.0.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        assert_eq!(line, "\"a\\u{1b}[2J\"\n", "{path}: the terminal is ours");
        drop(stdin);
        while socket.read().is_ok() {}
        drop(socket);
        stdout.read_to_string(&mut line).unwrap();
        assert!(program.0.wait().unwrap().success(), "{path}");
    }
}
