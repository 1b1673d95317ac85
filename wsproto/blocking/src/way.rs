//! The way out of a connection, and its end: all that is needed to send, apart from the transport.

use std::io;
use std::time::{Duration, Instant};

use wsproto::connection::{Fragment, FrameEncoder, ReceiveState, Reply, Role, SendState, Sender};
use wsproto::deadlines::{Deadline, Deadlines, Due, Moment};
use wsproto::deflate::Level;
use wsproto::error::AbnormalClosure;
use wsproto::{CloseFrame, Message, MessageKind, Misuse, ProtocolError, Server};
use wsproto_adapter::shared::{Closed, pool};

use crate::{Counters, Error, Options, Prepared};

#[derive(Debug)]
pub(crate) struct Way<R: Role> {
    pub(crate) sender: Sender<R>,
    /// Frames, one behind the other, as far as nobody has begun to write them.
    out: Vec<u8>,
    /// How many bytes somebody has taken out to write them, and the transport has not taken yet.
    taken_out: usize,
    /// Whether the transport may hold bytes back that it took.
    is_unflushed: bool,
    /// Whether a Pong or a Close frame is among what waits.
    pub(crate) owes_reply: bool,
    /// Where a Ping is that was not written yet.
    ping: PingIs,
    /// A Pong that another thread took while the Ping was not yet said to be written: when it came, and its payload.
    early_pong: Option<(Moment, [u8; 4])>,
    /// When the write began that is under way.
    write_began: Moment,
    /// Whether another thread waits for what comes, so that a silence says something.
    pub(crate) is_listening: bool,
    pub(crate) deadlines: Deadlines,
    origin: Instant,
    pub(crate) stage: Stage,
    /// Why nothing can be written any more, although there may still be something to read.
    pub(crate) broken: Option<io::ErrorKind>,
    high_water: usize,
    max_unsent: usize,
    level: Level,
    /// A Pong that waits for room, so that Pings without end take no memory without end. A later one takes its place.
    late_pong: Option<Box<Reply>>,
    /// The peer's Close frame, if it came.
    pub(crate) closed: Option<Closed>,
    pub(crate) counters: Counters,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PingIs {
    Nowhere,
    Queued,
    BeingWritten,
}

/// How far a connection has come.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Stage {
    /// Messages may come.
    Open,
    /// Nothing that comes counts any more. What waits is written, and the transport ended.
    Ending {
        cause: Cause,
        is_shut: bool,
        is_read: bool,
    },
    Over(Cause),
}

/// What was due.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Acted {
    Pinged,
    /// This deadline has passed, which is left to be acted on.
    GaveUp(Deadline),
}

/// Why a connection ends.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cause {
    /// By a closing handshake.
    Closed,
    Protocol(ProtocolError),
    Disconnected(AbnormalClosure),
    Io(io::ErrorKind),
    Deadline(Deadline),
}

impl Cause {
    pub(crate) fn outcome(self) -> Result<(), Error> {
        Err(match self {
            Self::Closed => return Ok(()),
            Self::Protocol(error) => Error::Protocol(error),
            Self::Disconnected(closure) => Error::Disconnected(closure),
            Self::Io(kind) => Error::Io(kind.into()),
            Self::Deadline(deadline) => Error::Deadline(deadline),
        })
    }
}

impl<R: Role> Way<R> {
    /// Starts behind the opening handshake.
    pub(crate) fn new(sender: Sender<R>, options: &Options) -> Self {
        let start = Moment::from_millis(0);
        let mut deadlines = Deadlines::new(*options.timeouts(), start);
        deadlines.opened(start);
        Self {
            sender,
            out: Vec::new(),
            taken_out: 0,
            is_unflushed: false,
            owes_reply: false,
            ping: PingIs::Nowhere,
            early_pong: None,
            write_began: start,
            is_listening: false,
            deadlines,
            origin: Instant::now(),
            stage: Stage::Open,
            broken: None,
            high_water: options.high_water(),
            max_unsent: options.max_unsent(),
            level: options.deflate().map_or(Level::FAST, |policy| policy.level),
            late_pong: None,
            closed: None,
            counters: Counters::default(),
        }
    }

    pub(crate) fn now(&self) -> Moment {
        Moment::since_origin(self.origin.elapsed())
    }

