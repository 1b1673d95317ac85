//! What the tests share: pairs of sockets, and transports that are as awkward as transports can be.
#![allow(dead_code, reason = "each test file takes a part")]

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::time::Duration;

use wsproto_blocking::wsproto::deflate::Parameters;
use wsproto_blocking::{Agreed, Client, Input, Options, Output, Server, ThreadKeys, Timeouts, WebSocket};

/// What both ends agree on by default: compression, without context takeover.
pub fn compressed() -> Agreed {
    Agreed::new().with_deflate(Some(Parameters {
        server_no_context_takeover: true,
        client_no_context_takeover: true,
        ..Parameters::default()
    }))
}

/// The two ends of a TCP connection.
pub fn streams() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let one = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (listener.accept().unwrap().0, one)
}

pub fn server<T: Input + Output>(stream: T, options: &Options) -> WebSocket<T> {
    WebSocket::from_upgraded(stream, Server, b"", Agreed::new(), options)
}

pub fn client<T: Input + Output>(stream: T, options: &Options) -> WebSocket<T, Client> {
    WebSocket::from_upgraded(stream, ThreadKeys::client(), b"", Agreed::new(), options)
}

/// A server and a client over TCP, with the default options.
pub fn pair() -> (WebSocket<TcpStream>, WebSocket<TcpStream, Client>) {
    pair_with(&Options::new())
}

pub fn pair_with(options: &Options) -> (WebSocket<TcpStream>, WebSocket<TcpStream, Client>) {
    let (left, right) = streams();
    (server(left, options), client(right, options))
}

/// The default options with other deadlines.
pub fn timed(set: impl FnOnce(Timeouts) -> Timeouts) -> Options {
    Options::new().with_timeouts(set(Timeouts::new()))
}

pub fn millis(millis: u64) -> Option<Duration> {
    Some(Duration::from_millis(millis))
}

/// Takes and gives one byte a call, and every other call fails with `between`.
#[derive(Debug)]
pub struct Bytewise<T> {
    inner: T,
    between: ErrorKind,
    may_read: bool,
    may_write: bool,
}

impl<T> Bytewise<T> {
    pub fn new(inner: T, between: ErrorKind) -> Self {
        Self { inner, between, may_read: false, may_write: false }
    }
}

/// Every other time it fails.
fn turn(may: &mut bool, between: ErrorKind) -> io::Result<()> {
    *may = !*may;
    if *may { Ok(()) } else { Err(between.into()) }
}

impl<T: Read> Read for Bytewise<T> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        turn(&mut self.may_read, self.between)?;
        let most = buf.len().min(1);
        self.inner.read(&mut buf[..most])
    }
}

impl<T: Write> Write for Bytewise<T> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        turn(&mut self.may_write, self.between)?;
        self.inner.write(&buf[..buf.len().min(1)])
    }

    fn flush(&mut self) -> io::Result<()> {
        turn(&mut self.may_write, self.between)?;
        self.inner.flush()
    }
}

impl<T: Input> Input for Bytewise<T> {
    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.inner.set_read_timeout(timeout)
    }
}

impl<T: Output> Output for Bytewise<T> {
    fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.inner.set_write_timeout(timeout)
    }

    fn shutdown(&mut self, how: Shutdown) -> io::Result<()> {
        self.inner.shutdown(how)
    }
}

/// Gives what it is told to, one item a read, and keeps what is written.
#[derive(Debug, Default)]
pub struct Scripted {
    pub reads: VecDeque<io::Result<Vec<u8>>>,
    pub written: Vec<u8>,
    /// What writes fail with, from this many bytes on.
    pub fails: Option<(usize, ErrorKind)>,
}

impl Scripted {
    pub fn new(reads: impl IntoIterator<Item = io::Result<Vec<u8>>>) -> Self {
        Self { reads: reads.into_iter().collect(), ..Self::default() }
    }
}

impl Read for Scripted {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self.reads.pop_front() {
            None => Ok(0),
            Some(Err(error)) => Err(error),
            Some(Ok(bytes)) => {
                let n = bytes.len().min(buf.len());
                buf[..n].copy_from_slice(&bytes[..n]);
                if n < bytes.len() {
                    self.reads.push_front(Ok(bytes[n..].to_vec()));
                }
                Ok(n)
            }
        }
    }
}

impl Write for Scripted {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let most = match self.fails {
            Some((left, kind)) if left == self.written.len() => return Err(kind.into()),
            Some((left, _)) => buf.len().min(left - self.written.len()),
            None => buf.len(),
        };
        self.written.extend_from_slice(&buf[..most]);
        Ok(most)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Input for Scripted {}
impl Output for Scripted {}
