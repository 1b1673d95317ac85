//! The other end, told what to do.

use std::io::{self, ErrorKind, Read, Write};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha1::{Digest, Sha1};

use crate::{Frame, Pipe};

/// The key of the RFC's example, which the peer's requests have ([RFC 6455 §1.3]).
///
/// [RFC 6455 §1.3]: https://www.rfc-editor.org/rfc/rfc6455#section-1.3
pub const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

/// The answer to a `Sec-WebSocket-Key` ([RFC 6455 §4.2.2]).
///
/// ```
/// assert_eq!(wsproto_test::accept_of(wsproto_test::KEY), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
/// ```
///
/// [RFC 6455 §4.2.2]: https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2
pub fn accept_of(key: &str) -> String {
    let digest =
        Sha1::new().chain_update(key).chain_update("258EAFA5-E914-47DA-95CA-C5AB0DC85B11").finalize();
    BASE64_STANDARD.encode(digest)
}

/// A scripted peer over a [`Pipe`]: it sends what it is told, right or wrong, answers nothing by itself, and hands over what comes, frame
/// by frame.
///
/// The calls without `async_` block, for [`PATIENCE`](crate::PATIENCE) at most: for a test whose endpoint has a thread of its own. Those
/// with it are for a test in one runtime together with the endpoint.
///
/// A client to test a server with, here one that answers as the RFC's example does:
///
/// ```
/// use std::io::{Read, Write};
/// use wsproto_test::{Frame, KEY, Peer, accept_of, pipe};
///
/// let (mut server, near) = pipe();
/// let server = std::thread::spawn(move || {
///     let mut head = [0; 1024];
///     let n = server.read(&mut head)?;
///     assert!(head[..n].ends_with(b"\r\n\r\n"));
///     let accept = accept_of(KEY);
///     write!(server, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n")?;
///     write!(server, "Sec-WebSocket-Accept: {accept}\r\n\r\n\u{1}\u{2}hi")
/// });
/// let mut client = Peer::client(near);
/// client.open("/", &[])?;
/// assert_eq!(client.recv()?, Some(Frame::text("hi").with_fin(false)));
/// assert_eq!(client.recv()?, None);
/// server.join().unwrap()?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Peer {
    pipe: Pipe,
    key: Option<[u8; 4]>,
    unread: Vec<u8>,
}

impl Peer {
    /// Returns a client: it masks what it sends, with the key `37 fa 21 3d` of the RFC's examples.
    pub fn client(pipe: Pipe) -> Self {
        Self { pipe, key: Some([0x37, 0xFA, 0x21, 0x3D]), unread: Vec::new() }
    }

    /// Returns a server: it does not mask.
    pub fn server(pipe: Pipe) -> Self {
        Self { pipe, key: None, unread: Vec::new() }
    }

    /// Masks with another key, or not: a client that does not mask breaks a rule, and so does a server that does.
    pub fn set_key(&mut self, key: Option<[u8; 4]>) {
        self.key = key;
    }

    /// Returns the end of the pipe, to give to somebody else.
    pub fn into_pipe(self) -> Pipe {
        self.pipe
    }

    /// Sends a frame.
    ///
    /// # Errors
    ///
    /// `BrokenPipe` if the other end is gone.
    pub fn send(&mut self, frame: &Frame) -> io::Result<()> {
        let wire = frame.encode(self.key);
        self.send_bytes(&wire)
    }

