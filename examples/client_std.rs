//! A client with blocking sockets: `client_std ws[s]://HOST[:PORT][/PATH] [--ca FILE]` sends each line typed as a text
//! message, and prints what comes. The end of the input closes the connection. A `wss` server's certificate has to be from
//! an authority that browsers trust, or from the one in FILE (PEM).
//!
//! Two threads hold the two halves of the session: one waits for the terminal, the other for the transport. What they
//! share is the sender, since the replies to Pings and to a Close frame are frames too.

use std::error::Error;
use std::io::{self, BufRead, Read, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use wsproto::connection::{ReceiveState, Reply, Sender};
use wsproto::deflate::{Parameters, Policy};
use wsproto::handshake::{
    ClientHandshake, HeadLimits, Offer, Response, ResponseDecoder, Url, permessage_deflate,
};
use wsproto::session::Incoming;
use wsproto::{Client, CloseCode, Limits, Message, Misuse, RandomKeys, Session};

/// How long a server may take for each part of its opening handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long we wait for the server's Close frame and its end of the transport.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// A terminal has one connection: let both ends refer to what was said before.
const POLICY: Policy = Policy::new().with_takeover();

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (url, authority) = match arguments[..] {
        [url] => (url, None),
        [url, "--ca", file] => (url, Some(file)),
        _ => return Err("usage: client_std ws[s]://HOST[:PORT][/PATH] [--ca FILE]".into()),
    };
    let url = Url::parse(url)?;
    let mut transport = Transport::connect((url.host(), url.port()))?;
    if url.is_secure() {
        transport = transport.with_tls(url.server_name(), authority)?;
    }
    let Connected { transport, first_bytes, agreed } =
        open(transport, Offer::new(url.authority(), url.target()), POLICY)?;

    // Masking keys come from the system: no author of a payload can foresee them [RFC 6455 §10.3].
    let client = Client::new(RandomKeys::new());
    let mut session = Session::new(client, Limits::new(), Vec::new()).with_deflate(agreed, POLICY);
    session.push(&first_bytes);
    let (incoming, sender) = session.split();
    let outgoing = Arc::new(Outgoing { sender: Mutex::new(sender), transport });
    let typed = Arc::clone(&outgoing);
    // Not joined: it waits for the terminal, and ends with the process.
    thread::spawn(move || {
        if let Err(error) = send_lines(&typed) {
            eprintln!("{error}");
        }
    });
    let outcome = print_messages(incoming, &outgoing);
    outgoing.transport.close();
    outcome
}

/// What both threads write to.
struct Outgoing {
    sender: Mutex<Sender<Client<RandomKeys>>>,
    transport: Transport,
}

impl Outgoing {
    /// Writes the frame that `append` makes with the sender. The lock keeps frames in order and in one piece.
    fn write(
        &self,
        append: impl FnOnce(&mut Sender<Client<RandomKeys>>, &mut Vec<u8>) -> std::result::Result<(), Misuse>,
    ) -> Result<()> {
        let mut sender = lock(&self.sender);
        let mut out = Vec::new();
        append(&mut sender, &mut out)?;
        Ok((&self.transport).write_all(&out)?)
    }
}

fn send_lines(outgoing: &Outgoing) -> Result<()> {
    for line in io::stdin().lock().lines() {
        let line = line?;
        outgoing.write(|sender, out| sender.frame().append(&line, out))?;
    }
    outgoing.write(|sender, out| sender.frame().append(CloseCode::NORMAL, out))?;
    // The server answers, and the other thread sees it. Not for ever, either.
    thread::sleep(CLOSE_TIMEOUT);
    Ok(outgoing.transport.socket.shutdown(Shutdown::Both)?)
}

