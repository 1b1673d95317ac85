//! The room: its history, who is in it, and the fan-out of what is said.
//!
//! Messages are events: each goes through a queue to everybody, and who lets 64 of them pile up is put out. Presence is
//! a state: only its latest value matters, so however many come and go, it takes no place in a queue.

use std::cell::LazyCell;
use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot, watch};

use crate::message::{HISTORY, Message, Outgoing, Post, Subprotocol};

/// How many frames may wait for one connection.
const QUEUE: usize = 64;

pub(crate) struct Room {
    state: Mutex<State>,
    /// The latest count, as a frame.
    online: watch::Sender<Bytes>,
}

#[derive(Default)]
struct State {
    /// Newest first.
    history: VecDeque<Message>,
    members: HashMap<u64, Member>,
    next_id: u64,
}

/// What the room keeps of somebody in it. To drop it is to put that one out.
struct Member {
    subprotocol: Subprotocol,
    queue: mpsc::Sender<Bytes>,
    _in_room: oneshot::Sender<Infallible>,
}

/// What a connection has of the room. The parts can be waited for side by side.
pub(crate) struct Membership {
    pub(crate) queue: Queue,
    pub(crate) put_out: PutOut,
    pub(crate) place: Place,
}

/// What this member is sent.
pub(crate) struct Queue {
    frames: mpsc::Receiver<Bytes>,
    /// Only those who understand it are told.
    online: Option<watch::Receiver<Bytes>>,
}

/// Tells when the room has put this member out.
pub(crate) struct PutOut(oneshot::Receiver<Infallible>);

/// A place in the room, left when it is dropped.
pub(crate) struct Place {
    room: Arc<Room>,
    id: u64,
}

impl Room {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { state: Mutex::default(), online: watch::Sender::new(Bytes::new()) })
    }

    /// Takes somebody in. The history is the first frame in the queue.
    pub(crate) fn join(self: &Arc<Self>, subprotocol: Subprotocol) -> Membership {
        let (queue, frames) = mpsc::channel(QUEUE);
        let (in_room, put_out) = oneshot::channel();
        let mut state = self.lock();
        let id = state.next_id;
        state.next_id += 1;
        let is_delta = subprotocol == Subprotocol::JsonDelta;
        let online = is_delta.then_some(state.members.len() + 1);
        let history = Outgoing::History { msg: &state.history, online }.to_frame();
        queue.try_send(history).expect("the queue is new");
        state.members.insert(id, Member { subprotocol, queue, _in_room: in_room });
        self.tell_online(&state);
        // From here on: the count of this moment stands in the first frame.
        let online = is_delta.then(|| self.online.subscribe());
        drop(state);
        Membership {
            queue: Queue { frames, online },
            put_out: PutOut(put_out),
            place: Place { room: Arc::clone(self), id },
        }
    }

    /// Stamps a post and sends it to everybody, encoded once for each subprotocol that somebody speaks.
    pub(crate) fn post(&self, post: Post) {
        let mut state = self.lock();
        let State { history, members, .. } = &mut *state;
        history.push_front(post.at(now()));
        history.truncate(HISTORY);
        let list = LazyCell::new(|| Outgoing::History { msg: history, online: None }.to_frame());
        let new = LazyCell::new(|| Outgoing::New { new: &[&history[0]] }.to_frame());
        let before = members.len();
        members.retain(|_, member| {
            let frame = match member.subprotocol {
                Subprotocol::Json => &*list,
                Subprotocol::JsonDelta => &*new,
            };
            // Never waits: whoever has no place left for it is put out, for the good of all others.
            member.queue.try_send(frame.clone()).is_ok()
        });
        if members.len() < before {
            self.tell_online(&state);
        }
    }

    pub(crate) fn online(&self) -> usize {
        self.lock().members.len()
    }

    fn leave(&self, id: u64) {
        let mut state = self.lock();
        if state.members.remove(&id).is_some() {
            self.tell_online(&state);
        }
    }

    fn tell_online(&self, state: &State) {
        if self.online.receiver_count() > 0 {
            self.online.send_replace(Outgoing::Online { online: state.members.len() }.to_frame());
        }
    }

    /// Nothing in here is left half done by a panic.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    /// Waits for frames and adds them to `frames`, `limit` at most. Nothing is lost when it is dropped while it waits.
    pub(crate) async fn receive(&mut self, frames: &mut Vec<Bytes>, limit: usize) {
        let Some(online) = &mut self.online else {
            self.frames.recv_many(frames, limit).await;
            return;
        };
        tokio::select! {
            // The history comes before all else.
            biased;
            _ = self.frames.recv_many(frames, limit) => {}
            Ok(()) = online.changed() => frames.push(online.borrow_and_update().clone()),
        }
    }
}

impl PutOut {
    /// Waits until the room has put this member out for not keeping up.
    pub(crate) async fn wait(&mut self) {
        // Nothing is ever sent: what ends the wait is that the other end was dropped.
        let Err(_) = (&mut self.0).await;
    }
}

impl Place {
    pub(crate) fn post(&self, post: Post) {
        self.room.post(post);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.room.leave(self.id);
    }
}

/// Milliseconds since 1970.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