    /// Sends bytes as they are: half a frame, for instance.
    ///
    /// # Errors
    ///
    /// `BrokenPipe` if the other end is gone.
    pub fn send_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.pipe.write_all(bytes)
    }

    /// Ends this direction, and still reads.
    pub fn end(&self) {
        self.pipe.end();
    }

    /// Returns the next frame, or `None` at the transport's end.
    ///
    /// # Errors
    ///
    /// `TimedOut` if nothing whole comes for ten seconds, `UnexpectedEof` if the transport ends in a frame, `InvalidData` if the
    /// frame is masked as it must not be at this end, or is not as it must be.
    pub fn recv(&mut self) -> io::Result<Option<Frame>> {
        loop {
            if let Some(frame) = self.next_frame()? {
                return Ok(Some(frame));
            }
            if !self.read()? {
                return self.at_end();
            }
        }
    }

    /// Performs the opening handshake of a client, and returns the answer's head.
    ///
    /// `fields` are sent beside those that the RFC requires: `("Origin", "https://example.com")`.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv); `ConnectionRefused`, with the head, if the answer is not 101 with the right `Sec-WebSocket-Accept`.
    pub fn open(&mut self, target: &str, fields: &[(&str, &str)]) -> io::Result<String> {
        self.send_bytes(request(target, fields).as_bytes())?;
        opened(self.recv_head()?)
    }

    /// Performs the opening handshake of a server, and returns the request's head.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv); `InvalidData`, with the head, if the request has no key.
    pub fn accept(&mut self) -> io::Result<String> {
        let head = self.recv_head()?;
        let answer = answer(&head)?;
        self.send_bytes(answer.as_bytes())?;
        Ok(head)
    }

    /// Returns the next head of HTTP, with the empty line that ends it.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    pub fn recv_head(&mut self) -> io::Result<String> {
        loop {
            if let Some(head) = self.next_head() {
                return Ok(head);
            }
            if !self.read()? {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
    }

    fn next_head(&mut self) -> Option<String> {
        let end = self.unread.windows(4).position(|bytes| bytes == b"\r\n\r\n")? + 4;
        Some(String::from_utf8_lossy(&self.unread.drain(..end).collect::<Vec<_>>()).into_owned())
    }

    fn next_frame(&mut self) -> io::Result<Option<Frame>> {
        let Some((frame, is_masked, n)) = Frame::decode(&self.unread) else { return Ok(None) };
        self.unread.drain(..n);
        // A client masks, a server does not [RFC 6455 §5.1]; whoever breaks that himself is a client if his key is missing.
        if is_masked && self.key.is_some() {
            return Err(io::Error::new(ErrorKind::InvalidData, "a masked frame came from a server"));
        }
        Ok(Some(frame))
    }

    fn at_end(&self) -> io::Result<Option<Frame>> {
        if self.unread.is_empty() { Ok(None) } else { Err(ErrorKind::UnexpectedEof.into()) }
    }

    fn read(&mut self) -> io::Result<bool> {
        let mut bytes = [0; 4096];
        let n = self.pipe.read(&mut bytes)?;
        self.unread.extend_from_slice(&bytes[..n]);
        Ok(n > 0)
    }
}

/// The same, for a test that is a task of the same runtime as the endpoint. Each can be dropped at any await and called again.
impl Peer {
    /// As [`recv`](Self::recv), but waits for as long as it takes: put a timeout around it.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv), without `TimedOut`.
    pub async fn async_recv(&mut self) -> io::Result<Option<Frame>> {
        loop {
            if let Some(frame) = self.next_frame()? {
                return Ok(Some(frame));
            }
            if !self.async_read().await? {
                return self.at_end();
            }
        }
    }

    /// As [`open`](Self::open).
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), without `TimedOut`.
    pub async fn async_open(&mut self, target: &str, fields: &[(&str, &str)]) -> io::Result<String> {
        self.send_bytes(request(target, fields).as_bytes())?;
        opened(self.async_recv_head().await?)
    }

    /// As [`accept`](Self::accept).
    ///
    /// # Errors
    ///
    /// As [`accept`](Self::accept), without `TimedOut`.
    pub async fn async_accept(&mut self) -> io::Result<String> {
        let head = self.async_recv_head().await?;
        let answer = answer(&head)?;
        self.send_bytes(answer.as_bytes())?;
        Ok(head)
    }

    /// As [`recv_head`](Self::recv_head).
    ///
    /// # Errors
    ///
    /// As [`recv_head`](Self::recv_head), without `TimedOut`.
    pub async fn async_recv_head(&mut self) -> io::Result<String> {
        loop {
            if let Some(head) = self.next_head() {
                return Ok(head);
            }
            if !self.async_read().await? {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
    }

    async fn async_read(&mut self) -> io::Result<bool> {
        let mut bytes = [0; 4096];
        let n = std::future::poll_fn(|cx| self.pipe.poll_read_some(Some(cx), &mut bytes)).await?;
        self.unread.extend_from_slice(&bytes[..n]);
        Ok(n > 0)
    }
}

fn request(target: &str, fields: &[(&str, &str)]) -> String {
    let mut request = format!(
        "GET {target} HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n"
    );
    for (name, value) in fields {
        request.extend([name, ": ", value, "\r\n"]);
    }
    request + "\r\n"
}

fn opened(head: String) -> io::Result<String> {
    let is_accepted = field(&head, "Sec-WebSocket-Accept").is_some_and(|accept| accept == accept_of(KEY));
    if head.starts_with("HTTP/1.1 101 ") && is_accepted {
        Ok(head)
    } else {
        Err(io::Error::new(ErrorKind::ConnectionRefused, head))
    }
}

fn answer(head: &str) -> io::Result<String> {
    let key = field(head, "Sec-WebSocket-Key").ok_or_else(|| io::Error::new(ErrorKind::InvalidData, head))?;
    Ok(format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {}\r\n\r\n",
        accept_of(key)
    ))
}

/// Returns a header field's value.
fn field<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let mut lines = head.split("\r\n").filter_map(|line| line.split_once(':'));
    lines.find_map(|(found, value)| found.eq_ignore_ascii_case(name).then(|| value.trim()))
}
