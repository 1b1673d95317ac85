//! A client over HTTP/3: `h3_client HOST:PORT CERTIFICATE TEXT` sends the text, prints the answer, and closes.
//!
//! It trusts the server with this certificate, a file in PEM, and no other.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use quinn::crypto::rustls::QuicClientConfig;
use quinn::{ClientConfig, Endpoint};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio::net::lookup_host;
use tokio::time::timeout;
use tokio_wsproto::wsproto::handshake::{ClientHandshake, Offer, Response, permessage_deflate};
use tokio_wsproto::{Agreed, Client, CloseCode, Options, Policy, ThreadKeys, WebSocket};
use wsproto_http_examples::{Error, SUBPROTOCOLS};
use wsproto_http3_examples::connection::{ALPN, Connection};
use wsproto_http3_examples::frame::Fields;
use wsproto_http3_examples::stream::Stream;

/// So long all of it may take.
const DEADLINE: Duration = Duration::from_secs(30);

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [address, certificate, text] = arguments.as_slice() else {
        eprintln!("usage: h3_client HOST:PORT CERTIFICATE TEXT");
        return ExitCode::FAILURE;
    };
    let said = timeout(DEADLINE, say(address, certificate, text)).await;
    match said.unwrap_or_else(|elapsed| Err(elapsed.into())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn say(address: &str, certificate: &str, text: &str) -> Result<(), Error> {
    let server = lookup_host(address).await?.next().ok_or("no such host")?;
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host).trim_matches(['[', ']']);
    let own =
        if server.is_ipv4() { (Ipv4Addr::UNSPECIFIED, 0).into() } else { (Ipv6Addr::UNSPECIFIED, 0).into() };
    let mut endpoint = Endpoint::client(own)?;
    endpoint.set_default_client_config(trust(certificate)?);
    let mut connection = Connection::begin(endpoint.connect(server, host)?.await?).await?;
    let said = talk(&mut connection, address, text).await;
    connection.close();
    endpoint.wait_idle().await; // until the server has heard of it
    said
}

async fn talk(connection: &mut Connection, address: &str, text: &str) -> Result<(), Error> {
    let mut socket = open(connection, address).await?;
    socket.send(text).await?;
    if let Some(message) = socket.recv().await? {
        println!("{}", message.as_text().unwrap_or("[binary]"));
    }
    Ok(socket.close(CloseCode::NORMAL, "").await?)
}

fn trust(certificate: &str) -> Result<ClientConfig, Error> {
    let mut roots = RootCertStore::empty();
    let read = CertificateDer::from_pem_file(certificate);
    roots.add(read.map_err(|error| format!("{certificate}: {error}"))?)?;
    let mut config = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok(ClientConfig::new(Arc::new(QuicClientConfig::try_from(config)?)))
}

/// Opens a stream of the connection as a WebSocket [RFC 9220 §3].
async fn open(connection: &mut Connection, authority: &str) -> Result<WebSocket<Stream, Client>, Error> {
    let deflate = permessage_deflate::offer(&Policy::new());
    let offer =
        Offer { subprotocols: SUBPROTOCOLS, extensions: Some(&deflate), ..Offer::new(authority, "/echo") };
    let handshake = ClientHandshake::over_http2(offer)?;
    let request = Fields::default()
        .with(":method", handshake.method())
        .with(":protocol", handshake.protocol().unwrap_or_default())
        .with(":scheme", "https")
        .with(":authority", authority)
        .with(":path", "/echo");
    let request = handshake.headers().fold(request, |fields, (name, value)| fields.with(name, value));

    let (mut send, mut receive) = connection.open().await?;
    request.send(&mut send).await?;
    loop {
        let response = Fields::receive(&mut receive).await?;
        let status = response.pseudo(":status").and_then(|status| status.parse().ok()).ok_or("no status")?;
        match handshake.verify(status, || response.headers())? {
            Response::WebSocket(accepted) => {
                let agreed =
                    Agreed::new().with_subprotocol(accepted.subprotocol()).with_deflate(accepted.deflate());
                let stream = Stream::new(connection.quic().clone(), receive, send);
                let options = Options::new();
                return Ok(WebSocket::from_upgraded(stream, ThreadKeys::client(), b"", agreed, &options));
            }
            Response::Http(_) if (100..200).contains(&status) => {} // the answer is still to come
            Response::Http(_) => return Err(format!("the server refuses: {status}").into()),
        }
    }
}
