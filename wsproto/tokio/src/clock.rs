//! The engine's deadlines with tokio's clock, and the one timer of a connection.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::time::{Instant, Sleep};
use wsproto::deadlines::{Deadlines, Moment, Timeouts};

#[derive(Debug)]
pub(crate) struct Clock {
    pub(crate) deadlines: Deadlines,
    /// Set anew only when it rings, or has to ring earlier.
    sleep: Option<Pin<Box<Sleep>>>,
    origin: Instant,
    /// The time, as it was when it was first asked for in this turn.
    now: Option<Moment>,
}

impl Clock {
    /// Starts behind the opening handshake.
    pub(crate) fn new(timeouts: Timeouts) -> Self {
        let origin = Instant::now();
        let start = Moment::from_millis(0);
        let mut deadlines = Deadlines::new(timeouts, start);
        deadlines.opened(start);
        Self { deadlines, sleep: None, origin, now: None }
    }

    /// Returns how long ago this was made.
    pub(crate) fn age(&self) -> std::time::Duration {
        self.origin.elapsed()
    }

    /// Begins a turn: the time is to be looked at anew.
    pub(crate) const fn begin_turn(&mut self) {
        self.now = None;
    }

    /// Returns the time, which is the same for all of a turn: a few dozen microseconds of work, or what a
    /// task's budget allows.
    pub(crate) fn now(&mut self) -> Moment {
        *self.now.get_or_insert_with(|| Moment::since_origin(self.origin.elapsed()))
    }

    /// Waits until something may be due; for ever if nothing will be. `unsent` bytes wait to be written.
    pub(crate) fn poll_wake_up(&mut self, cx: &mut Context<'_>, now: Moment, unsent: usize) -> Poll<()> {
        let Some(at) = self.deadlines.wake_up(now, unsent) else { return Poll::Pending };
        let Some(at) = self.origin.checked_add(at.to_duration()) else { return Poll::Pending };
        let sleep = match &mut self.sleep {
            Some(sleep) => {
                if at < sleep.deadline() || sleep.is_elapsed() {
                    sleep.as_mut().reset(at);
                }
                sleep
            }
            None => self.sleep.insert(Box::pin(tokio::time::sleep_until(at))),
        };
        match sleep.as_mut().poll(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(()) if sleep.deadline() >= at => Poll::Ready(()),
            // It was set for an earlier moment, at which nothing is due any more.
            Poll::Ready(()) => {
                sleep.as_mut().reset(at);
                sleep.as_mut().poll(cx)
            }
        }
    }

    /// Nothing is due any more.
    pub(crate) fn stop(&mut self) {
        self.deadlines.ended();
        self.sleep = None;
    }
}
