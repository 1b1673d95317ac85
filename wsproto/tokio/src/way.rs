//! The way out of a connection, and its end: all that is needed to send, apart from the transport.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::coop;
use wsproto::connection::{Fragment, FrameEncoder, ReceiveState, Reply, Role, SendState, Sender};
use wsproto::deadlines::{Deadline, Due};
use wsproto::deflate::Level;
use wsproto::error::AbnormalClosure;
use wsproto::{CloseCode, CloseFrame, Message, Misuse, ProtocolError};

use crate::clock::Clock;
use crate::outbox::Outbox;
use crate::server::Stop;
use crate::{Error, Options, pool};

#[derive(Debug)]
pub(crate) struct Way<R: Role> {
    pub(crate) sender: Sender<R>,
    pub(crate) outbox: Outbox,
    pub(crate) clock: Clock,
    pub(crate) stage: Stage,
    /// Why nothing can be written any more, although there may still be something to read.
    broken: Option<io::ErrorKind>,
    /// Whether the transport may hold bytes back that it took.
    is_unflushed: bool,
    high_water: u32,
    max_unsent: u32,
    pub(crate) level: Level,
    /// A Pong that waits for room, so that Pings without end take no memory without end. A later one takes its place.
    late_pong: Option<Box<Reply>>,
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
        let len = if message.is_data() { message.len() } else { 0 };
        self.encode(len, is_plain, |frame, out| frame.append(message, out))?;
        if is_close {
            self.clock.deadlines.close_queued();
        }
        Ok(())
    }

    /// Queues a fragment.
    pub(crate) fn feed_fragment(&mut self, fragment: Fragment<'_>, is_plain: bool) -> Result<(), Error> {
        self.check_room(true)?;
        // Whether fragments are compressed is decided by the first, whatever its length.
        self.encode(usize::MAX - 1, is_plain, |frame, out| frame.append_fragment(fragment, out))
    }

    /// Queues a message that `write` appends.
    pub(crate) fn feed_with<T>(
        &mut self,
        kind: wsproto::MessageKind,
        write: impl FnOnce(&mut Vec<u8>) -> T,
    ) -> Result<T, Error> {
        self.check_room(true)?;
        self.encode(usize::MAX - 1, false, |frame, out| frame.append_with(kind, out, write))
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

    fn encode<T>(
        &mut self,
        len: usize,
        is_plain: bool,
        append: impl FnOnce(FrameEncoder<'_>, &mut Vec<u8>) -> Result<T, Misuse>,
    ) -> Result<T, Error> {
        let frame = self.sender.frame();
        let out = self.outbox.tail();
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
            self.stage = Stage::Ending { cause, is_shut: false, is_read };
        }
    }

    pub(crate) fn finish(&mut self, cause: Cause) {
        self.stage = Stage::Over(cause);
        self.sender.peer_is(ReceiveState::Ended);
        self.outbox.clear();
        self.clock.stop();
    }
}

/// Waiting. `Ready` means that something has changed, and `Pending` that the task will be woken.
impl<R: Role> Way<R> {
    /// Returns whether no more than the high water waits to be written.
    pub(crate) fn has_room(&self) -> bool {
        self.outbox.len() <= self.high_water as usize
    }

    /// Returns whether nothing waits to be written.
    pub(crate) fn is_flushed(&self) -> bool {
        self.outbox.is_empty() && !self.is_unflushed
    }

    /// How many bytes wait, as the deadlines count them: at least one while the transport holds some back.
    fn unsent(&self) -> usize {
        self.outbox.len().max(usize::from(self.is_unflushed))
    }

    /// Writes until nothing waits, and has the transport hold nothing back.
    ///
    /// A transport that fails is told of elsewhere: from then on nothing waits.
    pub(crate) fn poll_write<T: AsyncWrite + Unpin>(&mut self, io: &mut T, cx: &mut Context<'_>) -> Poll<()> {
        while !self.outbox.is_empty() {
            let offered = self.outbox.len();
            let taken = match self.outbox.poll_write(io, cx) {
                Poll::Ready(Ok(taken)) => taken,
                Poll::Ready(Err(error)) => {
                    self.break_off(&error);
                    return Poll::Ready(());
                }
                Poll::Pending => {
                    let now = self.clock.now();
                    self.clock.deadlines.wrote(now, 0, offered);
                    // From here on it stands still, whether anybody comes to wait or a flood keeps the task busy.
                    let _ = self.clock.deadlines.wake_up(now, offered);
                    return Poll::Pending;
                }
            };
            self.is_unflushed = true;
            let now = self.clock.now();
            self.clock.deadlines.wrote(now, taken, offered);
            if self.has_room() {
                if let Some(pong) = self.late_pong.take() {
                    self.reply(*pong);
                }
            }
            self.settle();
        }
        if self.is_unflushed {
            match ready!(Pin::new(io).poll_flush(cx)) {
                Ok(()) => self.is_unflushed = false,
                Err(error) => self.break_off(&error),
            }
            self.settle();
        }
        Poll::Ready(())
    }

