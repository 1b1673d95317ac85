//! One WebSocket connection: a socket on one side, the room on the other, the engine between them.
//!
//! All that it waits for stands in one `select!`. Whatever comes first, nothing is lost of the rest: half a frame is in
//! the session, half a write in `unsent`, and neither in a future that is dropped.

use std::io::{self, ErrorKind};
use std::time::Duration;

use bytes::Bytes;
use tokio::net::TcpStream;
use tokio::task::consume_budget;
use tokio::time::{Instant, sleep_until};
use tracing::info;
use wsproto::connection::{Config, ConnectionState, Server};
use wsproto::deflate::Parameters;
use wsproto::error::ProtocolError;
use wsproto::session::{Message, Session};
use wsproto::wire::{CloseCode, CloseFrame, MAX_CONTROL_FRAME};

use crate::flags::Flags;
use crate::message::{self, COMPRESSION, MAX_MESSAGE, Post, Refusal};
use crate::room::Membership;
use crate::server::{Shutdown, begun};
use crate::transport::{BATCH, Unsent, hang_up, try_write};

const LIMITS: Config = Config::new().with_max_message_size(MAX_MESSAGE).with_max_frame_payload(MAX_MESSAGE);

const TOO_FAST: &str = "That was too fast, and was not sent. Please wait a moment.";

pub(crate) struct Connection {
    stream: TcpStream,
    session: Session<Server, Vec<u8>>,
    member: Membership,
    /// What is being written. While there is any, nothing is read and nothing taken from the queue: who does not take
    /// our answers can't make us pile them up.
    unsent: Unsent,
    write_timeout: Duration,
    /// While there is something unsent: when the peer is given up, unless it takes some of it.
    write_until: Option<Instant>,
    close_timeout: Duration,
    /// After we began the closing handshake: when the peer is given up, unless it answers.
    close_until: Option<Instant>,
    heartbeat: Heartbeat,
    allowance: Allowance,
    /// Whether the session's buffer holds more memory than an idle connection needs.
    is_grown: bool,
    record: Record,
    #[cfg(debug_assertions)]
    panic_on: Option<String>,
}

/// What the log tells at the end.
struct Record {
    began: Instant,
    /// Of the first Close frame, whoever sent it.
    close_code: Option<CloseCode>,
    /// Text and binary messages that came.
    received: u64,
    /// Those that everybody got.
    posted: u64,
}

/// A token bucket: so many messages at once, and one more whenever some time has passed.
struct Allowance {
    each: Duration,
    burst: Duration,
    /// When the bucket is full again.
    full_at: Instant,
}

/// Finds out whether a silent peer is still there: a Ping, a Pong that answers it, a pause, the next Ping.
struct Heartbeat {
    pause: Duration,
    pong_timeout: Duration,
    /// How many Pings were sent; each carries its number.
    pings: u32,
    is_answered: bool,
    /// When the next Ping is due, or else the Pong.
    due: Instant,
}

impl Connection {
    /// Starts behind the opening handshake; `received` is what already came after it.
    pub(crate) fn new(
        stream: TcpStream,
        member: Membership,
        flags: &Flags,
        deflate: Option<Parameters>,
        mut received: &[u8],
    ) -> Self {
        let mut session = Session::new(LIMITS, Vec::new());
        if let Some(agreed) = deflate {
            session = session.with_deflate(agreed, COMPRESSION);
        }
        while !received.is_empty() {
            let pushed = session.push(received);
            received = &received[pushed..];
        }
        Self {
            stream,
            session,
            member,
            unsent: Unsent::new(),
            write_timeout: flags.write_timeout,
            write_until: None,
            close_timeout: flags.close_timeout,
            close_until: None,
            heartbeat: Heartbeat::new(flags.ping_interval, flags.pong_timeout),
            allowance: Allowance::new(flags.rate, flags.burst),
            is_grown: true,
            record: Record { began: Instant::now(), close_code: None, received: 0, posted: 0 },
            #[cfg(debug_assertions)]
            panic_on: flags.panic_on.clone(),
        }
    }

