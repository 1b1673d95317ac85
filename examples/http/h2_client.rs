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
use wsproto::connection::SendState;
use wsproto::deflate::Parameters;
use wsproto::handshake::{ClientConnect, ClientRequest, Response, deflate};
use wsproto::{Client, CloseCode, CloseFrame, Config, MaskingKey, Message, Session};
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
    let offer = deflate::offer(&POLICY);
    let connect = ClientConnect::new(ClientRequest {
        subprotocols: SUBPROTOCOLS,
        extensions: Some(&offer),
        ..ClientRequest::new(host, "/echo")
    })?;
    let mut request = Request::builder()
        .method(ClientConnect::METHOD)
        .uri(format!("http://{}{}", connect.authority(), connect.path()))
        .extension(Protocol::from_static(ClientConnect::PROTOCOL));
    for (name, value) in connect.headers() {
        request = request.header(name, value);
    }
    let (response, send) = client.send_request(request.body(())?, false)?;
    let (head, receive) = response.await?.into_parts();
    let fields = || head.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    match connect.verify(head.status.as_u16(), fields)? {
        Response::Upgraded(upgraded) => Ok((Stream::new(receive, send), upgraded.deflate())),
        Response::Http(refusal) => Err(format!("the server answered {}", refusal.status()).into()),
    }
}

/// Says `text`, prints the first message that comes, and closes.
async fn converse(mut stream: Stream, agreed: Option<Parameters>, text: &str) -> Result<(), Error> {
    let mut session = Session::<Client, _>::new(Config::new(), Vec::new()).with_deflate(agreed, POLICY);
    let mut out = Vec::new();
    session.frame(key()?).append_text(text, &mut out)?;
    while !session.should_close_transport() {
        stream.write_all(&out).await?;
        out.clear();
        match stream.read(session.buffer()).await? {
            0 => session.receive_eof()?,
            n => session.filled(n),
        }
        let Session { incoming, reply, sender } = &mut session;
        let received = loop {
            match incoming.next(reply) {
                Ok(Some(Message::Text(text))) if sender.state() == SendState::Open => {
                    println!("{text}");
                    let close = CloseFrame::of_code(CloseCode::NORMAL);
                    sender.frame(key()?).append_close(Some(close), &mut out)?;
                }
                Ok(Some(_)) => {}
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        session.append_reply(key()?, &mut out)?;
        if received.is_err() {
            stream.write_all(&out).await?;
            stream.shutdown().await?;
        }
        received?;
    }
    Ok(stream.shutdown().await?)
}

/// A fresh key for each frame, which nobody can predict [RFC 6455 §5.3].
fn key() -> Result<MaskingKey, Error> {
    let mut key = [0; 4];
    getrandom::fill(&mut key)?;
    Ok(MaskingKey::new(key))
}
