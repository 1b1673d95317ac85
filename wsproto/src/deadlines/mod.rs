//! Deadlines without a clock: when to wake up next, and what is due then.
//!
//! Optional, and beside the layers: nothing else in the crate uses it, and it uses no connection. A program that has
//! its own timers takes those. [`Deadlines`] is the part of them that is easy to get wrong, in 80 bytes a connection:
//! six [`Timeouts`], from which one wake-up time and the next action follow. The caller brings the clock and the
//! timer, and one timer a connection is enough. Each call costs a few comparisons. Nothing in here allocates or
//! panics, on any input and at any time.
//!
//! | tell it | when | |
//! |---|---|---|
//! | [`opened`](Deadlines::opened) | the opening handshake is complete | |
//! | [`received`](Deadlines::received) | bytes came | whatever they are |
//! | [`pong`](Deadlines::pong) | a Pong came | for the round-trip time |
//! | [`wrote`](Deadlines::wrote) | a write returned | also if it took nothing |
//! | [`close_queued`](Deadlines::close_queued) | our Close frame was encoded | also as a reply |
//! | [`close_received`](Deadlines::close_received) | the peer's Close frame came | |
//!
//! | ask it | when |
//! |---|---|
//! | [`due`](Deadlines::due) | each turn, or when the timer rings: what to do now |
//! | [`wake_up`](Deadlines::wake_up) | before waiting: for how long, at most |
//!
//! # Rules
//!
//! * **Any byte received is life**, not only a Pong: a peer that sends one large frame can't answer a Ping in the
//!   middle of it.
//! * **Nothing sent restarts the silence.** A peer that takes messages and never says a word is sent a Ping like any
//!   other.
//! * **A Ping's time runs from when it was written**, not from when it was queued behind other data. Before, the write
//!   timeout holds.
//! * **A peer that reads is alive**: while the transport is full, each byte that it takes restarts the time of a Ping
//!   under way.
//! * **A Pong belongs to its Ping by payload.** Others are signs of life and give no [`latency`](Deadlines::latency).
//! * **The opening handshake has one deadline**, however its bytes drip; so has the closing handshake.
//!
//! # Examples
//!
//! The loop of a blocking server, whose reads and writes wait until the next wake-up at most. `answer` stands for the
//! session: it handles what came, and appends what is to be sent.
//!
//! ```no_run
//! use std::io::{self, ErrorKind, Read, Write};
//! use std::net::TcpStream;
//! use std::time::{Duration, Instant};
//! use wsproto::deadlines::{Deadlines, Due, Moment, Timeouts};
//! use wsproto::wire::{FrameHeader, Opcode};
//!
//! fn serve(mut stream: TcpStream, mut answer: impl FnMut(&[u8], &mut Vec<u8>)) -> io::Result<()> {
//!     let origin = Instant::now();
//!     let now = || Moment::since_origin(origin.elapsed());
//!     let mut deadlines = Deadlines::new(Timeouts::new(), now());
//!     // … the opening handshake …
//!     deadlines.opened(now());
//!
//!     let (mut unsent, mut input) = (Vec::new(), [0; 4096]);
//!     loop {
//!         // What is due, after what came: it may have been the sign of life.
//!         match deadlines.due(now()) {
//!             Some(Due::Ping(payload)) => {
//!                 let header = FrameHeader::new(Opcode::Ping, true, 4).expect("4 is no more than 125").encode();
//!                 unsent.extend_from_slice(&header);
//!                 unsent.extend_from_slice(&payload);
//!             }
//!             Some(Due::GiveUp(why)) => return Err(io::Error::new(ErrorKind::TimedOut, why)),
//!             None => {}
//!         }
//!         // How long to wait. `None` is for ever, and zero would be too, for std.
//!         let wake_up = deadlines.wake_up(now(), unsent.len());
//!         let patience = wake_up.map(|at| at.duration_since(now()).max(Duration::from_millis(1)));
//!         if unsent.is_empty() {
//!             stream.set_read_timeout(patience)?;
//!             match stream.read(&mut input) {
//!                 Ok(0) => return Ok(()),
//!                 Ok(n) => {
//!                     deadlines.received(now());
//!                     answer(&input[..n], &mut unsent);
//!                 }
//!                 Err(error) if is_timeout(&error) => {}
//!                 Err(error) => return Err(error),
//!             }
//!         } else {
//!             stream.set_write_timeout(patience)?;
//!             let taken = match stream.write(&unsent) {
//!                 Err(error) if is_timeout(&error) => 0,
//!                 taken => taken?,
//!             };
//!             deadlines.wrote(now(), taken, unsent.len());
//!             unsent.drain(..taken);
//!         }
//!     }
//! }
//!
//! fn is_timeout(error: &io::Error) -> bool {
//!     matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
//! }
//! ```