    /// Talks until the end, and logs why it was that.
    pub(crate) async fn run(mut self, shutdown: Shutdown) {
        let end = self.talk(shutdown).await;
        let Self { stream, member, record: Record { began, close_code, received, posted }, .. } = self;
        // Out of the room at once, however long the peer takes.
        drop(member);
        let after = began.elapsed();
        // [RFC 6455 §7.1.5]: 1005 stands for a Close frame without a code, 1006 for none at all.
        let code = |otherwise| close_code.map_or(otherwise, CloseCode::get);
        match end {
            Ok(None) => info!(code = code(1005), received, posted, ?after, "left: closed"),
            Ok(Some(error)) => {
                let code = error.close_code();
                info!(%code, received, posted, ?after, "left: failed with {code}: {error}");
            }
            Err(error) => {
                info!(code = code(1006), received, posted, ?after, "left: {error}");
                return;
            }
        }
        hang_up(stream).await;
    }

    /// Gives what rule was broken, or else why the peer was given up.
    async fn talk(&mut self, mut shutdown: Shutdown) -> io::Result<Option<ProtocolError>> {
        let mut failure = None;
        loop {
            // However much a client sends, all others have their turn in between.
            consume_budget().await;
            let has_more = self.unsent.is_empty()
                && self.take_message().unwrap_or_else(|error| {
                    failure = Some(error);
                    false
                });
            if has_more {
                continue;
            }
            let is_idle = self.unsent.is_empty();
            if is_idle && self.session.should_close_transport() {
                return Ok(failure);
            }
            let is_open = self.session.state() == ConnectionState::Open;
            self.write_until =
                (!is_idle).then(|| self.write_until.unwrap_or_else(|| Instant::now() + self.write_timeout));
            let deadlines = [self.write_until, self.close_until, Some(self.heartbeat.due)];
            let wakes_at = deadlines.into_iter().flatten().min().unwrap_or(self.heartbeat.due);
            tokio::select! {
                _ = &mut self.member.put_out => return Err(given_up("put out: it does not keep up")),
                () = begun(&mut shutdown), if is_open => self.say_goodbye(CloseCode::GOING_AWAY, "the server is stopping"),
                () = sleep_until(wakes_at) => self.look_at_the_clock()?,
                ready = self.stream.writable(), if !is_idle => {
                    ready?;
                    if try_write(&self.stream, &mut self.unsent)? > 0 {
                        self.write_until = None;
                    }
                }
                // Not before all is taken that is there: a full buffer would grow.
                ready = self.stream.readable(), if is_idle => {
                    ready?;
                    self.read()?;
                }
                frames = self.member.queue.receive(BATCH), if is_idle && is_open => self.unsent = frames,
            }
        }
    }

    /// Takes the next message that is whole, and tells whether there may be more. What it asks to send is then in
    /// `unsent`.
    fn take_message(&mut self) -> Result<bool, ProtocolError> {
        let is_open = self.session.state() == ConnectionState::Open;
        let Session { incoming, reply, sender } = &mut self.session;
        let message = incoming.next(reply);
        let result = message.as_ref().map(Option::is_some).map_err(|error| *error);
        let mut is_flood = false;
        match message {
            // Words after our goodbye are for nobody.
            Ok(Some(message @ (Message::Text(_) | Message::Binary(_)))) if is_open => {
                self.record.received += 1;
                let debt = self.allowance.take();
                is_flood = debt > 2.0;
                let posted = match message {
                    Message::Text(text) if debt > 1.0 => {
                        Post::parse(text).and_then(|post| Err(post.refused(TOO_FAST)))
                    }
                    Message::Text(text) => Post::parse(text).and_then(|post| {
                        #[cfg(debug_assertions)]
                        assert_ne!(self.panic_on.as_ref(), Some(&post.text), "as told");
                        self.member.room.post(post)
                    }),
                    _ => Err(Refusal::from("Only text is understood here, not binary messages.")),
                };
                match posted {
                    Ok(()) => self.record.posted += 1,
                    Err(refusal) => self.unsent.push_back(message::error(refusal)),
                }
            }
            Ok(Some(Message::Pong(payload))) => self.heartbeat.hear(payload),
            Ok(Some(Message::Close(close))) => {
                self.record.close_code = self.record.close_code.or(close.map(|close| close.code()));
            }
            // The replies to the others, and to an error, are the engine's.
            _ => {}
        }
        if reply.is_due() {
            let mut frame = [0; MAX_CONTROL_FRAME];
            let len = reply.encode(sender.frame(), &mut frame).expect("any reply fits");
            self.push(&frame[..len]);
        }
        if is_flood {
            self.say_goodbye(CloseCode::POLICY_VIOLATION, "Too many messages at once. Please wait a little.");
        }
        match result {
            Ok(false) if self.is_grown => {
                self.session.incoming.shrink();
                self.is_grown = false;
            }
            Ok(true) => self.is_grown = true,
            _ => {}
        }
        result
    }

