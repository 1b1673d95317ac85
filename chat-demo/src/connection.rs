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
use wsproto::connection::ConnectionState;
use wsproto::deadlines::{Deadlines, Due, Moment, Timeouts};
use wsproto::deflate::Parameters;
use wsproto::{CloseCode, CloseFrame, Limits, Message, ProtocolError, Server, Session};

use crate::flags::Flags;
use crate::message::{self, COMPRESSION, MAX_MESSAGE, Post, Refusal};
use crate::room::Membership;
use crate::server::{Shutdown, begun};
use crate::transport::{BATCH, Unsent, hang_up, try_write};

const LIMITS: Limits = Limits::new().with_max_message_size(MAX_MESSAGE).with_max_frame_payload(MAX_MESSAGE);

const TOO_FAST: &str = "That was too fast, and was not sent. Please wait a moment.";

pub(crate) struct Connection {
    stream: TcpStream,
    session: Session<Server, Vec<u8>>,
    member: Membership,
    /// What is being written. While there is any, nothing is read and nothing taken from the queue: a peer that does not
    /// take our answers can't make us pile them up.
    unsent: Unsent,
    deadlines: Deadlines,
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

impl Connection {
    /// Starts behind the opening handshake; `received` is what already came after it.
    pub(crate) fn new(
        stream: TcpStream,
        member: Membership,
        flags: &Flags,
        deflate: Option<Parameters>,
        received: &[u8],
    ) -> Self {
        let mut session = Session::new(Server, LIMITS, Vec::new()).with_deflate(deflate, COMPRESSION);
        session.push(received);
        let timeouts = Timeouts::none()
            .with_silence(Some(flags.ping_interval))
            .with_pong(Some(flags.pong_timeout))
            .with_write(Some(flags.write_timeout))
            .with_closing(Some(flags.close_timeout));
        let begin = Moment::since_origin(Duration::ZERO);
        let mut deadlines = Deadlines::new(timeouts, begin);
        deadlines.opened(begin);
        Self {
            stream,
            session,
            member,
            unsent: Unsent::new(),
            deadlines,
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
            // After what came: it may have been the sign of life.
            self.look_at_the_clock()?;
            let is_idle = self.unsent.is_empty();
            if is_idle && self.session.should_close_transport() {
                return Ok(failure);
            }
            let is_open = self.session.state() == ConnectionState::Open;
            let unsent = self.unsent.iter().map(Bytes::len).sum();
            let wake_up = self.deadlines.wake_up(self.now(), unsent);
            tokio::select! {
                _ = &mut self.member.put_out => return Err(given_up("put out: it does not keep up")),
                () = begun(&mut shutdown), if is_open => self.say_goodbye(CloseCode::GOING_AWAY, "the server is stopping"),
                () = sleep_until(self.record.began + wake_up.map_or(Duration::ZERO, Moment::to_duration)), if wake_up.is_some() => {}
                ready = self.stream.writable(), if !is_idle => {
                    ready?;
                    let taken = try_write(&self.stream, &mut self.unsent)?;
                    self.deadlines.wrote(self.now(), taken, unsent);
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
        let now = self.now();
        let is_open = self.session.state() == ConnectionState::Open;
        let mut is_flood = false;
        let outcome = match self.session.next() {
            Ok(None) => Ok(false),
            Err(error) => Err(error),
            Ok(Some((message, _))) => {
                match message {
                    // Words after our goodbye are for nobody.
                    Message::Text(_) | Message::Binary(_) if !is_open => {}
                    Message::Text(_) | Message::Binary(_) => {
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
                    Message::Pong(payload) => self.deadlines.pong(now, payload),
                    Message::Close(close) => {
                        self.record.close_code = self.record.close_code.or(close.map(|close| close.code()));
                        self.deadlines.close_received(now);
                    }
                    // The reply is the session's.
                    Message::Ping(_) => {}
                }
                Ok(true)
            }
        };
        if self.session.is_reply_due() {
            let mut frame = Vec::new();
            self.session.append_reply(&mut frame);
            self.push(frame);
        }
        if is_flood {
            self.say_goodbye(CloseCode::POLICY_VIOLATION, "Too many messages at once. Please wait a little.");
        }
        if self.session.state() != ConnectionState::Open {
            self.deadlines.close_queued();
        }
        match outcome {
            Ok(false) if self.is_grown => {
                self.session.shrink();
                self.is_grown = false;
            }
            Ok(true) => self.is_grown = true,
            _ => {}
        }
        outcome
    }

    fn read(&mut self) -> io::Result<()> {
        match self.stream.try_read(self.session.buffer()) {
            Ok(0) => self.session.receive_eof().map_err(|_| given_up("gone without a Close frame")),
            Ok(len) => {
                self.session.filled(len);
                self.deadlines.received(self.now());
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
        let mut frame = Vec::new();
        self.session.frame().append(close, &mut frame).expect("it was open");
        self.push(frame);
        self.record.close_code = Some(code);
        self.deadlines.close_queued();
    }

    /// Does what is due.
    fn look_at_the_clock(&mut self) -> io::Result<()> {
        match self.deadlines.due(self.now()) {
            Some(Due::GiveUp(why)) => return Err(io::Error::new(ErrorKind::TimedOut, why)),
            Some(Due::Ping(payload)) => {
                let mut frame = Vec::new();
                self.session.frame().append(Message::Ping(&payload), &mut frame).map_err(io::Error::other)?;
                self.push(frame);
            }
            None => {}
        }
        Ok(())
    }

    fn push(&mut self, frame: Vec<u8>) {
        if !frame.is_empty() {
            self.unsent.push_back(frame.into());
        }
    }

    fn now(&self) -> Moment {
        Moment::since_origin(self.record.began.elapsed())
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
