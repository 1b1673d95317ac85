//! The room: its history, who is in it, and the fan-out of what is said.
//!
//! Messages are events: each goes through a queue to everybody, and who lets it fill up is put out. For that to strike
//! the slow and nobody else, frames are not made faster than any healthy connection is given its turn: when many post at
//! once, several messages share a frame. Presence is a state: only its latest value matters, so however many come and
//! go, it takes no place in a queue.

use std::cell::{LazyCell, OnceCell};
use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_wsproto::Prepared;

use crate::message::{self, At, HISTORY, Message, Post, Refusal, Subprotocol};

/// How many frames are made without a pause: each with one message, as long as the chat is calm.
const BURST: u32 = 16;

/// The time between two frames after that: some of it whoever listens, some for each who does.
const PACE: Duration = Duration::from_millis(10);
const PACE_EACH: Duration = Duration::from_micros(10);

/// The time between two words on how many are here.
const PRESENCE_PACE: Duration = Duration::from_millis(250);

/// How many posts may wait to be sent; authors of more are told to wait.
pub(crate) const BACKLOG: usize = 4096;

pub(crate) struct Room {
    state: Mutex<State>,
    posted: Notify,
    came_or_left: Notify,
    /// The latest count.
    online: watch::Sender<Online>,
    /// How many frames may wait for one connection.
    queue: usize,
    /// Where posts go that are to come back with a place in an order that others keep.
    relay: Option<mpsc::Sender<Post>>,
}

/// How many are in the room, also as everybody is told.
type Online = Option<(usize, Prepared)>;

#[derive(Default)]
struct State {
    /// What was sent; newest first.
    history: VecDeque<Message>,
    /// What is to be sent; oldest first.
    posts: VecDeque<Message>,
    /// The newest of both.
    last: At,
    members: HashMap<u64, Member>,
    next_member: u64,
    /// Those in the same room behind other servers.
    elsewhere: usize,
    /// What newcomers are sent: the same for all until the next message, so that a crowd that comes back at once costs
    /// no more than one of them.
    snapshots: Snapshots,
}

/// The history as a whole for each subprotocol, made when somebody is to get it.
type Snapshots = [OnceCell<Prepared>; 2];

/// What the room keeps of somebody in it. To drop it is to put that one out.
struct Member {
    subprotocol: Subprotocol,
    queue: mpsc::Sender<Prepared>,
    _in_room: oneshot::Sender<Infallible>,
}

/// A place in the room, left when it is dropped. What is told to this member can be waited for side by side.
pub(crate) struct Membership {
    pub(crate) room: Arc<Room>,
    id: u64,
    pub(crate) queue: Queue,
    /// Nothing is ever sent by it: it ends when the room has put this member out for not keeping up.
    pub(crate) put_out: oneshot::Receiver<Infallible>,
}

/// What this member is sent.
pub(crate) struct Queue {
    frames: mpsc::Receiver<Prepared>,
    /// Only those who understand it are told.
    online: Option<watch::Receiver<Online>>,
    /// The count that this member was told last; at first none.
    told: usize,
}

impl Room {
    /// Opens it with what was said before, oldest first, and with where to bring what is posted, if not here.
    pub(crate) fn new(
        queue: usize,
        before: impl IntoIterator<Item = Message>,
        relay: Option<mpsc::Sender<Post>>,
    ) -> Arc<Self> {
        let mut state = State::default();
        before.into_iter().for_each(|message| state.hear(message));
        state.make_history(usize::MAX);
        Arc::new(Self {
            state: Mutex::new(state),
            posted: Notify::new(),
            came_or_left: Notify::new(),
            online: watch::Sender::default(),
            queue,
            relay,
        })
    }

    /// Takes somebody in. The history is the first frame in the queue.
    pub(crate) fn join(self: &Arc<Self>, subprotocol: Subprotocol) -> Membership {
        let (queue, frames) = mpsc::channel(self.queue);
        let (in_room, put_out) = oneshot::channel();
        let mut state = self.lock();
        let id = state.next_member;
        state.next_member += 1;
        let snapshot = snapshot(&state.snapshots, &state.history, subprotocol);
        queue.try_send(snapshot).expect("the queue is new");
        state.members.insert(id, Member { subprotocol, queue, _in_room: in_room });
        self.came_or_left.notify_one();
        let online = (subprotocol == Subprotocol::JsonDelta).then(|| self.online.subscribe());
        Membership { room: Arc::clone(self), id, queue: Queue { frames, online, told: 0 }, put_out }
    }

    /// Gives a post its place, here or where the order is kept.
    pub(crate) fn post(&self, post: Post) -> Result<(), Refusal> {
        const BUSY: &str = "There is too much going on, and this was not sent. Please try again.";
        if let Some(relay) = &self.relay {
            return relay.try_send(post).map_err(|refused| refused.into_inner().refused(BUSY));
        }
        let mut state = self.lock();
        if state.posts.len() >= BACKLOG {
            return Err(post.refused(BUSY));
        }
        let at = state.last.after(now());
        state.hear(Message { at, post });
        self.posted.notify_one();
        Ok(())
    }

