//! `autobahn_server` and `autobahn_client` on wsproto-embedded, blocking: `autobahn_embedded server ADDR` echoes to the suite's
//! `fuzzingclient`, `autobahn_embedded client ADDR` runs through the cases of its `fuzzingserver` and has the reports written.

use std::convert::Infallible;
use std::error::Error;
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use embedded_io::{ErrorType, Read, Write};
use wsproto_embedded::blocking::{ClientSocket, accept_with};
use wsproto_embedded::rand_core::{TryCryptoRng, TryRng};
use wsproto_embedded::{Connect, Limits, Message, NoClock, Options};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const AGENT: &str = "wsproto-embedded";
/// The cases 9.* send messages of 16 MiB; a control frame may come in the middle of one.
const BUFFER: usize = (16 << 20) + 131;
/// Messages that don't fit are sent in fragments.
const OUT: usize = 1 << 20;

type Memory<'b> = (&'b mut [u8; BUFFER], &'b mut [u8; OUT]);

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut memory = (zeros::<BUFFER>()?, zeros::<OUT>()?);
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["server", address] => serve(address, &mut memory.0, &mut memory.1),
        ["client", address] => run_cases(address, &mut memory.0, &mut memory.1),
        _ => Err("usage: autobahn_embedded server|client ADDR".into()),
    }
}

/// So much has no place on the stack.
fn zeros<const N: usize>() -> Result<Box<[u8; N]>> {
    vec![0; N].into_boxed_slice().try_into().map_err(|_| "another length".into())
}

/// Some cases send a message in fragments of 64 bytes.
fn options() -> Options<'static> {
    let limits = Limits::new()
        .with_max_frame_payload(16 << 20)
        .with_max_message_size(16 << 20)
        .with_max_fragments(1 << 20)
        .with_max_control_frames(1 << 20);
    Options::new().with_limits(limits).any_origin()
}

fn serve(address: &str, memory: &mut [u8; BUFFER], out: &mut [u8; OUT]) -> Result<()> {
    let listener = TcpListener::bind(address)?;
    println!("listening on ws://{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept()?;
        if let Err(error) = echo(Tcp(stream), (memory, out)) {
            println!("{error}");
        }
    }
}

fn echo(transport: Tcp, memory: Memory<'_>) -> Result<()> {
    let mut socket =
        accept_with(transport, memory, NoClock, &options()).map_err(|error| error.to_string())?;
    while let Some((message, mut out)) = socket.read().map_err(|error| error.to_string())? {
        out.send(message).map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn run_cases(address: &str, memory: &mut [u8; BUFFER], out: &mut [u8; OUT]) -> Result<()> {
    let mut socket = connect(address, "/getCaseCount", (memory, out))?;
    let (count, _) = socket.read()?.ok_or("no number of cases")?;
    let Message::Text(count) = count else { return Err("no number of cases".into()) };
    let count: u32 = count.parse()?;
    for case in 1..=count {
        let mut socket = connect(address, &format!("/runCase?case={case}&agent={AGENT}"), (memory, out))?;
        // What goes wrong is what the case is about, and in the report.
        let is_closed = loop {
            match socket.read() {
                Ok(Some((message, mut out))) => {
                    if out.send(message).is_err() {
                        break false;
                    }
                }
                outcome => break outcome.is_ok(),
            }
        };
        if is_closed {
            wait_for_end(socket.into_transport())?;
        }
    }
    // The server writes its reports and is gone, often before it answers the handshake.
    let target = format!("/updateReports?agent={AGENT}&shutdownOnComplete=true");
    match connect(address, &target, (memory, out)) {
        Ok(mut socket) => while let Ok(Some(_)) = socket.read() {},
        Err(error) => println!("reports: {error}"),
    }
    Ok(())
}

/// The server ends the transport first ([RFC 6455 §7.1.1]); without a clock the crate does not wait for it.
fn wait_for_end(Tcp(mut stream): Tcp) -> Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(1)))?;
    while matches!(std::io::Read::read(&mut stream, &mut [0; 4096]), Ok(1..)) {}
    Ok(())
}

fn connect<'b>(
    address: &str,
    target: &str,
    memory: Memory<'b>,
) -> Result<ClientSocket<Tcp, Memory<'b>, NoClock, Random>> {
    let connect = Connect::new(address, target).options(options());
    let transport = Tcp(TcpStream::connect(address)?);
    Ok(connect.connect_blocking(transport, memory, NoClock, Random, |_| ())?)
}

/// A socket of this machine, with the traits of `embedded-io`.
struct Tcp(TcpStream);

impl ErrorType for Tcp {
    type Error = std::io::Error;
}

impl Read for Tcp {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        std::io::Read::read(&mut self.0, buf)
    }
}

impl Write for Tcp {
    fn write(&mut self, buf: &[u8]) -> std::io::Result<usize> {
        std::io::Write::write(&mut self.0, buf)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(()) // nothing is kept
    }
}

/// The operating system's randomness, without which there is nothing to go on with.
struct Random;

impl TryRng for Random {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> std::result::Result<u32, Infallible> {
        Ok(getrandom::u32().expect("randomness"))
    }

    fn try_next_u64(&mut self) -> std::result::Result<u64, Infallible> {
        Ok(getrandom::u64().expect("randomness"))
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> std::result::Result<(), Infallible> {
        getrandom::fill(dst).expect("randomness");
        Ok(())
    }
}

impl TryCryptoRng for Random {}
