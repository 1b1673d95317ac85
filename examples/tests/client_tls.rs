//! The clients with `wss://`, against a server by an independent implementation behind rustls, with a certificate that was
//! made for this test.

mod common;

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;

use base64::prelude::{BASE64_STANDARD, Engine};
use common::{PATIENCE, Program};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tungstenite::protocol::WebSocket;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::{Error, Message, accept};

const CLIENT_STD: &str = env!("CARGO_BIN_EXE_client_std");
const CLIENT_TOKIO: &str = env!("CARGO_BIN_EXE_client_tokio");

/// A server for `localhost`, and the file with its certificate.
struct Server {
    listener: TcpListener,
    config: Arc<ServerConfig>,
    certificate: PathBuf,
}

impl Server {
    fn new(name: &str) -> Self {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let certificate = std::env::temp_dir().join(format!("wsproto-{}-{name}.pem", std::process::id()));
        let pem = BASE64_STANDARD.encode(cert.der());
        std::fs::write(
            &certificate,
            format!("-----BEGIN CERTIFICATE-----\n{pem}\n-----END CERTIFICATE-----\n"),
        )
        .unwrap();
        let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
        let config = ServerConfig::builder().with_no_client_auth();
        let config = Arc::new(config.with_single_cert(vec![cert.der().clone()], key).unwrap());
        Self { listener: TcpListener::bind("127.0.0.1:0").unwrap(), config, certificate }
    }

    /// Starts the client, which knows the authority if it is to.
    fn start_client(&self, knows_authority: bool) -> Program {
        let url = format!("wss://localhost:{}/chat", self.listener.local_addr().unwrap().port());
        if knows_authority {
            Program::start(CLIENT_STD, &[&url, "--ca", self.certificate.to_str().unwrap()])
        } else {
            Program::start(CLIENT_STD, &[&url])
        }
    }

    /// Starts `client_tokio`, which trusts whom the server's certificate is from.
    fn start_client_tokio(&self, trusted: &Self) -> Program {
        let mut command = Command::new(CLIENT_TOKIO);
        command.arg(format!("wss://localhost:{}/chat", self.listener.local_addr().unwrap().port()));
        command.env("SSL_CERT_FILE", &trusted.certificate).env_remove("SSL_CERT_DIR");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Program(command.spawn().unwrap())
    }

    fn accept(&self) -> StreamOwned<ServerConnection, TcpStream> {
        let socket = self.listener.accept().unwrap().0;
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        StreamOwned::new(ServerConnection::new(self.config.clone()).unwrap(), socket)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.certificate);
    }
}

#[test]
fn client_std_talks_over_tls() {
    let server = Server::new("talks");
    let mut program = server.start_client(true);
    let mut socket: WebSocket<_> = accept(server.accept()).unwrap();

    let mut typed = program.0.stdin.take().unwrap();
    typed.write_all("first\nκόσμε\n".as_bytes()).unwrap();
    assert_eq!(socket.read().unwrap(), Message::text("first"));
    assert_eq!(socket.read().unwrap(), Message::text("κόσμε"));
    socket.send(Message::Ping("ping".into())).unwrap();
    assert_eq!(socket.read().unwrap(), Message::Pong("ping".into()));
    // Many records in one read, and one message in many records.
    for n in 0..100 {
        socket.write(Message::text(n.to_string())).unwrap();
    }
    socket.send(Message::binary(vec![0; 300_000])).unwrap();
    // Both directions at once: a line goes out while that comes in.
    typed.write_all(b"meanwhile\n").unwrap();
    assert_eq!(socket.read().unwrap(), Message::text("meanwhile"));

    drop(typed);
    let Message::Close(Some(close)) = socket.read().unwrap() else { panic!("a Close frame") };
    assert_eq!(close.code, CloseCode::Normal);
    assert!(matches!(socket.read(), Err(Error::ConnectionClosed)));
    socket.get_mut().conn.send_close_notify();
    socket.get_mut().flush().unwrap();
    drop(socket);
    let (is_good, out) = program.end();
    assert!(is_good && out.contains("98\n99\n[300000 bytes] 00 00"), "{out}");
}

#[test]
fn client_std_refuses_a_server_that_nobody_vouches_for() {
    let server = Server::new("unknown");
    let program = server.start_client(false);
    assert!(accept(server.accept()).is_err());
    let (is_good, out) = program.end();
    assert!(!is_good && out.contains("UnknownIssuer"), "{out}");
}

#[test]
fn client_std_trusts_anybody_where_it_is_told_to_and_says_so() {
    let server = Server::new("insecure");
    let url = format!("wss://127.0.0.1:{}/", server.listener.local_addr().unwrap().port());
    let mut program = Program::start(CLIENT_STD, &["--insecure", &url]);
    let mut socket: WebSocket<_> = accept(server.accept()).unwrap();
    drop(program.0.stdin.take());
    assert!(socket.read().unwrap().is_close());
    while socket.read().is_ok() {}
    drop(socket);
    let (is_good, out) = program.end();
    assert!(is_good && out.starts_with("warning: --insecure: "), "{out}");
}

#[test]
fn client_tokio_talks_over_tls() {
    let server = Server::new("tokio");
    let mut program = server.start_client_tokio(&server);
    let mut socket: WebSocket<_> = accept(server.accept()).unwrap();
    let mut typed = program.0.stdin.take().unwrap();
    typed.write_all(b"Hello\n").unwrap();
    assert_eq!(socket.read().unwrap(), Message::text("Hello"));
    socket.send(Message::text("Welcome")).unwrap();
    drop(typed);
    let Message::Close(Some(close)) = socket.read().unwrap() else { panic!("a Close frame") };
    assert_eq!(close.code, CloseCode::Normal);
    assert!(matches!(socket.read(), Err(Error::ConnectionClosed)));
    socket.get_mut().conn.send_close_notify();
    socket.get_mut().flush().unwrap();
    drop(socket);
    let (is_good, out) = program.end();
    assert!(is_good && out.contains("Welcome\n"), "{out}");
}

#[test]
fn client_tokio_refuses_a_server_that_nobody_vouches_for() {
    let (server, other) = (Server::new("tokio-unknown"), Server::new("tokio-other"));
    let mut program = server.start_client_tokio(&other);
    assert!(accept(server.accept()).is_err());
    let mut errors = BufReader::new(program.0.stderr.take().unwrap());
    let mut line = String::new();
    errors.read_line(&mut line).unwrap();
    assert!(line.contains("certificate"), "{line}");
}