    /// Takes a message that has its place.
    #[cfg(feature = "redis")]
    pub(crate) fn hear(&self, message: Message) {
        self.lock().hear(message);
        self.posted.notify_one();
    }

    /// How many messages wait to be sent.
    #[cfg(feature = "redis")]
    pub(crate) fn waiting(&self) -> usize {
        self.lock().posts.len()
    }

    /// Takes note of how many are in the same room elsewhere.
    #[cfg(feature = "redis")]
    pub(crate) fn set_elsewhere(&self, count: usize) {
        let before = std::mem::replace(&mut self.lock().elsewhere, count);
        if before != count {
            self.came_or_left.notify_one();
        }
    }

    /// Sends all that is posted, for ever.
    pub(crate) async fn broadcast(self: Arc<Self>) {
        // When the next frame is due, if each took its time; it may be early by that of a burst.
        let mut due = Instant::now();
        loop {
            self.posted.notified().await;
            while !self.lock().posts.is_empty() {
                let pace = PACE.max(PACE_EACH * u32::try_from(self.here()).unwrap_or(u32::MAX));
                let earliest = due.checked_sub(pace * BURST).unwrap_or(due);
                let is_calm = earliest <= Instant::now();
                sleep_until(earliest).await;
                self.send(if is_calm { 1 } else { HISTORY });
                due = due.max(Instant::now()) + pace;
            }
        }
    }

    /// Sends the oldest posts to everybody in one frame, encoded once for each way in which somebody is spoken to.
    fn send(&self, limit: usize) {
        let mut state = self.lock();
        let count = state.make_history(limit);
        let State { history, snapshots, members, .. } = &mut *state;
        let new = LazyCell::new(|| {
            let new = history.iter().take(count).rev();
            message::list("new", new, Subprotocol::JsonDelta)
        });
        let before = members.len();
        members.retain(|_, member| {
            let frame = match member.subprotocol {
                Subprotocol::Json => snapshot(snapshots, history, Subprotocol::Json),
                Subprotocol::JsonDelta => new.clone(),
            };
            // Never waits: whoever has no place left for it is put out, for the good of all others.
            member.queue.try_send(frame).is_ok()
        });
        if members.len() < before {
            self.came_or_left.notify_one();
        }
    }

    /// Tells everybody how many are here, whenever it changes, for ever.
    pub(crate) async fn tell_online(self: Arc<Self>) {
        loop {
            self.came_or_left.notified().await;
            let online = self.online();
            self.online.send_replace(Some((online, message::online(online))));
            // A crowd at the door is told of once, not as often as it has heads: for all in it that would be its square.
            sleep(PRESENCE_PACE).await;
        }
    }

    /// The history, for those who are told all of it each time.
    pub(crate) fn whole(&self, subprotocol: Subprotocol) -> Option<Prepared> {
        let state = self.lock();
        (subprotocol == Subprotocol::Json).then(|| snapshot(&state.snapshots, &state.history, subprotocol))
    }

    /// How many are in the room.
    pub(crate) fn online(&self) -> usize {
        self.lock().online()
    }

    /// How many of them are connected to this server.
    pub(crate) fn here(&self) -> usize {
        self.lock().members.len()
    }

    /// Nothing in here is left half done by a panic.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes a message, unless a client says it again that could not know it was heard.
    fn hear(&mut self, message: Message) {
        let key = message.post.key.as_ref();
        let mut known = self.posts.iter().chain(&self.history);
        let is_double = key.is_some() && known.any(|known| known.post.key.as_ref() == key);
        self.last = message.at;
        self.posts.extend((!is_double).then_some(message));
    }

    /// Makes the oldest posts the newest of the history, and tells how many.
    fn make_history(&mut self, limit: usize) -> usize {
        let count = self.posts.len().min(limit);
        self.posts.drain(..count).for_each(|message| self.history.push_front(message));
        self.history.truncate(HISTORY);
        self.snapshots = Snapshots::default();
        count
    }

    fn online(&self) -> usize {
        self.members.len() + self.elsewhere
    }
}

impl Queue {
    /// Waits for frames, `limit` at most. Nothing is lost when it is dropped while it waits.
    pub(crate) async fn receive(&mut self, limit: usize) -> Vec<Prepared> {
        let mut frames = Vec::new();
        let Self { frames: queue, online, told } = self;
        let Some(online) = online else {
            queue.recv_many(&mut frames, limit).await;
            return frames;
        };
        tokio::select! {
            // The history comes before all else.
            biased;
            _ = queue.recv_many(&mut frames, limit) => {}
            Ok(()) = online.changed() => {
                if let Some((count, frame)) = &*online.borrow_and_update() && count != told {
                    *told = *count;
                    frames.push(frame.clone());
                }
            }
        }
        frames
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        if self.room.lock().members.remove(&self.id).is_some() {
            self.room.came_or_left.notify_one();
        }
    }
}

fn snapshot(made: &Snapshots, history: &VecDeque<Message>, subprotocol: Subprotocol) -> Prepared {
    let make = || message::list("msg", history.iter(), subprotocol);
    made[subprotocol as usize].get_or_init(make).clone()
}

/// Milliseconds since 1970.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
