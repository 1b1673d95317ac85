//! Echoes every message over the traits of `embedded-io-async`, as a program without an operating system would:
//! `cargo run -p wsproto-examples --bin embedded_io -- [ADDRESS]`
//!
//! The upper part is for any transport that has those traits: a UART, the sockets of `embassy-net`, TLS over either. It has
//! fixed buffers and allocates nothing. The lower part lends it this machine's sockets, and has embassy's executor run it.

use embassy_executor::Spawner;
use embassy_futures::select::{Either, select};
use embedded_io_async::{ErrorType, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::time::Duration;
use wsproto::connection::FrameEncoder;
use wsproto::handshake::{Answer, HeadLimits, HttpReply, Request, RequestDecoder};
use wsproto::{Config, Message, ProtocolError, SendError, Server, Session};

/// To receive into, and as much to send from: for messages of up to 1,917 bytes, and a request's head as long as the buffer.
const BUFFER: usize = 2048;
/// How many are served at once: each has its place in static memory.
const CONNECTIONS: usize = 4;
/// For the opening handshake, and for the end of the transport.
const PATIENCE: Duration = Duration::from_secs(10);
/// After so long without a message a Ping is sent; after as much again the peer is gone.
const SILENCE: Duration = Duration::from_secs(30);

/// Why a connection ended, if not by closing.
#[derive(Debug)]
#[expect(dead_code, reason = "it is printed, by Debug")]
enum Error<E> {
    /// The transport's own.
    Transport(E),
    /// The peer broke a rule, and has been told.
    Protocol(ProtocolError),
    /// The peer asked for something else, or not as it should, and has been told.
    Refused,
    /// The peer hung up, or said nothing for too long.
    Gone,
    /// What was to be sent is not possible.
    Send(SendError),
}

impl<E> From<SendError> for Error<E> {
    fn from(error: SendError) -> Self {
        Self::Send(error)
    }
}

/// A connection over a transport. All its state is here and none in a future: each of its futures can be dropped, and the
/// next one goes on.
struct WebSocket<T> {
    transport: T,
    session: Session<Server, [u8; BUFFER]>,
    /// Of frames that were made, `out[written..made]` are to be written.
    out: [u8; BUFFER],
    made: usize,
    written: usize,
}

impl<T: Read + Write> WebSocket<T> {
    /// Answers the opening handshake.
    async fn accept(mut transport: T) -> Result<Self, Error<T::Error>> {
        let mut received = [0; BUFFER];
        let mut filled = 0;
        let mut out = [0; BUFFER];
        let mut decoder = RequestDecoder::with_limits(HeadLimits::DEFAULT.with_bytes(BUFFER));
        let decoded = loop {
            match decoder.decode(&received[..filled]) {
                Ok(None) => {}
                decoded => break decoded,
            }
            match transport.read(&mut received[filled..]).await.map_err(Error::Transport)? {
                0 => return Err(Error::Gone),
                n => filled += n,
            }
        };
        let (answer, consumed) = match decoded {
            Ok(Some((Request::Upgrade(upgrade), consumed))) => {
                let acceptance = upgrade.accept(Answer::default()).expect("nothing was asked for");
                (acceptance.encode(&mut out), Some(consumed))
            }
            Err(error) => (error.encode_response(&mut out), None),
            Ok(_) => (HttpReply::new(404, &[], b"").expect("a status").encode(&mut out), None),
        };
        let answer = &out[..answer.expect("less than 200 bytes")];
        transport.write_all(answer).await.map_err(Error::Transport)?;
        transport.flush().await.map_err(Error::Transport)?;
        let consumed = consumed.ok_or(Error::Refused)?;
        // The same memory takes the frames now, and those that have come already go first.
        received.copy_within(consumed..filled, 0);
        let mut session = Session::new(Config::new(), received);
        session.filled(filled - consumed);
        Ok(Self { transport, session, out, made: 0, written: 0 })
    }

    /// Waits for a message or a control frame. `answer` may encode one frame, while the message is borrowed; it is written
    /// by the next call. Gives `false` once the connection is closed.
    async fn next(
        &mut self,
        answer: impl FnOnce(Message<'_>, FrameEncoder<'_>, &mut [u8]) -> Result<usize, SendError>,
    ) -> Result<bool, Error<T::Error>> {
        loop {
            self.write().await?;
            if self.session.should_close_transport() {
                return Ok(false);
            }
            let Session { incoming, reply, sender } = &mut self.session;
            match incoming.next(reply) {
                Ok(Some(message)) => {
                    self.made = answer(message, sender.frame(), &mut self.out)?;
                    return Ok(true);
                }
                // After an error this is the Close frame that tells of it.
                Ok(None) | Err(_) if reply.is_due() => {
                    self.made = reply.encode(sender.frame(), &mut self.out)?;
                }
                Err(error) => return Err(Error::Protocol(error)),
                Ok(None) => match self.transport.read(incoming.buffer()).await.map_err(Error::Transport)? {
                    0 => return incoming.receive_eof().map(|()| false).map_err(|_| Error::Gone),
                    n => incoming.filled(n),
                },
            }
        }
    }

    /// Makes a Ping, which the next call of [`Self::next`] writes.
    fn ping(&mut self) -> Result<(), Error<T::Error>> {
        // What is there is an answer that the peer doesn't take: no sign of life either.
        if self.made == 0 {
            self.made = self.session.frame().encode_ping(b"", &mut self.out)?;
        }
        Ok(())
    }

    /// Writes all that was made.
    async fn write(&mut self) -> Result<(), Error<T::Error>> {
        while self.written < self.made {
            let rest = &self.out[self.written..self.made];
            self.written += self.transport.write(rest).await.map_err(Error::Transport)?;
        }
        if self.made > 0 {
            self.transport.flush().await.map_err(Error::Transport)?;
            (self.made, self.written) = (0, 0);
        }
        Ok(())
    }
}

/// Serves a connection to its end.
async fn echo<T: Read + Write>(transport: T) -> Result<(), Error<T::Error>> {
    let mut socket = within(PATIENCE, WebSocket::accept(transport)).await.unwrap_or(Err(Error::Gone))?;
    let mut is_pinged = false;
    loop {
        let next = socket.next(|message, frame, out| match message {
            Message::Text(text) => frame.encode_text(text, out),
            Message::Binary(bytes) => frame.encode_binary(bytes, out),
            _ => Ok(0), // what answers a control frame is made by itself
        });
        match within(SILENCE, next).await {
            Some(Ok(true)) => is_pinged = false,
            Some(Ok(false)) => return Ok(()),
            Some(Err(error)) => return Err(error),
            None if is_pinged => return Err(Error::Gone),
            None => {
                is_pinged = true;
                socket.ping()?;
            }
        }
    }
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
struct Socket<'a>(&'a async_io::Async<TcpStream>);

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
    loop {
        let socket = match listener.accept().await {
            Ok((socket, _)) => socket,
            Err(error) => {
                eprintln!("{error}");
                continue;
            }
        };
        if let Err(error) = echo(Socket(&socket)).await {
            eprintln!("{error:?}");
        }
        // The server ends the transport, and waits for the peer's end lest the last bytes get lost.
        if socket.get_ref().shutdown(Shutdown::Write).is_ok() {
            let end = async { while Socket(&socket).read(&mut [0; 256]).await.is_ok_and(|n| n > 0) {} };
            let _ = within(PATIENCE, end).await;
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
