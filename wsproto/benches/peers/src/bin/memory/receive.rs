//! Receiving, by each library as its documentation shows it.

use std::cell::RefCell;
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
    "**wsproto** `Session`, kept": session_kept,
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

/// What is small enough stays in the nearest cache from the read to the message; the buffer grows for those that are larger.
fn new_session() -> Session<Server, Vec<u8>> {
    Session::new(Server, Limits::new(), vec![0; 16 * 1024])
}

fn session<S: Sink>(stream: &[u8]) -> Result<S, ()> {
    receive_by(&mut new_session(), stream)
}

/// The session of a connection that has received before: its buffer has grown already.
fn session_kept<S: Sink>(stream: &[u8]) -> Result<S, ()> {
    thread_local!(static KEPT: RefCell<Session<Server, Vec<u8>>> = RefCell::new(new_session()));
    KEPT.with_borrow_mut(|session| {
        let received = receive_by(session, stream);
        if received.is_err() {
            *session = new_session(); // one that has failed is of no more use
        }
        received
    })
}

fn receive_by<S: Sink>(session: &mut Session<Server, Vec<u8>>, stream: &[u8]) -> Result<S, ()> {
    let mut sink = S::default();
    let mut rest = stream;
    while !rest.is_empty() {
        let space = session.buffer();
        let n = space.len().min(rest.len()).min(READ);
        space[..n].copy_from_slice(&rest[..n]);
        session.filled(n);
        rest = &rest[n..];
        while let Some((message, _sender)) = session.next().map_err(drop)? {
            match message {
                Message::Text(text) => sink.take(text.as_bytes(), true),
                Message::Binary(payload) => sink.take(payload, true),
                _ => {}
            }
        }
    }
    Ok(sink)
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