    /// Returns why nothing can be written any more, if so.
    pub(crate) fn check_written(&self) -> Result<(), Error> {
        self.broken.map_or(Ok(()), |kind| Err(Error::Io(kind.into())))
    }

    /// Tells the deadlines that nothing waits any more, if so: what was queued is out, and nothing is stalled.
    fn settle(&mut self) {
        if self.is_flushed() {
            let now = self.clock.now();
            let _ = self.clock.deadlines.wake_up(now, 0);
        }
    }

    /// Nothing can be written any more. For a moment there may still be something to read: the peer's Close frame.
    fn break_off(&mut self, error: &io::Error) {
        self.broken = self.broken.or(Some(error.kind()));
        self.is_unflushed = false;
        self.outbox.clear();
        let now = self.clock.now();
        self.clock.deadlines.shut_down(now);
    }

    /// The transport's read side has ended or failed with `error`, without a Close frame of the peer.
    pub(crate) fn why_gone(&self, closure: AbnormalClosure, error: Option<io::ErrorKind>) -> Cause {
        match error.or(self.broken) {
            Some(kind) => Cause::Io(kind),
            None => Cause::Disconnected(closure),
        }
    }

    /// Does what is due now.
    pub(crate) fn act_if_due<T: AsyncWrite + Unpin>(&mut self, io: &mut T, cx: &mut Context<'_>) -> bool {
        let now = self.clock.now();
        match self.clock.deadlines.due(now) {
            None => return false,
            Some(Due::Ping(payload)) => {
                // A Ping that can't be sent any more needs no answer: the closing handshake has deadlines of its own.
                let _ = self.sender.frame().append(Message::Ping(&payload), self.outbox.tail());
            }
            Some(Due::GiveUp(deadline)) => self.give_up(deadline, io, cx),
        }
        true
    }

    fn give_up<T: AsyncWrite + Unpin>(&mut self, deadline: Deadline, io: &mut T, cx: &mut Context<'_>) {
        let cause = match (deadline, self.stage, self.broken) {
            // What the end was waited for behind is what counts.
            (Deadline::End, Stage::Ending { cause, .. }, _) => cause,
            (Deadline::End, _, Some(kind)) => Cause::Io(kind),
            _ => Cause::Deadline(deadline),
        };
        if let Some(code) = deadline.close_code() {
            // Once, without waiting: the peer may hear, although nobody hears it.
            if self.sender.frame().append(code, self.outbox.tail()).is_ok() {
                let _ = self.outbox.poll_write(io, cx);
                let _ = Pin::new(io).poll_flush(cx);
            }
        }
        self.finish(cause);
    }

    /// Waits for the next deadline.
    pub(crate) fn poll_clock<T: AsyncWrite + Unpin>(&mut self, io: &mut T, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            if self.act_if_due(io, cx) {
                return Poll::Ready(());
            }
            let now = self.clock.now();
            ready!(self.clock.poll_wake_up(cx, now, self.unsent()));
        }
    }

    /// Writes what waits and ends the transport, up to [`Stage::Over`].
    ///
    /// What comes meanwhile is read and dropped: unread bytes would reset the connection, and destroy the Close frame.
    pub(crate) fn poll_end<T>(&mut self, io: &mut T, cx: &mut Context<'_>) -> Poll<()>
    where
        T: AsyncRead + AsyncWrite + Unpin,
    {
        while let Stage::Ending { cause, is_shut, is_read } = self.stage {
            let progress = if self.poll_write(io, cx).is_pending() {
                Poll::Pending
            } else if !is_shut && (is_read || R::CLOSES_TRANSPORT || !matches!(cause, Cause::Closed)) {
                // [RFC 6455 §7.1.1]: the server ends the transport first, and a client whose peer failed.
                Pin::new(&mut *io).poll_shutdown(cx).map(|_| {
                    let now = self.clock.now();
                    self.clock.deadlines.shut_down(now);
                    self.stage = Stage::Ending { cause, is_shut: true, is_read };
                })
            } else if is_read {
                self.finish(cause);
                return Poll::Ready(());
            } else {
                // A transport that always has something would keep the task from yielding.
                ready!(coop::poll_proceed(cx)).made_progress();
                poll_discard(io, cx).map(|is_read| {
                    self.stage = Stage::Ending { cause, is_shut, is_read };
                })
            };
            let is_due = self.act_if_due(io, cx);
            if progress.is_pending() && !is_due {
                ready!(self.poll_clock(io, cx));
            }
        }
        Poll::Ready(())
    }
}

/// Reads and drops, and returns whether the transport has ended.
fn poll_discard<T: AsyncRead + Unpin>(io: &mut T, cx: &mut Context<'_>) -> Poll<bool> {
    let mut buffer = pool::take_read();
    let mut into = ReadBuf::new(&mut buffer);
    let outcome = Pin::new(io).poll_read(cx, &mut into);
    let is_ended = into.filled().is_empty();
    pool::give_read(buffer);
    outcome.map(|outcome| outcome.is_err() || is_ended)
}
