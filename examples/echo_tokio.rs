//! An echo server on tokio, one task for each connection: `echo_tokio [ADDR]`, by default 127.0.0.1:8080. Ctrl-C or
//! SIGTERM closes all connections in order, and ends it.
//!
//! It answers all that one read brought with one write, and an idle connection holds no buffer: the thread has one to read
//! into and one to write from, which [`Peer::poll_turn`] borrows while it has bytes to handle. Reading and writing are not
//! two tasks: a client that doesn't read our answers is not read from, and that needs no queue between them. `broadcast`
//! shows the halves apart.
//!
//! Each future may be dropped at any time, and another one continues: what was received, and what is still to be sent,
//! is in the [`Peer`].

use std::cell::RefCell;
use std::error::Error;
use std::future::poll_fn;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};
use wsproto::connection::ConnectionState;
use wsproto::deadlines::{Deadline, Deadlines, Due, Moment, Timeouts};
use wsproto::deflate::{Compressor, Policy, WindowBits};
use wsproto::handshake::{Answer, Choice, Request, RequestDecoder, permessage_deflate};
use wsproto::session::TurnError;
use wsproto::{CloseCode, CloseFrame, Limits, Message, ProtocolError, Server, Session};

/// What one read can take: a busy client's messages come many at a time.
const READ_SIZE: usize = 64 * 1024;

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
        () = accept(listener, Timeouts::new(), stopping) => {}
        signal = told_to_stop() => signal?,
    }
    stop.send_replace(true);
    // Each connection has a receiver of this until its end, and each has its deadlines.
    stop.closed().await;
    Ok(())
}

async fn told_to_stop() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        let mut terminate = signal::unix::signal(signal::unix::SignalKind::terminate())?;
        tokio::select! {
            _ = terminate.recv() => Ok(()),
            signal = signal::ctrl_c() => signal,
        }
    }
    #[cfg(not(unix))]
    signal::ctrl_c().await
}

