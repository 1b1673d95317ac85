//! `h2_extended_connect` over TLS, as browsers want it. Chromium itself is a peer in `wsproto/interop`.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{AlertDescription, ClientConnection, Error, Stream};
use tokio_wsproto::{Connect, ConnectError, http2};

use crate::files::Files;

const PROGRAM: &str = env!("CARGO_BIN_EXE_h2_extended_connect");

fn name() -> ServerName<'static> {
    ServerName::try_from("localhost").unwrap()
}

#[test]
fn a_page_and_its_websockets_share_a_connection() {
    let files = Files::new("page");
    let program = files.serve(PROGRAM);
    let talk = async {
        let socket = tokio::net::TcpStream::connect(&program.address).await.unwrap();
        let connector = TlsConnector::from(files.client(b"h2"));
        let (client, connection) =
            h2::client::handshake(connector.connect(name(), socket).await.unwrap()).await.unwrap();
        tokio::spawn(connection);
        let mut client = client.ready().await.unwrap();
        let (page, kind) = get(&mut client, "/").await;
        assert!(kind == "text/html" && page.contains("new WebSocket(\"/echo\""), "{page}");

        // The settings came before the page.
        for n in 0..3 {
            let mut socket = connect(client.clone()).await.unwrap();
            socket.send(format!("{n}").as_str()).await.unwrap();
            assert_eq!(socket.recv().await.unwrap().unwrap().as_text(), Some(format!("{n}").as_str()));
        }
    };
    run(talk);
}

async fn connect(
    client: h2::client::SendRequest<Bytes>,
) -> Result<tokio_wsproto::WebSocket<http2::Stream, tokio_wsproto::Client>, ConnectError> {
    Connect::new("wss://localhost/echo").subprotocols(["echo"]).over_http2(client).await
}

/// A page, and its type.
async fn get(client: &mut h2::client::SendRequest<Bytes>, path: &str) -> (String, String) {
    let request = Request::get(format!("https://localhost{path}")).body(()).unwrap();
    let (head, mut body) = client.send_request(request, true).unwrap().0.await.unwrap().into_parts();
    let mut page = Vec::new();
    while let Some(data) = body.data().await {
        page.extend(data.unwrap());
    }
    (String::from_utf8(page).unwrap(), head.headers["content-type"].to_str().unwrap().to_owned())
}

fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { timeout(Duration::from_secs(30), test).await.expect("in time") });
}

/// [RFC 7301 §3.2]: who speaks HTTP/1.1 alone is told so while TLS begins.
#[test]
fn nothing_but_http_2_is_spoken() {
    let files = Files::new("alpn");
    let program = files.serve(PROGRAM);
    let mut socket = TcpStream::connect(&program.address).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut tls = ClientConnection::new(files.client(b"http/1.1"), name()).unwrap();
    let mut stream = Stream::new(&mut tls, &mut socket);
    let asked = stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let error = asked.and_then(|()| stream.read(&mut [0; 100]).map(drop)).unwrap_err();
    let error = error.into_inner().unwrap().downcast::<Error>().unwrap();
    assert_eq!(*error, Error::AlertReceived(AlertDescription::NoApplicationProtocol));
}

#[test]
fn a_wrong_file_is_named() {
    let files = Files::new("wrong");
    let (certificate, key) = (files.path("certificate.pem"), files.path("key.pem"));
    let missing = files.path("missing.pem");
    for (arguments, words) in [
        (vec![missing.as_str(), &key], "missing.pem"),
        (vec![certificate.as_str(), &missing], "missing.pem"),
        (vec![certificate.as_str(), &certificate], "certificate.pem"),
        (vec![certificate.as_str()], "usage"),
    ] {
        let output = Command::new(PROGRAM).arg("127.0.0.1:0").args(&arguments).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && said.contains(words), "{arguments:?}: {said}");
    }
}
