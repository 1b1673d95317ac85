//! An echo server over HTTP/2, by the h2 crate: `h2_extended_connect [ADDR]`, by default 127.0.0.1:8080.
//!
//! Each stream is a connection [RFC 8441]: opened by an extended CONNECT, driven as any transport is, by `socket`.
//! Without TLS: a client has to know that HTTP/2 is spoken here. Browsers want TLS, with `h2` in its ALPN.

use std::time::Duration;

use bytes::Bytes;
use h2::RecvStream;
use h2::ext::Protocol;
use h2::server::{Builder, Connection, SendResponse};
use http::uri::{Authority, PathAndQuery};
use http::{Request, Response};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use wsproto::handshake;
use wsproto_http_examples::h2_stream::Stream;
use wsproto_http_examples::handshake::{choose, refuse, response};
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
    let send = respond.send_response(response.map(drop), session.is_none())?;
    if let Some(session) = session {
        let stream = Stream::new(request.into_body(), send);
        tasks.spawn(converse(stream, session, tasks.stop.clone(), echo));
    }
    Ok(())
}

/// Checks a client's opening handshake, and chooses of what it offers.
fn accept(request: &Request<RecvStream>) -> (Response<String>, Option<Session>) {
    let protocol = request.extensions().get::<Protocol>().map(Protocol::as_str);
    let authority = request.uri().authority().map_or("", Authority::as_str);
    let path = request.uri().path_and_query().map_or("", PathAndQuery::as_str);
    let fields = || request.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    let method = request.method().as_str();
    match handshake::Request::from_http2_parts(method, protocol, authority, path, fields) {
        Ok(handshake::Request::WebSocket(handshake)) => choose(&handshake),
        Ok(handshake::Request::Http(_)) if protocol.is_some() => (refuse(501, &[], ""), None),
        Ok(handshake::Request::Http(_)) => (refuse(404, &[], ""), None),
        Err(error) => (response(&error.answer()), None),
    }
}
