//! An echo server on tokio, one task for each connection: `echo_tokio [ADDR]`, 127.0.0.1:8080 unless told. Ctrl-C has it
//! close all connections as RFC 6455 wants it, and end.
//!
//! It answers all that one read brought with one write, and an idle connection holds no buffer: the thread has one to read
//! into and one to write from, which [`Peer::poll_turn`] borrows while it has bytes to handle. Reading and writing are not
//! two tasks: who doesn't read our answers is not read from, and that needs no queue between them. `broadcast` shows
//! the halves apart.
//!
//! Each future may be dropped at any time, and another one goes on: what was received, and what is still to be sent,
//! is in the [`Peer`].

use std::cell::RefCell;
use std::error::Error;
use std::future::poll_fn;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use wsproto::connection::{Config, Server};
use wsproto::deflate::{Compressor, Policy, WindowBits};
use wsproto::handshake::{Answer, HttpReply, Request, RequestDecoder, deflate};
use wsproto::session::{Message, Session};
use wsproto::wire::{CloseCode, CloseFrame};

/// What one read can take: a busy client's messages come many at a time.
const READ_SIZE: usize = 64 * 1024;
/// How long a client may take for its opening handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// A client that was silent for so long is sent a Ping; when as much passes again, it is given up.
const HEARTBEAT: Duration = Duration::from_secs(30);
/// How long a client may take nothing of what is written.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// How long we wait for the client's Close frame, and for its end of the transport once ours is closed.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Without context takeover, so that one compressor is enough for all connections.
const POLICY: Policy = Policy::new();

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(serve(&address))
}

async fn serve(address: &str) -> Result<()> {
    let listener = TcpListener::bind(address).await?;
    println!("listening on ws://{}", listener.local_addr()?);
    let (stop, stopping) = watch::channel(false);
    tokio::select! {
        () = accept(listener, stopping) => {}
        signal = tokio::signal::ctrl_c() => signal?,
    }
    stop.send_replace(true);
    // Each connection has a receiver of this until its end, and each has its deadlines.
    stop.closed().await;
    Ok(())
}

