//! `h3_server` and `h3_client`, each as the program that it is. Chromium and aioquic are peers in `wsproto/interop`.

#[path = "../../http/tests/http/files.rs"]
mod files;
#[expect(dead_code, reason = "these servers are never without a certificate")]
#[path = "../../http/tests/http/program.rs"]
mod program;

use std::process::{Command, Output};
use std::sync::Arc;
use std::time::{Duration, Instant};

use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use quinn::{
    ClientConfig, ConnectionError, Endpoint, RecvStream, SendStream, ServerConfig, TransportConfig, VarInt,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use wsproto_http_examples::tls;
use wsproto_http3_examples::connection::{ALPN, Connection};
use wsproto_http3_examples::frame::{
    CLOSED_CRITICAL_STREAM, DATA, FRAME_ERROR, FRAME_UNEXPECTED, Fields, GOAWAY, HEADERS, MESSAGE_ERROR,
    MISSING_SETTINGS, NO_ERROR, REQUEST_CANCELLED, SETTINGS, STREAM_CREATION_ERROR, append_header, read,
};
use wsproto_http3_examples::stream::Stream;

use files::Files;
use program::Program;

const SERVER: &str = env!("CARGO_BIN_EXE_h3_server");
const VERSION: (&str, &str) = ("sec-websocket-version", "13");

/// A server, and a client's end of it.
struct Rig {
    program: Program,
    endpoint: Endpoint,
    files: Files,
}

impl Rig {
    fn new(name: &str) -> Self {
        let files = Files::new(name);
        let endpoint = Endpoint::client("127.0.0.1:0".parse().unwrap()).unwrap();
        Self { program: files.serve(SERVER), endpoint, files }
    }

    /// A connection of QUIC, on which nothing is said yet.
    async fn quic(&self) -> quinn::Connection {
        self.quic_with(TransportConfig::default()).await
    }

    async fn quic_with(&self, transport: TransportConfig) -> quinn::Connection {
        let tls = Arc::unwrap_or_clone(self.files.client(ALPN));
        let mut config = ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls).unwrap()));
        config.transport_config(Arc::new(transport));
        let address = self.program.address.parse().unwrap();
        self.endpoint.connect_with(config, address, "localhost").unwrap().await.unwrap()
    }

    async fn connect(&self) -> Connection {
        Connection::begin(self.quic().await).await.unwrap()
    }

    /// A request; gives the answer and its stream.
    async fn ask(
        &self,
        connection: &mut Connection,
        (method, protocol, path): (&str, &str, &str),
        headers: &[(&str, &str)],
    ) -> (Fields, SendStream, RecvStream) {
        let (mut send, mut receive) = connection.open().await.unwrap();
        let mut request = Fields::default().with(":method", method);
        if !protocol.is_empty() {
            request = request.with(":protocol", protocol);
        }
        request =
            request.with(":scheme", "https").with(":authority", &self.program.address).with(":path", path);
        headers
            .iter()
            .fold(request, |request, (name, value)| request.with(name, value))
            .send(&mut send)
            .await
            .unwrap();
        (Fields::receive(&mut receive).await.unwrap(), send, receive)
    }

    /// A stream that is a WebSocket, behind its opening handshake.
    async fn open(&self, connection: &mut Connection) -> (SendStream, RecvStream) {
        let (answer, send, receive) =
            self.ask(connection, ("CONNECT", "websocket", "/echo"), &[VERSION]).await;
        assert_eq!((answer.pseudo(":status"), answer.headers().count()), (Some("200"), 0));
        (send, receive)
    }

    /// The same, as a transport.
    async fn stream(&self, connection: &mut Connection) -> Stream {
        let (send, receive) = self.open(connection).await;
        Stream::new(connection.quic().clone(), receive, send)
    }
}

fn run<F: Future<Output = ()>>(name: &str, test: impl FnOnce(Rig) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        timeout(Duration::from_secs(50), test(Rig::new(name))).await.expect("in time");
    });
}

async fn exactly(stream: &mut Stream, expected: &[u8]) {
    let mut bytes = vec![0; expected.len()];
    stream.read_exact(&mut bytes).await.unwrap();
    assert_eq!(bytes, expected);
}

/// The end of a stream, or of a connection, as whoever reads is told.
async fn code(receive: &mut RecvStream) -> VarInt {
    match receive.read_to_end(1000).await.unwrap_err() {
        quinn::ReadToEndError::Read(quinn::ReadError::Reset(code)) => code,
        error => panic!("{error}"),
    }
}

