//! An echo server by hand, on the engine alone: what `echo_std` has a crate do. A thread for each connection and blocking sockets:
//! `echo_turn [ADDR]`, by default 127.0.0.1:8080.
//!
//! Top-down: `main`, `serve`, then the life of one connection: `converse` (the loop), and what comes before and after
//! it, `handshake` and `close`.

use std::error::Error;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use wsproto::deflate::{Parameters, Policy};
use wsproto::handshake::{Answer, Choice, HeadLimits, Request, RequestDecoder, permessage_deflate};
use wsproto::{Limits, Server, Session};

/// How long a client may take for its opening handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a connection may be silent, and how long a write may be stuck.
const IDLE_TIMEOUT: Duration = Duration::from_mins(5);
/// How long to wait for the client's end of the transport once ours is closed.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    serve(&address, Limits::new(), Policy::new())
}

/// Listens on `address`, and echoes what each client sends within the limits, compressed where `policy` and the client
/// want it.
pub(crate) fn serve(address: &str, limits: Limits, policy: Policy) -> Result<()> {
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
            if let Err(error) = converse(&stream, peer, limits, policy) {
                eprintln!("{peer}: {error}");
            }
        });
    }
}

fn converse(mut stream: &TcpStream, peer: SocketAddr, limits: Limits, policy: Policy) -> Result<()> {
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(IDLE_TIMEOUT))?;
    let Some((first_bytes, agreed)) = handshake(stream, policy)? else { return Ok(()) };
    stream.set_read_timeout(Some(IDLE_TIMEOUT))?;

    let mut session = Session::new(Server, limits, Vec::new()).with_deflate(agreed, policy);
    session.push(&first_bytes);
    let mut out = Vec::new();
    loop {
        // All answers to what one read brought leave in one write.
        let outcome = session.turn(&mut out, |message, sender, out| {
            // The reply to a control frame is appended by itself.
            if message.is_data() { sender.frame().append(message, out) } else { Ok(()) }
        });
        stream.write_all(&out)?;
        out.clear();
        // The Close frame that names the error is on its way.
        if let Err(error) = outcome {
            eprintln!("{peer}: {error}");
        }
        if outcome.is_err() || session.should_close_transport() {
            return close(stream);
        }
        match stream.read(session.buffer())? {
            0 => session.receive_eof()?,
            n => session.filled(n),
        }
    }
}

/// What the client sent behind its opening handshake, and how messages are to be compressed, if they are.
type Upgraded = (Vec<u8>, Option<Parameters>);

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
        let mut out = Vec::new();
        let upgraded = match decoder.decode(&head[..filled]) {
            Ok(None) => continue,
            Ok(Some(found)) => match found.request(&head) {
                Request::WebSocket(handshake) => {
                    let agreed = permessage_deflate::accept(handshake.extensions(), &policy);
                    let choice = Choice { extensions: agreed.as_deref(), ..Choice::default() };
                    handshake.accept(choice)?.append(&mut out);
                    let first_bytes = head[found.end()..filled].to_vec();
                    Some((first_bytes, agreed.map(|agreed| agreed.parameters())))
                }
                Request::Http(_) => {
                    let text = [("Content-Type", &b"text/plain"[..])];
                    Answer::new(404, &text, b"Only WebSocket lives here.\n")?.append(&mut out);
                    None
                }
            },
            // The error knows its answer.
            Err(error) => {
                error.answer().append(&mut out);
                None
            }
        };
        stream.write_all(&out)?;
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
