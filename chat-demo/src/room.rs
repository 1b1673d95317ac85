//! The room: its history, who is in it, and the fan-out of what is said.
//!
//! Messages are events: each goes through a queue to everybody, and who lets 64 frames pile up is put out. For that to
//! strike the slow and nobody else, frames are not made faster than any healthy connection is given its turn: when many
//! post at once, several messages share a frame. Presence is a state: only its latest value matters, so however many
//! come and go, it takes no place in a queue.

use std::cell::LazyCell;
use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::time::{Instant, sleep_until};

use crate::message::{HISTORY, Message, Outgoing, Post, Subprotocol};

/// How many frames may wait for one connection.
const QUEUE: usize = 64;

/// How many frames are made without a pause: each with one message, as long as the chat is calm.
const BURST: u32 = 16;

/// The time between two frames after that; and between two posts of one client, which nobody types faster.
const PACE: Duration = Duration::from_millis(10);

pub(crate) struct Room {
    state: Mutex<State>,
    posted: Notify,
    /// The latest count, as a frame.
    online: watch::Sender<Bytes>,
}

#[derive(Default)]
struct State {
    /// What was sent; newest first.
    history: VecDeque<Message>,
    /// What is to be sent; oldest first.
    posts: VecDeque<Message>,
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
        Arc::new(Self {
            state: Mutex::default(),
            posted: Notify::new(),
            online: watch::Sender::new(Bytes::new()),
        })
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

    /// Stamps a post, and tells how long its author should rest: the longer, the more are waiting to be sent.
    fn post(&self, post: Post) -> Duration {
        let mut state = self.lock();
        state.posts.push_back(post.at(now()));
        self.posted.notify_one();
        PACE * u32::try_from(1 + state.posts.len() / HISTORY).unwrap_or(u32::MAX)
    }

    /// Sends all that is posted, for ever.
    pub(crate) async fn broadcast(self: Arc<Self>) {
        // When the next frame is due, if each took its time; it may be early by that of a burst.
        let mut due = Instant::now();
        loop {
            self.posted.notified().await;
            while !self.lock().posts.is_empty() {
                let earliest = due.checked_sub(PACE * BURST).unwrap_or(due);
                let is_calm = earliest <= Instant::now();
                sleep_until(earliest).await;
                self.send(if is_calm { 1 } else { HISTORY });
                due = due.max(Instant::now()) + PACE;
            }
        }
    }

    /// Sends the oldest posts to everybody in one frame, encoded once for each subprotocol that somebody speaks.
    fn send(&self, limit: usize) {
        let mut state = self.lock();
        let State { history, posts, members, .. } = &mut *state;
        let count = posts.len().min(limit);
        posts.drain(..count).for_each(|message| history.push_front(message));
        history.truncate(HISTORY);
        let list = LazyCell::new(|| Outgoing::History { msg: history, online: None }.to_frame());
        let new =
            LazyCell::new(|| Outgoing::New { new: history.iter().take(count).rev().collect() }.to_frame());
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
    /// Posts to all, and tells how long to rest before the next one.
    pub(crate) fn post(&self, post: Post) -> Duration {
        self.room.post(post)
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
