//! A proxy that passes messages on in pieces, so that one larger than its memory goes through:
//! `cargo run -p wsproto-examples --bin proxy -- LISTEN UPSTREAM`
//!
//! A connection has two legs, to the client and to the upstream server. What comes on one leg goes out on the other in
//! fragments, as much in each as was there; a leg is read only when the other took all that it was given, so nothing piles
//! up. Control frames are not passed on, they are about their own leg; but when one leg closes, the other is closed with the
//! same words.

use std::sync::LazyLock;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, timeout};
use wsproto::connection::{ConnectionState, Reply, Role};
use wsproto::deadlines::{Deadline, Deadlines, Due, Moment, Timeouts};
use wsproto::handshake::{
    Answer, Choice, ClientHandshake, Offer, Origin, Request, RequestDecoder, Response, ResponseDecoder,
    ServerHandshake,
};
use wsproto::{
    Client, CloseCode, CloseFrame, Connection, Event, Limits, Message, Misuse, ProtocolError, RandomKeys,
    Server,
};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// What is read at once, and so the most of a message that is held for a direction.
const PIECE: usize = 16 * 1024;
/// The longest head of a request or response.
const HEAD: usize = 8192;
/// No message is kept, so each may have any length, in any number of fragments.
const LIMITS: Limits = Limits::new()
    .with_max_frame_payload(u64::MAX)
    .with_max_message_size(u64::MAX)
    .with_max_fragments(u32::MAX);

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(listen), Some(upstream)) = (arguments.next(), arguments.next()) else {
        return Err("proxy LISTEN UPSTREAM, for instance 127.0.0.1:9001 127.0.0.1:9002".into());
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(tokio::task::LocalSet::new().run_until(async {
        let listener = TcpListener::bind(listen).await?;
        println!("listening on ws://{}", listener.local_addr()?);
        accept(listener, &upstream, Timeouts::new()).await
    }))
}

