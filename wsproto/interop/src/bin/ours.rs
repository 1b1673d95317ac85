//! A peer on the engine, in both roles.

use std::io::{Cursor, Read, Write};
use std::net::{Shutdown, TcpStream};

use wsproto::connection::{Client, Fragment, Message as Frames, MessageKind, RandomKeys, Role, Server};
use wsproto::deflate::{Parameters, Policy};
use wsproto::handshake::{
    Choice, ClientHandshake, HeadLimits, Offer, Request, RequestDecoder, Response, ResponseDecoder,
    permessage_deflate,
};
use wsproto::session::Session;
use wsproto::wire::{CloseCode, CloseFrame};
use wsproto_interop::wanted::{LIMITS, POLICY, policy_to_offer};
use wsproto_interop::{Closed, Connection, Incoming, Message, Peer, Plan, Result, set_up};

/// A client whose masking keys are the operating system's.
type Random = Client<RandomKeys>;

struct Ours<R: Role> {
    stream: TcpStream,
    first_bytes: Cursor<Vec<u8>>,
    session: Session<R, Vec<u8>>,
    agreed: Option<Parameters>,
}

fn main() -> Result<()> {
    wsproto_interop::main(connect, accept)
}

fn connect(host: &str, target: &str, plan: &Plan, connection: &Connection) -> Result<Ours<Random>> {
    let mut stream = TcpStream::connect(host)?;
    set_up(&stream)?;
    let policy = policy_to_offer(connection)?;
    let compression = permessage_deflate::offer(&policy);
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce)?;
    let extensions = plan.compress.then_some(&*compression);
    let handshake = ClientHandshake::new(Offer { extensions, ..Offer::new(host, target) }, nonce)?;
    let mut request = Vec::new();
    handshake.append(&mut request);
    stream.write_all(&request)?;

    let mut decoder = ResponseDecoder::new(handshake);
    let mut head = Vec::new();
    loop {
        read_more(&mut stream, &mut head)?;
        let Some(found) = decoder.decode(&head)? else { continue };
        match found.response(&head) {
            Response::WebSocket(accepted) => {
                let role = Client::new(RandomKeys::new());
                return Ok(Ours::new(role, stream, &head[found.end()..], accepted.deflate(), policy));
            }
            Response::Http(response) => return Err(format!("refused: {}", response.status()).into()),
        }
    }
}

fn accept(mut stream: TcpStream, plan: &Plan) -> Result<(Ours<Server>, String)> {
    let mut decoder = RequestDecoder::new();
    let mut head = Vec::new();
    loop {
        read_more(&mut stream, &mut head)?;
        let Some(found) = decoder.decode(&head)? else { continue };
        let Request::WebSocket(handshake) = found.request(&head) else {
            return Err("not a WebSocket handshake".into());
        };
        let offers = handshake.extensions().filter(|_| plan.compress);
        let agreed = permessage_deflate::accept(offers, &POLICY);
        let mut out = Vec::new();
        handshake.accept(Choice { extensions: agreed.as_deref(), ..Choice::default() })?.append(&mut out);
        stream.write_all(&out)?;
        let target = handshake.http().target().to_owned();
        let agreed = agreed.map(|agreed| agreed.parameters());
        return Ok((Ours::new(Server, stream, &head[found.end()..], agreed, POLICY), target));
    }
}

fn read_more(stream: &mut TcpStream, head: &mut Vec<u8>) -> Result<()> {
    let filled = head.len();
    head.resize(HeadLimits::DEFAULT.bytes, 0);
    let n = stream.read(&mut head[filled..])?;
    head.truncate(filled + n);
    if n == 0 { Err("the transport ended inside the opening handshake".into()) } else { Ok(()) }
}

/// What the engine shows, owned.
enum Came {
    Message(Message),
    Pong(Vec<u8>),
    Closed(Closed),
}

impl<R: Role> Ours<R> {
    fn new(
        role: R,
        stream: TcpStream,
        first_bytes: &[u8],
        agreed: Option<Parameters>,
        policy: Policy,
    ) -> Self {
        let session = Session::new(role, LIMITS, Vec::new()).with_deflate(agreed, policy);
        Self { stream, first_bytes: Cursor::new(first_bytes.to_vec()), session, agreed }
    }

