//! Echoes every message over the traits of `embedded-io-async`, as a program without an operating system would:
//! `cargo run -p wsproto-examples --bin embedded_io -- [ADDRESS]`
//!
//! The upper part is for any transport that has those traits: a UART, the sockets of `embassy-net`, TLS over either. It has
//! fixed buffers and allocates nothing. The lower part lends it this machine's sockets, and has embassy's executor run it.

use embassy_executor::Spawner;
use embassy_futures::select::{Either, select};
use embedded_io_async::{ErrorType, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::LazyLock;
use std::time::{Duration, Instant};
use wsproto::connection::FrameEncoder;
use wsproto::deadlines::{Deadline, Deadlines, Due, Moment, Timeouts};
use wsproto::handshake::{Answer, Choice, HeadLimits, Request, RequestDecoder};
use wsproto::{Limits, Message, ProtocolError, SendError, Server, Session};

/// To receive into, and as much to send from: for messages of up to 1,917 bytes, and a request's head as long as the buffer.
const BUFFER: usize = 2048;
/// How many are served at once: each has its place in static memory.
const CONNECTIONS: usize = 4;

/// Why a connection ended, if not by closing.
#[derive(Debug)]
#[expect(dead_code, reason = "it is printed, by Debug")]
pub(crate) enum Error<E> {
    /// The transport's own.
    Transport(E),
    /// The peer broke a rule, and has been told.
    Protocol(ProtocolError),
    /// The peer asked for something else, or not as it should, and has been told.
    Refused,
    /// The peer hung up.
    Gone,
    /// The peer took too long.
    Late(Deadline),
    /// What was to be sent is not possible.
    Send(SendError),
}

impl<E> From<SendError> for Error<E> {
    fn from(error: SendError) -> Self {
        Self::Send(error)
    }
}

/// A connection over a transport. All its state is here and none in a future: each of its futures can be dropped, and the
/// next one continues.
struct WebSocket<T> {
    transport: T,
    session: Session<Server, [u8; BUFFER]>,
    /// Of frames that were made, `out[written..made]` are to be written.
    out: [u8; BUFFER],
    made: usize,
    written: usize,
    /// A Ping that is due, and for which `out` has to be free.
    ping: Option<[u8; 4]>,
    deadlines: Deadlines,
}

impl<T: Read + Write> WebSocket<T> {
    /// Answers the opening handshake.
    async fn accept(mut transport: T, mut deadlines: Deadlines) -> Result<Self, Error<T::Error>> {
        let mut received = [0; BUFFER];
        let mut filled = 0;
        let mut out = [0; BUFFER];
        let mut decoder = RequestDecoder::with_limits(HeadLimits::DEFAULT.with_bytes(BUFFER));
        let (answer, end) = loop {
            match decoder.decode(&received[..filled]) {
                Ok(None) => {}
                Ok(Some(found)) => match found.request(&received) {
                    Request::WebSocket(handshake) => {
                        break (handshake.accept(Choice::default()), Some(found.end()));
                    }
                    Request::Http(_) => break (Answer::new(404, &[], b""), None),
                },
                Err(error) => break (Ok(error.answer()), None),
            }
            if let Some(Due::GiveUp(why)) = deadlines.due(now()) {
                return Err(Error::Late(why));
            }
            match within(left(&mut deadlines, 0), transport.read(&mut received[filled..])).await {
                None => {}
                Some(Ok(0)) => return Err(Error::Gone),
                Some(read) => filled += read.map_err(Error::Transport)?,
            }
        };
        let answer = answer.expect("nothing was asked for").encode(&mut out).expect("less than 200 bytes");
        let written = within(left(&mut deadlines, 0), transport.write_all(&out[..answer])).await;
        written.ok_or(Error::Late(Deadline::Opening))?.map_err(Error::Transport)?;
        transport.flush().await.map_err(Error::Transport)?;
        let end = end.ok_or(Error::Refused)?;
        deadlines.opened(now());
        // The same memory takes the frames now, and those that have come already go first.
        received.copy_within(end..filled, 0);
        let mut session = Session::new(Server, Limits::new(), received);
        session.filled(filled - end);
        Ok(Self { transport, session, out, made: 0, written: 0, ping: None, deadlines })
    }

    /// Waits for a message or a control frame. `answer` may encode one frame, while the message is borrowed; it is written
    /// by the next call. Gives `false` once the connection is closed.
    async fn next(
        &mut self,
        answer: impl FnOnce(Message<'_>, FrameEncoder<'_>, &mut [u8]) -> Result<usize, SendError>,
    ) -> Result<bool, Error<T::Error>> {
        // Each round takes one step, and waits until the next deadline at most.
        loop {
            match self.deadlines.due(now()) {
                Some(Due::Ping(payload)) => self.ping = Some(payload),
                Some(Due::GiveUp(why)) => return Err(Error::Late(why)),
                None => {}
            }
            let rest = &self.out[self.written..self.made];
            let ping = if self.ping.is_some() { 6 } else { 0 };
            let left = left(&mut self.deadlines, rest.len() + ping);
            if !rest.is_empty() {
                if let Some(taken) = within(left, self.transport.write(rest)).await {
                    let taken = taken.map_err(Error::Transport)?;
                    self.deadlines.wrote(now(), taken, rest.len());
                    self.written += taken;
                }
                continue;
            }
            if self.made > 0 {
                if let Some(flushed) = within(left, self.transport.flush()).await {
                    flushed.map_err(Error::Transport)?;
                    (self.made, self.written) = (0, 0);
                }
                continue;
            }
            if let Some(payload) = self.ping.take() {
                self.made = self.session.frame().encode(Message::Ping(&payload), &mut self.out)?;
                continue;
            }
            self.made = self.session.encode_reply(&mut self.out).map_err(SendError::from)?;
            if self.made > 0 {
                continue;
            }
            match self.session.next() {
                Ok(Some((message, sender))) => {
                    match message {
                        Message::Pong(payload) => self.deadlines.pong(now(), payload),
                        // The reply is queued, and the next thing to be written.
                        Message::Close(_) => self.deadlines.close_queued(),
                        _ => {}
                    }
                    self.made = answer(message, sender.frame(), &mut self.out)?;
                    return Ok(true);
                }
                Ok(None) => {}
                Err(error) => {
                    if !self.session.is_reply_due() {
                        return Err(Error::Protocol(error));
                    }
                    // First the Close frame that tells of it; then the same error comes again.
                    self.deadlines.close_queued();
                    continue;
                }
            }
            if self.session.should_close_transport() {
                return Ok(false);
            }
            match within(left, self.transport.read(self.session.buffer())).await {
                None => {}
                Some(Ok(0)) => return self.session.receive_eof().map(|()| false).map_err(|_| Error::Gone),
                Some(read) => {
                    self.session.filled(read.map_err(Error::Transport)?);
                    self.deadlines.received(now());
                }
            }
        }
    }
}

/// Serves a connection to its end.
pub(crate) async fn echo<T: Read + Write>(transport: T, timeouts: Timeouts) -> Result<(), Error<T::Error>> {
    let mut socket = WebSocket::accept(transport, Deadlines::new(timeouts, now())).await?;
    // What answers a control frame is made by itself.
    while socket
        .next(|message, frame, out| if message.is_data() { frame.encode(message, out) } else { Ok(0) })
        .await?
    {}
    Ok(())
}

/// How long until the next deadline, while so many bytes are unsent.
fn left(deadlines: &mut Deadlines, unsent: usize) -> Duration {
    let now = now();
    deadlines.wake_up(now, unsent).map_or(Duration::MAX, |at| at.duration_since(now))
}

/// On a device this is made of `Instant::now` of `embassy-time`, by `Moment::from_millis`.
fn now() -> Moment {
    static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
    Moment::since_origin(ORIGIN.elapsed())
}

/// Drops a future that takes longer. On a device this is `with_timeout` of `embassy-time`.
async fn within<F: Future>(time: Duration, future: F) -> Option<F::Output> {
    match select(future, async_io::Timer::after(time)).await {
        Either::First(output) => Some(output),
        Either::Second(_) => None,
    }
}

/// A socket of this machine, with the traits of `embedded-io-async`.
#[derive(Clone, Copy)]
pub(crate) struct Socket<'a>(pub(crate) &'a async_io::Async<TcpStream>);

