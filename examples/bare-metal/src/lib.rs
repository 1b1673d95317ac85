//! A WebSocket echo server without an operating system: no `std`, no allocation, any transport that implements the
//! traits of `embedded-io`, such as a UART or a TCP socket of smoltcp.
//!
//! Top-down: `serve`, then what it does first, `handshake`, and then, `converse`. These two are kept apart in the machine
//! code too, so that the one's locals are gone from the stack when the other's come.
#![no_std]
#![forbid(unsafe_code)]

use embedded_io::{Read, Write};
use wsproto::error::ProtocolError;
use wsproto::handshake::{Answer, Choice, HeadLimits, Request, RequestDecoder, RequestError};
use wsproto::{Limits, Message, Server, Session};

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
        let (answer, end) = match decoder.decode(&memory[..filled]) {
            Ok(None) => continue,
            Ok(Some(found)) => match found.request(memory) {
                Request::WebSocket(handshake) => {
                    // 154 bytes at most, and nothing in them that could be refused.
                    let mut out = [0; 154];
                    let answer = handshake.accept(Choice::default());
                    let written = answer.map_or(0, |answer| answer.encode(&mut out).unwrap_or_default());
                    transport.write_all(&out[..written])?;
                    memory.copy_within(found.end()..filled, 0);
                    return Ok(Ok(filled - found.end()));
                }
                Request::Http(_) => (Answer::new(404, &[], b""), End::NotWebSocket),
            },
            // The error knows its answer. Its words would take 2 KB of flash.
            Err(error) => (Ok(error.answer_without_text()), End::BadRequest(error)),
        };
        // What was received is of no use any more.
        let written = answer.map_or(0, |answer| answer.encode(memory).unwrap_or_default());
        transport.write_all(&memory[..written])?;
        return Ok(Err(end));
    }
}

#[inline(never)]
fn converse<T: Read + Write, const N: usize>(
    memory: &mut [u8; N],
    first_bytes: usize,
    transport: &mut T,
) -> Result<End, T::Error> {
    let mut session = Session::new(Server, Limits::new(), memory);
    // A new session's buffer is the whole memory: the client's first bytes lie in it already.
    session.filled(first_bytes);
    loop {
        // The Pong or the Close frame that is due, also the one that tells the peer of an error: 131 bytes at most.
        let mut control = [0; 131];
        let written = session.encode_reply(&mut control).unwrap_or_default();
        transport.write_all(&control[..written])?;
        let end = match session.next() {
            Ok(Some((message, sender))) => {
                let payload = match message {
                    Message::Text(text) => text.as_bytes(),
                    Message::Binary(payload) => payload,
                    _ => continue,
                };
                // An echo needs no memory: its payload is sent from where it lies, behind a header of its own.
                if let Ok(header) = sender.frame().header(message) {
                    transport.write_all(&header)?;
                    transport.write_all(payload)?;
                }
                continue;
            }
            Ok(None) => End::Closed,
            Err(error) => End::Failed(error),
        };
        if session.should_close_transport() {
            return Ok(end);
        }
        // Behind an error; it comes again.
        if session.is_reply_due() {
            continue;
        }
        match transport.read(session.buffer())? {
            0 => return Ok(End::Lost),
            n => session.filled(n),
        }
    }
}
