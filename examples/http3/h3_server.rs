//! An echo server over HTTP/3: `h3_server ADDR CERTIFICATE KEY`, the latter two files in PEM.
//!
//! Each stream is a connection [RFC 9220]: opened by an extended CONNECT, and then as any other. Browsers find
//! such a server by the `Alt-Svc` field of one over TCP.

use std::sync::Arc;
use std::time::Duration;

use quinn::crypto::rustls::QuicServerConfig;
use quinn::{
    ConnectionError, Endpoint, Incoming, RecvStream, SendStream, ServerConfig, TransportConfig,
    TransportErrorCode,
};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_wsproto::wsproto::handshake::{Choice, Request, permessage_deflate, subprotocol};
use tokio_wsproto::{Agreed, Options, Policy, Server, WebSocket};
use wsproto_http_examples::server::{Tasks, stopped_by_signal};
use wsproto_http_examples::{Error, PAGE, SUBPROTOCOLS, echo, tls};
use wsproto_http3_examples::connection::{ALPN, Connection};
use wsproto_http3_examples::frame::{Fields, MESSAGE_ERROR, NO_ERROR};
use wsproto_http3_examples::stream::Stream;

/// So long a connection may take to begin, and to be without a stream; and a request to come.
const IDLE: Duration = Duration::from_secs(10);
/// So long a client has to end its connection when it is told that the server stops.
const LINGER: Duration = Duration::from_secs(1);
/// So many streams a connection may have, and so many bytes may be on the way in each, either way.
const STREAMS: u32 = 32;
const WINDOW: u32 = 64 * 1024;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [address, certificate, key] = arguments.as_slice() else {
        return Err("usage: h3_server ADDR CERTIFICATE KEY".into());
    };
    let tls = QuicServerConfig::try_from(tls::server(certificate, key, ALPN)?)?;
    let mut config = ServerConfig::with_crypto(Arc::new(tls));
    config.transport_config(Arc::new(transport()));
    let endpoint = Endpoint::server(config, address.parse()?)?;
    println!("listening on wss://{}", endpoint.local_addr()?);

    let tasks = Tasks::default();
    let mut signal = std::pin::pin!(stopped_by_signal());
    loop {
        tokio::select! {
            Some(incoming) = endpoint.accept() => {
                if tasks.is_full() {
                    incoming.refuse();
                } else {
                    tasks.spawn(serve(incoming, tasks.clone()));
                }
            }
            () = &mut signal => break,
        }
    }
    endpoint.set_server_config(None); // nobody new
    tasks.end().await?;
    let _ = timeout(LINGER, endpoint.wait_idle()).await;
    Ok(())
}

fn transport() -> TransportConfig {
    let mut transport = TransportConfig::default();
    transport
        .max_concurrent_bidi_streams(STREAMS.into())
        .max_concurrent_uni_streams(8_u32.into())
        .stream_receive_window(WINDOW.into())
        .receive_window((STREAMS * WINDOW).into()) // or a stream that stands still would stop the others
        .send_window(u64::from(STREAMS * WINDOW))
        .keep_alive_interval(Some(IDLE)); // a WebSocket may be silent for longer than QUIC would wait
    transport
}

/// Answers the requests of a connection, each by a task, and keeps it going while there are any.
async fn serve(incoming: Incoming, tasks: Tasks) -> Result<(), Error> {
    let begin = async { Ok::<_, Error>(Connection::begin(incoming.await?).await?) };
    let mut connection = timeout(IDLE, begin).await??;
    let mut requests = JoinSet::new();
    let is_lost = loop {
        tokio::select! {
            accepted = connection.accept() => match accepted {
                Ok((send, receive)) => {
                    requests.spawn(answer(connection.quic().clone(), send, receive, tasks.stop.clone()));
                }
                Err(error) => {
                    tell(&error);
                    break true;
                }
            },
            Some(ended) = requests.join_next() => report(ended),
            () = tasks.stop.cancelled() => break false,
            () = sleep(IDLE), if requests.is_empty() => break false,
        }
    };
    if !is_lost {
        timeout(IDLE, connection.go_away()).await??;
    }
    while let Some(ended) = requests.join_next().await {
        report(ended);
    }
    if !is_lost {
        let _ = timeout(LINGER, connection.quic().closed()).await;
        connection.close();
    }
    Ok(())
}