    /// Returns how long to wait at most, for whatever it is.
    pub(crate) fn patience(&mut self) -> Duration {
        let (now, waiting) = (self.now(), self.waiting());
        self.deadlines.wake_up(now, waiting).map_or(Duration::MAX, |at| at.duration_since(now))
    }

    /// Does what is due now, if anything.
    pub(crate) fn due(&mut self) -> Option<Acted> {
        match self.deadlines.due(self.now())? {
            Due::GiveUp(deadline) => Some(Acted::GaveUp(deadline)),
            Due::Ping(payload) => {
                // A Ping that can't be sent any more needs no answer: the closing handshake has deadlines of its own.
                let _ = self.sender.frame().append(Message::Ping(&payload), &mut self.out);
                self.ping = PingIs::Queued;
                Some(Acted::Pinged)
            }
        }
    }

    /// Returns how many bytes wait to be written.
    pub(crate) fn unsent(&self) -> usize {
        self.taken_out + self.out.len()
    }

    /// Returns how many bytes wait, as the deadlines count them: at least one while the transport holds some back.
    fn waiting(&self) -> usize {
        self.unsent().max(usize::from(self.is_unflushed))
    }

    /// Returns whether no more than the high water waits to be written.
    pub(crate) fn has_room(&self) -> bool {
        self.unsent() <= self.high_water
    }

    /// Returns whether nothing waits to be written, or is held back by the transport.
    pub(crate) fn is_flushed(&self) -> bool {
        self.unsent() == 0 && !self.is_unflushed
    }

    /// Tells whether nothing new can be sent.
    pub(crate) fn is_closing(&self) -> bool {
        !matches!(self.stage, Stage::Open) || self.closed.is_some() || self.sender.state() != SendState::Open
    }

    /// Returns why nothing can be written any more, if so.
    pub(crate) fn check_written(&self) -> Result<(), Error> {
        match (self.stage, self.broken) {
            (Stage::Over(cause), _) => cause.outcome(),
            (_, Some(kind)) => Err(Error::Io(kind.into())),
            _ => Ok(()),
        }
    }
}

/// Queueing: none of these waits.
impl<R: Role> Way<R> {
    /// Queues a message or control frame; `is_plain`: uncompressed in any case.
    pub(crate) fn feed(&mut self, message: Message<'_>, is_plain: bool) -> Result<(), Error> {
        let (is_close, is_data) = (matches!(message, Message::Close(_)), message.is_data());
        self.check_room(!is_close)?;
        let len = if is_data { message.len() } else { 0 };
        self.encode(len, is_plain, |frame, out| frame.append(message, out))?;
        self.counters.sent.messages += u64::from(is_data);
        if is_close {
            self.deadlines.close_queued();
        }
        Ok(())
    }

    /// Queues a fragment.
    pub(crate) fn feed_fragment(&mut self, fragment: Fragment<'_>) -> Result<(), Error> {
        self.check_room(true)?;
        // Whether fragments are compressed is decided by the first, whatever its length.
        self.encode(usize::MAX - 1, false, |frame, out| frame.append_fragment(fragment, out))?;
        self.counters.sent.messages += u64::from(fragment.is_last);
        Ok(())
    }

    /// Queues a message that `write` appends.
    pub(crate) fn feed_with<T>(
        &mut self,
        kind: MessageKind,
        write: impl FnOnce(&mut Vec<u8>) -> T,
    ) -> Result<T, Error> {
        self.check_room(true)?;
        let value = self.encode(usize::MAX - 1, false, |frame, out| frame.append_with(kind, out, write))?;
        self.counters.sent.messages += 1;
        Ok(value)
    }

    pub(crate) fn feed_fmt(&mut self, text: std::fmt::Arguments<'_>) -> Result<(), Error> {
        // A formatter that fails although the buffer did not is at fault itself; `format!` panics then.
        self.feed_with(MessageKind::Text, |out| io::Write::write_fmt(out, text)).map(|_| ())
    }

    /// Queues a Ping whose answer is measured, unless one is under way.
    pub(crate) fn feed_ping(&mut self) -> Result<(), Error> {
        self.check_room(true)?;
        match self.deadlines.ping() {
            Some(payload) => {
                self.ping = PingIs::Queued;
                self.feed(Message::Ping(&payload), true)
            }
            None => Ok(()),
        }
    }

