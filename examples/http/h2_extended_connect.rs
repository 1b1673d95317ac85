//! An echo server over HTTP/2, by the h2 crate: `h2_extended_connect [ADDR [CERTIFICATE KEY]]`.
//!
//! Each stream is a connection [RFC 8441]: opened by an extended CONNECT, and then as any other.
//! The address is 127.0.0.1:8080 unless told; a certificate and its key are files in PEM. Browsers speak HTTP/2
//! over TLS alone, and open a WebSocket over a connection that they have already: so there is a page. Without
//! TLS, a client has to know that HTTP/2 is spoken here.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use h2::{RecvStream, server};
use http::{Method, Request, Response};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_wsproto::{Accept, Options, http2};
use wsproto_http_examples::server::{Tasks, listen};
use wsproto_http_examples::{Error, PAGE, SUBPROTOCOLS, echo, tls};

/// So long a connection may take to begin, and to be without a stream.
const IDLE: Duration = Duration::from_secs(10);
/// So many streams a connection may have, and so many bytes may be on the way in each, either way.
const STREAMS: u32 = 32;
const WINDOW: u32 = 64 * 1024;

type Asked = (Request<RecvStream>, server::SendResponse<Bytes>);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let files: Vec<_> = std::env::args().skip(2).collect();
    match files.as_slice() {
        [] => listen("ws", serve).await,
        [certificate, key] => {
            let acceptor = TlsAcceptor::from(Arc::new(tls::server(certificate, key, b"h2")?));
            let begin = |socket, tasks| {
                let accepting = timeout(IDLE, acceptor.accept(socket));
                async { serve(accepting.await??, tasks).await }
            };
            listen("wss", begin).await
        }
        _ => Err("usage: h2_extended_connect [ADDR [CERTIFICATE KEY]]".into()),
    }
}

/// Accepts the streams of a connection, and keeps it going.
async fn serve<T>(socket: T, tasks: Tasks) -> Result<(), Error>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let mut builder = server::Builder::new();
    builder
        .enable_connect_protocol() // [RFC 8441 §3]: the setting that a client waits for
        .max_concurrent_streams(STREAMS)
        .initial_window_size(WINDOW)
        .initial_connection_window_size(STREAMS * WINDOW) // or a stream that stands still would stop the others
        .max_send_buffer_size(WINDOW as usize)
        .max_header_list_size(16 * 1024);
    let mut connection: server::Connection<_, Bytes> = timeout(IDLE, builder.handshake(socket)).await??;
    let mut ending = false;
    loop {
        let is_timeout = tokio::select! {
            accepted = connection.accept() => {
                let Some(stream) = accepted else { return Ok(()) };
                answer(stream?, &tasks)?;
                continue;
            }
            () = tasks.stop.cancelled(), if !ending => false,
            () = sleep(IDLE) => true,
        };
        if is_timeout && connection.has_streams() {
            continue;
        }
        if ending {
            return Err("the peer does not end its connection".into());
        }
        ending = true;
        connection.graceful_shutdown();
    }
}

/// Answers a request; of an opening handshake the stream goes on as a WebSocket, by a task of its own.
fn answer((request, mut respond): Asked, tasks: &Tasks) -> Result<(), Error> {
    if request.method() == Method::GET && request.uri().path() == "/" {
        let head = Response::builder().header("content-type", "text/html").body(())?;
        return Ok(respond.send_response(head, false)?.send_data(PAGE.into(), true)?);
    }
    if request.method() != Method::CONNECT {
        respond.send_response(Response::builder().status(404).body(())?, true)?;
        return Ok(());
    }
    let stop = tasks.stop.clone();
    tasks.spawn(async {
        let accept = Accept::new().with_subprotocols(SUBPROTOCOLS);
        echo(http2::accept(request, respond, &accept, &Options::new())?, stop).await
    });
    Ok(())
}
