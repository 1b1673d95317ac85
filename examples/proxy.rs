//! A proxy that passes messages on in pieces, so that one larger than its memory goes through:
//! `cargo run -p wsproto-examples --bin proxy -- LISTEN UPSTREAM`
//!
//! A connection has two legs, to the client and to the upstream server. What comes on one leg goes out on the other in
//! fragments, as much in each as was there; a leg is read only when the other took all that it was given, so nothing piles
//! up. Control frames are not passed on, they are about their own leg; but when one leg closes, the other is closed with the
//! same words.

use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, interval_at, sleep_until, timeout};
use wsproto::connection::{ConnectionState, Data, FrameEncoder, Role};
use wsproto::handshake::{
    Answer, ClientHandshake, ClientRequest, HttpReply, Origin, Request, RequestDecoder, Response,
    ResponseDecoder, Upgrade,
};
use wsproto::wire::MAX_HEADER_LEN;
use wsproto::{Client, CloseCode, CloseFrame, Config, Connection, Event, MaskingKey, SendError, Server};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// What is read at once, and so the most of a message that is held for a direction.
const PIECE: usize = 16 * 1024;
/// The longest head of a request or response.
const HEAD: usize = 8192;
/// For both opening handshakes together, and from the first Close frame to the end.
const PATIENCE: Duration = Duration::from_secs(10);
/// A leg on which nothing moved for so long gets a Ping; when as much passes again, it is gone.
const SILENCE: Duration = Duration::from_secs(30);
/// No message is kept, so each may have any length, in any number of fragments.
const CONFIG: Config = Config::new()
    .with_max_frame_payload(u64::MAX)
    .with_max_message_size(u64::MAX)
    .with_max_fragments(u32::MAX);

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(listen), Some(upstream)) = (arguments.next(), arguments.next()) else {
        return Err("proxy LISTEN UPSTREAM, for instance 127.0.0.1:9001 127.0.0.1:9002".into());
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(tokio::task::LocalSet::new().run_until(listen_on(&listen, &upstream)))
}

async fn listen_on(listen: &str, upstream: &str) -> Result<()> {
    let listener = TcpListener::bind(listen).await?;
    println!("listening on ws://{}", listener.local_addr()?);
    loop {
        let (socket, peer) = listener.accept().await?;
        let upstream = upstream.to_owned();
        tokio::task::spawn_local(async move {
            if let Err(error) = serve(socket, &upstream).await {
                eprintln!("{peer}: {error}");
            }
        });
    }
}

async fn serve(client: TcpStream, upstream: &str) -> Result<()> {
    match timeout(PATIENCE, open(client, upstream)).await?? {
        Some((mut client, mut server)) => run(&mut client, &mut server).await,
        None => Ok(()), // it was refused
    }
}

/// Passes on in both directions until both legs have ended.
async fn run(client: &mut Leg<Server>, server: &mut Leg<Client>) -> Result<()> {
    let mut ticks = interval_at(Instant::now() + SILENCE, SILENCE);
    let mut deadline = None;
    loop {
        client.write().await?;
        server.write().await?;
        pass_on(client, server)?;
        pass_on(server, client)?;
        if client.has_ended && server.has_ended {
            return Ok(());
        }
        if deadline.is_none() && !(client.is_open() && server.is_open()) {
            deadline = Some(Instant::now() + PATIENCE);
        }
        tokio::select! {
            _ = client.socket.readable(), if client.may_read(server) => client.read(),
            _ = server.socket.readable(), if server.may_read(client) => server.read(),
            _ = client.socket.writable(), if client.may_write() => {}
            _ = server.socket.writable(), if server.may_write() => {}
            () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => {
                return Err("a closing handshake that did not end".into());
            }
            _ = ticks.tick() => {
                client.tick(server)?;
                server.tick(client)?;
            }
        }
    }
}

/// Takes what came on one leg: data for the other, control frames for itself.
fn pass_on<From: Side, To: Side>(from: &mut Leg<From>, to: &mut Leg<To>) -> Result<()> {
    let mut start = 0;
    loop {
        let received = match from.connection.receive(&mut from.received[start..from.filled]) {
            Ok(received) => received,
            Err(error) => {
                // The first time; then the rest is dropped, until the transport ends.
                from.send(|frame, out| frame.append_failure(error, out))?;
                start = from.filled;
                break;
            }
        };
        start += received.consumed;
        match received.event {
            Some(Event::Data(data)) => to.send(|frame, out| append_fragment(frame, &data, out))?,
            Some(Event::Ping(payload)) => from.ping = Some(payload.to_vec()),
            Some(Event::Close(close)) => {
                to.send(|frame, out| frame.append_close(close, out))?;
                From::frame(&mut from.connection)?.append_reply(&Event::Close(close), &mut from.unsent)?;
            }
            None if received.consumed == 0 => break,
            Some(Event::Pong(_)) | None => {}
        }
    }
    from.received.copy_within(start..from.filled, 0);
    from.filled -= start;
    if !from.is_open() {
        // Without effect where a Close frame was passed on.
        let away = CloseFrame::new(CloseCode::GOING_AWAY, "the other end has gone")?;
        to.send(|frame, out| frame.append_close(Some(away), out))?;
    }
    Ok(())
}