mod due;
mod moment;
mod phase;
mod timeouts;

pub use due::{Deadline, Due};
pub use moment::Moment;
pub use timeouts::Timeouts;

use core::time::Duration;
use phase::{Phase, Ringing};

/// The deadlines of one connection: told what happens, asked when to wake up and what to do.
///
/// Its moments come from the caller's clock, which must not run backwards: [`Moment`] says how to make them. Calls of
/// one turn may all get the same one. Calls that don't fit the state change nothing, so they may be repeated.
///
/// # Examples
///
/// A silent peer is sent a Ping, answers it, is silent again and is given up:
///
/// ```
/// use std::time::Duration;
/// use wsproto::deadlines::{Deadline, Deadlines, Due, Moment, Timeouts};
///
/// let at = |seconds: u64| Moment::from_millis(1000 * seconds);
/// let mut deadlines = Deadlines::new(Timeouts::new(), at(0));
/// assert_eq!(deadlines.wake_up(at(0), 0), Some(at(10))); // for the opening handshake
/// deadlines.opened(at(1));
/// assert_eq!(deadlines.wake_up(at(1), 0), Some(at(31)));
///
/// let Some(Due::Ping(payload)) = deadlines.due(at(31)) else { panic!() };
/// // A frame of 6 bytes, which is written at once: the answer is due 30 seconds later.
/// deadlines.wrote(at(31), 6, 6);
/// assert_eq!(deadlines.wake_up(at(31), 0), Some(at(61)));
///
/// deadlines.pong(Moment::from_millis(31_040), &payload);
/// assert_eq!(deadlines.latency(), Some(Duration::from_millis(40)));
/// assert_eq!(deadlines.wake_up(at(32), 0), Some(Moment::from_millis(61_040)));
///
/// assert!(matches!(deadlines.due(at(62)), Some(Due::Ping(_))));
/// assert_eq!(deadlines.wake_up(at(62), 0), Some(at(92)));
/// assert_eq!(deadlines.due(at(92)), Some(Due::GiveUp(Deadline::Pong)));
/// assert_eq!(deadlines.wake_up(at(92), 0), None);
/// ```
#[derive(Debug, Clone)]
pub struct Deadlines {
    timeouts: Timeouts,
    phase: Phase,
    /// While output waits: since when the transport has taken nothing.
    stalled: Option<Moment>,
    /// As a moment after 0, which has room for `None`.
    latency: Option<Moment>,
    /// The number of the latest Ping, which is its payload.
    pings: u32,
    /// Whether the transport took less than it was offered: whatever it takes next, the peer has made room for.
    is_full: bool,
}

impl Deadlines {
    /// Begins at a transport's start: before TLS and the opening handshake.
    ///
    /// Behind a handshake that was made elsewhere, call [`opened`](Self::opened) at once.
    pub const fn new(timeouts: Timeouts, now: Moment) -> Self {
        let phase = Phase::Opening { since: now };
        Self { timeouts, phase, stalled: None, latency: None, pings: 0, is_full: false }
    }

    /// Tells that the opening handshake is complete: the silence begins.
    pub fn opened(&mut self, now: Moment) {
        self.phase.open(now);
    }

    /// Tells that bytes came, whatever they are.
    ///
    /// A caller that does not read for a while, other than because its own output waits, calls this in each turn of
    /// that while: a silence that nobody listens to says nothing.
    pub fn received(&mut self, now: Moment) {
        self.phase.hear(now);
    }

    /// Tells that a Pong came: it answers our latest Ping if it has its payload ([RFC 6455 §5.5.3]).
    ///
    /// Then its round-trip time is the new [`latency`](Self::latency), if the Ping was seen to be written before.
    /// Other Pongs are allowed, and are a sign of life as any byte is.
    ///
    /// [RFC 6455 §5.5.3]: https://www.rfc-editor.org/rfc/rfc6455#section-5.5.3
    pub fn pong(&mut self, now: Moment, payload: &[u8]) {
        self.phase.hear(now);
        if payload == self.pings.to_be_bytes() {
            if let Some(written) = self.phase.answer_ping() {
                self.latency = Some(Moment::since_origin(now.duration_since(written)));
            }
        }
    }

    /// Tells that the transport was offered bytes, and how many of these it took: 0 if it would have blocked.
    pub fn wrote(&mut self, now: Moment, taken: usize, offered: usize) {
        if taken > 0 {
            if let Some(since) = &mut self.stalled {
                *since = now;
            }
            self.phase.progress(now, taken, self.is_full);
        }
        self.is_full = taken < offered;
    }

