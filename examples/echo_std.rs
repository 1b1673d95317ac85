//! An echo server with a thread for each connection and blocking sockets: `echo_std [ADDR]`, 127.0.0.1:8080 unless told.
//!
//! Top-down: `main`, `serve`, then the life of one connection: `converse` (the loop), and what comes before and after
//! it, `handshake` and `close`.

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use wsproto::connection::{Config, Server};
use wsproto::deflate::{Parameters, Policy};
use wsproto::handshake::{Answer, HeadLimits, HttpReply, Request, RequestDecoder, deflate};
use wsproto::session::{Message, Session};
use wsproto::wire::MAX_CONTROL_FRAME;

/// How long a client may take for its opening handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a connection may be silent, and how long a write may be stuck.
const IDLE_TIMEOUT: Duration = Duration::from_mins(5);
/// How long we wait for the client's end of the transport once ours is closed.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    serve(&address, Config::new(), Policy::new())
}

/// Listens on `address`, and echoes what each client sends within the limits of `config`, compressed where `policy` and
/// the client want it.
pub(crate) fn serve(address: &str, config: Config, policy: Policy) -> Result<()> {
    let listener = TcpListener::bind(address)?;
    println!("listening on ws://{}", listener.local_addr()?);
    loop {
        let (stream, peer) = match listener.accept() {
            Ok(accepted) => accepted,
            // This connection is lost, or descriptors are short for a while: no reason to end.
            Err(error) => {
                eprintln!("accept: {error}");
                thread::sleep(Duration::from_millis(100));
                continue;
            }
        };
        thread::spawn(move || {
            if let Err(error) = converse(&stream, peer, config, policy) {
                eprintln!("{peer}: {error}");
            }
        });
    }
}

fn converse(mut stream: &TcpStream, peer: SocketAddr, config: Config, policy: Policy) -> Result<()> {
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(IDLE_TIMEOUT))?;
    let Some((first_bytes, agreed)) = handshake(stream, policy)? else { return Ok(()) };
    stream.set_read_timeout(Some(IDLE_TIMEOUT))?;

    // A client may send its first frames in one packet with the request: they come first.
    let mut received = first_bytes.chain(stream);
    let mut session = Session::<Server, _>::new(config, Vec::new());
    if let Some(agreed) = agreed {
        session = session.with_deflate(agreed, policy);
    }
    let mut out = Vec::new();
    while !session.should_close_transport() {
        match received.read(session.buffer())? {
            0 => session.receive_eof()?,
            n => session.filled(n),
        }
        // All answers to what one read brought leave in one write.
        out.clear();
        if let Err(error) = answer(&mut session, &mut out) {
            eprintln!("{peer}: {error}");
        }
        stream.write_all(&out)?;
    }
    close(stream)
}

/// Appends the answers to all that is whole so far.
fn answer(session: &mut Session<Server, Vec<u8>>, out: &mut Vec<u8>) -> Result<()> {
    // The parts are borrowed side by side: a message lies in `incoming`'s buffer while `sender` makes the echo of it.
    let Session { incoming, reply, sender } = session;
    loop {
        let message = incoming.next(reply);
        // The Pong or the Close frame that is due, also the one that tells the peer of an error.
        let mut control = [0; MAX_CONTROL_FRAME];
        let n = reply.encode(sender.frame(), &mut control)?;
        out.extend_from_slice(&control[..n]);
        match message? {
            Some(Message::Text(text)) => sender.frame().append_text(text, out)?,
            Some(Message::Binary(payload)) => sender.frame().append_binary(payload, out)?,
            Some(Message::Ping(_) | Message::Pong(_) | Message::Close(_)) => {}
            None => return Ok(()),
        }
    }
}

/// What the client sent behind its opening handshake, and how messages are to be compressed, if they are.
type Upgraded = (io::Cursor<Vec<u8>>, Option<Parameters>);

/// Reads the opening handshake and answers it. `None` if this was none, and the client was told.
fn handshake(mut stream: &TcpStream, policy: Policy) -> Result<Option<Upgraded>> {
    let deadline = Instant::now() + HANDSHAKE_TIMEOUT;
    // The decoder refuses a head that fills this, and remembers what it has seen: each byte is looked at once.
    let mut head = [0; HeadLimits::DEFAULT.bytes];
    let mut decoder = RequestDecoder::new();
    let mut filled = 0;
    loop {
        // One deadline for the whole, however slowly the bytes drip in.
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err("no opening handshake in time".into());
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut head[filled..])? {
            0 => return Err("the transport ended inside the opening handshake".into()),
            n => filled += n,
        }
        let mut out = [0; 512];
        let (written, upgraded) = match decoder.decode(&head[..filled]) {
            Ok(None) => continue,
            Ok(Some((Request::Upgrade(upgrade), consumed))) => {
                let first_bytes = io::Cursor::new(head[consumed..filled].to_vec());
                let agreed = deflate::accept(upgrade.extensions(), &policy);
                let answer = Answer { extensions: agreed.as_deref(), ..Answer::default() };
                let n = upgrade.accept(answer)?.encode(&mut out)?;
                (n, Some((first_bytes, agreed.map(|agreed| agreed.parameters()))))
            }
            Ok(Some((Request::Http(_), _))) => {
                let text = [("Content-Type", &b"text/plain"[..])];
                (HttpReply::new(404, &text, b"Only WebSocket lives here.\n")?.encode(&mut out)?, None)
            }
            // The error knows its answer.
            Err(error) => (error.encode_response(&mut out)?, None),
        };
        stream.write_all(&out[..written])?;
        if upgraded.is_none() {
            close(stream)?;
        }
        return Ok(upgraded);
    }
}

/// Ends the transport so that the client gets our last bytes: a socket that is dropped while bytes are unread resets
/// the connection, and that may destroy what is still under way ([RFC 6455 §7.1.1]).
///
/// [RFC 6455 §7.1.1]: https://www.rfc-editor.org/rfc/rfc6455#section-7.1.1
fn close(mut stream: &TcpStream) -> Result<()> {
    let deadline = Instant::now() + CLOSE_TIMEOUT;
    stream.set_read_timeout(Some(CLOSE_TIMEOUT))?;
    stream.shutdown(Shutdown::Write)?;
    let mut sink = [0; 4096];
    // Whatever it is that ends this, there is nothing more to be done.
    while Instant::now() < deadline && stream.read(&mut sink).is_ok_and(|n| n > 0) {}
    Ok(())
}
