//! Receiving, by each library as its documentation shows it.

use std::cell::Cell;
use std::hint::black_box;

use bytes::BytesMut;
use futures_util::StreamExt;
use tokio_util::compat::TokioAsyncReadCompatExt;
use wsproto::connection::{Event, Limits, Message, Receiver, Server};
use wsproto::session::Session;

use crate::source::{READ, Source, run};

/// Somebody who takes a stream of frames.
pub struct Peer {
    pub name: &'static str,
    /// Counts the messages.
    pub count: fn(&[u8]) -> Result<usize, ()>,
    /// Gives all payloads, one behind the other.
    pub gather: fn(&[u8]) -> Result<Vec<u8>, ()>,
}

/// Takes note of what was received.
trait Sink: Default {
    /// A piece of a message, the last of it or not.
    fn take(&mut self, piece: &[u8], is_last: bool);
}

#[derive(Default)]
struct Count(usize);

impl Sink for Count {
    #[inline]
    fn take(&mut self, piece: &[u8], is_last: bool) {
        black_box(piece);
        self.0 += usize::from(is_last);
    }
}

#[derive(Default)]
struct Gather(Vec<u8>);

impl Sink for Gather {
    fn take(&mut self, piece: &[u8], _: bool) {
        self.0.extend_from_slice(piece);
    }
}

macro_rules! peers {
    ($($name:literal: $receive:ident),* $(,)?) => {
        /// All of them, the bare copy first, ours behind it.
        pub fn all() -> Vec<Peer> {
            vec![$(Peer {
                name: $name,
                count: |stream| $receive::<Count>(stream).map(|sink| sink.0),
                gather: |stream| $receive::<Gather>(stream).map(|sink| sink.0),
            }),*]
        }
    };
}

peers! {
    "copy": copy,
    "**wsproto** `Session`": session,
    "**wsproto** `Session`, buffer kept": session_warm,
    "**wsproto** `next_bytes`, buffer kept": session_bytes,
    "**wsproto** `turn_over`": turn_over,
    "**wsproto** `Receiver`, in pieces": receiver,
    "sockudo-ws 3.1 `Protocol`": sockudo,
    "tungstenite 0.30": tungstenite,
    "tokio-websockets 0.13": tokio_websockets,
    "fastwebsockets 0.10": fastwebsockets,
    "soketto 0.8": soketto,
    "web-socket 0.7": web_socket,
    "embedded-websocket 0.9": embedded_websocket,
    "websocket-sans-io 0.1": websocket_sans_io,
}

/// The same reads, and nothing else; the frames are only as many as it is told by the first one's length.
fn copy<S: Sink>(stream: &[u8]) -> Result<S, ()> {
    let mut sink = S::default();
    let mut buffer = vec![0; READ];
    for read in stream.chunks(READ) {
        buffer[..read.len()].copy_from_slice(read);
        black_box(&mut buffer);
    }
    let mut rest = stream;
    let (header, _) = wsproto::wire::FrameHeader::decode(stream).map_err(drop)?.ok_or(())?;
    let header_len = header.encode().len();
    let len = header_len + usize::try_from(header.payload_len()).map_err(drop)?;
    let key = header.masking_key().ok_or(())?;
    if size_of::<S>() == size_of::<Count>() {
        (0..stream.len() / len).for_each(|_| sink.take(b"", true));
        return Ok(sink);
    }
    while let Some((frame, behind)) = rest.split_at_checked(len) {
        let mut payload = frame[header_len..].to_vec();
        key.apply(&mut payload);
        sink.take(&payload, true);
        rest = behind;
    }
    Ok(sink)
}

/// The names of two rows.
pub const WARM: &str = "**wsproto** `Session`, buffer kept";
pub const AS_BYTES: &str = "**wsproto** `next_bytes`, buffer kept";

