//! An echo server on tokio, one task for each connection: `echo_tokio [ADDR]`, 127.0.0.1:8080 unless told.
//!
//! Next to `echo_std` it shows a heartbeat: a silent client is sent a Ping, and is given up if it stays silent. Each
//! future may be dropped at any time (`timeout` does): what was received lives in the session, not in the future.

use std::error::Error;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use wsproto::connection::{Config, Server};
use wsproto::handshake::{Answer, HeadLimits, HttpReply, Request, RequestDecoder};
use wsproto::session::{Message, Session};
use wsproto::wire::MAX_CONTROL_FRAME;

/// What one read can take: a busy client's messages come many at a time, and are answered with one write. It is most of
/// what a connection costs in memory; `echo_mio` shows how all of them share one.
const READ_SIZE: usize = 64 * 1024;
/// How long a client may take for its opening handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a client may be silent until it is sent a Ping, and then until it is given up.
const HEARTBEAT: Duration = Duration::from_secs(30);
/// How long a client may take to accept what is written.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// How long we wait for the client's end of the transport once ours is closed.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(serve(&address))
}

async fn serve(address: &str) -> Result<()> {
    let listener = TcpListener::bind(address).await?;
    println!("listening on ws://{}", listener.local_addr()?);
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                tokio::spawn(async move {
                    if let Err(error) = converse(stream).await {
                        eprintln!("{peer}: {error}");
                    }
                });
            }
            // This connection is lost, or descriptors are short for a while: no reason to end.
            Err(error) => {
                eprintln!("accept: {error}");
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn converse(mut stream: TcpStream) -> Result<()> {
    stream.set_nodelay(true)?;
    let opened = timeout(HANDSHAKE_TIMEOUT, handshake(&mut stream)).await?;
    let result = match opened? {
        Some(first_bytes) => echo(&mut stream, &first_bytes).await,
        None => Ok(()),
    };
    // A socket that is dropped while bytes are unread resets the connection, which may destroy what is still under
    // way to the client ([RFC 6455 §7.1.1]): our end first, then its.
    let closed = async {
        stream.shutdown().await?;
        tokio::io::copy(&mut stream, &mut tokio::io::sink()).await
    };
    // Whatever it is that ends this, there is nothing more to be done.
    let _ = timeout(CLOSE_TIMEOUT, closed).await;
    result
}

async fn echo(stream: &mut TcpStream, first_bytes: &[u8]) -> Result<()> {
    let (read_half, mut write_half) = stream.split();
    // A client may send its first frames in one packet with the request: they come first.
    let mut received = first_bytes.chain(read_half);
    let mut session = Session::<Server, _>::new(Config::new(), vec![0; READ_SIZE]);
    let mut out = Vec::new();
    let mut is_pinged = false;
    let mut outcome = Ok(());
    while !session.should_close_transport() {
        out.clear();
        match timeout(HEARTBEAT, received.read(session.buffer())).await {
            Ok(read) => {
                match read? {
                    0 => session.receive_eof()?,
                    n => session.filled(n),
                }
                is_pinged = false;
                // Its Close frame, if there is an error, is in `out`: that is sent before the error is passed on.
                outcome = answer(&mut session, &mut out);
            }
            Err(_) if is_pinged => return Err("silent for too long".into()),
            Err(_) => {
                is_pinged = true;
                out.resize(MAX_CONTROL_FRAME, 0);
                let n = session.frame().encode_ping(b"", &mut out)?;
                out.truncate(n);
            }
        }
        timeout(WRITE_TIMEOUT, write_half.write_all(&out)).await??;
    }
    outcome
}

/// Appends the answers to all that is whole so far. No I/O: this is the same as in `echo_std`.
fn answer(session: &mut Session<Server, Vec<u8>>, out: &mut Vec<u8>) -> Result<()> {
    let Session { incoming, reply, sender } = session;
    loop {
        let message = incoming.next(reply);
        let mut control = [0; MAX_CONTROL_FRAME];
        let n = reply.encode(sender.frame(), &mut control)?;
        out.extend_from_slice(&control[..n]);
        match message? {
            Some(Message::Text(text)) => {
                out.extend_from_slice(&sender.frame().text_header(text)?);
                out.extend_from_slice(text.as_bytes());
            }
            Some(Message::Binary(payload)) => {
                out.extend_from_slice(&sender.frame().binary_header(payload)?);
                out.extend_from_slice(payload);
            }
            Some(Message::Ping(_) | Message::Pong(_) | Message::Close(_)) => {}
            None => return Ok(()),
        }
    }
}

/// Reads the opening handshake and answers it. Gives what the client sent behind it; `None` if this was no handshake,
/// and the client was told.
async fn handshake(stream: &mut TcpStream) -> Result<Option<Vec<u8>>> {
    // The decoder refuses a head that fills this, and remembers what it has seen: each byte is looked at once.
    let mut head = vec![0; HeadLimits::DEFAULT.bytes];
    let mut decoder = RequestDecoder::new();
    let mut filled = 0;
    loop {
        match stream.read(&mut head[filled..]).await? {
            0 => return Err("the transport ended inside the opening handshake".into()),
            n => filled += n,
        }
        let mut out = [0; 512];
        let (written, first_bytes) = match decoder.decode(&head[..filled]) {
            Ok(None) => continue,
            Ok(Some((Request::Upgrade(upgrade), consumed))) => {
                (upgrade.accept(Answer::default())?.encode(&mut out)?, Some(head[consumed..filled].to_vec()))
            }
            Ok(Some((Request::Http(_), _))) => {
                let text = [("Content-Type", &b"text/plain"[..])];
                (HttpReply::new(404, &text, b"Only WebSocket lives here.\n")?.encode(&mut out)?, None)
            }
            // The error knows its answer.
            Err(error) => (error.encode_response(&mut out)?, None),
        };
        stream.write_all(&out[..written]).await?;
        return Ok(first_bytes);
    }
}