async fn closed(connection: &quinn::Connection) -> VarInt {
    match connection.closed().await {
        ConnectionError::ApplicationClosed(close) => close.error_code,
        error => panic!("{error}"),
    }
}

fn frame(kind: u64, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    append_header(kind, payload.len(), &mut frame);
    [frame.as_slice(), payload].concat()
}

fn say(address: &str, certificate: &str, text: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_h3_client")).args([address, certificate, text]).output().unwrap()
}

#[test]
fn our_client_speaks_with_our_server() {
    let files = Files::new("client");
    let program = files.serve(SERVER);
    let output = say(&program.address, &files.path("certificate.pem"), "Grüße");
    assert_eq!((output.stdout.as_slice(), output.stderr.as_slice()), ("Grüße\n".as_bytes(), &b""[..]));
    assert!(output.status.success());

    let other = Files::new("other");
    let output = say(&program.address, &other.path("certificate.pem"), "Grüße");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.contains("certificate"), "{said}");
}

/// [RFC 9220 §3]: a client waits for the setting, and asks for nothing without it.
#[test]
fn our_client_asks_only_who_allows_it() {
    run("settings", async |rig| {
        let (certificate, key) = (rig.files.path("certificate.pem"), rig.files.path("key.pem"));
        let tls = QuicServerConfig::try_from(tls::server(&certificate, &key, ALPN).unwrap()).unwrap();
        let config = ServerConfig::with_crypto(Arc::new(tls));
        let server = Endpoint::server(config, "127.0.0.1:0".parse().unwrap()).unwrap();
        let address = server.local_addr().unwrap().to_string();
        let said = tokio::task::spawn_blocking(move || say(&address, &certificate, "Hello"));
        let connection = server.accept().await.unwrap().await.unwrap();
        let mut control = connection.open_uni().await.unwrap();
        control.write_all(&[&[0], frame(SETTINGS, &[0x8, 0]).as_slice()].concat()).await.unwrap();
        let output = said.await.unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && said.contains("does not allow"), "{said}");
        assert!(timeout(Duration::from_millis(100), connection.accept_bi()).await.unwrap().is_err());
    });
}

#[test]
fn messages_come_back_whatever_the_frames_of_http() {
    run("frames", async |rig| {
        let mut connection = rig.connect().await;
        let (mut send, receive) = rig.open(&mut connection).await;
        // In DATA frames of one byte, with empty ones and ones of unknown types between them ([RFC 9114 §9]).
        for byte in b"\x81\x85\0\0\0\0Hello" {
            let frames = [frame(DATA, &[]), frame(0x21, &[0; 300]), frame(DATA, &[*byte])];
            send.write_all(&frames.concat()).await.unwrap();
        }
        let mut stream = Stream::new(connection.quic().clone(), receive, send);
        exactly(&mut stream, b"\x81\x05Hello").await;
        // One that is larger than all windows, and than a frame.
        let mut large = b"\x82\xff\0\0\0\0\0\x04\0\0\0\0\0\0".to_vec();
        large.resize(large.len() + 0x40000, 7);
        let (mut reader, mut writer) = tokio::io::split(stream);
        let mut answer = vec![0; 10 + 0x40000];
        let (written, read) = tokio::join!(
            async {
                writer.write_all(&large).await?;
                writer.flush().await
            },
            reader.read_exact(&mut answer)
        );
        written.unwrap();
        read.unwrap();
        assert!(answer[..10] == *b"\x82\x7f\0\0\0\0\0\x04\0\0" && answer[10..].iter().all(|&byte| byte == 7));
    });
}

