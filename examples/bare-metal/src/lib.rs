//! A WebSocket server and a client without an operating system: no `std`, no allocation, any transport that implements the
//! traits of `embedded-io`, such as a UART or a TCP socket of smoltcp.
#![no_std]
#![forbid(unsafe_code)]
#![cfg(feature = "handshake")]

use embedded_io::{Read, Write};
use wsproto_embedded::blocking::accept;
use wsproto_embedded::rand_core::CryptoRng;
use wsproto_embedded::{AcceptError, CloseCode, Connect, ConnectError, Error, Message, NoClock};

/// Why a connection ended, if not by closing.
#[derive(Debug, PartialEq)]
pub enum Trouble<E> {
    Accept(AcceptError<E>),
    Connect(ConnectError<E>),
    Open(Error<E>),
}

impl<E> From<Error<E>> for Trouble<E> {
    fn from(error: Error<E>) -> Self {
        Self::Open(error)
    }
}

/// Echoes to one client, from its first byte to its last; the caller then closes the transport.
///
/// # Errors
///
/// The client asked for something else, or broke a rule, and was told; or the transport's own.
pub fn serve<T: Read + Write, const N: usize>(
    memory: &mut [u8; N],
    transport: T,
) -> Result<(), Trouble<T::Error>> {
    let mut socket = accept(transport, memory, NoClock).map_err(Trouble::Accept)?;
    while let Some((message, mut out)) = socket.read()? {
        out.send(message)?;
    }
    Ok(())
}

/// Echoes what a server sends, to the end.
///
/// # Errors
///
/// The server refused, or broke a rule, and was told; or the transport's own.
pub fn repeat<T: Read + Write, const N: usize>(
    memory: &mut [u8; N],
    transport: T,
    random: impl CryptoRng,
) -> Result<(), Trouble<T::Error>> {
    let connect = Connect::new("example.com", "/chat");
    let socket = connect.connect_blocking(transport, memory, NoClock, random, |_| ());
    let mut socket = socket.map_err(Trouble::Connect)?;
    while let Some((message, mut out)) = socket.read()? {
        out.send(message)?;
    }
    Ok(())
}

/// Posts what was measured to the room of `chat-demo`, waits until the room shows it, and closes.
///
/// # Errors
///
/// The server refused, or broke a rule, and was told; or the transport's own.
pub fn report<T: Read + Write, const N: usize>(
    memory: &mut [u8; N],
    transport: T,
    random: impl CryptoRng,
    text: &str,
) -> Result<(), Trouble<T::Error>> {
    let connect = Connect::new("127.0.0.1", "/ws");
    let socket = connect.connect_blocking(transport, memory, NoClock, random, |_| ());
    let mut socket = socket.map_err(Trouble::Connect)?;
    socket.send_fmt(format_args!(r#"{{"user":"Cortex-M3","text":"{text}"}}"#))?;
    while let Some((message, _)) = socket.read()? {
        if matches!(message, Message::Text(shown) if shown.contains(text)) {
            socket.close(CloseCode::NORMAL, "")?;
            return Ok(());
        }
    }
    Err(Error::Closed.into())
}
