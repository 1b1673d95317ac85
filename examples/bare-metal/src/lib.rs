//! A WebSocket echo server without an operating system: no `std`, no allocation, any transport that implements the
//! traits of `embedded-io`, such as a UART or a TCP socket of smoltcp.
//!
//! Top-down: `serve`, then what it does first, `handshake`, and then, `converse`. These two are kept apart in the machine
//! code too, so that the one's locals are gone from the stack when the other's come.
#![no_std]
#![forbid(unsafe_code)]

use embedded_io::{Read, Write};
use wsproto::connection::{Config, Server};
use wsproto::error::ProtocolError;
use wsproto::handshake::{Answer, HeadLimits, HttpReply, Request, RequestDecoder, RequestError};
use wsproto::session::{Message, Session};

/// How a connection ended. The peer was told, unless the transport was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// By the closing handshake.
    Closed,
    /// Before it began: this was an ordinary HTTP request.
    NotWebSocket,
    /// Before it began: the opening handshake was wrong.
    BadRequest(RequestError),
    /// The peer broke a rule or a limit.
    Failed(ProtocolError),
    /// The transport ended too early.
    Lost,
}

/// Serves one connection, from its first byte to its last; the caller then closes the transport.
///
/// `memory` holds first the head of the opening handshake, then messages: heads of less than `N` bytes, messages of up
/// to `N - 131`.
///
/// # Errors
///
/// Those of the transport.
pub fn serve<T: Read + Write, const N: usize>(
    memory: &mut [u8; N],
    transport: &mut T,
) -> Result<End, T::Error> {
    match handshake(memory, transport)? {
        Ok(first_bytes) => converse(memory, first_bytes, transport),
        Err(end) => Ok(end),
    }
}

/// Reads the opening handshake and answers it. Gives how many bytes the client sent behind it; they lie at the start
/// of `memory` then.
#[inline(never)]
fn handshake<T: Read + Write>(memory: &mut [u8], transport: &mut T) -> Result<Result<usize, End>, T::Error> {
    // The decoder refuses a head that fills the memory, and remembers what it has seen: each byte is looked at once.
    let mut decoder = RequestDecoder::with_limits(HeadLimits::DEFAULT.with_bytes(memory.len()));
    let mut filled = 0;
    loop {
        match transport.read(&mut memory[filled..])? {
            0 => return Ok(Err(End::Lost)),
            n => filled += n,
        }
        let mut out = [0; 170];
        let (answer, result) = match decoder.decode(&memory[..filled]) {
            Ok(None) => continue,
            Ok(Some((Request::Upgrade(upgrade), consumed))) => {
                (upgrade.accept(Answer::default()).map(|answer| answer.encode(&mut out)), Ok(consumed))
            }
            Ok(Some((Request::Http(_), _))) => {
                (HttpReply::new(404, &[], b"").map(|reply| reply.encode(&mut out)), Err(End::NotWebSocket))
            }
            // The error knows its answer, of 170 bytes at most.
            Err(error) => (Ok(error.encode_response(&mut out)), Err(End::BadRequest(error))),
        };
        // All three fit, and there is nothing in them that could be refused.
        let written = answer.map_or(0, Result::unwrap_or_default);
        transport.write_all(&out[..written])?;
        return Ok(result.map(|consumed| {
            memory.copy_within(consumed..filled, 0);
            filled - consumed
        }));
    }
}

#[inline(never)]
fn converse<T: Read + Write, const N: usize>(
    memory: &mut [u8; N],
    first_bytes: usize,
    transport: &mut T,
) -> Result<End, T::Error> {
    let mut session = Session::<Server, _>::new(Config::new(), memory);
    // A new session's buffer is the whole memory: the client's first bytes lie in it already.
    session.filled(first_bytes);
    loop {
        let Session { incoming, reply, sender } = &mut session;
        let end = loop {
            let message = incoming.next(reply);
            // The Pong or the Close frame that is due, also the one that tells the peer of an error: 131 bytes at most.
            let mut control = [0; 131];
            let written = reply.encode(sender.frame(), &mut control).unwrap_or_default();
            transport.write_all(&control[..written])?;
            // An echo needs no memory: its payload is sent from where it lies, behind a header of its own.
            let (header, payload) = match message {
                Ok(Some(Message::Text(text))) => (sender.frame().text_header(text), text.as_bytes()),
                Ok(Some(Message::Binary(payload))) => (sender.frame().binary_header(payload), payload),
                Ok(Some(_)) => continue,
                Ok(None) => break End::Closed,
                Err(error) => break End::Failed(error),
            };
            if let Ok(header) = header {
                transport.write_all(&header)?;
                transport.write_all(payload)?;
            }
        };
        if session.should_close_transport() {
            return Ok(end);
        }
        match transport.read(session.buffer())? {
            0 => return Ok(End::Lost),
            n => session.filled(n),
        }
    }
}
