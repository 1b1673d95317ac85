//! An echo server over HTTP/2, by the h2 crate: `h2_extended_connect [ADDR]`, 127.0.0.1:8080 unless told.
//!
//! Each stream is a connection [RFC 8441]: opened by an extended CONNECT, driven as any transport is, by `socket`.
//! Without TLS: a client has to know that HTTP/2 is spoken here. Browsers want TLS, with `h2` in its ALPN.

use std::time::Duration;

use bytes::Bytes;
use h2::RecvStream;
use h2::ext::Protocol;
use h2::server::{Builder, Connection, SendResponse};
use http::uri::Authority;
use http::{Request, Response};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use wsproto::handshake::{Answer, ConnectAcceptance, ExtendedConnect, deflate, subprotocol};
use wsproto_http_examples::h2_stream::Stream;
use wsproto_http_examples::handshake::{POLICY, SUBPROTOCOLS, response, session};
use wsproto_http_examples::server::{Tasks, listen};
use wsproto_http_examples::socket::{converse, echo};
use wsproto_http_examples::{Error, Session};

/// So long a connection may take to begin, and to be without a stream.
const IDLE: Duration = Duration::from_secs(10);
/// So many streams a connection may have, and so many bytes may be on the way in each, either way.
const STREAMS: u32 = 32;
const WINDOW: u32 = 64 * 1024;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    listen(serve).await
}

/// Accepts the streams of a connection, and keeps it going.
async fn serve(socket: TcpStream, tasks: Tasks) -> Result<(), Error> {
    let mut builder = Builder::new();
    builder
        .enable_connect_protocol() // [RFC 8441 §3]: the setting that a client waits for
        .max_concurrent_streams(STREAMS)
        .initial_window_size(WINDOW)
        .initial_connection_window_size(STREAMS * WINDOW) // or a stream that stands still would stop the others
        .max_send_buffer_size(WINDOW as usize)
        .max_header_list_size(16 * 1024);
    let mut connection: Connection<_, Bytes> = timeout(IDLE, builder.handshake(socket)).await??;
    let mut ending = false;
    loop {
        tokio::select! {
            accepted = connection.accept() => match accepted {
                Some(stream) => {
                    let (request, respond) = stream?;
                    answer(request, respond, &tasks)?;
                }
                None => return Ok(()),
            },
            () = tasks.stop.cancelled(), if !ending => {
                ending = true;
                connection.graceful_shutdown();
            }
            () = sleep(IDLE) => {
                if !connection.has_streams() {
                    if ending {
                        return Err("the peer does not end its connection".into());
                    }
                    ending = true;
                    connection.graceful_shutdown();
                }
            }
        }
    }
}

/// Answers a request; of an opening handshake the stream goes on as a WebSocket, by a task of its own.
fn answer(
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    tasks: &Tasks,
) -> Result<(), Error> {
    let (response, session) = accept(&request);
    let send = respond.send_response(response, session.is_none())?;
    if let Some(session) = session {
        let stream = Stream::new(request.into_body(), send);
        tasks.spawn(converse(stream, session, tasks.stop.clone(), echo));
    }
    Ok(())
}

/// Checks a client's opening handshake, and chooses of what it offers.
fn accept(request: &Request<RecvStream>) -> (Response<()>, Option<Session>) {
    let refuse = |status, fields: &[(&str, &[u8])]| (response(status, fields.iter().copied(), ()), None);
    let protocol = request.extensions().get::<Protocol>().map(Protocol::as_str);
    let authority = request.uri().authority().map_or("", Authority::as_str);
    let fields = || request.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    let connect = match ExtendedConnect::from_parts(request.method().as_str(), protocol, authority, fields) {
        Ok(Some(connect)) => connect,
        Ok(None) if protocol.is_some() => return refuse(501, &[]),
        Ok(None) => return refuse(404, &[]),
        Err(error) => return refuse(error.status(), error.headers()),
    };
    // A page of another site must not come in here in its visitor's name.
    if connect.origin().is_some_and(|origin| !origin.is_same_host(connect.host())) {
        return refuse(403, &[]);
    }
    let agreed = deflate::accept(connect.extensions(), &POLICY);
    let subprotocol = subprotocol::select(SUBPROTOCOLS, connect.subprotocols());
    match connect.accept(Answer { subprotocol, extensions: agreed.as_deref(), headers: &[] }) {
        Ok(acceptance) => {
            let session = session(agreed.map(|agreed| agreed.parameters()));
            (response(ConnectAcceptance::STATUS, acceptance.headers(), ()), Some(session))
        }
        Err(_) => refuse(500, &[]),
    }
}