/// Appends a piece of a message as a fragment: unmasked when it came, masked anew if it goes to a server.
fn append_fragment(
    frame: FrameEncoder<'_>,
    data: &Data<'_>,
    out: &mut Vec<u8>,
) -> std::result::Result<(), SendError> {
    let start = out.len();
    out.resize(start + MAX_HEADER_LEN + data.payload.len(), 0);
    let encoded = frame.encode_fragment(data.kind, data.payload, data.is_last, &mut out[start..]);
    out.truncate(start + encoded.unwrap_or(0));
    encoded.map(drop)
}

/// One of the two connections.
struct Leg<R: Role> {
    socket: TcpStream,
    connection: Connection<R>,
    /// What was received and not consumed is at the start.
    received: Box<[u8]>,
    filled: usize,
    /// Frames, of which the first `written` bytes were written.
    unsent: Vec<u8>,
    written: usize,
    /// The latest Ping, to be answered when `unsent` is empty: those of a peer that doesn't read can't pile up.
    ping: Option<Vec<u8>>,
    /// Ticks since something moved.
    quiet: u8,
    has_shut_down: bool,
    has_ended: bool,
}

impl<R: Side> Leg<R> {
    /// Starts behind the opening handshake, with the bytes that came with it.
    fn new(socket: TcpStream, early: &[u8]) -> Self {
        let mut received = vec![0; PIECE].into_boxed_slice();
        received[..early.len()].copy_from_slice(early); // no longer than a head, which is shorter than a piece
        Self {
            socket,
            connection: Connection::new(CONFIG),
            received,
            filled: early.len(),
            unsent: Vec::new(),
            written: 0,
            ping: None,
            quiet: 0,
            has_shut_down: false,
            has_ended: false,
        }
    }

    fn is_open(&self) -> bool {
        self.connection.state() == ConnectionState::Open
    }

    fn may_write(&self) -> bool {
        !self.unsent.is_empty() || self.ping.is_some() || self.may_shut_down()
    }

    fn may_shut_down(&self) -> bool {
        self.connection.should_close_transport() && !self.has_shut_down
    }

    /// The whole of backpressure.
    fn may_read<O: Role>(&self, other: &Leg<O>) -> bool {
        !self.has_ended && other.unsent.is_empty()
    }

    /// Reads what is there. Frames take 131 bytes at the most until something is consumed, so there is always space.
    fn read(&mut self) {
        match self.socket.try_read(&mut self.received[self.filled..]) {
            Ok(n @ 1..) => {
                self.filled += n;
                self.quiet = 0;
            }
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Ok(0) | Err(_) => self.end(),
        }
    }

    /// Writes what the socket takes, and ends our side of it when that is due.
    async fn write(&mut self) -> Result<()> {
        loop {
            if self.unsent.is_empty() {
                let Some(ping) = self.ping.take() else { break };
                self.send(|frame, out| frame.append_pong(&ping, out))?;
                continue;
            }
            match self.socket.try_write(&self.unsent[self.written..]) {
                Ok(n) => {
                    self.written += n;
                    self.quiet = 0;
                }
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return Ok(()),
                Err(_) => self.end(),
            }
            if self.written == self.unsent.len() {
                self.unsent.clear();
                self.written = 0;
            }
        }
        if self.may_shut_down() {
            self.has_shut_down = true;
            let _ = self.socket.shutdown().await; // it may be gone already
        }
        Ok(())
    }