pub(crate) async fn accept(listener: TcpListener, upstream: &str, timeouts: Timeouts) -> Result<()> {
    loop {
        let (socket, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            // This connection is lost, or descriptors are short for a while: no reason to end.
            Err(error) => {
                eprintln!("accept: {error}");
                sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let upstream = upstream.to_owned();
        tokio::task::spawn_local(async move {
            if let Err(error) = serve(socket, &upstream, timeouts).await {
                eprintln!("{peer}: {error}");
            }
        });
    }
}

async fn serve(client: TcpStream, upstream: &str, timeouts: Timeouts) -> Result<()> {
    // For both opening handshakes together.
    let opening = timeouts.opening().unwrap_or(Duration::MAX);
    match timeout(opening, open(client, upstream, timeouts)).await.map_err(|_| Deadline::Opening)?? {
        Some((mut client, mut server)) => run(&mut client, &mut server).await,
        None => Ok(()), // it was refused
    }
}

/// Passes on in both directions until both legs have ended.
async fn run(client: &mut Leg<Server>, server: &mut Leg<Client<RandomKeys>>) -> Result<()> {
    loop {
        client.write().await?;
        server.write().await?;
        pass_on(client, server)?;
        pass_on(server, client)?;
        let left = client.look_at_the_clock(server)?.min(server.look_at_the_clock(client)?);
        if client.has_ended && server.has_ended {
            let failure = client.failure.or(server.failure);
            return failure.map_or(Ok(()), |error| Err(error.into()));
        }
        tokio::select! {
            _ = client.socket.readable(), if client.may_read(server) => client.read(),
            _ = server.socket.readable(), if server.may_read(client) => server.read(),
            _ = client.socket.writable(), if client.may_write() => {}
            _ = server.socket.writable(), if server.may_write() => {}
            () = sleep(left) => {}
        }
    }
}

/// Takes what came on one leg: data for the other, control frames for itself.
fn pass_on<From: Role, To: Role>(from: &mut Leg<From>, to: &mut Leg<To>) -> Result<()> {
    let mut start = 0;
    loop {
        let received = match from.connection.receive(&mut from.received[start..from.filled]) {
            Ok(received) => received,
            Err(error) => {
                from.failure = Some(error);
                // The first time; then the rest is dropped, until the transport ends.
                from.connection.append_reply(error, &mut from.unsent);
                start = from.filled;
                break;
            }
        };
        start += received.consumed;
        let Some(event) = received.event else {
            if received.consumed == 0 {
                break;
            }
            continue;
        };
        match event {
            // Unmasked when it came, masked anew if it goes to a server.
            Event::Data(data) => unless_closing(to.connection.frame().append_fragment(data, &mut to.unsent))?,
            Event::Pong(payload) => from.deadlines.pong(now(), payload),
            Event::Close(close) => {
                from.deadlines.close_received(now());
                to.close(close)?;
                from.connection.append_reply(&event, &mut from.unsent);
            }
            Event::Ping(_) => from.reply.answer(&event),
        }
    }
    from.received.copy_within(start..from.filled, 0);
    from.filled -= start;
    if !from.is_open() {
        // Without effect where a Close frame was passed on.
        to.close(Some(CloseFrame::new(CloseCode::GOING_AWAY, "the other end has gone")?))?;
    }
    Ok(())
}

/// No frame is made where none may be sent any more: the leg is closing.
fn unless_closing(made: std::result::Result<(), Misuse>) -> Result<()> {
    match made {
        Err(Misuse::NotOpen | Misuse::CloseSent) => Ok(()),
        made => Ok(made?),
    }
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
    /// The Pong that is due, to be made when `unsent` is empty: those for a peer that doesn't read can't pile up.
    reply: Reply,
    /// The rule that the peer broke.
    failure: Option<ProtocolError>,
    deadlines: Deadlines,
    has_shut_down: bool,
    has_ended: bool,
}

impl<R: Role> Leg<R> {
    /// Starts behind the opening handshake, with the bytes that came with it.
    fn new(socket: TcpStream, role: R, early: &[u8], timeouts: Timeouts) -> Self {
        let mut received = vec![0; PIECE].into_boxed_slice();
        received[..early.len()].copy_from_slice(early); // no longer than a head, which is shorter than a piece
        let mut deadlines = Deadlines::new(timeouts, now());
        deadlines.opened(now());
        Self {
            socket,
            connection: Connection::new(role, LIMITS),
            received,
            filled: early.len(),
            unsent: Vec::new(),
            written: 0,
            reply: Reply::new(),
            failure: None,
            deadlines,
            has_shut_down: false,
            has_ended: false,
        }
    }

    fn is_open(&self) -> bool {
        self.connection.state() == ConnectionState::Open
    }

    fn may_write(&self) -> bool {
        !self.unsent.is_empty() || self.reply.is_due() || self.may_shut_down()
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
                self.deadlines.received(now());
            }
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Ok(0) | Err(_) => self.end(),
        }
    }

    /// Writes what the socket takes, and ends our side of it when that is due.
    async fn write(&mut self) -> Result<()> {
        loop {
            if self.unsent.is_empty() {
                self.connection.append_reply(self.reply.take(), &mut self.unsent);
                if !self.is_open() {
                    self.deadlines.close_queued();
                }
            }
            let unsent = &self.unsent[self.written..];
            if unsent.is_empty() {
                break;
            }
            match self.socket.try_write(unsent) {
                Ok(n) => {
                    self.deadlines.wrote(now(), n, unsent.len());
                    self.written += n;
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
            self.deadlines.shut_down(now());
            let _ = self.socket.shutdown().await; // it may be gone already
        }
        Ok(())
    }

    /// Begins the closing handshake, or ends it.
    fn close(&mut self, close: Option<CloseFrame<'_>>) -> Result<()> {
        unless_closing(self.connection.frame().append(Message::Close(close), &mut self.unsent))?;
        self.deadlines.close_queued();
        Ok(())
    }

    /// Does what is due, and tells how long there is nothing more to do.
    fn look_at_the_clock<O: Role>(&mut self, other: &Leg<O>) -> Result<Duration> {
        if !self.may_read(other) {
            // A silence that nobody listens to says nothing.
            self.deadlines.received(now());
        }
        match self.deadlines.due(now()) {
            Some(Due::Ping(payload)) => {
                unless_closing(self.connection.frame().append(Message::Ping(&payload), &mut self.unsent))?;
            }
            // All was said: how the transport then ends doesn't matter.
            Some(Due::GiveUp(Deadline::End)) => self.end(),
            Some(Due::GiveUp(why)) => return Err(why.into()),
            None => {}
        }
        let wake_up = self.deadlines.wake_up(now(), self.unsent.len() - self.written);
        Ok(wake_up.map_or(Duration::MAX, |at| at.duration_since(now())))
    }

    /// The transport is gone, after a Close frame or without.
    fn end(&mut self) {
        let _ = self.connection.receive_eof();
        self.deadlines.ended();
        self.has_ended = true;
        self.unsent.clear();
        self.written = 0;
    }
}

fn now() -> Moment {
    static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
    Moment::since_origin(ORIGIN.elapsed())
}

/// Opens both legs, the one to upstream first, since only its answer says whether there is something to accept.
async fn open(
    mut client: TcpStream,
    upstream: &str,
    timeouts: Timeouts,
) -> Result<Option<(Leg<Server>, Leg<Client<RandomKeys>>)>> {
    client.set_nodelay(true)?;
    let mut received = Vec::with_capacity(HEAD);
    let mut decoder = RequestDecoder::new();
    let decoded = loop {
        match decoder.decode(&received) {
            Ok(None) => {}
            Ok(Some(found)) => break Ok(found),
            Err(error) => break Err(error),
        }
        if client.read_buf(&mut received).await? == 0 {
            return Ok(None);
        }
    };
    let mut out = Vec::new();
    match decoded.map(|found| (found.end(), found.request(&received))) {
        Ok((end, Request::WebSocket(handshake))) => match ask(&handshake, upstream, timeouts).await {
            Ok((server, subprotocol)) => {
                let choice = Choice { subprotocol: subprotocol.as_deref(), ..Choice::default() };
                handshake.accept(choice)?.append(&mut out);
                client.write_all(&out).await?;
                return Ok(Some((Leg::new(client, Server, &received[end..], timeouts), server)));
            }
            Err(error) => {
                eprintln!("{upstream}: {error}");
                Answer::new(502, &[], b"upstream does not answer as it should\n")?.append(&mut out);
            }
        },
        Err(error) => error.answer().append(&mut out),
        Ok(_) => Answer::new(404, &[], b"only WebSocket is proxied\n")?.append(&mut out),
    }
    client.write_all(&out).await?;
    client.shutdown().await?;
    while client.read(&mut [0; 1024]).await? > 0 {} // or the refusal may be lost; `open` has a deadline
    Ok(None)
}

/// Asks upstream for what the client asked for; gives the leg, and the subprotocol that was chosen.
async fn ask(
    request: &ServerHandshake<'_>,
    upstream: &str,
    timeouts: Timeouts,
) -> Result<(Leg<Client<RandomKeys>>, Option<String>)> {
    let http = request.http();
    let target =
        http.query().map_or_else(|| http.path().to_owned(), |query| format!("{}?{query}", http.path()));
    let subprotocols: Vec<_> = request.subprotocols().collect();
    let passed_on: Vec<_> =
        ["Authorization", "Cookie"].into_iter().filter_map(|name| Some((name, http.header(name)?))).collect();
    let offer = Offer {
        origin: request.origin().map(Origin::as_str),
        subprotocols: &subprotocols,
        headers: &passed_on,
        ..Offer::new(request.host(), &target)
    };
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce)?;
    let handshake = ClientHandshake::new(offer, nonce)?;

    let mut socket = TcpStream::connect(upstream).await?;
    socket.set_nodelay(true)?;
    let mut out = Vec::new();
    handshake.append(&mut out);
    socket.write_all(&out).await?;
    let mut received = Vec::with_capacity(HEAD);
    let mut decoder = ResponseDecoder::new(handshake);
    loop {
        if socket.read_buf(&mut received).await? == 0 {
            return Err("it hung up".into());
        }
        let Some(found) = decoder.decode(&received)? else { continue };
        match found.response(&received) {
            Response::WebSocket(accepted) => {
                let subprotocol = accepted.subprotocol().map(str::to_owned);
                let role = Client::new(RandomKeys::new());
                return Ok((Leg::new(socket, role, &received[found.end()..], timeouts), subprotocol));
            }
            Response::Http(response) => return Err(format!("status {}", response.status()).into()),
        }
    }
}
