//! How long a client waits before it connects again: the engine's [`wsproto::backoff`], and its randomness.

use std::time::Duration;

use wsproto::handshake::random_nonce;

use crate::{ConnectError, Response};

pub use wsproto::backoff::{Backoff, Lost};

/// The delays of a client that reconnects: an iterator that is told between two of them how the connection,
/// or the attempt to make one, ended.
///
/// It ends where another attempt makes no sense, such as behind a 403 or a code 1000. What [`Backoff`] says
/// holds: the delays begin anew only after a connection that lasted, and 1012 and 1013 are heeded. So is
/// `Retry-After`, up to the [cap](Backoff::with_cap).
///
/// # Examples
///
/// ```
/// # use std::time::Duration;
/// # use wsproto_adapter::backoff::{Delays, Lost};
/// let mut delays = Delays::default();
/// // In a loop: connect, and talk while the connection stands. Then `delays.closed(&socket)`, or of an attempt that failed
/// // `delays.failed(&error)`.
/// delays.lost(Lost::Unreachable);
/// let delay = delays.next().expect("it makes sense to try again");
/// assert!(delay < Duration::from_secs(5));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Delays {
    backoff: Backoff,
    /// What was told since the last delay, and how long the server wants to be left alone.
    told: Option<(Option<Lost>, Duration)>,
}

impl Delays {
    /// Begins with a backoff of one's own: [`Default`] has [`Backoff::new`].
    pub const fn new(backoff: Backoff) -> Self {
        Self { backoff, told: None }
    }

    /// Tells that no connection was made.
    pub fn failed(&mut self, error: &ConnectError) {
        let wait = error.refused().and_then(Response::retry_after).unwrap_or_default();
        self.told = Some((error.lost(), wait));
    }

    /// Tells that the connection has ended: with what code, and how long ago it was made.
    pub fn closed(&mut self, socket: &impl Ended) {
        self.lost(socket.lost());
    }

    /// Tells what else there is to tell, such as of a socket that was split.
    pub const fn lost(&mut self, lost: Lost) {
        self.told = Some((Some(lost), Duration::ZERO));
    }
}

/// A connection that has ended: a `WebSocket`.
pub trait Ended {
    /// Returns how it ended.
    fn lost(&self) -> Lost;
}

impl Iterator for Delays {
    type Item = Duration;

    /// Returns how long to wait before connecting again, or `None` if that makes no sense. If nothing was
    /// told since the last delay, the server was [unreachable](Lost::Unreachable).
    fn next(&mut self) -> Option<Duration> {
        let (lost, wait) = self.told.take().unwrap_or((Some(Lost::Unreachable), Duration::ZERO));
        let delay = self.backoff.retry_in(lost?, random())?;
        Some(delay.max(wait.min(self.backoff.cap())))
    }
}

/// Draws the number that [`Backoff::retry_in`] wants from the operating system.
///
/// A system without randomness gives 2⁶³, the middle: the delays are then those of everybody.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// # use wsproto_adapter::backoff::{Backoff, Lost, random};
///
/// let delay = Backoff::new().retry_in(Lost::Unreachable, random());
/// assert!(delay < Some(Duration::from_secs(5)));
/// ```
pub fn random() -> u64 {
    let half = random_nonce().and_then(|nonce| nonce.first_chunk().copied());
    half.map_or(1 << 63, u64::from_ne_bytes)
}