thread_local! {
    /// What a connection has that has received such messages before.
    static KEPT: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

fn session<S: Sink>(stream: &[u8]) -> Result<S, ()> {
    // What is small enough stays in the nearest cache from the read to the message; it grows for those that are larger.
    session_over(vec![0; 16 * 1024], stream).map(|(sink, _)| sink)
}

fn session_warm<S: Sink>(stream: &[u8]) -> Result<S, ()> {
    let (sink, buffer) = session_over(kept(), stream)?;
    KEPT.set(buffer);
    Ok(sink)
}

/// Lets what is kept begin anew.
pub fn forget_kept() {
    KEPT.take();
}

fn kept() -> Vec<u8> {
    let mut kept = KEPT.take();
    kept.resize(kept.len().max(16 * 1024), 0);
    kept
}

fn session_over<S: Sink>(buffer: Vec<u8>, stream: &[u8]) -> Result<(S, Vec<u8>), ()> {
    let mut sink = S::default();
    let mut session = Session::new(Server, Limits::new(), buffer);
    let mut rest = stream;
    while !rest.is_empty() {
        let n = read(session.buffer(), &mut rest);
        session.filled(n);
        while let Some((message, _sender)) = session.next().map_err(drop)? {
            match message {
                Message::Text(text) => sink.take(text.as_bytes(), true),
                Message::Binary(payload) => sink.take(payload, true),
                _ => {}
            }
        }
    }
    Ok((sink, session.split().0.reclaim().unwrap_or_default()))
}

fn session_bytes<S: Sink>(stream: &[u8]) -> Result<S, ()> {
    let mut sink = S::default();
    let mut session = Session::new(Server, Limits::new(), kept());
    let mut rest = stream;
    while !rest.is_empty() {
        let n = read(session.buffer(), &mut rest);
        session.filled(n);
        while let Some((_, bytes, _sender)) = session.next_bytes().map_err(drop)? {
            sink.take(bytes, true);
        }
    }
    KEPT.set(session.split().0.reclaim().unwrap_or_default());
    Ok(sink)
}

/// The reads are into memory that all connections of a thread share.
fn turn_over<S: Sink>(stream: &[u8]) -> Result<S, ()> {
    let mut sink = S::default();
    let mut session = Session::new(Server, Limits::new(), Vec::new());
    let (mut of_thread, mut out, mut rest) = (kept(), Vec::new(), stream);
    while !rest.is_empty() {
        let n = read(&mut of_thread, &mut rest);
        let outcome = session.turn_over(&mut of_thread[..n], &mut out, |message, _, _| {
            match message {
                Message::Text(text) => sink.take(text.as_bytes(), true),
                Message::Binary(payload) => sink.take(payload, true),
                _ => {}
            }
            Ok(())
        });
        outcome.map_err(drop)?;
    }
    KEPT.set(of_thread);
    Ok(sink)
}

/// Reads as much as there is, and is allowed at once, and returns how many bytes that is.
fn read(space: &mut [u8], rest: &mut &[u8]) -> usize {
    let n = space.len().min(rest.len()).min(READ);
    space[..n].copy_from_slice(&rest[..n]);
    *rest = &rest[n..];
    n
}

fn receiver<S: Sink>(stream: &[u8]) -> Result<S, ()> {
    let mut sink = S::default();
    let mut receiver = Receiver::<Server>::new(Limits::new());
    let mut buffer = vec![0; READ];
    let (mut rest, mut kept) = (stream, 0);
    while !rest.is_empty() {
        let n = (READ - kept).min(rest.len());
        buffer[kept..kept + n].copy_from_slice(&rest[..n]);
        rest = &rest[n..];
        let (mut taken, filled) = (0, kept + n);
        loop {
            let received = receiver.receive(&mut buffer[taken..filled]).map_err(drop)?;
            taken += received.consumed;
            match received.event {
                Some(Event::Data(data)) => sink.take(data.payload, data.is_last),
                Some(_) => {}
                None if received.consumed == 0 => break,
                None => {}
            }
        }
        buffer.copy_within(taken..filled, 0);
        kept = filled - taken;
    }
    Ok(sink)
}

fn sockudo<S: Sink>(stream: &[u8]) -> Result<S, ()> {
    use sockudo_ws::Message;
    let mut sink = S::default();
    let mut protocol = sockudo_ws::protocol::Protocol::new(sockudo_ws::Role::Server, 16 << 20, 64 << 20);
    let mut buffer = BytesMut::with_capacity(READ);
    let mut messages = Vec::new();
    for read in stream.chunks(READ) {
        buffer.extend_from_slice(read);
        protocol.process_into(&mut buffer, &mut messages).map_err(drop)?;
        for message in messages.drain(..) {
            if let Message::Text(payload) | Message::Binary(payload) = message {
                sink.take(&payload, true);
            }
        }
    }
    Ok(sink)
}

fn tungstenite<S: Sink>(stream: &[u8]) -> Result<S, ()> {
    use tungstenite::protocol::{Role, WebSocket};
    use tungstenite::{Error, Message};
    let mut sink = S::default();
    let mut socket = WebSocket::from_raw_socket(Source::new(stream), Role::Server, None);
    loop {
        match socket.read() {
            Ok(Message::Text(text)) => sink.take(text.as_bytes(), true),
            Ok(Message::Binary(payload)) => sink.take(&payload, true),
            Ok(_) => {}
            Err(error) if is_end_of_tungstenite(&error) => return Ok(sink),
            Err(Error::Io(_)) => return Ok(sink),
            Err(_) => return Err(()),
        }
    }
}

fn is_end_of_tungstenite(error: &tungstenite::Error) -> bool {
    use tungstenite::error::ProtocolError;
    matches!(error, tungstenite::Error::Protocol(ProtocolError::ResetWithoutClosingHandshake))
}

fn tokio_websockets<S: Sink>(stream: &[u8]) -> Result<S, ()> {
    run(async {
        let mut sink = S::default();
        let mut socket = tokio_websockets::ServerBuilder::new().serve(Source::new(stream));
        loop {
            match socket.next().await {
                None | Some(Err(tokio_websockets::Error::Io(_))) => return Ok(sink),
                Some(message) => sink.take(message.map_err(drop)?.as_payload(), true),
            }
        }
    })
}

fn fastwebsockets<S: Sink>(stream: &[u8]) -> Result<S, ()> {
    use fastwebsockets::{FragmentCollector, Role, WebSocket, WebSocketError};
    run(async {
        let mut sink = S::default();
        let socket = WebSocket::after_handshake(Source::new(stream), Role::Server);
        let mut socket = FragmentCollector::new(socket);
        loop {
            match socket.read_frame().await {
                Ok(frame) => sink.take(&frame.payload, true),
                Err(WebSocketError::UnexpectedEOF) => return Ok(sink),
                Err(_) => return Err(()),
            }
        }
    })
}

fn soketto<S: Sink>(stream: &[u8]) -> Result<S, ()> {
    use soketto::connection::{Builder, Error};
    run(async {
        let mut sink = S::default();
        let (_, mut receiver) = Builder::new(Source::new(stream).compat(), soketto::Mode::Server).finish();
        let mut message = Vec::new();
        loop {
            message.clear();
            match receiver.receive_data(&mut message).await {
                Ok(_) => sink.take(&message, true),
                Err(Error::Io(_) | Error::Closed) => return Ok(sink),
                Err(_) => return Err(()),
            }
        }
    })
}

fn web_socket<S: Sink>(stream: &[u8]) -> Result<S, ()> {
    use web_socket::{DataType, Event, WebSocket};
    run(async {
        let mut sink = S::default();
        let reader = tokio::io::BufReader::with_capacity(READ, Source::new(stream));
        let mut socket = WebSocket::server(reader);
        loop {
            match socket.recv_event().await {
                Ok(Event::Data { ty, data }) => sink.take(&data, matches!(ty, DataType::Complete(_))),
                Ok(Event::Error(_)) => return Err(()),
                Ok(_) => {}
                Err(_) => return Ok(sink),
            }
        }
    })
}

fn embedded_websocket<S: Sink>(stream: &[u8]) -> Result<S, ()> {
    use embedded_websocket::{WebSocketServer, WebSocketState};
    let mut sink = S::default();
    let mut socket = WebSocketServer::new_server();
    socket.state = WebSocketState::Open;
    let (mut from, mut to) = (vec![0; READ], vec![0; READ]);
    let (mut rest, mut kept) = (stream, 0);
    while !rest.is_empty() {
        let n = (READ - kept).min(rest.len());
        from[kept..kept + n].copy_from_slice(&rest[..n]);
        rest = &rest[n..];
        let (mut taken, filled) = (0, kept + n);
        while taken < filled {
            match socket.read(&from[taken..filled], &mut to) {
                Ok(read) => {
                    taken += read.len_from;
                    sink.take(&to[..read.len_to], read.end_of_message);
                }
                Err(embedded_websocket::Error::ReadFrameIncomplete) => break,
                Err(_) => return Err(()),
            }
        }
        from.copy_within(taken..filled, 0);
        kept = filled - taken;
    }
    Ok(sink)
}

fn websocket_sans_io<S: Sink>(stream: &[u8]) -> Result<S, ()> {
    use websocket_sans_io::{WebsocketFrameDecoder, WebsocketFrameEvent};
    let mut sink = S::default();
    let mut decoder = WebsocketFrameDecoder::new();
    let mut buffer = vec![0; READ];
    for read in stream.chunks(READ) {
        buffer[..read.len()].copy_from_slice(read);
        let mut taken = 0;
        loop {
            let unread = &mut buffer[taken..read.len()];
            let result = decoder.add_data(unread).map_err(drop)?;
            match result.event {
                Some(WebsocketFrameEvent::PayloadChunk { .. }) => {
                    sink.take(&unread[..result.consumed_bytes], false);
                }
                Some(WebsocketFrameEvent::End { frame_info, .. }) => sink.take(b"", frame_info.fin),
                Some(WebsocketFrameEvent::Start { .. }) => {}
                None if result.consumed_bytes == 0 => break,
                None => {}
            }
            taken += result.consumed_bytes;
        }
    }
    Ok(sink)
}
