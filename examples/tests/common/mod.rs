//! What the tests of the examples share.

#![expect(dead_code, reason = "each test takes what it needs")]

pub mod deadlines;
pub mod servers;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tungstenite::handshake::server::{Request, Response};
use tungstenite::protocol::WebSocket;
use tungstenite::{accept_hdr, client};

/// For every wait: an example that hangs fails its test.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A program that ends with the test.
pub struct Program(pub Child);

impl Program {
    pub fn start(path: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new(path);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self(command.spawn().unwrap())
    }

    /// Starts a server on a free port, and gives the address that it prints.
    pub fn serve(path: &str) -> (Self, String) {
        Self::serve_with(path, &[])
    }

    /// The same, with more arguments.
    pub fn serve_with(path: &str, arguments: &[&str]) -> (Self, String) {
        let mut program = Self::start(path, &[&["127.0.0.1:0"], arguments].concat());
        let address = program.address();
        (program, address)
    }

    /// Reads the address that a server prints first of all.
    pub fn address(&mut self) -> String {
        let mut line = String::new();
        BufReader::new(self.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
        line.trim().strip_prefix("listening on ws://").unwrap().to_owned()
    }

    /// Waits for the end; gives whether it was a good one, and what was printed.
    pub fn end(mut self) -> (bool, String) {
        let deadline = Instant::now() + PATIENCE;
        while self.0.try_wait().unwrap().is_none() {
            assert!(Instant::now() < deadline, "the program does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
        let mut out = String::new();
        // That of a server was taken for its address.
        if let Some(mut stdout) = self.0.stdout.take() {
            stdout.read_to_string(&mut out).unwrap();
        }
        self.0.stderr.take().unwrap().read_to_string(&mut out).unwrap();
        (self.0.wait().unwrap().success(), out)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub fn tcp(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

pub fn connect(address: &str) -> WebSocket<TcpStream> {
    client(format!("ws://{address}/"), tcp(address)).unwrap().0
}

/// Takes the next client's opening handshake; gives what it asked for, too.
pub fn accept(listener: &TcpListener) -> (WebSocket<TcpStream>, String) {
    let stream = listener.accept().unwrap().0;
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut target = String::new();
    #[expect(clippy::result_large_err, reason = "the error is tungstenite's")]
    let note_target = |request: &Request, response: Response| {
        target = request.uri().to_string();
        Ok(response)
    };
    (accept_hdr(stream, note_target).unwrap(), target)
}

/// Sends bytes as they are, and gives all that comes until the server ends the transport.
pub fn exchange(address: &str, pieces: &[&[u8]]) -> Vec<u8> {
    let mut stream = tcp(address);
    for piece in pieces {
        stream.write_all(piece).unwrap();
    }
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    answer
}

pub const UPGRADE: &[u8] =
    b"GET /echo HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// Closes as a server does, and reads on until the client has answered.
pub fn close(mut socket: WebSocket<TcpStream>) {
    socket.close(None).unwrap();
    while socket.read().is_ok() {}
}