pub(crate) async fn accept(listener: TcpListener, timeouts: Timeouts, stopping: watch::Receiver<bool>) {
    loop {
        match listener.accept().await {
            Ok((stream, address)) => {
                tokio::spawn(converse(Peer::new(stream, timeouts), address, stopping.clone()));
            }
            // This connection is lost, or descriptors are short for a while: no reason to end.
            Err(error) => {
                eprintln!("accept: {error}");
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// A connection's life. A task is as large as the largest of its futures: those that are over soon are in boxes here, so
/// that an idle connection holds [`Peer::echo`] alone.
async fn converse(mut peer: Peer, address: SocketAddr, mut stopping: watch::Receiver<bool>) {
    let outcome = match Box::pin(peer.open()).await {
        Ok(true) => peer.echo(&mut stopping).await,
        opened => opened.map(drop),
    };
    if let Err(error) = outcome {
        eprintln!("{address}: {error}");
    }
    Box::pin(peer.end()).await;
}

/// One connection.
struct Peer {
    stream: TcpStream,
    session: Session<Server, Vec<u8>>,
    /// What was encoded, and the socket did not take. Until it has, nothing more is read.
    unsent: Vec<u8>,
    /// The rule that the peer broke. It is told before this is passed on.
    failure: Option<ProtocolError>,
    deadlines: Deadlines,
    began: Instant,
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
    fn new(stream: TcpStream, timeouts: Timeouts) -> Self {
        Self {
            stream,
            session: Session::new(Server, Limits::new(), Vec::new()),
            unsent: Vec::new(),
            failure: None,
            deadlines: Deadlines::new(timeouts, Moment::since_origin(Duration::ZERO)),
            began: Instant::now(),
        }
    }

    /// Reads the opening handshake and answers it. Gives `false` if this was none, and the client was told.
    async fn open(&mut self) -> Result<bool> {
        self.stream.set_nodelay(true)?;
        let deadline = self.wake_up(self.now()).unwrap_or(self.began);
        let is_open = timeout_at(deadline, self.shake_hands()).await.map_err(|_| Deadline::Opening)??;
        self.deadlines.opened(self.now());
        Ok(is_open)
    }

    async fn shake_hands(&mut self) -> Result<bool> {
        // The decoder refuses a head of more than 8 KiB, and remembers what it has seen: each byte is looked at once.
        let mut head = Vec::with_capacity(1024);
        let mut decoder = RequestDecoder::new();
        loop {
            if self.stream.read_buf(&mut head).await? == 0 {
                return Err("the transport ended inside the opening handshake".into());
            }
            let mut out = Vec::new();
            let is_open = match decoder.decode(&head) {
                Ok(None) => continue,
                Ok(Some(found)) => match found.request(&head) {
                    Request::WebSocket(handshake) => {
                        let agreed = permessage_deflate::accept(handshake.extensions(), &POLICY);
                        let choice = Choice { extensions: agreed.as_deref(), ..Choice::default() };
                        handshake.accept(choice)?.append(&mut out);
                        self.session = Session::new(Server, Limits::new(), Vec::new())
                            .with_deflate(agreed.map(|agreed| agreed.parameters()), POLICY);
                        // What the client sent behind its request.
                        self.session.push(&head[found.end()..]);
                        true
                    }
                    Request::Http(request) => {
                        let text = [("Content-Type", &b"text/plain"[..])];
                        let answer = Answer::new(404, &text, b"Only WebSocket lives here.\n")?;
                        let answer = if request.method() == "HEAD" { answer.without_body() } else { answer };
                        answer.append(&mut out);
                        false
                    }
                },
                // The error knows its answer.
                Err(error) => {
                    error.answer().append(&mut out);
                    false
                }
            };
            self.stream.write_all(&out).await?;
            return Ok(is_open);
        }
    }

    /// Answers all that comes, until the connection is closed, or `stopping` says that it is to be.
    async fn echo(&mut self, stopping: &mut watch::Receiver<bool>) -> Result<()> {
        SHARED.with_borrow_mut(|shared| self.answer(&[], &mut shared.output, &mut shared.compressor))?;
        let mut alarm = pin!(sleep_until(self.wake_up(self.now()).unwrap_or(self.began)));
        let mut stopped = pin!(stopping.wait_for(|is_stopping| *is_stopping));
        while !(self.unsent.is_empty() && self.session.should_close_transport()) {
            let now = self.now();
            // After what came: it may have been the sign of life.
            match self.deadlines.due(now) {
                Some(Due::Ping(payload)) => {
                    self.session.frame().append(Message::Ping(&payload), &mut self.unsent)?;
                }
                Some(Due::GiveUp(why)) => return Err(why.into()),
                None => {}
            }
            let wake_up = self.wake_up(now);
            // One that rings too early does no harm, and to set it with each message would cost more than the message.
            if let Some(at) = wake_up.filter(|at| alarm.is_elapsed() || *at < alarm.deadline()) {
                alarm.as_mut().reset(at);
            }
            let is_open = self.session.state() == ConnectionState::Open;
            tokio::select! {
                biased;
                _ = &mut stopped, if is_open => self.close()?,
                turned = poll_fn(|context| self.poll_turn(context)) => turned?,
                () = &mut alarm, if wake_up.is_some() => {}
            }
        }
        self.failure.map_or(Ok(()), |error| Err(error.into()))
    }

    /// Writes what is left, then reads once and answers all that came with one write. Waits if nothing can be done, and
    /// borrows the thread's buffers only when something can.
    ///
    /// `readable` and `try_read` would do as well, at the price of one more read each time, which finds nothing:
    /// it is `poll_read` that knows a socket to be empty when a read did not fill its buffer.
    fn poll_turn(&mut self, context: &mut Context<'_>) -> Poll<Result<()>> {
        if !self.unsent.is_empty() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(context, &self.unsent))?;
            self.deadlines.wrote(self.now(), written, self.unsent.len());
            self.unsent.drain(..written);
            if self.unsent.is_empty() {
                self.unsent = Vec::new();
            }
            return Poll::Ready(Ok(()));
        }
        SHARED.with_borrow_mut(|Shared { input, output, compressor }| {
            let mut input = ReadBuf::new(input);
            ready!(Pin::new(&mut self.stream).poll_read(context, &mut input))?;
            Poll::Ready(match input.filled() {
                [] => self.session.receive_eof().map_err(Into::into),
                bytes => self.answer(bytes, output, compressor),
            })
        })
    }

    /// Answers what came, and writes what the socket takes at once.
    fn answer(&mut self, bytes: &[u8], out: &mut Vec<u8>, compressor: &mut Compressor) -> Result<()> {
        let now = self.now();
        self.deadlines.received(now);
        self.session.push(bytes);
        out.clear();
        let outcome = self.session.turn(out, |message, sender, out| {
            match message {
                Message::Pong(payload) => self.deadlines.pong(now, payload),
                Message::Close(_) => self.deadlines.close_received(now),
                // Behind our own Close frame there are no more echoes.
                Message::Text(_) | Message::Binary(_) if sender.check_message().is_ok() => {
                    sender.frame().with_compressor(compressor).append(message, out)?;
                }
                _ => {}
            }
            Ok(())
        });
        if self.session.state() != ConnectionState::Open {
            self.deadlines.close_queued();
        }
        // Behind a whole message this is all of the session's memory.
        self.session.shrink();
        if !out.is_empty() {
            let written = match self.stream.try_write(out) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
                written => written?,
            };
            self.deadlines.wrote(now, written, out.len());
            self.unsent.extend_from_slice(&out[written..]);
        }
        match outcome {
            Err(TurnError::Protocol(error)) => self.failure = Some(error),
            outcome => outcome?,
        }
        Ok(())
    }

    /// Begins the closing handshake.
    fn close(&mut self) -> Result<()> {
        let away = CloseFrame::new(CloseCode::GOING_AWAY, "the server ends")?;
        self.session.frame().append(away, &mut self.unsent)?;
        self.deadlines.close_queued();
        Ok(())
    }

    /// Ends the transport: our end first, then the client's. A socket that is dropped while bytes are unread resets the
    /// connection, which may destroy what is still under way ([RFC 6455 §7.1.1]).
    ///
    /// [RFC 6455 §7.1.1]: https://www.rfc-editor.org/rfc/rfc6455#section-7.1.1
    async fn end(&mut self) {
        self.deadlines.shut_down(self.now());
        // There is none for a client that was given up.
        let Some(deadline) = self.wake_up(self.now()) else { return };
        let ended = async {
            self.stream.shutdown().await?;
            tokio::io::copy(&mut self.stream, &mut tokio::io::sink()).await
        };
        // Whatever it is that ends this, there is nothing more to be done.
        let _ = timeout_at(deadline, ended).await;
    }

    fn now(&self) -> Moment {
        Moment::since_origin(self.began.elapsed())
    }

    /// When the next deadline has to be looked at.
    fn wake_up(&mut self, now: Moment) -> Option<Instant> {
        let wake_up = self.deadlines.wake_up(now, self.unsent.len())?;
        Some(self.began + wake_up.to_duration())
    }
}
