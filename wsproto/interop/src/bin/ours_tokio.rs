//! A peer on tokio-wsproto, in both roles, over TCP and over TLS. The checks block, so each connection has a runtime of its own.

use std::future::Future;
use std::net::TcpStream;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;
use tokio_wsproto::wsproto::connection::{Fragment, Message as Frames, Role};
use tokio_wsproto::{
    Accept, Client, CloseCode, CloseFrame, Connect, Handshake, MaybeTls, Message as Sent, MessageKind,
    Options, Policy, Server, WebSocket,
};
use wsproto_interop::wanted::{LIMITS, POLICY, policy_to_offer};
use wsproto_interop::{Closed, Connection, Incoming, Message, PATIENCE, Peer, Plan, Result};

struct Ours<T, R: Role> {
    socket: WebSocket<T, R>,
    extensions: String,
    runtime: Runtime,
}

type Served = Ours<Box<dyn Stream>, Server>;

/// A connection with TLS or without.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

fn main() -> Result<()> {
    wsproto_interop::main(connect, accept)
}

fn connect(host: &str, target: &str, plan: &Plan, connection: &Connection) -> Result<Ours<MaybeTls, Client>> {
    let scheme = if plan.tls.is_some() { "wss" } else { "ws" };
    let client = Connect::new(format!("{scheme}://{host}{target}"));
    let mut client = client.options(options(plan, policy_to_offer(connection)?));
    if let Some(tls) = &plan.tls {
        client = client.tls(tls.client()?);
    }
    let runtime = runtime()?;
    let (socket, response) = in_time(&runtime, client.connect_with_response())??;
    let extensions = response.header("Sec-WebSocket-Extensions").unwrap_or_default();
    let extensions = String::from_utf8(extensions.to_vec())?;
    Ok(Ours { socket, extensions, runtime })
}

fn accept(stream: TcpStream, plan: &Plan) -> Result<(Served, String)> {
    let runtime = runtime()?;
    stream.set_nonblocking(true)?;
    let (socket, target) = in_time(&runtime, async {
        let mut stream: Box<dyn Stream> = Box::new(tokio::net::TcpStream::from_std(stream)?);
        if let Some(tls) = &plan.tls {
            stream = Box::new(TlsAcceptor::from(tls.server()?).accept(stream).await?);
        }
        let handshake = Handshake::read(stream, &options(plan, POLICY).any_origin()).await?;
        let target = handshake.request().http().target().to_owned();
        Result::Ok((handshake.accept(Accept::new()).await?, target))
    })??;
    Ok((Ours { socket, extensions: String::new(), runtime }, target))
}

fn options(plan: &Plan, policy: Policy) -> Options {
    Options::new().with_limits(LIMITS).with_max_unsent(16 << 20).with_deflate(plan.compress.then_some(policy))
}

fn runtime() -> Result<Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

fn in_time<T>(runtime: &Runtime, future: impl Future<Output = T>) -> Result<T> {
    Ok(runtime.block_on(async { tokio::time::timeout(PATIENCE, future).await })?)
}

impl<T: AsyncRead + AsyncWrite + Unpin, R: Role> Peer for Ours<T, R> {
    fn extensions(&self) -> String {
        self.extensions.clone()
    }

    fn send(&mut self, message: &Message) -> Result<()> {
        let Self { socket, runtime, .. } = self;
        in_time(runtime, async {
            match message {
                Message::Text(text) => socket.send(text).await,
                Message::Binary(payload) => socket.send(payload).await,
            }
        })??;
        Ok(())
    }

    /// The Ping's Pong is nothing that the socket would show: it is taken while the message comes back.
    fn send_fragments(&mut self, parts: &[&[u8]], is_text: bool, ping: Option<&str>) -> Result<()> {
        let kind = if is_text { MessageKind::Text } else { MessageKind::Binary };
        for (n, payload) in parts.iter().enumerate() {
            self.socket.feed_fragment(Fragment { kind, payload, is_last: n + 1 == parts.len() })?;
            if let (0, Some(payload)) = (n, ping) {
                self.socket.feed(Frames::Ping(payload.as_bytes()))?;
            }
            in_time(&self.runtime, self.socket.flush())??;
        }
        Ok(())
    }

    fn ping(&mut self, _: &str) -> Result<Vec<u8>> {
        Err("no Pong is shown".into())
    }

    fn receive(&mut self) -> Result<Incoming> {
        Ok(match in_time(&self.runtime, self.socket.recv())?? {
            Some(Sent::Text(text)) => Incoming::Message(Message::Text(text.to_string())),
            Some(Sent::Binary(payload)) => Incoming::Message(Message::Binary(payload.to_vec())),
            None => Incoming::Closed(Closed {
                code: self.socket.close_code().map_or(1005, CloseCode::get),
                reason: self.socket.close_reason().unwrap_or_default().to_owned(),
            }),
        })
    }

    fn close(&mut self, code: Option<u16>, reason: &str) -> Result<Closed> {
        let close = match code {
            Some(code) => Some(CloseFrame::new(CloseCode::new(code).ok_or("no code for the wire")?, reason)?),
            None => None,
        };
        self.socket.feed(Frames::Close(close))?;
        match self.receive()? {
            Incoming::Closed(closed) => Ok(closed),
            Incoming::Message(_) => Err("a message, not a Close frame".into()),
        }
    }
}