    /// Queues a Close frame, unless there was one, or the connection is over by a closing handshake.
    pub(crate) fn feed_close(&mut self, close: CloseFrame<'_>) -> Result<(), Error> {
        match self.stage {
            Stage::Open if self.sender.state() == SendState::Open => match self.feed(close.into(), true) {
                // Nothing can be written any more, but the peer's Close frame may be there.
                Err(Error::Io(_)) => Ok(()),
                outcome => outcome,
            },
            Stage::Over(cause) => cause.outcome(),
            Stage::Open | Stage::Ending { .. } => Ok(()),
        }
    }

    fn encode<T>(
        &mut self,
        len: usize,
        is_plain: bool,
        append: impl FnOnce(FrameEncoder<'_>, &mut Vec<u8>) -> Result<T, Misuse>,
    ) -> Result<T, Error> {
        let (frame, out) = (self.sender.frame(), &mut self.out);
        let outcome = if is_plain {
            append(frame.uncompressed(), out)
        } else if frame.compresses(len) {
            pool::with_compressor(self.level, |compressor| append(frame.with_compressor(compressor), out))
        } else {
            append(frame, out)
        };
        Ok(outcome?)
    }

    /// Checks that the transport can take a frame, and that not too much waits for it.
    fn check_room(&self, is_bounded: bool) -> Result<(), Error> {
        match self.stage {
            Stage::Open => {}
            Stage::Ending { .. } | Stage::Over(Cause::Closed) => return Err(Error::Closed),
            Stage::Over(cause) => return cause.outcome(),
        }
        if let Some(kind) = self.broken {
            return Err(Error::Io(kind.into()));
        }
        if is_bounded && self.unsent() > self.max_unsent {
            return Err(Error::Full);
        }
        Ok(())
    }

    /// Queues the Pong that a Ping asks for, or keeps it until there is room.
    pub(crate) fn pong(&mut self, reply: Reply) {
        if self.has_room() {
            self.late_pong = None;
            self.reply(reply);
        } else {
            self.late_pong = Some(Box::new(reply));
        }
    }

    /// Queues what a control frame or a fault asks for.
    pub(crate) fn reply(&mut self, reply: Reply) {
        if !reply.is_due() {
            return;
        }
        let before = self.sender.state();
        self.sender.append_reply(reply, &mut self.out);
        self.owes_reply = true;
        if before == SendState::Open && self.sender.state() != SendState::Open {
            self.deadlines.close_queued();
        }
        if self.broken.is_some() {
            self.out.clear();
        }
    }
}

impl Way<Server> {
    pub(crate) fn feed_prepared(&mut self, message: &Prepared) -> Result<(), Error> {
        self.check_room(true)?;
        self.out.extend_from_slice(message.frame(&mut self.sender, self.level)?);
        self.counters.sent.messages += 1;
        Ok(())
    }
}

/// Writing, for whoever has the transport's way out.
impl<R: Role> Way<R> {
    /// Takes out what waits, to `bytes`, which are empty. Returns whether there is something to be done: to write them, or to flush.
    pub(crate) fn take_out(&mut self, bytes: &mut Vec<u8>) -> bool {
        if bytes.is_empty() {
            self.owes_reply = false;
            self.taken_out = self.out.len();
            if self.ping == PingIs::Queued {
                self.ping = PingIs::BeingWritten;
            }
            std::mem::swap(&mut self.out, bytes);
        }
        self.write_began = self.now();
        !self.is_flushed()
    }

    /// Takes a Pong.
    pub(crate) fn answered(&mut self, payload: &[u8]) {
        match (self.ping, payload.try_into()) {
            // It can be faster than the thread that wrote the Ping.
            (PingIs::BeingWritten, Ok(payload)) => self.early_pong = Some((self.now(), payload)),
            _ => self.deadlines.pong(self.now(), payload),
        }
    }

