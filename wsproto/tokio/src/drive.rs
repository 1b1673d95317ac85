//! What drives a connection, whatever it is driven for.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::coop;
use wsproto::connection::{Event, ReceiveState, Reply, Role};
use wsproto::session::Next;

use crate::way::{Cause, Stage};
use crate::{Error, Message, WebSocket, pool};
use wsproto_adapter::shared::Closed;

/// What is done with messages while a connection is driven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Messages {
    /// They are waited for; the next one only when no more than the high water waits to be written.
    Paced,
    /// They are waited for, whatever waits to be written: that is for another task to bound. Would both ends
    /// stop reading because their output stands still, it would stand still for ever.
    Wanted,
    /// They are left to others: something else is waited for.
    Left,
    /// They are dropped: something else is waited for, which may stand behind them.
    Dropped,
}

impl<T: AsyncRead + AsyncWrite + Unpin, R: Role> WebSocket<T, R> {
    /// Drives the connection until a message is there (`true`, never if they are not wanted) or it is over by
    /// a closing handshake (`false`).
    ///
    /// In each turn: take what has come, write what waits, read. Only then see what is due, since what was
    /// read may be a sign of life; but after each read, since a busy peer must not put off the deadlines of
    /// writing and closing.
    pub(crate) fn poll_drive(&mut self, cx: &mut Context<'_>, wanted: Messages) -> Poll<Result<bool, Error>> {
        self.inner.way.clock.begin_turn();
        self.inner.way.heed_stop();
        loop {
            match self.inner.way.stage {
                Stage::Open => {}
                Stage::Ending { .. } => {
                    self.release();
                    ready!(self.inner.way.poll_end(&mut self.inner.io, cx));
                    continue;
                }
                Stage::Over(cause) => {
                    self.release();
                    return Poll::Ready(cause.outcome().map(|()| false));
                }
            }
            let next = if self.inner.is_piecewise || wanted == Messages::Dropped {
                self.inner.incoming.peek_piece()
            } else {
                self.inner.incoming.peek()
            };
            let is_held = match next {
                Some(Next::Message(_)) if wanted == Messages::Left => {
                    self.inner.is_held = true;
                    true
                }
                Some(Next::Message(_)) if wanted != Messages::Dropped => {
                    if wanted == Messages::Paced && !self.inner.way.has_room() {
                        ready!(self.poll_drain(cx));
                        continue;
                    }
                    // Messages out of one read cost no budget otherwise: megabytes would pass before a task yields.
                    ready!(coop::poll_proceed(cx)).made_progress();
                    return Poll::Ready(Ok(true));
                }
                Some(_) => {
                    ready!(coop::poll_proceed(cx)).made_progress();
                    self.take_control();
                    continue;
                }
                None => false,
            };
            if self.inner.incoming.state() == ReceiveState::CloseReceived {
                // No more is read: the transport's end would hide that the reply is not written yet.
                self.inner.way.begin_end(Cause::Closed, false);
                continue;
            }
            let is_written = self.inner.way.poll_write(&mut self.inner.io, cx).is_ready();
            if is_held {
                // Nobody listens, so silence says nothing.
                let now = self.inner.way.clock.now();
                self.inner.way.clock.deadlines.received(now);
            } else if is_written || wanted != Messages::Paced || self.inner.way.has_room() {
                if self.poll_read(cx).is_ready() {
                    self.inner.way.act_if_due(&mut self.inner.io, cx);
                    ready!(coop::poll_proceed(cx)).made_progress();
                    continue;
                }
                self.release();
            }
            ready!(self.inner.way.poll_clock(&mut self.inner.io, cx));
        }
    }