impl ErrorType for Socket<'_> {
    type Error = std::io::Error;
}

impl Read for Socket<'_> {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, Self::Error> {
        self.0.read_with(|mut socket| std::io::Read::read(&mut socket, buf)).await
    }
}

impl Write for Socket<'_> {
    async fn write(&mut self, buf: &[u8]) -> Result<usize, Self::Error> {
        match self.0.write_with(|mut socket| std::io::Write::write(&mut socket, buf)).await? {
            0 => Err(std::io::ErrorKind::WriteZero.into()), // as the trait promises
            n => Ok(n),
        }
    }

    async fn flush(&mut self) -> Result<(), Self::Error> {
        Ok(()) // nothing is kept
    }
}

/// Serves one connection after the other; the executor has [`CONNECTIONS`] of these.
#[embassy_executor::task(pool_size = CONNECTIONS)]
async fn serve(listener: &'static async_io::Async<TcpListener>) {
    let timeouts = Timeouts::new();
    loop {
        let socket = match listener.accept().await {
            Ok((socket, _)) => socket,
            // This connection is lost, or descriptors are short for a while: no reason to end, nor to ask without a pause.
            Err(error) => {
                eprintln!("accept: {error}");
                async_io::Timer::after(Duration::from_millis(100)).await;
                continue;
            }
        };
        if let Err(error) = echo(Socket(&socket), timeouts).await {
            eprintln!("{error:?}");
        }
        // The server ends the transport, and waits for the peer's end lest the last bytes get lost.
        if socket.get_ref().shutdown(Shutdown::Write).is_ok() {
            let end = async { while Socket(&socket).read(&mut [0; 256]).await.is_ok_and(|n| n > 0) {} };
            let _ = within(timeouts.end().unwrap_or_default(), end).await;
        }
    }
}

#[embassy_executor::main]
async fn main(spawner: Spawner) {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9001".into());
    let listener =
        TcpListener::bind(address).and_then(async_io::Async::new).expect("an address to listen on");
    println!("listening on ws://{}", listener.get_ref().local_addr().expect("an address"));
    let listener = Box::leak(Box::new(listener));
    for _ in 0..CONNECTIONS {
        spawner.spawn(serve(listener).expect("as many places as there are"));
    }
}