    fn read(&mut self) -> io::Result<()> {
        match self.stream.try_read(self.session.buffer()) {
            Ok(0) => self.session.receive_eof().map_err(|_| given_up("gone without a Close frame")),
            Ok(len) => {
                self.session.filled(len);
                Ok(())
            }
            // The socket only seemed to be ready.
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Begins the closing handshake.
    fn say_goodbye(&mut self, code: CloseCode, reason: &str) {
        let close = CloseFrame::new(code, reason).expect("a short reason");
        let mut frame = [0; MAX_CONTROL_FRAME];
        let len = self.session.frame().encode_close(Some(close), &mut frame).expect("it was open");
        self.push(&frame[..len]);
        self.record.close_code = Some(code);
        self.close_until = Some(Instant::now() + self.close_timeout);
    }

    fn look_at_the_clock(&mut self) -> io::Result<()> {
        let now = Instant::now();
        if self.write_until.is_some_and(|until| until <= now) {
            return Err(given_up("dropped: it takes nothing of what is sent to it"));
        }
        if self.close_until.is_some_and(|until| until <= now) {
            return Err(given_up("dropped: it did not answer our Close frame"));
        }
        if now < self.heartbeat.due {
            return Ok(());
        }
        let number = self.heartbeat.beat(now).ok_or_else(|| given_up("dropped: it did not answer a Ping"))?;
        let mut frame = [0; MAX_CONTROL_FRAME];
        // After the closing handshake there is nothing to find out.
        if let Ok(len) = self.session.frame().encode_ping(&number, &mut frame) {
            self.push(&frame[..len]);
        }
        Ok(())
    }

    fn push(&mut self, frame: &[u8]) {
        if !frame.is_empty() {
            self.unsent.push_back(Bytes::copy_from_slice(frame));
        }
    }
}

fn given_up(reason: &'static str) -> io::Error {
    io::Error::other(reason)
}

impl Allowance {
    fn new(rate: u32, burst: u32) -> Self {
        let each = Duration::from_secs(1) / rate;
        Self { each, burst: each.saturating_mul(burst), full_at: Instant::now() }
    }

    /// Takes one token more, and tells how much of the burst is used up: 1.0 is all of it. Those taken beyond that count
    /// too, so that who goes on and on is seen to do so.
    fn take(&mut self) -> f64 {
        let now = Instant::now();
        self.full_at = self.full_at.max(now) + self.each;
        (self.full_at - now).div_duration_f64(self.burst)
    }
}

impl Heartbeat {
    fn new(pause: Duration, pong_timeout: Duration) -> Self {
        Self { pause, pong_timeout, pings: 0, is_answered: true, due: Instant::now() + pause }
    }

    /// Gives the payload of the next Ping, or `None` if the last one was not answered in time.
    fn beat(&mut self, now: Instant) -> Option<[u8; 4]> {
        if !self.is_answered {
            return None;
        }
        self.is_answered = false;
        self.due = now + self.pong_timeout;
        self.pings = self.pings.wrapping_add(1);
        Some(self.pings.to_be_bytes())
    }

    fn hear(&mut self, pong: &[u8]) {
        // A Pong that answers no Ping of ours is allowed, and tells nothing.
        if !self.is_answered && pong == self.pings.to_be_bytes() {
            self.is_answered = true;
            self.due = Instant::now() + self.pause;
        }
    }
}
