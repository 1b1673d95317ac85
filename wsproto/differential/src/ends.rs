//! The two implementations, each made to tell what it received in the same words.

use std::collections::VecDeque;
use std::io::{self, Read, Write};

use tungstenite::error::{Error, ProtocolError};
use tungstenite::protocol::{Message as Theirs, Role, WebSocket, WebSocketConfig};
use wsproto::connection::{self, Client, Limits, Message, Server};
use wsproto::error;
use wsproto::session::{Buffer, Session};
use wsproto::wire::{MaskingKey, Opcode, frame};

pub const MAX_FRAME: usize = 4096;
pub const MAX_MESSAGE: usize = 6000;

/// All that one end tells of the bytes it was given.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    pub messages: Vec<Received>,
    /// The Pongs it answered with, and the code of its Close frame.
    pub replies: Vec<(Opcode, Vec<u8>)>,
    pub fate: Fate,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Received {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
}

/// How it ended. What an end calls the fault differs too much to be compared; ours is kept for the [reasons](crate::reasons).
#[derive(Debug, Clone)]
pub enum Fate {
    /// The bytes ended without a Close frame.
    Ended,
    /// A Close frame came, with this code and reason.
    Closed(Option<(u16, String)>),
    /// The peer broke a rule or a limit.
    Failed(Option<error::ProtocolError>),
}

impl PartialEq for Fate {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Ended, Self::Ended) | (Self::Failed(_), Self::Failed(_)) => true,
            (Self::Closed(ours), Self::Closed(theirs)) => ours == theirs,
            _ => false,
        }
    }
}

/// A transport that gives one piece per read, and keeps what is written.
struct Transport {
    pieces: VecDeque<Vec<u8>>,
    written: Vec<u8>,
}

impl Transport {
    fn new(bytes: &[u8], cuts: &[usize]) -> Self {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| *cut.min(&bytes.len())).collect();
        cuts.push(bytes.len());
        cuts.sort_unstable();
        let starts = [0].into_iter().chain(cuts.iter().copied());
        let pieces = starts.zip(&cuts).map(|(start, end)| bytes[start..*end].to_vec());
        Self { pieces: pieces.filter(|piece| !piece.is_empty()).collect(), written: Vec::new() }
    }

    /// The replies that were written; of a Close frame only the code: a reason is not ours to repeat.
    fn replies(mut self) -> Vec<(Opcode, Vec<u8>)> {
        let (mut written, mut replies) = (&mut self.written[..], Vec::new());
        while let Some((frame, len)) = frame::decode(written, 125).expect("valid replies") {
            let opcode = frame.header.opcode();
            let kept = if opcode == Opcode::Close { frame.payload.len().min(2) } else { frame.payload.len() };
            replies.push((opcode, frame.payload[..kept].to_vec()));
            written = &mut written[len..];
        }
        assert!(written.is_empty(), "whole replies");
        replies
    }
}

impl Read for Transport {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let Some(piece) = self.pieces.front_mut() else { return Ok(0) };
        let n = piece.as_slice().read(buf)?;
        piece.drain(..n);
        if piece.is_empty() {
            self.pieces.pop_front();
        }
        Ok(n)
    }
}

impl Write for Transport {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.written.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What tungstenite's end of this `role` tells.
///
/// # Panics
///
/// If it fails otherwise than by a fault of the peer, or replies with what is no frame.
pub fn theirs(role: Role, bytes: &[u8], cuts: &[usize]) -> Told {
    let config = WebSocketConfig::default()
        .read_buffer_size(1024)
        .write_buffer_size(0)
        .max_frame_size(Some(MAX_FRAME))
        .max_message_size(Some(MAX_MESSAGE));
    let mut socket = WebSocket::from_raw_socket(Transport::new(bytes, cuts), role, Some(config));
    let mut messages = Vec::new();
    let fate = loop {
        messages.push(match socket.read() {
            Ok(Theirs::Text(text)) => Received::Text(text.to_string()),
            Ok(Theirs::Binary(payload)) => Received::Binary(payload.to_vec()),
            Ok(Theirs::Ping(payload)) => Received::Ping(payload.to_vec()),
            Ok(Theirs::Pong(payload)) => Received::Pong(payload.to_vec()),
            Ok(Theirs::Close(close)) => {
                // Its reply is written; what comes after that is not for us to look at.
                let _ = socket.flush();
                break Fate::Closed(close.map(|close| (close.code.into(), close.reason.to_string())));
            }
            Ok(Theirs::Frame(_)) => unreachable!("only ever sent"),
            Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)) => break Fate::Ended,
            Err(Error::Protocol(_) | Error::Capacity(_) | Error::Utf8(_)) => break Fate::Failed(None),
            Err(error) => unreachable!("no fault of the peer: {error}"),
        });
    };
    Told { messages, replies: socket.into_inner().replies(), fate }
}

/// What our session tells: the same over a buffer that grows, and over a fixed one.
///
/// # Panics
///
/// If it is not the same.
pub fn ours(role: Role, bytes: &[u8], cuts: &[usize]) -> Told {
    match role {
        Role::Server => both_buffers(Server, bytes, cuts),
        Role::Client => both_buffers(Client::new(|| MaskingKey::new([1, 2, 3, 4])), bytes, cuts),
    }
}

fn both_buffers<R: connection::Role + Copy>(role: R, bytes: &[u8], cuts: &[usize]) -> Told {
    let limits = Limits::new()
        .with_max_frame_payload(MAX_FRAME as u64)
        .with_max_message_size(MAX_MESSAGE as u64)
        .with_max_fragments(u32::MAX)
        .with_max_control_frames(u32::MAX);
    let growing = drive(Session::new(role, limits, Vec::new()), Transport::new(bytes, cuts));
    let fixed = drive(Session::new(role, limits, [0; MAX_MESSAGE + 131]), Transport::new(bytes, cuts));
    assert_eq!(growing, fixed);
    growing
}

fn drive<R: connection::Role, B: Buffer>(mut session: Session<R, B>, mut transport: Transport) -> Told {
    let mut messages = Vec::new();
    let fate = 'fate: loop {
        match transport.read(session.buffer()).expect("it can always be read") {
            0 => {
                session.receive_eof().expect_err("a Close frame ends the loop");
                break Fate::Ended;
            }
            n => session.filled(n),
        }
        loop {
            let message = match session.next() {
                Ok(None) => break,
                Ok(Some((message, _sender))) => received(message),
                // They send nothing then, so ours is not compared.
                Err(error) => break 'fate Fate::Failed(Some(error)),
            };
            session.append_reply(&mut transport.written);
            match message {
                Ok(message) => messages.push(message),
                Err(close) => break 'fate Fate::Closed(close),
            }
        }
    };
    Told { messages, replies: transport.replies(), fate }
}

/// What was received, or else with what the peer closed.
fn received(message: Message<'_>) -> Result<Received, Option<(u16, String)>> {
    Ok(match message {
        Message::Text(text) => Received::Text(text.to_owned()),
        Message::Binary(payload) => Received::Binary(payload.to_owned()),
        Message::Ping(payload) => Received::Ping(payload.to_owned()),
        Message::Pong(payload) => Received::Pong(payload.to_owned()),
        Message::Close(close) => {
            return Err(close.map(|close| (close.code().get(), close.reason().to_owned())));
        }
    })
}
