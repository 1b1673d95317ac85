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
use wsproto_embedded::{AcceptError, Clock, Error, Moment, Options, Timeouts, accept_with};

/// To receive into, and as much to send from: for messages of up to 1,917 bytes, and a request's head as long as the buffer.
const BUFFER: usize = 2048;
/// How many are served at once: each has its place in static memory.
const CONNECTIONS: usize = 4;

/// Why a connection ended, if not by closing.
#[derive(Debug)]
pub(crate) enum Trouble<E> {
    Opening(AcceptError<E>),
    Open(Error<E>),
}

/// Serves a connection to its end.
pub(crate) async fn echo<T: Read + Write>(transport: T, timeouts: Timeouts) -> Result<(), Trouble<T::Error>> {
    let options = Options::new().with_timeouts(timeouts).any_origin();
    let (mut input, mut output) = ([0; BUFFER], [0; BUFFER]);
    let memory = (&mut input, &mut output); // lent: it would lie in several futures otherwise
    let socket = accept_with(transport, memory, ThisClock, &options).await;
    let mut socket = socket.map_err(Trouble::Opening)?;
    while let Some((message, mut out)) = socket.read().await.map_err(Trouble::Open)? {
        out.send(message).await.map_err(Trouble::Open)?;
    }
    Ok(())
}

/// The clock of this machine. On a device it is `EmbassyClock`, of feature `embassy-time`.
struct ThisClock;

impl Clock for ThisClock {
    fn now(&self) -> Moment {
        static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
        Moment::since_origin(ORIGIN.elapsed())
    }

    async fn wait_until(&self, at: Moment) {
        async_io::Timer::after(at.duration_since(self.now())).await;
    }
}

/// Drops a future that takes longer.
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
        match echo(Socket(&socket), timeouts).await {
            Ok(()) => {}
            Err(Trouble::Opening(error)) => eprintln!("{error}"),
            Err(Trouble::Open(error)) => eprintln!("{error}"),
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