/// Tells of the end of a connection that is not in order, unless whoever ended it here has told already.
fn tell(error: &ConnectionError) {
    match error {
        ConnectionError::LocallyClosed => {}
        ConnectionError::ApplicationClosed(close) if close.error_code == NO_ERROR => {}
        ConnectionError::ConnectionClosed(close) if close.error_code == TransportErrorCode::NO_ERROR => {}
        error => eprintln!("{error}"),
    }
}

fn report(ended: Result<Result<(), Error>, JoinError>) {
    match ended {
        Ok(Ok(())) => {}
        Ok(Err(error)) => eprintln!("{error}"),
        Err(error) => eprintln!("{error}"),
    }
}

/// Answers a request; of an opening handshake the stream goes on as a WebSocket.
async fn answer(
    quic: quinn::Connection,
    send: SendStream,
    receive: RecvStream,
    stop: CancellationToken,
) -> Result<(), Error> {
    match timeout(IDLE, open(quic, send, receive)).await?? {
        Some(socket) => echo(socket, stop).await,
        None => Ok(()),
    }
}

/// Reads a request and answers it; gives nothing if it is no opening handshake, or one that is refused.
async fn open(
    quic: quinn::Connection,
    mut send: SendStream,
    mut receive: RecvStream,
) -> Result<Option<WebSocket<Stream>>, Error> {
    let request = match Fields::receive(&mut receive).await {
        Ok(request) => request,
        Err(error) => {
            let _ = (send.reset(MESSAGE_ERROR), receive.stop(MESSAGE_ERROR));
            return Err(error.into());
        }
    };
    let [method, authority, path] =
        [":method", ":authority", ":path"].map(|name| request.pseudo(name).unwrap_or(""));
    let fields = || request.headers();
    let request = Request::from_http2_parts(method, request.pseudo(":protocol"), authority, path, fields);
    let handshake = match request {
        Ok(Request::WebSocket(handshake)) => handshake,
        Ok(Request::Http(_)) => {
            let page = status(200).with("content-type", "text/html");
            return match (method, path) {
                ("GET", "/") => end(page, PAGE.as_bytes(), send, receive).await,
                ("CONNECT", _) => end(status(501), b"no such protocol\n", send, receive).await,
                _ => end(status(404), b"not found\n", send, receive).await,
            };
        }
        Err(error) => {
            let refusal = error.answer();
            end(with_headers(refusal.status(), refusal.headers()), refusal.body(), send, receive).await?;
            return Err(error.into());
        }
    };
    if handshake.origin().is_some_and(|origin| !origin.is_same_host(handshake.host())) {
        return end(status(403), b"pages of this origin may not connect\n", send, receive).await;
    }
    let subprotocol = subprotocol::select(SUBPROTOCOLS, handshake.subprotocols());
    let deflate = permessage_deflate::accept(handshake.extensions(), &Policy::new());
    let answer = handshake.accept(Choice { subprotocol, extensions: deflate.as_deref(), headers: &[] })?;
    with_headers(answer.status(), answer.headers()).send(&mut send).await?;

    let deflate = deflate.as_ref().map(permessage_deflate::Agreement::parameters);
    let agreed = Agreed::new().with_subprotocol(subprotocol).with_deflate(deflate);
    let stream = Stream::new(quic, receive, send);
    Ok(Some(WebSocket::from_upgraded(stream, Server, b"", agreed, &Options::new())))
}

fn status(status: u16) -> Fields {
    Fields::default().with(":status", status.to_string())
}

fn with_headers<'a>(code: u16, headers: impl Iterator<Item = (&'a str, &'a [u8])>) -> Fields {
    headers.fold(status(code), |fields, (name, value)| fields.with(name, value))
}

/// Sends a response that is no WebSocket, and the stream's end.
async fn end(
    head: Fields,
    body: &[u8],
    mut send: SendStream,
    mut receive: RecvStream,
) -> Result<Option<WebSocket<Stream>>, Error> {
    let _ = receive.stop(NO_ERROR);
    head.send_with(body, &mut send).await?;
    send.finish()?;
    Ok(None)
}