    /// Tells that our Close frame was encoded, as a reply or not: there are no more Pings from here on.
    ///
    /// The peer's time to answer begins when it is written.
    pub fn close_queued(&mut self) {
        self.phase.queue_close();
    }

    /// Tells that the peer's Close frame came. If ours was written, the peer's time to end the transport begins.
    ///
    /// If ours was not even encoded, no deadline but the write timeout runs: answer it soon ([RFC 6455 §5.5.1]).
    ///
    /// [RFC 6455 §5.5.1]: https://www.rfc-editor.org/rfc/rfc6455#section-5.5.1
    pub fn close_received(&mut self, now: Moment) {
        self.phase.hear_close(now);
    }

    /// Tells that this end of the transport is shut down, whatever was said before: behind an HTTP reply that refuses
    /// a handshake, or behind the Close frame of a failure. The peer has the time of [`Timeouts::end`] for its own
    /// end.
    pub fn shut_down(&mut self, now: Moment) {
        self.phase.end(now);
    }

    /// Tells that the transport ended: nothing is due any more.
    pub fn ended(&mut self) {
        self.phase = Phase::Over;
    }

    /// Begins a Ping now, to learn the [`latency`](Self::latency) of a peer that is never silent, and returns its
    /// payload.
    ///
    /// Returns `None` if the connection is not open, or the Ping before was not answered yet. Otherwise send it: it
    /// has to be answered in time, as one that was due.
    pub fn ping(&mut self) -> Option<[u8; 4]> {
        self.phase.has_no_ping().then(|| self.next_ping())
    }

    /// Returns when to call [`due`](Self::due), or `None` if nothing is going to be due. Call it before each wait,
    /// also where the moment itself is not needed because all connections are looked at every second, say: it is told
    /// here what waits.
    ///
    /// `unsent` is how many encoded bytes wait to be written, our Ping and our Close frame among them: 0 if each write
    /// blocks until all is written. Whatever was encoded after such a frame, since the call before, is counted as if
    /// it stood in front of it.
    ///
    /// At that moment something is due, and not before. A caller that finds it costly to set its timer in each turn
    /// may leave it as it is while this returns a later moment: at the earlier one `due` returns `None`.
    #[must_use]
    pub fn wake_up(&mut self, now: Moment, unsent: usize) -> Option<Moment> {
        if unsent == 0 {
            self.stalled = None;
            self.is_full = false;
        } else {
            self.stalled = self.stalled.or(Some(now));
        }
        self.phase.place(now, unsent);
        let stall = self.stall().map(|(at, _)| at);
        let phase = self.phase.next(&self.timeouts).map(|(at, _)| at);
        [stall, phase].into_iter().flatten().min()
    }

    /// Returns what is due at `now`, if anything; each cause once.
    ///
    /// Call it after the bytes that are there were read: they may be the sign of life that it would miss. After
    /// [`Due::GiveUp`], nothing is due any more.
    pub fn due(&mut self, now: Moment) -> Option<Due> {
        let deadlines = [self.stall(), self.phase.next(&self.timeouts)].into_iter().flatten();
        // Of a peer that is to be given up, nothing is asked any more.
        let rings = deadlines
            .filter(|&(at, _)| at <= now)
            .min_by_key(|&(at, ringing)| (ringing == Ringing::Ping, at));
        match rings?.1 {
            Ringing::Ping => Some(Due::Ping(self.next_ping())),
            Ringing::GiveUp(deadline) => {
                self.ended();
                Some(Due::GiveUp(deadline))
            }
        }
    }

    /// Returns the latest Ping's round-trip time, from when it was written to when its Pong was told; `None` before
    /// the first.
    ///
    /// A Ping is sent when the peer is silent, or by [`ping`](Self::ping).
    pub fn latency(&self) -> Option<Duration> {
        self.latency.map(Moment::to_duration)
    }

    /// Returns the timeouts that were given.
    pub const fn timeouts(&self) -> &Timeouts {
        &self.timeouts
    }

    fn next_ping(&mut self) -> [u8; 4] {
        self.phase.queue_ping();
        self.pings = self.pings.wrapping_add(1);
        self.pings.to_be_bytes()
    }

    /// When the peer is given up that takes nothing.
    fn stall(&self) -> Option<(Moment, Ringing)> {
        if self.phase == Phase::Over {
            return None;
        }
        let until = self.stalled?.checked_add_millis(self.timeouts.write.count()?)?;
        Some((until, Ringing::GiveUp(Deadline::Write)))
    }
}
