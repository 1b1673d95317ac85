//! The way out of a connection, and its end: all that is needed to send, apart from the transport.

use std::io;

use wsproto::connection::{Fragment, FrameEncoder, ReceiveState, Reply, Role, SendState, Sender};
use wsproto::deadlines::Deadline;
use wsproto::deflate::Level;
use wsproto::error::AbnormalClosure;
use wsproto::{CloseCode, CloseFrame, Message, Misuse, ProtocolError};

use crate::clock::Clock;
use crate::outbox::Outbox;
use crate::server::Stop;
use crate::trace::Trace;
use crate::{Error, Options, pool};
use wsproto_adapter::shared::Closed;

#[derive(Debug)]
pub(crate) struct Way<R: Role> {
    pub(crate) sender: Sender<R>,
    pub(crate) outbox: Outbox,
    pub(crate) clock: Clock,
    pub(crate) stage: Stage,
    /// Why nothing can be written any more, although there may still be something to read.
    pub(crate) broken: Option<io::ErrorKind>,
    /// Whether the transport may hold bytes back that it took.
    pub(crate) is_unflushed: bool,
    pub(crate) high_water: u32,
    max_unsent: u32,
    pub(crate) level: Level,
    /// A Pong that waits for room, so that Pings without end take no memory without end. A later one takes its place.
    pub(crate) late_pong: Option<Box<Reply>>,
    /// The peer's Close frame, if it came.
    pub(crate) closed: Option<Box<Closed>>,
    pub(crate) trace: Trace,
    /// Whether a server that this belongs to ends.
    pub(crate) stop: Option<Stop>,
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
        /// KiB that came meanwhile, those begun counted whole.
        dropped: u16,
    },
    Over(Cause),
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
    /// It did not keep up with a broadcast.
    Lagged,
}

impl Cause {
    pub(crate) fn outcome(self) -> Result<(), Error> {
        Err(match self {
            Self::Closed => return Ok(()),
            Self::Protocol(error) => Error::Protocol(error),
            Self::Disconnected(closure) => Error::Disconnected(closure),
            Self::Io(kind) => Error::Io(kind.into()),
            Self::Deadline(deadline) => Error::Deadline(deadline),
            Self::Lagged => Error::Lagged,
        })
    }
}

impl<R: Role> Way<R> {
    pub(crate) fn new(sender: Sender<R>, options: &Options) -> Self {
        let saturate = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX);
        Self {
            sender,
            outbox: Outbox::default(),
            clock: Clock::new(*options.timeouts()),
            stage: Stage::Open,
            broken: None,
            is_unflushed: false,
            high_water: saturate(options.high_water()),
            max_unsent: saturate(options.max_unsent()),
            level: options.deflate().map_or(Level::FAST, |policy| policy.level),
            late_pong: None,
            closed: None,
            trace: Trace::new(),
            stop: None,
        }
    }
}

/// Queueing: none of these waits.
impl<R: Role> Way<R> {
    /// Queues a message or control frame; `is_plain`: uncompressed in any case.
    pub(crate) fn feed(&mut self, message: Message<'_>, is_plain: bool) -> Result<(), Error> {
        let is_close = matches!(message, Message::Close(_));
        self.check_room(!is_close)?;
        let len = message.len();
        let is_data = message.is_data();
        let compresses = |frame: &FrameEncoder<'_>| is_data && frame.compresses(len);
        self.encode(compresses, is_plain, |frame, out| frame.append(message, out))?;
        self.trace.counters.sent.messages += u64::from(is_data);
        if is_close {
            self.clock.deadlines.close_queued();
        }
        Ok(())
    }

    /// Queues a fragment.
    pub(crate) fn feed_fragment(&mut self, fragment: Fragment<'_>, is_plain: bool) -> Result<(), Error> {
        self.check_room(true)?;
        let may_compress = |frame: &FrameEncoder<'_>| frame.may_compress();
        self.encode(may_compress, is_plain, |frame, out| frame.append_fragment(fragment, out))?;
        self.trace.counters.sent.messages += u64::from(fragment.is_last);
        Ok(())
    }

    /// Queues a message that `write` appends.
    pub(crate) fn feed_with<T>(
        &mut self,
        kind: wsproto::MessageKind,
        write: impl FnOnce(&mut Vec<u8>) -> T,
    ) -> Result<T, Error> {
        self.check_room(true)?;
        let may_compress = |frame: &FrameEncoder<'_>| frame.may_compress();
        let written = self.encode(may_compress, false, |frame, out| frame.append_with(kind, out, write))?;
        self.trace.counters.sent.messages += 1;
        Ok(written)
    }

    /// Queues a Ping whose answer is measured, unless one is under way.
    pub(crate) fn feed_ping(&mut self) -> Result<(), Error> {
        self.check_room(true)?;
        match self.clock.deadlines.ping() {
            Some(payload) => self.feed(Message::Ping(&payload), true),
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

    /// Says goodbye, once, if the server that this belongs to ends.
    pub(crate) fn heed_stop(&mut self) {
        if self.stop.as_ref().is_some_and(Stop::is_set) {
            self.stop = None;
            // Where it can't be said, the connection is ending anyway.
            let _ = self.feed_close(CloseCode::GOING_AWAY.into());
        }
    }

    /// Encodes a frame, with the thread's compressor if `compresses` says so.
    fn encode<T>(
        &mut self,
        compresses: impl FnOnce(&FrameEncoder<'_>) -> bool,
        is_plain: bool,
        append: impl FnOnce(FrameEncoder<'_>, &mut Vec<u8>) -> Result<T, Misuse>,
    ) -> Result<T, Error> {
        let frame = self.sender.frame();
        let frame = if is_plain { frame.uncompressed() } else { frame };
        let out = self.outbox.tail();
        let outcome = if compresses(&frame) {
            pool::with_compressor(self.level, |compressor| append(frame.with_compressor(compressor), out))
        } else {
            append(frame, out)
        };
        Ok(outcome?)
    }

    /// Checks that the transport can take a frame, and that not too much waits for it.
    pub(crate) fn check_room(&self, is_bounded: bool) -> Result<(), Error> {
        match self.stage {
            Stage::Open => {}
            Stage::Ending { .. } | Stage::Over(Cause::Closed) => return Err(Error::Closed),
            Stage::Over(cause) => return cause.outcome(),
        }
        if let Some(kind) = self.broken {
            return Err(Error::Io(kind.into()));
        }
        if is_bounded && self.outbox.len() > self.max_unsent as usize {
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
        self.sender.append_reply(reply, self.outbox.tail());
        if before == SendState::Open && self.sender.state() != SendState::Open {
            self.clock.deadlines.close_queued();
        }
        if self.broken.is_some() {
            self.outbox.clear();
        }
    }

    /// The peer broke a rule: it is told, and nothing that comes counts any more.
    pub(crate) fn fail(&mut self, error: ProtocolError, reply: Reply) {
        self.reply(reply);
        self.begin_end(Cause::Protocol(error), false);
    }

    /// From here on there is only what waits to be written; `is_read`: the transport has ended.
    pub(crate) fn begin_end(&mut self, cause: Cause, is_read: bool) {
        if let Stage::Open = self.stage {
            self.stage = Stage::Ending { cause, is_shut: false, is_read, dropped: 0 };
        }
    }

    pub(crate) fn finish(&mut self, cause: Cause) {
        self.trace.end(&cause, self.closed.as_deref());
        self.stage = Stage::Over(cause);
        self.sender.peer_is(ReceiveState::Ended);
        self.outbox.clear();
        self.clock.stop();
    }
}
