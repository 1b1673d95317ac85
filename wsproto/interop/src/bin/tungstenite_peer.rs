//! A peer on tungstenite; its TLS is rustls, below it.

use std::io::{Read, Write};
use std::net::TcpStream;

use rustls::pki_types::ServerName;
use rustls::{ClientConnection, ServerConnection, StreamOwned};
use tungstenite::handshake::server::{Request, Response};
use tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tungstenite::protocol::frame::{CloseFrame, Frame};
use tungstenite::protocol::{WebSocket, WebSocketConfig};
use tungstenite::{Message as Frames, accept_hdr_with_config, client::client_with_config};
use wsproto_interop::{Closed, Connection, Incoming, Message, Peer, Plan, Result, set_up};

struct Tungstenite(WebSocket<Box<dyn Stream>>);

/// A connection with TLS or without.
trait Stream: Read + Write {}

impl<T: Read + Write> Stream for T {}

fn main() -> Result<()> {
    wsproto_interop::main(connect, accept)
}

fn connect(host: &str, target: &str, plan: &Plan, _: &Connection) -> Result<Tungstenite> {
    let stream = TcpStream::connect(host)?;
    set_up(&stream)?;
    let stream: Box<dyn Stream> = match &plan.tls {
        Some(tls) => {
            let name = ServerName::from(stream.peer_addr()?.ip());
            Box::new(StreamOwned::new(ClientConnection::new(tls.client()?, name)?, stream))
        }
        None => Box::new(stream),
    };
    let connected = client_with_config(format!("ws://{host}{target}"), stream, Some(config()));
    // Its error holds on to the stream.
    Ok(Tungstenite(connected.map_err(|error| error.to_string())?.0))
}

fn accept(stream: TcpStream, plan: &Plan) -> Result<(Tungstenite, String)> {
    let stream: Box<dyn Stream> = match &plan.tls {
        Some(tls) => Box::new(StreamOwned::new(ServerConnection::new(tls.server()?)?, stream)),
        None => Box::new(stream),
    };
    let mut target = String::new();
    #[expect(clippy::result_large_err, reason = "the error is tungstenite's")]
    let note_target = |request: &Request, response: Response| {
        target = request.uri().to_string();
        Ok(response)
    };
    let accepted = accept_hdr_with_config(stream, note_target, Some(config()));
    // Its error holds on to the closure.
    let socket = accepted.map_err(|error| error.to_string())?;
    Ok((Tungstenite(socket), target))
}

fn config() -> WebSocketConfig {
    WebSocketConfig::default().max_message_size(None).max_frame_size(None)
}

impl Peer for Tungstenite {
    fn extensions(&self) -> String {
        String::new()
    }

    fn send(&mut self, message: &Message) -> Result<()> {
        Ok(self.0.send(match message {
            Message::Text(text) => Frames::text(text.as_str()),
            Message::Binary(payload) => Frames::binary(payload.clone()),
        })?)
    }

    fn send_fragments(&mut self, parts: &[&[u8]], is_text: bool, ping: Option<&str>) -> Result<()> {
        for (n, part) in parts.iter().enumerate() {
            let kind = match n {
                0 if is_text => Data::Text,
                0 => Data::Binary,
                _ => Data::Continue,
            };
            let frame = Frame::message(part.to_vec(), OpCode::Data(kind), n + 1 == parts.len());
            self.0.send(Frames::Frame(frame))?;
            if let (0, Some(payload)) = (n, ping) {
                self.ping(payload)?;
            }
        }
        Ok(())
    }

    fn ping(&mut self, payload: &str) -> Result<Vec<u8>> {
        self.0.send(Frames::Ping(payload.to_owned().into()))?;
        match self.0.read()? {
            Frames::Pong(payload) => Ok(payload.to_vec()),
            other => Err(format!("not a Pong: {other:?}").into()),
        }
    }

    fn receive(&mut self) -> Result<Incoming> {
        loop {
            match self.0.read()? {
                Frames::Text(text) => return Ok(Incoming::Message(Message::Text(text.as_str().to_owned()))),
                Frames::Binary(payload) => return Ok(Incoming::Message(Message::Binary(payload.to_vec()))),
                Frames::Ping(_) | Frames::Pong(_) | Frames::Frame(_) => {}
                Frames::Close(close) => {
                    // The answer is sent by the next read, which ends with the transport.
                    while self.0.read().is_ok() {}
                    return Ok(Incoming::Closed(closed(close)));
                }
            }
        }
    }

    fn close(&mut self, code: Option<u16>, reason: &str) -> Result<Closed> {
        self.0.close(code.map(|code| CloseFrame { code: CloseCode::from(code), reason: reason.into() }))?;
        match self.receive()? {
            Incoming::Closed(closed) => Ok(closed),
            Incoming::Message(_) => Err("a message, not a Close frame".into()),
        }
    }
}

fn closed(close: Option<CloseFrame>) -> Closed {
    match close {
        Some(close) => Closed { code: close.code.into(), reason: close.reason.as_str().to_owned() },
        None => Closed { code: 1005, reason: String::new() },
    }
}
