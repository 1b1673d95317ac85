//! A client over HTTP/2, by the h2 crate: `h2_client ADDR TEXT` sends the text, prints the answer, and closes.
//!
//! Without TLS, to a server that is known to speak HTTP/2.

use std::process::ExitCode;
use std::time::Duration;

use bytes::Bytes;
use h2::Ping;
use h2::ext::Protocol;
use http::Request;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use wsproto::deflate::Parameters;
use wsproto::handshake::{ClientHandshake, Offer, Response, permessage_deflate};
use wsproto::{Client, CloseCode, Limits, Message, RandomKeys, Session};
use wsproto_http_examples::Error;
use wsproto_http_examples::h2_stream::Stream;
use wsproto_http_examples::handshake::{POLICY, SUBPROTOCOLS};

/// So long all of it may take.
const DEADLINE: Duration = Duration::from_secs(30);

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [address, text] = arguments.as_slice() else {
        eprintln!("usage: h2_client ADDR TEXT");
        return ExitCode::FAILURE;
    };
    let said = timeout(DEADLINE, say(address, text)).await;
    match said.unwrap_or_else(|elapsed| Err(elapsed.into())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn say(address: &str, text: &str) -> Result<(), Error> {
    let socket = TcpStream::connect(address).await?;
    socket.set_nodelay(true)?;
    let (client, mut connection) = h2::client::handshake(socket).await?;
    let mut ping = connection.ping_pong().ok_or("it is taken once")?;
    let connection = tokio::spawn(connection);
    // The server's settings come first of all, so before its answer to this.
    ping.ping(Ping::opaque()).await?;
    if !client.is_extended_connect_protocol_enabled() {
        return Err("the server takes no WebSocket over HTTP/2".into());
    }
    let (stream, agreed) = connect(client, address).await?;
    converse(stream, agreed, text).await?;
    // It ends with its last stream, once everything is sent.
    Ok(connection.await??)
}

/// Opens a stream by an extended CONNECT [RFC 8441 §5]; gives what was agreed on too.
async fn connect(
    mut client: h2::client::SendRequest<Bytes>,
    host: &str,
) -> Result<(Stream, Option<Parameters>), Error> {
    let deflate = permessage_deflate::offer(&POLICY);
    let handshake = ClientHandshake::over_http2(Offer {
        subprotocols: SUBPROTOCOLS,
        extensions: Some(&deflate),
        ..Offer::new(host, "/echo")
    })?;
    let Offer { host, target, .. } = handshake.offer();
    let mut request = Request::builder().method(handshake.method()).uri(format!("http://{host}{target}"));
    if let Some(protocol) = handshake.protocol() {
        request = request.extension(Protocol::from_static(protocol));
    }
    for (name, value) in handshake.headers() {
        request = request.header(name, value);
    }
    let (response, send) = client.send_request(request.body(())?, false)?;
    let (head, receive) = response.await?.into_parts();
    let fields = || head.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    match handshake.verify(head.status.as_u16(), fields)? {
        Response::WebSocket(accepted) => Ok((Stream::new(receive, send), accepted.deflate())),
        Response::Http(refusal) => Err(format!("the server answered {}", refusal.status()).into()),
    }
}

/// Says `text`, prints the first message that comes, and closes.
async fn converse(mut stream: Stream, agreed: Option<Parameters>, text: &str) -> Result<(), Error> {
    let client = Client::new(RandomKeys::new());
    let mut session = Session::new(client, Limits::new(), Vec::new()).with_deflate(agreed, POLICY);
    let mut out = Vec::new();
    session.frame().append(text, &mut out)?;
    loop {
        stream.write_all(&out).await?;
        out.clear();
        match stream.read(session.buffer()).await? {
            0 => session.receive_eof()?,
            n => session.filled(n),
        }
        let outcome = session.turn(&mut out, |message, sender, out| match message {
            Message::Text(text) if sender.check_message().is_ok() => {
                println!("{text}");
                sender.frame().append(CloseCode::NORMAL, out)
            }
            _ => Ok(()),
        });
        if outcome.is_err() || session.should_close_transport() {
            // Also the Close frame that tells of an error, before the error is passed on.
            stream.write_all(&out).await?;
            stream.shutdown().await?;
            return Ok(outcome?);
        }
    }
}
