//! One waker for two tasks. A transport keeps one for reading and one for writing, and both halves of a
//! socket read and write.

use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use crate::sync::Mutex;

/// Which half of a socket is polled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Half {
    Reader,
    Writer,
}

/// The wakers of those halves that wait. As a waker, it wakes both.
#[derive(Debug, Default)]
pub(crate) struct Wakers(Mutex<[Option<Waker>; 2]>);

impl Wakers {
    /// Polls for one half, as whom `poll` is to wait. `progress` tells what the other half may wait for: when
    /// that has changed, it is woken.
    pub(crate) fn poll_as<S, V, P: PartialEq>(
        self: &Arc<Self>,
        half: Half,
        cx: &Context<'_>,
        state: &mut S,
        progress: impl Fn(&S) -> P,
        poll: impl FnOnce(&mut S, &mut Context<'_>) -> Poll<V>,
    ) -> Poll<V> {
        // Before it is polled, so that what happens meanwhile finds it.
        self.swap(half, Some(cx.waker().clone()));
        let before = progress(state);
        let waker = Waker::from(Arc::clone(self));
        let outcome = poll(state, &mut Context::from_waker(&waker));
        if outcome.is_ready() {
            // Nobody waits there until the next call: no message wakes a task for nothing.
            self.swap(half, None);
        }
        if progress(state) != before {
            self.wake_half(match half {
                Half::Reader => Half::Writer,
                Half::Writer => Half::Reader,
            });
        }
        outcome
    }

    /// Wakes one half, if it waits.
    pub(crate) fn wake_half(&self, half: Half) {
        if let Some(waker) = self.swap(half, None) {
            waker.wake();
        }
    }

    fn swap(&self, half: Half, waker: Option<Waker>) -> Option<Waker> {
        let mut wakers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let [reader, writer] = &mut *wakers;
        let place = match half {
            Half::Reader => reader,
            Half::Writer => writer,
        };
        std::mem::replace(place, waker)
    }
}

impl Wake for Wakers {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.wake_half(Half::Reader);
        self.wake_half(Half::Writer);
    }
}