    fn write<'m>(&mut self, message: impl Into<Frames<'m>>) -> Result<()> {
        let mut out = Vec::new();
        self.session.frame().append(message, &mut out)?;
        Ok(self.stream.write_all(&out)?)
    }

    /// The next thing that is not a Ping, which is answered here.
    fn next(&mut self) -> Result<Came> {
        loop {
            let came = self.session.next().map(|next| next.map(|(message, _sender)| own(message)));
            let mut out = Vec::new();
            self.session.append_reply(&mut out);
            self.stream.write_all(&out)?;
            match came? {
                Some(Some(came)) => return Ok(came),
                Some(None) => {}
                None => match (&mut self.first_bytes).chain(&self.stream).read(self.session.buffer())? {
                    0 => self.session.receive_eof()?,
                    n => self.session.filled(n),
                },
            }
        }
    }

    /// Ends the transport, or waits until the server has: [RFC 6455 §7.1.1].
    fn end(&mut self) -> Result<()> {
        if self.session.should_close_transport() {
            self.stream.shutdown(Shutdown::Write)?;
        }
        let mut rest = [0; 16];
        match self.stream.read(&mut rest)? {
            0 => Ok(()),
            n => Err(format!("{n} bytes after the Close frame").into()),
        }
    }
}

/// All but a Ping.
fn own(message: Frames<'_>) -> Option<Came> {
    match message {
        Frames::Text(text) => Some(Came::Message(Message::Text(text.to_owned()))),
        Frames::Binary(payload) => Some(Came::Message(Message::Binary(payload.to_vec()))),
        Frames::Pong(payload) => Some(Came::Pong(payload.to_vec())),
        Frames::Close(close) => Some(Came::Closed(closed(close))),
        Frames::Ping(_) => None,
    }
}

fn closed(close: Option<CloseFrame<'_>>) -> Closed {
    match close {
        Some(close) => Closed { code: close.code().get(), reason: close.reason().to_owned() },
        None => Closed { code: 1005, reason: String::new() },
    }
}

impl<R: Role> Peer for Ours<R> {
    fn extensions(&self) -> String {
        self.agreed.map(|_| permessage_deflate::NAME.to_owned()).unwrap_or_default()
    }

    fn send(&mut self, message: &Message) -> Result<()> {
        match message {
            Message::Text(text) => self.write(text),
            Message::Binary(payload) => self.write(payload),
        }
    }

    fn send_fragments(&mut self, parts: &[&[u8]], is_text: bool, ping: Option<&str>) -> Result<()> {
        let kind = if is_text { MessageKind::Text } else { MessageKind::Binary };
        for (n, payload) in parts.iter().enumerate() {
            let fragment = Fragment { kind, payload, is_last: n + 1 == parts.len() };
            let mut out = Vec::new();
            self.session.frame().append_fragment(fragment, &mut out)?;
            self.stream.write_all(&out)?;
            if let (0, Some(payload)) = (n, ping) {
                self.ping(payload)?;
            }
        }
        Ok(())
    }

    fn ping(&mut self, payload: &str) -> Result<Vec<u8>> {
        self.write(Frames::Ping(payload.as_bytes()))?;
        match self.next()? {
            Came::Pong(payload) => Ok(payload),
            Came::Message(_) | Came::Closed(_) => Err("something else than a Pong".into()),
        }
    }

    fn receive(&mut self) -> Result<Incoming> {
        loop {
            match self.next()? {
                Came::Message(message) => return Ok(Incoming::Message(message)),
                Came::Pong(_) => {}
                Came::Closed(closed) => {
                    self.end()?;
                    return Ok(Incoming::Closed(closed));
                }
            }
        }
    }

    fn close(&mut self, code: Option<u16>, reason: &str) -> Result<Closed> {
        let close = match code {
            Some(code) => Some(CloseFrame::new(CloseCode::new(code).ok_or("no code for the wire")?, reason)?),
            None => None,
        };
        self.write(Frames::Close(close))?;
        match self.receive()? {
            Incoming::Closed(closed) => Ok(closed),
            Incoming::Message(_) => Err("a message, not a Close frame".into()),
        }
    }
}
