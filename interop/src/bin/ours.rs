//! A peer on wsproto, in both roles.

use std::io::{Cursor, Read, Write};
use std::net::{Shutdown, TcpStream};

use wsproto::connection::{Client, Config, FrameEncoder, MessageKind, Role, Sender, Server};
use wsproto::deflate::{Compressor, Level, Parameters, Policy, WindowBits};
use wsproto::handshake::{
    Answer, ClientHandshake, ClientRequest, HeadLimits, Request, RequestDecoder, Response, ResponseDecoder,
    deflate,
};
use wsproto::session::{Message as Frames, Session};
use wsproto::wire::{
    CloseCode, CloseFrame, MAX_CONTROL_FRAME, MAX_CONTROL_PAYLOAD, MAX_HEADER_LEN, MaskingKey,
};
use wsproto_interop::{Closed, Connection, Incoming, Message, Peer, Plan, Result, set_up};

const CONFIG: Config = Config::new().with_max_frame_payload(16 << 20).with_max_message_size(16 << 20);

/// All that the other end allows, and everything compressed, also what gets longer by it. Not at the fastest level: with the
/// other engine, a message that gets longer by it is not kept to refer to.
const POLICY: Policy = Policy::new().with_takeover().with_threshold(0).with_level(Level::BALANCED);

struct Ours<R: Role> {
    stream: TcpStream,
    first_bytes: Cursor<Vec<u8>>,
    session: Session<R, Vec<u8>>,
    agreed: Option<Parameters>,
}

fn main() -> Result<()> {
    wsproto_interop::main(connect, accept)
}

fn connect(host: &str, target: &str, plan: &Plan, connection: &Connection) -> Result<Ours<Client>> {
    let mut stream = TcpStream::connect(host)?;
    set_up(&stream)?;
    let policy = policy_to_offer(connection)?;
    let offer = deflate::offer(&policy);
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce)?;
    let extensions = plan.compress.then_some(&*offer);
    let handshake =
        ClientHandshake::new(ClientRequest { extensions, ..ClientRequest::new(host, target) }, nonce)?;
    let mut request = [0; 1024];
    let n = handshake.encode(&mut request)?;
    stream.write_all(&request[..n])?;

    let mut decoder = ResponseDecoder::new(handshake);
    let mut head = Vec::new();
    loop {
        read_more(&mut stream, &mut head)?;
        match decoder.decode(&head)? {
            None => {}
            Some((Response::Upgraded(upgraded), consumed)) => {
                return Ok(Ours::new(stream, &head[consumed..], upgraded.deflate(), policy));
            }
            Some((Response::Http(response), _)) => {
                return Err(format!("refused: {}", response.status()).into());
            }
        }
    }
}

/// Wants what a connection is planned to offer.
fn policy_to_offer(connection: &Connection) -> Result<Policy> {
    let mut policy = POLICY;
    for (name, value) in &connection.offer {
        let bits =
            value.as_u64().and_then(|bits| WindowBits::new(u8::try_from(bits).ok()?)).unwrap_or_default();
        policy = match name.as_str() {
            "server_no_context_takeover" => policy.with_receive_takeover(false),
            "client_no_context_takeover" => policy.with_send_takeover(false),
            "server_max_window_bits" => policy.with_receive_window(bits),
            "client_max_window_bits" => policy.with_send_window(bits),
            _ => return Err(format!("no such parameter: {name}").into()),
        };
    }
    Ok(policy)
}

fn accept(mut stream: TcpStream, plan: &Plan) -> Result<(Ours<Server>, String)> {
    let mut decoder = RequestDecoder::new();
    let mut head = Vec::new();
    loop {
        read_more(&mut stream, &mut head)?;
        match decoder.decode(&head)? {
            None => {}
            Some((Request::Upgrade(upgrade), consumed)) => {
                let agreed = deflate::accept(upgrade.extensions().filter(|_| plan.compress), &POLICY);
                let mut out = [0; 512];
                let answer = Answer { extensions: agreed.as_deref(), ..Answer::default() };
                let n = upgrade.accept(answer)?.encode(&mut out)?;
                stream.write_all(&out[..n])?;
                let target = upgrade.http().target().to_owned();
                let agreed = agreed.map(|agreed| agreed.parameters());
                return Ok((Ours::new(stream, &head[consumed..], agreed, POLICY), target));
            }
            Some((Request::Http(_), _)) => return Err("not a WebSocket handshake".into()),
        }
    }
}

fn read_more(stream: &mut TcpStream, head: &mut Vec<u8>) -> Result<()> {
    let filled = head.len();
    head.resize(HeadLimits::DEFAULT.bytes, 0);
    let n = stream.read(&mut head[filled..])?;
    head.truncate(filled + n);
    if n == 0 { Err("the transport ended inside the opening handshake".into()) } else { Ok(()) }
}

