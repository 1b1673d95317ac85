//! A client with blocking sockets: `client_std ws://HOST[:PORT][/PATH]` sends each line typed as a text message, and
//! prints what comes. The end of the input closes the connection.
//!
//! Two threads hold the two halves of the session: one waits for the terminal, the other for the transport. What they
//! share is the sender, since the replies to Pings and to a Close frame are frames too.

use std::error::Error;
use std::io::{self, BufRead, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use wsproto::connection::{Client, Config, ReceiveState, Sender};
use wsproto::deflate::{Parameters, Policy};
use wsproto::handshake::{ClientHandshake, ClientRequest, HeadLimits, Response, ResponseDecoder, deflate};
use wsproto::session::{Incoming, Message, Reply, Session};
use wsproto::wire::{CloseCode, CloseFrame, MAX_CONTROL_FRAME, MaskingKey};

/// How long a server may take for each part of its opening handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long we wait for the server's Close frame and its end of the transport.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// A terminal has one connection: let both ends refer to what was said before.
const POLICY: Policy = Policy::new().with_takeover();

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Result<()> {
    let url = std::env::args().nth(1).ok_or("usage: client_std ws://HOST[:PORT][/PATH]")?;
    let (host, target) = parse_url(&url).ok_or("the URL has to begin with ws://")?;
    let Connected { stream, first_bytes, agreed } = connect(host, target, POLICY)?;
    let received = first_bytes.chain(stream.try_clone()?);

    let mut session = Session::<Client, _>::new(Config::new(), Vec::new());
    if let Some(agreed) = agreed {
        session = session.with_deflate(agreed, POLICY);
    }
    let Session { incoming, reply, sender } = session;
    let outgoing = Arc::new(Outgoing { sender: Mutex::new(sender), stream });
    let typed = Arc::clone(&outgoing);
    // Not joined: it waits for the terminal, and ends with the process.
    thread::spawn(move || {
        if let Err(error) = send_lines(&typed) {
            eprintln!("{error}");
        }
    });
    print_messages(received, incoming, reply, &outgoing)
}

/// What both threads write to.
struct Outgoing {
    sender: Mutex<Sender<Client>>,
    stream: TcpStream,
}

impl Outgoing {
    /// Writes the frame that `encode` makes of the sender. The lock keeps frames in order and in one piece.
    fn write(&self, encode: impl FnOnce(&mut Sender<Client>, &mut Vec<u8>) -> Result<()>) -> Result<()> {
        let mut sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        let mut out = Vec::new();
        encode(&mut sender, &mut out)?;
        Ok((&self.stream).write_all(&out)?)
    }
}

fn send_lines(outgoing: &Outgoing) -> Result<()> {
    for line in io::stdin().lock().lines() {
        let line = line?;
        outgoing.write(|sender, out| Ok(sender.frame(fresh_key()?).append_text(&line, out)?))?;
    }
    outgoing.write(|sender, out| {
        out.resize(MAX_CONTROL_FRAME, 0);
        let bye = CloseFrame::new(CloseCode::NORMAL, "")?;
        let n = sender.frame(fresh_key()?).encode_close(Some(bye), out)?;
        out.truncate(n);
        Ok(())
    })?;
    // The server answers, and the other thread sees it. Not for ever, either.
    thread::sleep(CLOSE_TIMEOUT);
    Ok(outgoing.stream.shutdown(Shutdown::Both)?)
}

fn print_messages(
    mut received: impl Read,
    mut incoming: Incoming<Client, Vec<u8>>,
    mut reply: Reply,
    outgoing: &Outgoing,
) -> Result<()> {
    loop {
        match received.read(incoming.buffer()) {
            // After the peer's Close frame this is how it should end.
            Ok(0) => return Ok(incoming.receive_eof()?),
            Ok(n) => incoming.filled(n),
            // And this is how it may: all that there was to say is said.
            Err(_) if incoming.state() == ReceiveState::CloseReceived => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        loop {
            let message = incoming.next(&mut reply);
            if reply.is_due() {
                outgoing.write(|sender, out| encode_reply(sender, &mut reply, out))?;
            }
            if let Ok(Some(Message::Close(_))) = message {
                // Now it is for the server to end the transport. Not for ever.
                outgoing.stream.set_read_timeout(Some(CLOSE_TIMEOUT))?;
            }
            match message {
                Ok(Some(Message::Text(text))) => println!("{text}"),
                Ok(Some(Message::Binary(payload))) => println!("[{} bytes]", payload.len()),
                Ok(Some(Message::Close(Some(close)))) => {
                    eprintln!("closed: {} {}", close.code(), close.reason());
                }
                Ok(Some(Message::Close(None))) => eprintln!("closed"),
                Ok(Some(Message::Ping(_) | Message::Pong(_))) => {}
                Ok(None) => break,
                // The Close frame that tells the server is sent: this end closes the transport at once.
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// A transport behind its opening handshake.
pub(crate) struct Connected {
    pub(crate) stream: TcpStream,
    /// What the server sent behind its answer: the first bytes of its frames.
    pub(crate) first_bytes: io::Cursor<Vec<u8>>,
    /// How messages are to be compressed, if they are.
    pub(crate) agreed: Option<Parameters>,
}

/// Connects, asks for `target`, and offers compression as `policy` wants it.
pub(crate) fn connect(host: &str, target: &str, policy: Policy) -> Result<Connected> {
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let mut stream =
        if has_port { TcpStream::connect(host)? } else { TcpStream::connect(format!("{host}:80"))? };
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(HANDSHAKE_TIMEOUT))?;

    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce)?;
    let offer = deflate::offer(&policy);
    let request = ClientRequest { extensions: Some(&offer), ..ClientRequest::new(host, target) };
    let handshake = ClientHandshake::new(request, nonce)?;
    let mut request = [0; 1024];
    let n = handshake.encode(&mut request)?;
    stream.write_all(&request[..n])?;

    // The decoder refuses a head that fills this, and remembers what it has seen: each byte is looked at once.
    let mut head = [0; HeadLimits::DEFAULT.bytes];
    let mut decoder = ResponseDecoder::new(handshake);
    let mut filled = 0;
    loop {
        match stream.read(&mut head[filled..])? {
            0 => return Err("the transport ended inside the opening handshake".into()),
            n => filled += n,
        }
        match decoder.decode(&head[..filled])? {
            None => {}
            Some((Response::Upgraded(upgraded), consumed)) => {
                stream.set_read_timeout(None)?;
                let first_bytes = io::Cursor::new(head[consumed..filled].to_vec());
                return Ok(Connected { stream, first_bytes, agreed: upgraded.deflate() });
            }
            Some((Response::Http(response), _)) => {
                return Err(format!("refused: {} {}", response.status(), response.reason()).into());
            }
        }
    }
}

/// Appends the Pong or the Close frame that is due, if one is.
pub(crate) fn encode_reply(sender: &mut Sender<Client>, reply: &mut Reply, out: &mut Vec<u8>) -> Result<()> {
    let mut control = [0; MAX_CONTROL_FRAME];
    let n = reply.encode(sender.frame(fresh_key()?), &mut control)?;
    out.extend_from_slice(&control[..n]);
    Ok(())
}

/// A key for one frame, from the system: nobody who writes a payload can foresee it ([RFC 6455 §10.3]).
///
/// [RFC 6455 §10.3]: https://www.rfc-editor.org/rfc/rfc6455#section-10.3
pub(crate) fn fresh_key() -> Result<MaskingKey> {
    let mut key = [0; 4];
    getrandom::fill(&mut key)?;
    Ok(MaskingKey::new(key))
}

/// The host, with a port if there is one, and the path with its query.
fn parse_url(url: &str) -> Option<(&str, &str)> {
    let rest = url.strip_prefix("ws://")?;
    Some(rest.find('/').map_or((rest, "/"), |slash| rest.split_at(slash)))
}