fn print_messages(mut incoming: Incoming<Client<RandomKeys>, Vec<u8>>, outgoing: &Outgoing) -> Result<()> {
    let mut reply = Reply::new();
    loop {
        loop {
            let message = incoming.next(&mut reply);
            if reply.is_due() {
                outgoing.write(|sender, out| {
                    sender.append_reply(reply.take(), out);
                    Ok(())
                })?;
            }
            match message {
                Ok(Some(Message::Text(text))) => println!("{text}"),
                Ok(Some(Message::Binary(payload))) => println!("[{} bytes]", payload.len()),
                Ok(Some(Message::Close(close))) => {
                    match close {
                        Some(close) => eprintln!("closed: {} {:?}", close.code(), close.reason()),
                        None => eprintln!("closed"),
                    }
                    // Now it is for the server to end the transport. Not for ever.
                    outgoing.transport.socket.set_read_timeout(Some(CLOSE_TIMEOUT))?;
                }
                Ok(Some(Message::Ping(_) | Message::Pong(_))) => {}
                Ok(None) => break,
                // The Close frame that names the error is sent: this end closes the transport at once.
                Err(error) => return Err(error.into()),
            }
        }
        match (&outgoing.transport).read(incoming.buffer()) {
            // After the peer's Close frame this is how it should end.
            Ok(0) => return Ok(incoming.receive_eof()?),
            Ok(n) => incoming.filled(n),
            // And this is how it may: all that there was to say is said.
            Err(_) if incoming.state() == ReceiveState::CloseReceived => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}

/// A transport behind its opening handshake.
pub(crate) struct Connected {
    pub(crate) transport: Transport,
    /// What the server sent behind its answer: the first bytes of its frames.
    pub(crate) first_bytes: Vec<u8>,
    /// How messages are to be compressed, if they are.
    pub(crate) agreed: Option<Parameters>,
}

/// Sends an opening handshake, offers compression as `policy` wants it, and reads the answer.
pub(crate) fn open(transport: Transport, offer: Offer<'_>, policy: Policy) -> Result<Connected> {
    let mut stream = &transport;
    stream.socket.set_read_timeout(Some(HANDSHAKE_TIMEOUT))?;
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce)?;
    let deflate = permessage_deflate::offer(&policy);
    let handshake = ClientHandshake::new(Offer { extensions: Some(&deflate), ..offer }, nonce)?;
    let mut request = Vec::new();
    handshake.append(&mut request);
    stream.write_all(&request)?;

    // The decoder refuses a head that fills this, and remembers what it has seen: each byte is looked at once.
    let mut head = [0; HeadLimits::DEFAULT.bytes];
    let mut decoder = ResponseDecoder::new(handshake);
    let mut filled = 0;
    loop {
        match stream.read(&mut head[filled..])? {
            0 => return Err("the transport ended inside the opening handshake".into()),
            n => filled += n,
        }
        let Some(found) = decoder.decode(&head[..filled])? else { continue };
        let agreed = match found.response(&head) {
            Response::WebSocket(accepted) => accepted.deflate(),
            Response::Http(response) => {
                return Err(format!("refused: {} {}", response.status(), response.reason()).into());
            }
        };
        stream.socket.set_read_timeout(None)?;
        let first_bytes = head[found.end()..filled].to_vec();
        return Ok(Connected { transport, first_bytes, agreed });
    }
}

/// A socket, in the clear or with TLS, which one thread reads and others write.
pub(crate) struct Transport {
    socket: TcpStream,
    tls: Option<Tls>,
}

/// `rustls::StreamOwned` has to be borrowed as a whole: who waits in a read would keep all others from writing. So nobody
/// waits for the socket with this connection locked, neither for bytes to come nor for bytes to go.
struct Tls {
    connection: Mutex<ClientConnection>,
    /// Held from where bytes are encrypted to where they are written: they have to go in this order.
    writing: Mutex<()>,
}

impl Transport {
    pub(crate) fn connect(address: impl ToSocketAddrs) -> Result<Self> {
        let socket = TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        Ok(Self { socket, tls: None })
    }

    /// Has all that is written encrypted, for a server that proves to be `name`, by one more authority if there is one.
    fn with_tls(self, name: &str, authority: Option<&str>) -> Result<Self> {
        let mut roots: RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
        if let Some(file) = authority {
            for certificate in CertificateDer::pem_file_iter(file)? {
                roots.add(certificate?)?;
            }
        }
        let mut config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        // An upgrade is one of HTTP/1.1.
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let tls = ClientConnection::new(Arc::new(config), ServerName::try_from(name)?.to_owned())?;
        Ok(Self { tls: Some(Tls { connection: Mutex::new(tls), writing: Mutex::new(()) }), ..self })
    }

    /// Says goodbye in TLS; the socket is closed when this is dropped.
    fn close(&self) {
        if let Some(tls) = &self.tls {
            lock(&tls.connection).send_close_notify();
            // A writer that is still stuck has more to lose; and the server may be gone.
            if let Ok(_writing) = tls.writing.try_lock() {
                let _ = tls.send(&self.socket);
            }
        }
    }
}

impl Tls {
    /// Writes what is encrypted; `writing` is locked.
    fn send(&self, mut socket: &TcpStream) -> io::Result<()> {
        let mut encrypted = Vec::new();
        let mut connection = lock(&self.connection);
        while connection.wants_write() {
            connection.write_tls(&mut encrypted)?;
        }
        drop(connection);
        socket.write_all(&encrypted)
    }
}

impl Read for &Transport {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let Some(tls) = &self.tls else { return (&self.socket).read(buf) };
        loop {
            match lock(&tls.connection).reader().read(buf) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {} // nothing is there
                // An end without TLS' goodbye: whether it was to be is for the Close frame to say.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(0),
                done => return done,
            }
            let mut encrypted = [0; 4096];
            let n = (&self.socket).read(&mut encrypted)?;
            let outcome = decrypt(&mut lock(&tls.connection), &encrypted[..n]);
            // The handshake's next step, or why it failed. Whoever is writing now may take it along the next time.
            if let Ok(_writing) = tls.writing.try_lock() {
                tls.send(&self.socket)?;
            }
            outcome?;
        }
    }
}

/// Takes bytes from the socket; if there are none, its end.
fn decrypt(connection: &mut ClientConnection, mut encrypted: &[u8]) -> io::Result<()> {
    loop {
        connection.read_tls(&mut encrypted)?;
        connection.process_new_packets().map_err(io::Error::other)?;
        if encrypted.is_empty() {
            return Ok(());
        }
    }
}

impl Write for &Transport {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let Some(tls) = &self.tls else { return (&self.socket).write(buf) };
        let _writing = lock(&tls.writing);
        let n = lock(&tls.connection).writer().write(buf)?;
        tls.send(&self.socket)?;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(()) // nothing is kept
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
