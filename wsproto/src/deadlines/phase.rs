//! Where a connection is in its life, and which deadline runs there. All transitions stand here.

use core::num::NonZeroUsize;

use super::{Deadline, Moment, Timeouts};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Up to the end of the opening handshake.
    Opening { since: Moment },
    /// `heard`: when the last bytes came.
    Open { heard: Moment, ping: Ping },
    /// The peer's Close frame came, and ours is not encoded yet.
    Asked,
    /// Our Close frame is queued.
    Closing { ahead: Ahead, is_answered: bool },
    /// Our Close frame is written, and the peer's is awaited.
    Closed { since: Moment },
    /// Both Close frames are out, or our end of the transport is shut down: the transport's end is awaited.
    Ending { since: Moment },
    /// The transport ended, or the peer was given up.
    Over,
}

/// The latest Ping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ping {
    /// There was none, or it was answered.
    None,
    Queued(Ahead),
    /// It was written, and nothing came since. `from`: from when on the peer's time runs.
    Awaited {
        written: Moment,
        from: Moment,
    },
    /// Something else than its Pong came since.
    Overtaken {
        written: Moment,
    },
}

/// How many bytes are to be written until a queued frame is out, itself included; `None` before that is known.
type Ahead = Option<NonZeroUsize>;

/// What happens at a deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ringing {
    Ping,
    GiveUp(Deadline),
}

impl Phase {
    pub(super) fn open(&mut self, now: Moment) {
        if let Self::Opening { .. } = self {
            *self = Self::Open { heard: now, ping: Ping::None };
        }
    }

    pub(super) fn hear(&mut self, now: Moment) {
        if let Self::Open { heard, ping } = self {
            *heard = now;
            if let Ping::Awaited { written, .. } = *ping {
                *ping = Ping::Overtaken { written };
            }
        }
    }

    /// Forgets the Ping that was answered, and returns when it was written, if that was seen.
    pub(super) fn answer_ping(&mut self) -> Option<Moment> {
        let Self::Open { ping, .. } = self else { return None };
        match core::mem::replace(ping, Ping::None) {
            Ping::Awaited { written, .. } | Ping::Overtaken { written } => Some(written),
            Ping::None | Ping::Queued(_) => None,
        }
    }

    /// Tells whether a Ping may be queued that nobody has to wait for: one that took another's place would take its
    /// deadline, too.
    pub(super) fn has_no_ping(&self) -> bool {
        matches!(self, Self::Open { ping: Ping::None, .. })
    }

    /// Queues a Ping, in the place of the one before.
    pub(super) fn queue_ping(&mut self) {
        if let Self::Open { ping, .. } = self {
            *ping = Ping::Queued(None);
        }
    }

    pub(super) fn queue_close(&mut self) {
        match self {
            Self::Opening { .. } | Self::Open { .. } => {
                *self = Self::Closing { ahead: None, is_answered: false };
            }
            Self::Asked => *self = Self::Closing { ahead: None, is_answered: true },
            _ => {}
        }
    }

    pub(super) fn hear_close(&mut self, now: Moment) {
        match self {
            Self::Opening { .. } | Self::Open { .. } => *self = Self::Asked,
            Self::Closing { is_answered, .. } => *is_answered = true,
            Self::Closed { .. } => self.end(now),
            Self::Asked | Self::Ending { .. } | Self::Over => {}
        }
    }

    pub(super) fn end(&mut self, now: Moment) {
        if !matches!(self, Self::Ending { .. } | Self::Over) {
            *self = Self::Ending { since: now };
        }
    }

    /// Counts what the transport took.
    pub(super) fn progress(&mut self, now: Moment, taken: usize, was_full: bool) {
        if let Some(Some(left)) = self.ahead() {
            match NonZeroUsize::new(left.get().saturating_sub(taken)) {
                Some(still) => *left = still,
                None => self.written(now),
            }
        } else if let Self::Open { ping: Ping::Awaited { from, .. }, .. } = self {
            // What a full transport takes, the peer has made room for. Of one that has room, this would only tell of
            // our own buffers, and a dead peer would be kept until they are full.
            if was_full {
                *from = now;
            }
        }
    }

    /// Notes where a queued frame ends: at the latest behind all that is unsent.
    pub(super) fn place(&mut self, now: Moment, unsent: usize) {
        if let Some(ahead) = self.ahead() {
            match NonZeroUsize::new(unsent) {
                Some(unsent) => *ahead = Some(ahead.map_or(unsent, |known| known.min(unsent))),
                None => self.written(now),
            }
        }
    }

    /// The place of the frame that is queued.
    fn ahead(&mut self) -> Option<&mut Ahead> {
        match self {
            Self::Open { ping: Ping::Queued(ahead), .. } | Self::Closing { ahead, .. } => Some(ahead),
            _ => None,
        }
    }

    /// The frame that was queued is out.
    fn written(&mut self, now: Moment) {
        match self {
            Self::Open { ping, .. } => *ping = Ping::Awaited { written: now, from: now },
            Self::Closing { is_answered: false, .. } => *self = Self::Closed { since: now },
            Self::Closing { is_answered: true, .. } => self.end(now),
            _ => {}
        }
    }

    /// The deadline that runs.
    pub(super) fn next(&self, timeouts: &Timeouts) -> Option<(Moment, Ringing)> {
        let (since, timeout, ringing) = match *self {
            Self::Opening { since } => (since, timeouts.opening, Ringing::GiveUp(Deadline::Opening)),
            Self::Open { ping: Ping::Awaited { from, .. }, .. } => match timeouts.pong.count() {
                Some(_) => (from, timeouts.pong, Ringing::GiveUp(Deadline::Pong)),
                None => (from, timeouts.silence, Ringing::Ping),
            },
            Self::Open { heard, ping: Ping::None | Ping::Overtaken { .. } } => {
                (heard, timeouts.silence, Ringing::Ping)
            }
            Self::Closed { since } => (since, timeouts.closing, Ringing::GiveUp(Deadline::Closing)),
            Self::Ending { since } => (since, timeouts.end, Ringing::GiveUp(Deadline::End)),
            // The write timeout holds until it is out.
            Self::Open { ping: Ping::Queued(_), .. } | Self::Closing { .. } | Self::Asked | Self::Over => {
                return None;
            }
        };
        Some((since.checked_add_millis(timeout.count()?)?, ringing))
    }
}