#[test]
fn a_request_is_answered_with_its_status() {
    run("status", async |rig| {
        let mut connection = rig.connect().await;
        let websocket = ("CONNECT", "websocket", "/echo");
        let own = format!("https://{}", rig.program.address);
        for (request, headers, status, field) in [
            (websocket, vec![VERSION, ("origin", &own)], "200", None),
            (websocket, vec![VERSION, ("sec-websocket-protocol", "chat, echo")], "200", Some("echo")),
            (websocket, vec![("sec-websocket-version", "8")], "400", Some("13")),
            (websocket, vec![], "400", None),
            (websocket, vec![VERSION, ("origin", "https://elsewhere.example")], "403", None),
            (websocket, vec![VERSION, ("upgrade", "websocket")], "400", None),
            (("CONNECT", "connect-udp", "/echo"), vec![VERSION], "501", None),
            (("GET", "", "/"), vec![], "200", Some("text/html")),
            (("GET", "", "/echo"), vec![], "404", None),
        ] {
            let (answer, _, _) = rig.ask(&mut connection, request, &headers).await;
            assert_eq!(answer.pseudo(":status"), Some(status), "{request:?} {headers:?}");
            let values = || answer.headers().map(|(_, value)| value);
            assert!(field.is_none_or(|field| values().any(|value| value == field.as_bytes())), "{answer:?}");
        }
        // A request that is malformed has no answer ([RFC 9114 §4.1.2]).
        let (mut send, mut receive) = connection.open().await.unwrap();
        Fields::default().with(":method", "GET").with("Accept", "*/*").send(&mut send).await.unwrap();
        assert_eq!(code(&mut receive).await, MESSAGE_ERROR);
    });
}

#[test]
fn the_end_of_a_stream_is_its_own() {
    run("end", async |mut rig| {
        let mut connection = rig.connect().await;
        let mut other = rig.stream(&mut connection).await;
        // An unmasked frame: the peer is told, and the stream ends in order.
        let mut one = rig.stream(&mut connection).await;
        one.write_all(b"\x81\0").await.unwrap();
        one.flush().await.unwrap();
        let mut said = Vec::new();
        one.read_to_end(&mut said).await.unwrap();
        assert_eq!((said[0], &said[2..4]), (0x88, &b"\x03\xea"[..]));
        // [RFC 9220 §3]: an orderly end of the transport is FIN, also without a Close frame, and is answered so.
        let (mut send, mut receive) = rig.open(&mut connection).await;
        send.finish().unwrap();
        assert_eq!(receive.read_to_end(1000).await.unwrap(), b"");
        // One that is reset is reset by the other side, too: H3_REQUEST_CANCELLED.
        let (mut send, mut receive) = rig.open(&mut connection).await;
        send.reset(REQUEST_CANCELLED).unwrap();
        assert_eq!(code(&mut receive).await, REQUEST_CANCELLED);

        other.write_all(b"\x81\x82\0\0\0\0Hi").await.unwrap();
        other.flush().await.unwrap();
        exactly(&mut other, b"\x81\x02Hi").await;
        tokio::task::spawn_blocking(move || rig.program.wait_for_error("not masked")).await.unwrap();
    });
}

#[test]
fn the_server_closes_when_it_is_told_to_stop() {
    run("stop", async |rig| {
        let mut connection = rig.connect().await;
        let mut stream = rig.stream(&mut connection).await;
        rig.program.terminate();
        exactly(&mut stream, b"\x88\x02\x03\xe9").await;
        stream.write_all(b"\x88\x82\0\0\0\0\x03\xe9").await.unwrap();
        stream.shutdown().await.unwrap();
        assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
        assert_eq!(closed(connection.quic()).await, NO_ERROR);
        assert!(tokio::task::spawn_blocking(|| rig.program.wait()).await.unwrap().success());
    });
}

/// [RFC 9114 §5.2]: it names the first stream that it does not answer.
#[test]
fn the_server_says_that_it_goes() {
    run("goaway", async |rig| {
        let quic = rig.quic().await;
        let mut control = quic.accept_uni().await.unwrap();
        let mut kind = [1];
        control.read_exact(&mut kind).await.unwrap();
        let (settings, payload) = read(&mut control).await.unwrap().unwrap();
        assert_eq!((kind, settings), ([0], SETTINGS));
        assert!(payload.ends_with(&[0x8, 1]), "{payload:02x?}");
        let (mut send, mut receive) = quic.open_bi().await.unwrap();
        let request = Fields::default().with(":method", "GET").with(":scheme", "https");
        request.with(":authority", &rig.program.address).with(":path", "/").send(&mut send).await.unwrap();
        assert_eq!(Fields::receive(&mut receive).await.unwrap().pseudo(":status"), Some("200"));
        rig.program.terminate();
        assert_eq!(read(&mut control).await.unwrap(), Some((GOAWAY, vec![4])));
        assert_eq!(closed(&quic).await, NO_ERROR);
    });
}