    /// Makes a frame, or none where that may not be sent any more: the leg is closing.
    fn send(
        &mut self,
        append: impl FnOnce(FrameEncoder<'_>, &mut Vec<u8>) -> std::result::Result<(), SendError>,
    ) -> Result<()> {
        let _ = append(R::frame(&mut self.connection)?, &mut self.unsent);
        Ok(())
    }

    /// Sends a Ping after a silence, and gives up after two; a leg that waits for the other one may be silent.
    fn tick<O: Role>(&mut self, other: &Leg<O>) -> Result<()> {
        match self.quiet {
            _ if !self.may_read(other) => self.quiet = 0,
            0 => {}
            1 => self.send(|frame, out| frame.append_ping(b"", out))?,
            _ => return Err("a peer that has gone silent".into()),
        }
        self.quiet += 1;
        Ok(())
    }

    /// The transport is gone, after a Close frame or without.
    fn end(&mut self) {
        let _ = self.connection.receive_eof();
        self.has_ended = true;
        self.unsent.clear();
        self.written = 0;
    }
}

/// What the roles do differently: a client has a fresh masking key for each frame.
trait Side: Role {
    fn frame(connection: &mut Connection<Self>) -> Result<FrameEncoder<'_>>
    where
        Self: Sized;
}

impl Side for Server {
    fn frame(connection: &mut Connection<Self>) -> Result<FrameEncoder<'_>> {
        Ok(connection.frame())
    }
}

impl Side for Client {
    fn frame(connection: &mut Connection<Self>) -> Result<FrameEncoder<'_>> {
        Ok(connection.frame(MaskingKey::new(random()?)))
    }
}

fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

/// Opens both legs, the one to upstream first, since only its answer says whether there is something to accept.
async fn open(mut client: TcpStream, upstream: &str) -> Result<Option<(Leg<Server>, Leg<Client>)>> {
    client.set_nodelay(true)?;
    let mut out = vec![0; HEAD];
    let mut received = Vec::with_capacity(HEAD);
    let mut decoder = RequestDecoder::new();
    let decoded = loop {
        match decoder.decode(&received) {
            Ok(None) => {}
            decoded => break decoded,
        }
        if client.read_buf(&mut received).await? == 0 {
            return Ok(None);
        }
    };
    let refused = match decoded {
        Ok(Some((Request::Upgrade(upgrade), consumed))) => match ask(&upgrade, upstream).await {
            Ok((server, subprotocol)) => {
                let answer = Answer { subprotocol: subprotocol.as_deref(), ..Answer::default() };
                let n = upgrade.accept(answer)?.encode(&mut out)?;
                client.write_all(&out[..n]).await?;
                return Ok(Some((Leg::new(client, &received[consumed..]), server)));
            }
            Err(error) => {
                eprintln!("{upstream}: {error}");
                HttpReply::new(502, &[], b"upstream does not answer as it should\n")?.encode(&mut out)?
            }
        },
        Err(error) => error.encode_response(&mut out)?,
        Ok(_) => HttpReply::new(404, &[], b"only WebSocket is proxied\n")?.encode(&mut out)?,
    };
    client.write_all(&out[..refused]).await?;
    client.shutdown().await?;
    while client.read(&mut out).await? > 0 {} // or the refusal may be lost; `open` has a deadline
    Ok(None)
}

/// Asks upstream for what the client asked for; gives the leg, and the subprotocol that was chosen.
async fn ask(upgrade: &Upgrade<'_>, upstream: &str) -> Result<(Leg<Client>, Option<String>)> {
    let http = upgrade.http();
    let target =
        http.query().map_or_else(|| http.path().to_owned(), |query| format!("{}?{query}", http.path()));
    let subprotocols: Vec<_> = upgrade.subprotocols().collect();
    let passed_on: Vec<_> =
        ["Authorization", "Cookie"].into_iter().filter_map(|name| Some((name, http.header(name)?))).collect();
    let request = ClientRequest {
        origin: upgrade.origin().map(Origin::as_str),
        subprotocols: &subprotocols,
        headers: &passed_on,
        ..ClientRequest::new(upgrade.host(), &target)
    };
    let handshake = ClientHandshake::new(request, random()?)?;

    let mut socket = TcpStream::connect(upstream).await?;
    socket.set_nodelay(true)?;
    let mut out = vec![0; 2 * HEAD];
    let n = handshake.encode(&mut out)?;
    socket.write_all(&out[..n]).await?;
    let mut received = Vec::with_capacity(HEAD);
    let mut decoder = ResponseDecoder::new(handshake);
    loop {
        match decoder.decode(&received)? {
            Some((Response::Upgraded(upgraded), consumed)) => {
                let subprotocol = upgraded.subprotocol().map(str::to_owned);
                return Ok((Leg::new(socket, &received[consumed..]), subprotocol));
            }
            Some((Response::Http(response), consumed)) if response.status() < 200 => {
                drop(received.drain(..consumed));
            }
            Some((Response::Http(response), _)) => return Err(format!("status {}", response.status()).into()),
            None => {
                if socket.read_buf(&mut received).await? == 0 {
                    return Err("it hung up".into());
                }
            }
        }
    }
}
