//! One WebSocket connection: a socket on one side, the room on the other, the engine between them.
//!
//! All that it waits for stands in one `select!`. Whatever comes first, nothing is lost of the rest: half a frame is in
//! the session, half a write in `unsent`, and neither in a future that is dropped.

use std::fmt;
use std::io::{self, ErrorKind};
use std::time::Duration;

use bytes::Bytes;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};
use wsproto::connection::{Config, ConnectionState, Server};
use wsproto::error::ProtocolError;
use wsproto::session::{Message, Session};
use wsproto::wire::{CloseCode, CloseFrame, MAX_CONTROL_FRAME};

use crate::flags::Flags;
use crate::message::{Fault, MAX_MESSAGE, Outgoing, Post};
use crate::room::Membership;
use crate::server::Shutdown;
use crate::transport::{BATCH, Unsent, hang_up};

const LIMITS: Config = Config::new().with_max_message_size(MAX_MESSAGE).with_max_frame_payload(MAX_MESSAGE);

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
    heartbeat: Heartbeat,
    /// When the next message may be taken, after a post: who posts a thousand at once is heard at the room's pace.
    rests_until: Instant,
    /// Whether the session's buffer holds more memory than an idle connection needs.
    is_grown: bool,
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

/// Why a connection ended.
pub(crate) enum End {
    Closed,
    Failed(ProtocolError),
    Vanished,
    NotKeepingUp,
    TookNothing,
    NoPong,
    Transport(io::Error),
}

impl Connection {
    /// Starts behind the opening handshake; `received` is what already came after it.
    pub(crate) fn new(stream: TcpStream, member: Membership, flags: &Flags, mut received: &[u8]) -> Self {
        let mut session = Session::new(LIMITS, Vec::new());
        while !received.is_empty() {
            let pushed = session.push(received);
            received = &received[pushed..];
        }
        Self {
            stream,
            session,
            member,
            unsent: Unsent::default(),
            write_timeout: flags.write_timeout,
            write_until: None,
            heartbeat: Heartbeat::new(flags.ping_interval, flags.pong_timeout),
            rests_until: Instant::now(),
            is_grown: true,
        }
    }

    /// Talks until the end, and tells why it was that.
    pub(crate) async fn run(mut self, shutdown: Shutdown) -> End {
        let end = self.talk(shutdown).await;
        if matches!(end, End::Closed | End::Failed(_)) {
            let Self { stream, member, .. } = self;
            // Out of the room at once, however long the peer takes.
            drop(member);
            hang_up(stream).await;
        }
        end
    }

    async fn talk(&mut self, mut shutdown: Shutdown) -> End {
        let mut failure = None;
        loop {
            let now = Instant::now();
            let has_more = self.unsent.is_empty()
                && (now < self.rests_until
                    || self.take_message().unwrap_or_else(|error| {
                        failure = Some(error);
                        false
                    }));
            let is_idle = self.unsent.is_empty();
            if is_idle && self.session.should_close_transport() {
                return failure.map_or(End::Closed, End::Failed);
            }
            let is_open = self.session.state() == ConnectionState::Open;
            self.write_until = (!is_idle).then(|| self.write_until.unwrap_or(now + self.write_timeout));
            let wakes_at = self.write_until.map_or(self.heartbeat.due, |until| until.min(self.heartbeat.due));
            let step = tokio::select! {
                () = self.member.put_out.wait() => Err(End::NotKeepingUp),
                () = shutdown.begun(), if is_open => {
                    self.say_goodbye();
                    Ok(())
                }
                () = sleep_until(wakes_at) => self.look_at_the_clock(),
                ready = self.stream.writable(), if !is_idle => ready.map_err(End::Transport).and_then(|()| self.write()),
                // Not before all is taken that is there: a full buffer would grow.
                ready = self.stream.readable(), if is_idle && !has_more => ready.map_err(End::Transport).and_then(|()| self.read()),
                () = self.member.queue.receive(self.unsent.frames(), BATCH), if is_idle && is_open => Ok(()),
                // One message at a time, so that all the rest has its turn in between.
                () = sleep_until(self.rests_until), if is_idle && has_more => Ok(()),
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    /// Takes the next message that is whole, and tells whether there was one. What it asks to send is then in `unsent`.
    fn take_message(&mut self) -> Result<bool, ProtocolError> {
        let Session { incoming, reply, sender } = &mut self.session;
        let message = incoming.next(reply);
        let result = message.as_ref().map(Option::is_some).map_err(|error| *error);
        let fault = match message {
            Ok(Some(Message::Text(text))) => {
                let rest = Post::parse(text).map(|post| self.member.place.post(post));
                self.rests_until = Instant::now() + rest.unwrap_or_default();
                rest.err()
            }
            Ok(Some(Message::Binary(_))) => Some(Fault::Binary),
            Ok(Some(Message::Pong(payload))) => {
                self.heartbeat.hear(payload);
                None
            }
            // The replies to the others, and to an error, are the engine's.
            _ => None,
        };
        // No more words after our Close frame.
        let fault = fault.filter(|_| sender.check_message().is_ok());
        self.unsent.frames().extend(fault.map(|fault| Outgoing::from(fault).to_frame()));
        if reply.is_due() {
            let mut frame = [0; MAX_CONTROL_FRAME];
            let len = reply.encode(sender.frame(), &mut frame).expect("any reply fits");
            self.push(&frame[..len]);
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

    fn read(&mut self) -> Result<(), End> {
        match self.stream.try_read(self.session.buffer()) {
            Ok(0) => self.session.receive_eof().map_err(|_| End::Vanished),
            Ok(len) => {
                self.session.filled(len);
                Ok(())
            }
            // The socket only seemed to be ready.
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(End::Transport(error)),
        }
    }

    fn write(&mut self) -> Result<(), End> {
        if self.unsent.try_write(&self.stream).map_err(End::Transport)? > 0 {
            self.write_until = None;
        }
        Ok(())
    }

    /// Begins the closing handshake: the server goes away.
    fn say_goodbye(&mut self) {
        let close = CloseFrame::new(CloseCode::GOING_AWAY, "the server is stopping").expect("a short reason");
        let mut frame = [0; MAX_CONTROL_FRAME];
        let len = self.session.frame().encode_close(Some(close), &mut frame).expect("it was open");
        self.push(&frame[..len]);
    }

    fn look_at_the_clock(&mut self) -> Result<(), End> {
        let now = Instant::now();
        if self.write_until.is_some_and(|until| until <= now) {
            return Err(End::TookNothing);
        }
        if now < self.heartbeat.due {
            return Ok(());
        }
        let number = self.heartbeat.beat(now).ok_or(End::NoPong)?;
        let mut frame = [0; MAX_CONTROL_FRAME];
        // After the closing handshake there is nothing to find out.
        if let Ok(len) = self.session.frame().encode_ping(&number, &mut frame) {
            self.push(&frame[..len]);
        }
        Ok(())
    }

    fn push(&mut self, frame: &[u8]) {
        if !frame.is_empty() {
            self.unsent.frames().push(Bytes::copy_from_slice(frame));
        }
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

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("closed"),
            Self::Failed(error) => write!(f, "failed with {}: {error}", error.close_code()),
            Self::Vanished => f.write_str("gone without a Close frame"),
            Self::NotKeepingUp => f.write_str("put out: it does not keep up"),
            Self::TookNothing => f.write_str("dropped: it takes nothing of what is sent to it"),
            Self::NoPong => f.write_str("dropped: it did not answer a Ping"),
            Self::Transport(error) => write!(f, "transport failed: {error}"),
        }
    }
}
