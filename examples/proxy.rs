//! A proxy that passes messages on in pieces, so that one larger than its memory goes through: `proxy LISTEN UPSTREAM`
//!
//! A connection has two legs, to the client and to the upstream server. A leg is read only when the other took all that it was given,
//! so nothing piles up. Pings and Pongs are each leg's own; when one leg closes, the other is closed with the same words.

use std::net::{SocketAddr, ToSocketAddrs};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_wsproto::wsproto::{CloseCode, CloseFrame, Limits, Message, connection::Role, handshake::Answer};
use tokio_wsproto::{Accept, Connect, ConnectError, Handshake, Options, Reader, Serve, Writer};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [listen, upstream] = &arguments[..] else { return Err("usage: proxy LISTEN UPSTREAM".into()) };
    let upstream = upstream.to_socket_addrs()?.next().ok_or("upstream has no address")?;
    let listener = TcpListener::bind(listen).await?;
    println!("listening on ws://{}", listener.local_addr()?);
    let report = |error| eprintln!("{error}");
    let serve = move |handshake| async move { serve(handshake, upstream).await.unwrap_or_else(report) };
    Serve::new(listener).with_options(options()).run(serve, tokio::signal::ctrl_c()).await;
    Ok(())
}

/// No message is kept, so each may have any length, in any number of fragments. Which Origins there may be, upstream says.
fn options() -> Options {
    let limits = Limits::new().with_max_message_size(u64::MAX).with_max_frame_payload(u64::MAX);
    Options::new().with_limits(limits.with_max_fragments(u32::MAX)).any_origin()
}

/// Opens the leg to upstream first, since only its answer says whether there is something to accept.
async fn serve(handshake: Handshake<TcpStream>, upstream: SocketAddr) -> Result<()> {
    let query = handshake.query().map(|query| format!("?{query}")).unwrap_or_default();
    let url = format!("ws://{}{}{query}", handshake.host(), handshake.path());
    let ask = Connect::new(url).address(upstream).options(options()).subprotocols(handshake.subprotocols());
    let ask = handshake.headers().fold(ask, |ask, (name, value)| match &*name.to_lowercase() {
        "authorization" | "cookie" => ask.header(name, value),
        "origin" => ask.origin(String::from_utf8_lossy(value)),
        _ => ask,
    });
    let server = match ask.connect().await {
        Ok(server) => server,
        Err(ConnectError::Refused(theirs)) => {
            let of_its_leg = ["connection", "content-length", "transfer-encoding"];
            let is_passed_on = |field: &(&str, &[u8])| !of_its_leg.contains(&&*field.0.to_lowercase());
            let headers: Vec<_> = theirs.headers().filter(is_passed_on).collect();
            return Ok(handshake.answer(Answer::new(theirs.status(), &headers, theirs.body())?).await?);
        }
        Err(error) => return Ok(handshake.refuse(502, format!("upstream: {error}\n")).await?),
    };
    let client = handshake.accept(Accept::new().with_subprotocols(server.subprotocol().as_slice())).await?;
    let ((from_client, to_client), (from_server, to_server)) = (client.split(), server.split());
    let (there, back) = tokio::join!(pass_on(from_client, to_server), pass_on(from_server, to_client));
    there.and(back)
}

trait Io: AsyncRead + AsyncWrite + Unpin {}
impl<T: AsyncRead + AsyncWrite + Unpin> Io for T {}

/// Passes on what comes on one leg, and closes the other when that ends.
async fn pass_on<R: Role, S: Role>(mut from: Reader<impl Io, R>, mut to: Writer<impl Io, S>) -> Result<()> {
    while let Ok(Some(piece)) = from.recv_piece().await {
        to.feed_fragment(&piece)?;
        to.flush().await?;
    }
    let ended = from.recv_piece().await; // which is said at each call
    let reason = from.close_reason().unwrap_or("the other end has gone".into());
    let code = from.close_code().or(ended.is_err().then_some(CloseCode::GOING_AWAY));
    // In vain where the other leg is closing already.
    let _ = to.feed(Message::Close(code.map(|code| CloseFrame::new(code, &reason)).transpose()?));
    Ok(to.closed().await.and(ended.map(drop))?)
}
