//! Waiting for the transport and the clock: to write, and to end.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::coop;
use wsproto::Message;
use wsproto::connection::Role;
use wsproto::deadlines::{Deadline, Due};
use wsproto::error::AbnormalClosure;

use crate::way::{Cause, Stage, Way};
use crate::{Error, pool};

/// How much is read of a peer that goes on after the end, in KiB. Beyond these 64 MiB it may as well be reset.
const MAX_DROPPED: u16 = u16::MAX;

/// `Ready` means that something has changed, and `Pending` that the task will be woken.
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
            self.trace.counters.sent.bytes += taken as u64;
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
            (Deadline::End | Deadline::Closing, Stage::Ending { cause, .. }, _) => cause,
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
            let unsent = self.unsent();
            ready!(self.clock.poll_wake_up(cx, now, unsent));
            self.clock.begin_turn();
        }
    }

    /// Writes what waits and ends the transport, up to [`Stage::Over`].
    ///
    /// What comes meanwhile is read and dropped, bounded in bytes and in time: unread bytes would reset the connection, and
    /// destroy the Close frame.
    pub(crate) fn poll_end<T>(&mut self, io: &mut T, cx: &mut Context<'_>) -> Poll<()>
    where
        T: AsyncRead + AsyncWrite + Unpin,
    {
        while let Stage::Ending { cause, is_shut, is_read, dropped } = self.stage {
            let progress = if self.poll_write(io, cx).is_pending() {
                Poll::Pending
            } else if !is_shut && (is_read || R::CLOSES_TRANSPORT || !matches!(cause, Cause::Closed)) {
                // [RFC 6455 §7.1.1]: the server ends the transport first, and a client whose peer failed.
                Pin::new(&mut *io).poll_shutdown(cx).map(|_| {
                    // Who broke a rule may be in the midst of a long message, and first write it to its end before
                    // it reads why: it has the time of an answer to the Close frame.
                    if !matches!(cause, Cause::Protocol(_)) {
                        let now = self.clock.now();
                        self.clock.deadlines.shut_down(now);
                    }
                    self.stage = Stage::Ending { cause, is_shut: true, is_read, dropped };
                })
            } else if is_read || dropped == MAX_DROPPED {
                self.finish(cause);
                return Poll::Ready(());
            } else {
                // A transport that always has something would keep the task from yielding.
                ready!(coop::poll_proceed(cx)).made_progress();
                poll_discard(io, cx).map(|read| {
                    let kib = u16::try_from(read.div_ceil(1024)).unwrap_or(MAX_DROPPED);
                    let dropped = dropped.saturating_add(kib);
                    self.stage = Stage::Ending { cause, is_shut, is_read: read == 0, dropped };
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

/// Reads and drops, and returns how much that was: nothing if the transport has ended.
fn poll_discard<T: AsyncRead + Unpin>(io: &mut T, cx: &mut Context<'_>) -> Poll<usize> {
    let mut buffer = pool::take_read();
    let mut into = ReadBuf::new(&mut buffer);
    let outcome = Pin::new(io).poll_read(cx, &mut into);
    let read = into.filled().len();
    pool::give_read(buffer);
    outcome.map(|outcome| outcome.map_or(0, |()| read))
}