/// A frame's encoder, whichever the role: a client brings a masking key.
trait End: Role + Sized {
    /// Who ends the transport, and who waits for it.
    const IS_SERVER: bool;

    fn frame(sender: &mut Sender<Self>) -> Result<FrameEncoder<'_>>;
}

impl End for Server {
    const IS_SERVER: bool = true;

    fn frame(sender: &mut Sender<Self>) -> Result<FrameEncoder<'_>> {
        Ok(sender.frame())
    }
}

impl End for Client {
    const IS_SERVER: bool = false;

    fn frame(sender: &mut Sender<Self>) -> Result<FrameEncoder<'_>> {
        let mut key = [0; 4];
        getrandom::fill(&mut key)?;
        Ok(sender.frame(MaskingKey::new(key)))
    }
}

/// What the engine shows, owned.
enum Came {
    Message(Message),
    Pong(Vec<u8>),
    Closed(Closed),
}

impl<R: End> Ours<R> {
    fn new(stream: TcpStream, first_bytes: &[u8], agreed: Option<Parameters>, policy: Policy) -> Self {
        let mut session = Session::new(CONFIG, Vec::new());
        if let Some(agreed) = agreed {
            session = session.with_deflate(agreed, policy);
        }
        Self { stream, first_bytes: Cursor::new(first_bytes.to_vec()), session, agreed }
    }

    /// Writes what `encode` makes of a frame, with so much payload.
    fn write(
        &mut self,
        payload_len: usize,
        encode: impl FnOnce(FrameEncoder<'_>, &mut [u8]) -> std::result::Result<usize, wsproto::error::SendError>,
    ) -> Result<()> {
        let mut out = vec![0; MAX_HEADER_LEN + Compressor::bound(payload_len)];
        let n = encode(R::frame(&mut self.session.sender)?, &mut out)?;
        Ok(self.stream.write_all(&out[..n])?)
    }

    /// The next thing that is not a Ping, which is answered here.
    fn next(&mut self) -> Result<Came> {
        loop {
            let Session { incoming, reply, sender } = &mut self.session;
            let came = incoming.next(reply).map(|message| match message {
                Some(Frames::Text(text)) => Some(Some(Came::Message(Message::Text(text.to_owned())))),
                Some(Frames::Binary(payload)) => Some(Some(Came::Message(Message::Binary(payload.to_vec())))),
                Some(Frames::Pong(payload)) => Some(Some(Came::Pong(payload.to_vec()))),
                Some(Frames::Close(close)) => Some(Some(Came::Closed(closed(close)))),
                Some(Frames::Ping(_)) => Some(None),
                None => None,
            });
            let mut out = [0; MAX_CONTROL_FRAME];
            let n = reply.encode(R::frame(sender)?, &mut out)?;
            self.stream.write_all(&out[..n])?;
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
        if R::IS_SERVER {
            self.stream.shutdown(Shutdown::Write)?;
        }
        let mut rest = [0; 16];
        match self.stream.read(&mut rest)? {
            0 => Ok(()),
            n => Err(format!("{n} bytes after the Close frame").into()),
        }
    }
}

fn closed(close: Option<CloseFrame<'_>>) -> Closed {
    match close {
        Some(close) => Closed { code: close.code().get(), reason: close.reason().to_owned() },
        None => Closed { code: 1005, reason: String::new() },
    }
}

impl<R: End> Peer for Ours<R> {
    fn extensions(&self) -> String {
        self.agreed.map(|_| deflate::NAME.to_owned()).unwrap_or_default()
    }

    fn send(&mut self, message: &Message) -> Result<()> {
        match message {
            Message::Text(text) => self.write(text.len(), |frame, out| frame.encode_text(text, out)),
            Message::Binary(payload) => {
                self.write(payload.len(), |frame, out| frame.encode_binary(payload, out))
            }
        }
    }

    fn send_fragments(&mut self, parts: &[&[u8]], is_text: bool, ping: Option<&str>) -> Result<()> {
        let kind = if is_text { MessageKind::Text } else { MessageKind::Binary };
        for (n, part) in parts.iter().enumerate() {
            let is_last = n + 1 == parts.len();
            self.write(part.len(), |frame, out| frame.encode_fragment(kind, part, is_last, out))?;
            if let (0, Some(payload)) = (n, ping) {
                self.ping(payload)?;
            }
        }
        Ok(())
    }

    fn ping(&mut self, payload: &str) -> Result<Vec<u8>> {
        self.write(MAX_CONTROL_PAYLOAD, |frame, out| frame.encode_ping(payload.as_bytes(), out))?;
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
        self.write(MAX_CONTROL_PAYLOAD, |frame, out| frame.encode_close(close, out))?;
        match self.receive()? {
            Incoming::Closed(closed) => Ok(closed),
            Incoming::Message(_) => Err("a message, not a Close frame".into()),
        }
    }
}