    /// Waits until less than the high water waits to be written, or something is due.
    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let is_written = self.inner.way.poll_write(&mut self.inner.io, cx).is_ready();
        if is_written || self.inner.way.has_room() {
            return Poll::Ready(());
        }
        self.inner.way.poll_clock(&mut self.inner.io, cx)
    }

    /// Waits until no more than the high water waits to be written.
    pub(crate) fn poll_room(&mut self, cx: &mut Context<'_>, messages: Messages) -> Poll<Result<(), Error>> {
        self.inner.way.clock.begin_turn();
        if let Stage::Open = self.inner.way.stage {
            if self.inner.way.has_room()
                || self.inner.way.poll_write(&mut self.inner.io, cx).is_ready()
                || self.inner.way.has_room()
            {
                return Poll::Ready(self.inner.way.check_written());
            }
        }
        match self.poll_drive(cx, messages)? {
            Poll::Ready(_) => Poll::Ready(Err(Error::Closed)),
            Poll::Pending if self.inner.way.has_room() => Poll::Ready(self.inner.way.check_written()),
            Poll::Pending => Poll::Pending,
        }
    }

    /// Takes the message that [`poll_drive`](Self::poll_drive) found, as one of its own. `None` if it was
    /// none after all.
    ///
    /// Never part of a caller's future: inside of so large a function, unmasking is compiled to a loop over
    /// single bytes.
    #[inline(never)]
    pub(crate) fn take_message(&mut self) -> Option<Message> {
        self.inner.is_held = false;
        let mut reply = Reply::new();
        match self.inner.incoming.next(&mut reply) {
            Ok(message) => {
                self.inner.way.trace.counters.received.messages += 1;
                message.and_then(Message::copied)
            }
            Err(error) => {
                self.inner.way.fail(error, reply);
                None
            }
        }
    }

    /// Takes what came, and does what it asks for. Of a message a piece is dropped.
    fn take_control(&mut self) {
        self.inner.is_held = false;
        let mut reply = Reply::new();
        let clock = &mut self.inner.way.clock;
        match self.inner.incoming.next_piece(&mut reply) {
            Ok(Some(Event::Pong(payload))) => {
                let now = clock.now();
                clock.deadlines.pong(now, payload);
            }
            Ok(Some(Event::Close(close))) => {
                let now = clock.now();
                clock.deadlines.close_received(now);
                self.inner.way.closed = Some(Box::new(Closed::of(close)));
                self.inner.way.reply(reply);
            }
            Ok(Some(Event::Ping(_))) => self.inner.way.pong(reply),
            Ok(Some(Event::Data(data))) => {
                self.inner.way.trace.counters.received.messages += u64::from(data.is_last);
            }
            Ok(None) => {}
            Err(error) => self.inner.way.fail(error, reply),
        }
    }

    /// Reads once. `Ready` if something has changed.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let outcome = ready!(self.poll_read_bytes(cx));
        match outcome {
            Ok(0) => self.end_of_transport(None),
            Ok(n) => {
                self.inner.way.trace.counters.received.bytes += n as u64;
                let now = self.inner.way.clock.now();
                self.inner.way.clock.deadlines.received(now);
            }
            Err(error) => self.end_of_transport(Some(error.kind())),
        }
        Poll::Ready(())
    }

    fn end_of_transport(&mut self, error: Option<std::io::ErrorKind>) {
        let cause = match self.inner.incoming.receive_eof() {
            Ok(()) => Cause::Closed,
            Err(closure) => self.inner.way.why_gone(closure, error),
        };
        // A peer that ended its side may still take what waits; one whose transport failed takes nothing.
        match error {
            None => self.inner.way.begin_end(cause, true),
            Some(_) => self.inner.way.finish(cause),
        }
    }

    /// Reads into the thread's buffer, which is then lent to the session until [`release`](Self::release).
    fn poll_read_bytes(&mut self, cx: &mut Context<'_>) -> Poll<std::io::Result<usize>> {
        let io = Pin::new(&mut self.inner.io);
        let kept = self.inner.incoming.kept();
        if self.inner.is_lent || kept >= pool::READ_SIZE / 2 {
            self.inner.is_lent = true;
            let mut into = ReadBuf::new(self.inner.incoming.buffer());
            ready!(io.poll_read(cx, &mut into))?;
            let n = into.filled().len();
            self.inner.incoming.filled(n);
            return Poll::Ready(Ok(n));
        }
        let mut buffer = pool::take_read();
        let mut into = ReadBuf::new(&mut buffer);
        let outcome = io.poll_read(cx, &mut into);
        let n = into.filled().len();
        if let Poll::Ready(Ok(())) = outcome {
            self.inner.is_lent = n > 0;
            if kept == 0 {
                match self.inner.incoming.lend(buffer, n) {
                    Ok(()) => {}
                    Err(buffer) => pool::give_read(buffer),
                }
            } else {
                self.inner.incoming.push(&buffer[..n]);
                pool::give_read(buffer);
            }
        } else {
            pool::give_read(buffer);
        }
        outcome.map_ok(|()| n)
    }

    /// Gives the thread's buffer back before waiting, unless much of it is still needed: an idle connection
    /// holds none, and one with half a frame no more than that. A large message is not copied each time that
    /// a part of it comes.
    fn release(&mut self) {
        if self.inner.is_lent && self.inner.incoming.kept() < self.inner.incoming.capacity() / 2 {
            if let Some(buffer) = self.inner.incoming.reclaim() {
                self.inner.is_lent = false;
                pool::give_read(buffer);
                // What a compressed message became.
                self.inner.incoming.shrink();
            }
        }
    }
}
