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
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_wsproto::Prepared;

use crate::message::{self, At, HISTORY, MOST_TYPING, Message, Post, Presence, Refusal, Subprotocol};

/// How many frames are made without a pause: each with one message, as long as the chat is calm.
const BURST: u32 = 16;

/// The time between two frames after that: some of it whoever listens, some for each who does.
const PACE: Duration = Duration::from_millis(10);
const PACE_EACH: Duration = Duration::from_micros(10);

/// The time between two words on who is here.
const PRESENCE_PACE: Duration = Duration::from_millis(250);

/// How long somebody types who does not say so again; and in what a crowd nobody is told.
const TYPING: Duration = Duration::from_secs(6);
const CROWD: usize = 100;

/// How many posts may wait to be sent; authors of more are told to wait.
pub(crate) const BACKLOG: usize = 4096;

pub(crate) struct Room {
    state: Mutex<State>,
    posted: Notify,
    came_or_left: Notify,
    /// What everybody is told of it.
    presence: watch::Sender<Told>,
    /// How many frames may wait for one connection.
    queue: usize,
    /// Where posts go that are to come back with a place in an order that others keep.
    relay: Option<mpsc::Sender<Post>>,
}

/// Who is here, and who types: the latest word on each, and which it is.
type Told = [Option<(u32, Prepared)>; 2];

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
    /// Those who type, and until when.
    typing: Vec<(u64, Instant)>,
    /// Those in the same room behind other servers.
    elsewhere: Presence,
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
    name: Option<Box<str>>,
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
    presence: Option<watch::Receiver<Told>>,
    /// Which words on it this member was told last; at first none.
    told: [u32; 2],
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
            presence: watch::Sender::default(),
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
        state.members.insert(id, Member { subprotocol, queue, name: None, _in_room: in_room });
        self.came_or_left.notify_one();
        let presence = (subprotocol == Subprotocol::JsonDelta).then(|| self.presence.subscribe());
        Membership { room: Arc::clone(self), id, queue: Queue { frames, presence, told: [0; 2] }, put_out }
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

    /// Takes note of who is in the same room elsewhere.
    #[cfg(feature = "redis")]
    pub(crate) fn set_elsewhere(&self, elsewhere: Presence) {
        let mut state = self.lock();
        if state.elsewhere != elsewhere {
            state.elsewhere = elsewhere;
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
                let pace = PACE.max(PACE_EACH * u32::try_from(self.lock().members.len()).unwrap_or(u32::MAX));
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

    /// Tells everybody who is here and who types, whenever it changes, for ever.
    pub(crate) async fn tell_presence(self: Arc<Self>) {
        let (mut last, mut words) = (Presence::default(), 0);
        loop {
            // Those who type may fall silent without a word.
            let is_news = timeout(TYPING, self.came_or_left.notified()).await.is_ok();
            let now = self.lock().all();
            self.presence.send_if_modified(|[here, typing]| {
                words += 1;
                if (now.count, &now.names) != (last.count, &last.names) {
                    *here = Some((words, now.here()));
                }
                if now.typing != last.typing {
                    *typing = Some((words, now.typing()));
                }
                // Who came knows none of it yet, also if it is as it was.
                is_news || now != last
            });
            last = now;
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
        let state = self.lock();
        state.members.len() + state.elsewhere.count
    }

    /// Who of them is connected to this server.
    #[cfg(feature = "redis")]
    pub(crate) fn here(&self) -> Presence {
        self.lock().here()
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

    /// Who is connected to this server.
    fn here(&self) -> Presence {
        let mut here = Presence { count: self.members.len(), ..Presence::default() };
        let now = Instant::now();
        let types = |(id, until): &(u64, Instant)| {
            self.members.get(id).filter(|_| *until > now).and_then(|member| member.name.as_deref())
        };
        for name in self.members.values().filter_map(|member| member.name.as_deref()) {
            here.add(Presence { names: [name.to_owned()].into(), ..Presence::default() });
        }
        here.typing = self.typing.iter().filter_map(types).map(str::to_owned).collect();
        here
    }

    fn all(&self) -> Presence {
        let mut all = self.here();
        all.add(self.elsewhere.clone());
        all
    }
}

impl Membership {
    /// Takes this member's name; an empty one is none.
    pub(crate) fn is_called(&self, name: String) {
        let mut state = self.room.lock();
        if let Some(member) = state.members.get_mut(&self.id) {
            member.name = (!name.is_empty()).then(|| name.into());
            self.room.came_or_left.notify_one();
        }
    }

    /// Takes note that this member types, for a while, or not any more. What more than a few do is not told, and nothing in
    /// a crowd.
    pub(crate) fn types(&self, is_typing: bool) {
        let mut state = self.room.lock();
        let (before, now) = (state.typing.len(), Instant::now());
        state.typing.retain(|(id, until)| *id != self.id && *until > now);
        let is_told = is_typing
            && state.typing.len() < MOST_TYPING
            && state.members.len() + state.elsewhere.count <= CROWD;
        state.typing.extend(is_told.then_some((self.id, now + TYPING)));
        if is_told || state.typing.len() < before {
            self.room.came_or_left.notify_one();
        }
    }
}

impl Queue {
    /// Waits for frames, `limit` at most. Nothing is lost when it is dropped while it waits.
    pub(crate) async fn receive(&mut self, limit: usize) -> Vec<Prepared> {
        let mut frames = Vec::new();
        let Self { frames: queue, presence, told } = self;
        let Some(presence) = presence else {
            queue.recv_many(&mut frames, limit).await;
            return frames;
        };
        tokio::select! {
            // The history comes before all else.
            biased;
            _ = queue.recv_many(&mut frames, limit) => {}
            Ok(()) = presence.changed() => {
                for (word, told) in presence.borrow_and_update().iter().zip(told) {
                    if let Some((word, frame)) = word && word != told {
                        *told = *word;
                        frames.push(frame.clone());
                    }
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