    /// Takes note that of the bytes that were taken out the transport was offered so many, and took some.
    pub(crate) fn wrote(&mut self, taken: usize, offered: usize) {
        let now = self.now();
        let is_early = self.early_pong.is_some() && taken >= self.taken_out;
        self.deadlines.wrote(if is_early { self.write_began } else { now }, taken, offered);
        self.taken_out = self.taken_out.saturating_sub(taken);
        self.counters.sent.bytes += taken as u64;
        if self.taken_out == 0 {
            if self.ping == PingIs::BeingWritten {
                self.ping = PingIs::Nowhere;
            }
            if let Some((at, payload)) = self.early_pong.take() {
                self.deadlines.pong(at, &payload);
            }
        }
        self.is_unflushed |= taken > 0;
        if self.has_room() {
            if let Some(pong) = self.late_pong.take() {
                self.reply(*pong);
            }
        }
        if taken < offered {
            // From here on it stands still. Unless another thread reads, nobody listens, and silence says nothing.
            if !self.is_listening {
                self.deadlines.received(now);
            }
            let _ = self.deadlines.wake_up(now, self.waiting());
        }
        self.settle();
    }

    /// Takes note that a write had to wait for room.
    pub(crate) fn waited(&mut self, offered: usize) {
        let began = self.write_began;
        self.deadlines.wrote(began, 0, offered);
    }

    /// Takes note that the transport holds nothing back.
    pub(crate) fn flushed(&mut self) {
        self.is_unflushed = false;
        self.settle();
    }

    /// Tells the deadlines that nothing waits any more, if so: what was queued is out, and nothing is stalled.
    fn settle(&mut self) {
        if self.is_flushed() {
            let _ = self.deadlines.wake_up(self.now(), 0);
        }
    }

    /// Nothing can be written any more. For a moment there may still be something to read: the peer's Close frame.
    pub(crate) fn break_off(&mut self, kind: io::ErrorKind) {
        self.broken = self.broken.or(Some(kind));
        self.forget();
        self.deadlines.shut_down(self.now());
    }

    fn forget(&mut self) {
        self.out.clear();
        (self.taken_out, self.is_unflushed, self.owes_reply) = (0, false, false);
    }
}

/// Ending.
impl<R: Role> Way<R> {
    /// The peer broke a rule: it is told, and nothing that comes counts any more.
    pub(crate) fn fail(&mut self, error: ProtocolError, reply: Reply) {
        self.reply(reply);
        self.begin_end(Cause::Protocol(error), false);
    }

    /// From here on there is only what waits to be written; `is_read`: the transport has ended.
    pub(crate) fn begin_end(&mut self, cause: Cause, is_read: bool) {
        if let Stage::Open = self.stage {
            self.stage = Stage::Ending { cause, is_shut: false, is_read };
        }
    }

    /// Takes note that this side or the other one of the transport is ended.
    pub(crate) fn advance_end(&mut self, shut: bool, read: bool) {
        if shut {
            self.deadlines.shut_down(self.now());
        }
        if let Stage::Ending { is_shut, is_read, .. } = &mut self.stage {
            *is_shut |= shut;
            *is_read |= read;
        }
    }

    /// The transport's read side has ended or failed with `error`.
    pub(crate) fn end_of_transport(
        &mut self,
        ended: Result<(), AbnormalClosure>,
        error: Option<io::ErrorKind>,
    ) {
        let cause = match (ended, error.or(self.broken)) {
            (Ok(()), _) => Cause::Closed,
            (Err(_), Some(kind)) => Cause::Io(kind),
            (Err(closure), None) => Cause::Disconnected(closure),
        };
        // A peer that ended its side may still take what waits; one whose transport failed takes nothing.
        match error {
            None => self.begin_end(cause, true),
            Some(_) => self.finish(cause),
        }
    }

    /// A deadline has passed: returns whether the peer may still hear of it, once that is written.
    pub(crate) fn give_up(&mut self, deadline: Deadline) -> bool {
        deadline.close_code().is_some_and(|code| self.sender.frame().append(code, &mut self.out).is_ok())
    }

    pub(crate) fn gave_up(&mut self, deadline: Deadline) {
        let cause = match (deadline, self.stage, self.broken) {
            // What the end was waited for behind is what counts.
            (Deadline::End, Stage::Ending { cause, .. }, _) => cause,
            (Deadline::End, _, Some(kind)) => Cause::Io(kind),
            _ => Cause::Deadline(deadline),
        };
        self.finish(cause);
    }

    pub(crate) fn finish(&mut self, cause: Cause) {
        if let Stage::Over(_) = self.stage {
            return; // what ended it is what counts
        }
        self.stage = Stage::Over(cause);
        self.sender.peer_is(ReceiveState::Ended);
        self.forget();
        self.deadlines.ended();
    }
}
