//! A peer on fastwebsockets, which is asynchronous: each connection has a runtime of its own.

use std::future::Future;
use std::net::TcpStream;
use std::sync::mpsc;

use bytes::Bytes;
use fastwebsockets::{FragmentCollector, Frame, OpCode, Payload, WebSocket, handshake, upgrade};
use http_body_util::Empty;
use hyper::body::Incoming as Body;
use hyper::header::{CONNECTION, HOST, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::Upgraded;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::Runtime;
use tokio_rustls::{TlsAcceptor, TlsConnector};
use wsproto_interop::{Closed, Connection, Incoming, Message, PATIENCE, Peer, Plan, Result};

type Socket = WebSocket<TokioIo<Upgraded>>;

struct Fast {
    socket: FragmentCollector<TokioIo<Upgraded>>,
    runtime: Runtime,
}

/// A connection with TLS or without.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

fn main() -> Result<()> {
    wsproto_interop::main(connect, accept)
}

fn connect(host: &str, target: &str, plan: &Plan, _: &Connection) -> Result<Fast> {
    let runtime = runtime()?;
    let request = Request::get(target)
        .header(HOST, host)
        .header(UPGRADE, "websocket")
        .header(CONNECTION, "Upgrade")
        .header(SEC_WEBSOCKET_KEY, handshake::generate_key())
        .header(SEC_WEBSOCKET_VERSION, "13")
        .body(Empty::<Bytes>::new())?;
    let (socket, _) = runtime.block_on(async {
        let stream = tokio::net::TcpStream::connect(host).await?;
        let name = ServerName::from(stream.peer_addr()?.ip());
        let stream: Box<dyn Stream> = match &plan.tls {
            Some(tls) => Box::new(TlsConnector::from(tls.client()?).connect(name, stream).await?),
            None => Box::new(stream),
        };
        Result::Ok(handshake::client(&TokioExecutor::new(), request, stream).await?)
    })?;
    Ok(Fast::new(runtime, socket))
}

fn accept(stream: TcpStream, plan: &Plan) -> Result<(Fast, String)> {
    let runtime = runtime()?;
    stream.set_nonblocking(true)?;
    let (socket, target) = runtime.block_on(async {
        let mut stream: Box<dyn Stream> = Box::new(tokio::net::TcpStream::from_std(stream)?);
        if let Some(tls) = &plan.tls {
            stream = Box::new(TlsAcceptor::from(tls.server()?).accept(stream).await?);
        }
        let (upgraded, waiting) = mpsc::channel();
        let service = service_fn(move |mut request: Request<Body>| {
            let answer =
                upgrade::upgrade(&mut request).map(|(response, socket): (Response<Empty<Bytes>>, _)| {
                    // Nobody waits only if this connection has failed.
                    let _ = upgraded.send((socket, request.uri().to_string()));
                    response
                });
            async { answer }
        });
        http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades().await?;
        let (socket, target) = waiting.recv()?;
        Result::Ok((socket.await?, target))
    })?;
    Ok((Fast::new(runtime, socket), target))
}

fn runtime() -> Result<Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

impl Fast {
    fn new(runtime: Runtime, socket: Socket) -> Self {
        Self { socket: FragmentCollector::new(socket), runtime }
    }

    fn write(&mut self, frame: Frame<'static>) -> Result<()> {
        Ok(self.runtime.block_on(self.socket.write_frame(frame))?)
    }

    fn read(&mut self) -> Result<Frame<'static>> {
        in_time(&self.runtime, self.socket.read_frame())?.map_err(Into::into)
    }
}

fn in_time<T>(runtime: &Runtime, future: impl Future<Output = T>) -> Result<T> {
    Ok(runtime.block_on(async { tokio::time::timeout(PATIENCE, future).await })?)
}

impl Peer for Fast {
    fn extensions(&self) -> String {
        String::new()
    }

    fn send(&mut self, message: &Message) -> Result<()> {
        self.write(match message {
            Message::Text(text) => Frame::text(owned(text.as_bytes())),
            Message::Binary(payload) => Frame::binary(owned(payload)),
        })
    }

    fn send_fragments(&mut self, parts: &[&[u8]], is_text: bool, ping: Option<&str>) -> Result<()> {
        for (n, part) in parts.iter().enumerate() {
            let opcode = match n {
                0 if is_text => OpCode::Text,
                0 => OpCode::Binary,
                _ => OpCode::Continuation,
            };
            self.write(Frame::new(n + 1 == parts.len(), opcode, None, owned(part)))?;
            if let (0, Some(payload)) = (n, ping) {
                self.ping(payload)?;
            }
        }
        Ok(())
    }

    fn ping(&mut self, payload: &str) -> Result<Vec<u8>> {
        self.write(Frame::new(true, OpCode::Ping, None, owned(payload.as_bytes())))?;
        let frame = self.read()?;
        match frame.opcode {
            OpCode::Pong => Ok(frame.payload.to_vec()),
            other => Err(format!("not a Pong: {other:?}").into()),
        }
    }

    fn receive(&mut self) -> Result<Incoming> {
        loop {
            let frame = self.read()?;
            return Ok(match frame.opcode {
                OpCode::Text => Incoming::Message(Message::Text(String::from_utf8(frame.payload.to_vec())?)),
                OpCode::Binary => Incoming::Message(Message::Binary(frame.payload.to_vec())),
                OpCode::Close => Incoming::Closed(closed(&frame.payload)?),
                OpCode::Continuation | OpCode::Ping | OpCode::Pong => continue,
            });
        }
    }

    fn close(&mut self, code: Option<u16>, reason: &str) -> Result<Closed> {
        self.write(match code {
            Some(code) => Frame::close(code, reason.as_bytes()),
            None => Frame::close_raw(owned(b"")),
        })?;
        match self.receive()? {
            Incoming::Closed(closed) => Ok(closed),
            Incoming::Message(_) => Err("a message, not a Close frame".into()),
        }
    }
}

fn owned(payload: &[u8]) -> Payload<'static> {
    Payload::Owned(payload.to_vec())
}

fn closed(payload: &[u8]) -> Result<Closed> {
    let Some((code, reason)) = payload.split_first_chunk() else {
        return Ok(Closed { code: 1005, reason: String::new() });
    };
    Ok(Closed { code: u16::from_be_bytes(*code), reason: String::from_utf8(reason.to_vec())? })
}