#[test]
fn who_breaks_the_rules_of_http_3_is_told_so() {
    run("rules", async |rig| {
        // On a stream that is a WebSocket ([RFC 9114 §4.4, §7.1]).
        for (bytes, expected) in [
            (frame(HEADERS, &[0, 0]), FRAME_UNEXPECTED),
            (frame(0x2, &[]), FRAME_UNEXPECTED), // HTTP/2's PRIORITY ([RFC 9114 §7.2.8])
            (frame(DATA, &[0x81, 0x85])[..3].to_vec(), FRAME_ERROR),
            (vec![0x40], FRAME_ERROR),
        ] {
            let mut connection = rig.connect().await;
            let (mut send, _receive) = rig.open(&mut connection).await;
            send.write_all(&bytes).await.unwrap();
            send.finish().unwrap();
            assert_eq!(closed(connection.quic()).await, expected, "{bytes:02x?}");
        }
        // On a stream in one direction ([RFC 9114 §6.2.1, §7.2.4]); the last one ends.
        let settings = [&[0], frame(SETTINGS, &[]).as_slice()].concat();
        for (streams, expected) in [
            (vec![[&[0], frame(0x7, &[0]).as_slice()].concat()], MISSING_SETTINGS),
            (vec![[&settings[..], &frame(SETTINGS, &[])].concat()], FRAME_UNEXPECTED),
            (vec![[&settings[..], &frame(DATA, &[])].concat()], FRAME_UNEXPECTED),
            (vec![settings.clone(), settings.clone()], STREAM_CREATION_ERROR),
            (vec![settings.clone()], CLOSED_CRITICAL_STREAM),
        ] {
            let quic = rig.quic().await;
            let mut open = Vec::new();
            for bytes in &streams {
                let mut stream = quic.open_uni().await.unwrap();
                stream.write_all(bytes).await.unwrap();
                open.push(stream);
            }
            if expected == CLOSED_CRITICAL_STREAM {
                open[0].finish().unwrap();
            }
            assert_eq!(closed(&quic).await, expected, "{streams:02x?}");
        }
    });
}

#[test]
fn who_does_not_read_is_not_read_from_and_stops_no_other() {
    run("slow", async |rig| {
        let mut connection = rig.connect().await;
        let mut slow = rig.stream(&mut connection).await;
        let mut message = b"\x82\xfe\x40\0\0\0\0\0".to_vec();
        message.resize(message.len() + 0x4000, 0);
        let mut sent = 0;
        while timeout(Duration::from_millis(500), slow.write_all(&message)).await.is_ok() {
            sent += 1;
            assert!(sent < 1000, "one who reads nothing is heard");
        }
        assert!(sent >= 4, "{sent} messages of 16 KiB");

        let mut other = rig.stream(&mut connection).await;
        other.write_all(b"\x81\x82\0\0\0\0Hi").await.unwrap();
        other.flush().await.unwrap();
        exactly(&mut other, b"\x81\x02Hi").await;
    });
}

#[test]
fn who_says_nothing_is_left() {
    run("silent", async |rig| {
        let begin = Instant::now();
        let silent = rig.quic().await;
        // One that allows no answer: neither a control stream, nor a byte of a response.
        let mut mute = TransportConfig::default();
        mute.max_concurrent_uni_streams(0_u32.into());
        let mute = rig.quic_with(mute).await;
        let mut deaf = TransportConfig::default();
        deaf.stream_receive_window(100_u32.into());
        let deaf = rig.quic_with(deaf).await;
        let (mut asking, _unread) = deaf.open_bi().await.unwrap();
        let get = Fields::default().with(":method", "GET").with(":authority", "a").with(":path", "/");
        get.send(&mut asking).await.unwrap();
        // A request that does not come to its end.
        let connection = rig.connect().await;
        let (mut send, mut receive) = connection.quic().open_bi().await.unwrap();
        send.write_all(&[1, 0x40]).await.unwrap();
        let (silent, end, mute) = tokio::join!(closed(&silent), receive.read_to_end(1000), mute.closed());
        assert_eq!((silent, end.unwrap()), (NO_ERROR, Vec::new()));
        assert!(matches!(mute, ConnectionError::ApplicationClosed(_)), "{mute}");
        let waited = begin.elapsed().as_secs();
        assert!((9..25).contains(&waited), "{waited} s");
        // First its request is given up, then the connection, which has no other.
        assert_eq!(closed(&deaf).await, NO_ERROR);
    });
}