async fn accept(listener: TcpListener, stopping: watch::Receiver<bool>) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                tokio::spawn(converse(stream, peer, stopping.clone()));
            }
            // This connection is lost, or descriptors are short for a while: no reason to end.
            Err(error) => {
                eprintln!("accept: {error}");
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// A connection's life. A task is as large as the largest of its futures, and they are in boxes here where they are over
/// soon, so that what an idle connection holds is [`Peer::echo`].
async fn converse(stream: TcpStream, address: SocketAddr, mut stopping: watch::Receiver<bool>) {
    let mut peer = Peer { stream, session: Session::new(Config::new(), Vec::new()), unsent: Vec::new() };
    let outcome = match Box::pin(timeout(HANDSHAKE_TIMEOUT, peer.open())).await {
        Ok(Ok(Some(first_bytes))) => {
            let outcome = SHARED.with_borrow_mut(|shared| {
                peer.take(&first_bytes, &mut shared.output, &mut shared.compressor)
            });
            drop(first_bytes);
            peer.echo(outcome, &mut stopping).await
        }
        Ok(opened) => opened.map(drop),
        Err(error) => Err(error.into()),
    };
    if let Err(error) = outcome {
        eprintln!("{address}: {error}");
    }
    Box::pin(peer.end()).await;
}

/// One connection, behind its opening handshake.
struct Peer {
    stream: TcpStream,
    session: Session<Server, Vec<u8>>,
    /// What was encoded, and the socket did not take.
    unsent: Vec<u8>,
}

/// What all connections of a thread share, since only one has its turn.
struct Shared {
    input: Box<[u8]>,
    output: Vec<u8>,
    compressor: Compressor,
}

thread_local! {
    static SHARED: RefCell<Shared> = RefCell::new(Shared {
        input: vec![0; READ_SIZE].into_boxed_slice(),
        output: Vec::new(),
        compressor: Compressor::new(POLICY.level, WindowBits::MAX),
    });
}

impl Peer {
    /// Reads the opening handshake and answers it. Gives what the client sent behind it; `None` if this was none, and the
    /// client was told.
    async fn open(&mut self) -> Result<Option<Vec<u8>>> {
        self.stream.set_nodelay(true)?;
        // The decoder refuses a head of more than 8 KiB, and remembers what it has seen: each byte is looked at once.
        let mut head = Vec::with_capacity(1024);
        let mut decoder = RequestDecoder::new();
        loop {
            if self.stream.read_buf(&mut head).await? == 0 {
                return Err("the transport ended inside the opening handshake".into());
            }
            let mut out = [0; 512];
            let (written, first_bytes) = match decoder.decode(&head) {
                Ok(None) => continue,
                Ok(Some((Request::Upgrade(upgrade), consumed))) => {
                    let agreed = deflate::accept(upgrade.extensions(), &POLICY);
                    let answer = Answer { extensions: agreed.as_deref(), ..Answer::default() };
                    let n = upgrade.accept(answer)?.encode(&mut out)?;
                    if let Some(agreed) = agreed {
                        let session = Session::new(Config::new(), Vec::new());
                        self.session = session.with_deflate(agreed.parameters(), POLICY);
                    }
                    (n, Some(head[consumed..].to_vec()))
                }
                Ok(Some((Request::Http(_), _))) => {
                    let text = [("Content-Type", &b"text/plain"[..])];
                    (HttpReply::new(404, &text, b"Only WebSocket lives here.\n")?.encode(&mut out)?, None)
                }
                // The error knows its answer.
                Err(error) => (error.encode_response(&mut out)?, None),
            };
            self.stream.write_all(&out[..written]).await?;
            return Ok(first_bytes);
        }
    }

    /// Answers all that comes, until the connection is closed, or `stopping` says that it is to be. Begins with what came
    /// of the bytes behind the opening handshake.
    async fn echo(&mut self, mut outcome: Result<()>, stopping: &mut watch::Receiver<bool>) -> Result<()> {
        let mut alarm = pin!(sleep(HEARTBEAT));
        let mut stopped = pin!(stopping.wait_for(|is_stopping| *is_stopping));
        let (mut is_heard, mut is_pinged, mut is_stopped) = (true, false, false);
        loop {
            // Also the Close frame that tells of an error, before the error is passed on.
            if !self.unsent.is_empty() {
                Box::pin(self.flush()).await?;
            }
            outcome?;
            if self.session.should_close_transport() {
                return Ok(());
            }
            outcome = tokio::select! {
                biased;
                _ = &mut stopped, if !is_stopped => {
                    is_stopped = true;
                    alarm.as_mut().reset(Instant::now() + CLOSE_TIMEOUT);
                    self.close()
                }
                turn = poll_fn(|context| self.poll_turn(context)) => {
                    (is_heard, is_pinged) = (true, false);
                    turn
                }
                // It is set anew when it rings, and not with each message: that would cost more than the message.
                () = &mut alarm => {
                    if is_stopped || is_pinged {
                        return Err("silent for too long".into());
                    }
                    alarm.as_mut().reset(Instant::now() + HEARTBEAT);
                    is_pinged = !std::mem::take(&mut is_heard);
                    if is_pinged { self.ping() } else { Ok(()) }
                }
            };
        }
    }

    /// Reads once, and answers all that came with one write. Waits if nothing is there, and borrows the thread's buffers
    /// only when it doesn't.
    ///
    /// `readable` and `try_read` would do as well, at the price of one more read each time, which finds nothing:
    /// it is `poll_read` that knows a socket to be empty when a read did not fill its buffer.
    fn poll_turn(&mut self, context: &mut Context<'_>) -> Poll<Result<()>> {
        SHARED.with_borrow_mut(|Shared { input, output, compressor }| {
            let mut input = ReadBuf::new(input);
            ready!(Pin::new(&mut self.stream).poll_read(context, &mut input))?;
            Poll::Ready(match input.filled() {
                [] => self.session.receive_eof().map_err(Into::into),
                bytes => self.take(bytes, output, compressor),
            })
        })
    }

    /// Answers what came, and writes what the socket takes at once.
    fn take(&mut self, mut bytes: &[u8], out: &mut Vec<u8>, compressor: &mut Compressor) -> Result<()> {
        out.clear();
        let mut outcome = Ok(());
        while outcome.is_ok() && !bytes.is_empty() {
            let taken = self.session.push(bytes);
            bytes = &bytes[taken..];
            outcome = answer(&mut self.session, out, compressor);
        }
        // Behind a whole message this is all of the session's memory.
        self.session.incoming.shrink();
        if !out.is_empty() {
            let written = match self.stream.try_write(out) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
                written => written?,
            };
            self.unsent.extend_from_slice(&out[written..]);
        }
        outcome
    }

    /// Writes what the socket did not take before.
    async fn flush(&mut self) -> Result<()> {
        while !self.unsent.is_empty() {
            let written = timeout(WRITE_TIMEOUT, self.stream.write(&self.unsent)).await??;
            self.unsent.drain(..written);
        }
        self.unsent = Vec::new();
        Ok(())
    }

    /// Ends the transport: our end first, then the client's. A socket that is dropped while bytes are unread resets the
    /// connection, which may destroy what is still under way ([RFC 6455 §7.1.1]).
    ///
    /// [RFC 6455 §7.1.1]: https://www.rfc-editor.org/rfc/rfc6455#section-7.1.1
    async fn end(&mut self) {
        let ended = async {
            self.stream.shutdown().await?;
            tokio::io::copy(&mut self.stream, &mut tokio::io::sink()).await
        };
        // Whatever it is that ends this, there is nothing more to be done.
        let _ = timeout(CLOSE_TIMEOUT, ended).await;
    }

    fn ping(&mut self) -> Result<()> {
        Ok(self.session.frame().append_ping(b"", &mut self.unsent)?)
    }

    /// Begins the closing handshake, if the client has not.
    fn close(&mut self) -> Result<()> {
        let away = CloseFrame::new(CloseCode::GOING_AWAY, "the server ends")?;
        Ok(self.session.frame().append_close(Some(away), &mut self.unsent)?)
    }
}

/// Appends the answers to all that is whole so far.
fn answer(
    session: &mut Session<Server, Vec<u8>>,
    out: &mut Vec<u8>,
    compressor: &mut Compressor,
) -> Result<()> {
    let Session { incoming, reply, sender } = session;
    loop {
        let message = incoming.next(reply);
        reply.append(sender.frame(), out)?;
        match message? {
            None => return Ok(()),
            // Behind our Close frame there are no more echoes.
            Some(_) if sender.check_message().is_err() => {}
            Some(Message::Text(text)) => sender.frame().with_compressor(compressor).append_text(text, out)?,
            Some(Message::Binary(payload)) => {
                sender.frame().with_compressor(compressor).append_binary(payload, out)?;
            }
            Some(Message::Ping(_) | Message::Pong(_) | Message::Close(_)) => {}
        }
    }
}
