//! The waker that two tasks share, in all interleavings that loom finds: nobody is forgotten.

#![allow(dead_code, reason = "the module is compiled as it is, and used in part")]

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use loom::future::block_on;
use loom::thread;

#[path = "../src/wakers.rs"]
mod wakers;

/// What the module takes from its crate.
mod sync {
    pub(crate) use loom::sync::Mutex;
}

use wakers::{Half, Wakers};

/// A transport that keeps one waker, as all do.
#[derive(Default)]
struct Transport {
    has_message: bool,
    has_room: bool,
    /// What comes behind the message.
    has_close: bool,
    waker: Option<Waker>,
}

struct Shared {
    /// As a socket that is locked while a half is polled: whether a message was found, and left to be taken.
    held: loom::sync::Mutex<bool>,
    wakers: Arc<Wakers>,
    transport: loom::sync::Mutex<Transport>,
}

impl Shared {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            held: loom::sync::Mutex::new(false),
            wakers: Arc::default(),
            transport: loom::sync::Mutex::default(),
        })
    }

    fn poll_as<V>(
        &self,
        half: Half,
        cx: &Context<'_>,
        poll: impl FnOnce(&mut bool, &mut Context<'_>) -> Poll<V>,
    ) -> Poll<V> {
        self.wakers.poll_as(half, cx, &mut *self.held.lock().unwrap(), |held| *held, poll)
    }

    /// Takes a message: of the transport, or one that the other half has found there.
    fn receive(&self) {
        block_on(poll_fn(|cx| {
            self.poll_as(Half::Reader, cx, |held, cx| {
                let mut transport = self.transport.lock().unwrap();
                if std::mem::take(held) || std::mem::take(&mut transport.has_message) {
                    return Poll::Ready(());
                }
                transport.waker = Some(cx.waker().clone());
                Poll::Pending
            })
        }));
    }

    /// Waits for room. Meanwhile it finds the message that may come, and leaves it.
    fn flush(&self) {
        block_on(poll_fn(|cx| {
            self.poll_as(Half::Writer, cx, |held, cx| {
                let mut transport = self.transport.lock().unwrap();
                if transport.has_room {
                    return Poll::Ready(());
                }
                if !*held && std::mem::take(&mut transport.has_message) {
                    *held = true;
                }
                transport.waker = Some(cx.waker().clone());
                Poll::Pending
            })
        }));
    }

    /// Waits for the Close frame, which stands behind the message: nothing is read past one that was found.
    fn close(&self) {
        block_on(poll_fn(|cx| {
            self.poll_as(Half::Writer, cx, |held, cx| {
                let mut transport = self.transport.lock().unwrap();
                if !*held && std::mem::take(&mut transport.has_message) {
                    *held = true;
                }
                if *held {
                    return Poll::Pending;
                }
                if transport.has_close {
                    return Poll::Ready(());
                }
                transport.waker = Some(cx.waker().clone());
                Poll::Pending
            })
        }));
    }

    fn event(&self, happen: impl FnOnce(&mut Transport)) {
        let waker = {
            let mut transport = self.transport.lock().unwrap();
            happen(&mut transport);
            transport.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

fn check(write: fn(&Shared), events: fn(&Shared)) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(move || {
        let shared = Shared::new();
        let (reader, writer) = (Arc::clone(&shared), Arc::clone(&shared));
        let reader = thread::spawn(move || reader.receive());
        let writer = thread::spawn(move || write(&writer));
        events(&shared);
        reader.join().unwrap();
        writer.join().unwrap();
    });
}

#[test]
fn a_message_and_then_room() {
    check(Shared::flush, |shared| {
        shared.event(|transport| transport.has_message = true);
        shared.event(|transport| transport.has_room = true);
    });
}

#[test]
fn room_and_then_a_message() {
    check(Shared::flush, |shared| {
        shared.event(|transport| transport.has_room = true);
        shared.event(|transport| transport.has_message = true);
    });
}

#[test]
fn what_stands_behind_a_message_that_is_left_to_the_other_half() {
    check(Shared::close, |shared| {
        shared.event(|transport| (transport.has_message, transport.has_close) = (true, true));
    });
}
