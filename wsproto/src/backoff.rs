//! How long a client waits before it connects again ([RFC 6455 §7.2.3]).
//!
//! Optional, and beside the layers: nothing else in the crate uses it. It keeps no clock and draws no randomness: both
//! are the caller's. Nothing in here allocates or panics, on any input.
//!
//! [RFC 6455 §7.2.3]: https://www.rfc-editor.org/rfc/rfc6455#section-7.2.3

use core::time::Duration;

use crate::wire::CloseCode;

/// The range that a restarting server asks for, by the registry's definition of 1012.
const RESTART: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(30));

/// The delays of a client that reconnects: random, longer after each failure, up to a cap ([RFC 6455 §7.2.3]).
///
/// A server that fails loses all its clients in one moment. If they all came back in one moment, it would fail again.
/// So the first delay is random between zero and [`first`](Self::with_first). For each one after it the range doubles,
/// up to [`cap`](Self::with_cap), and the delay is random within its upper half. A connection that was made proves
/// nothing, since the server may have accepted it and failed: the delays begin anew only after one that
/// [lasted](Self::with_lasting).
///
/// | what the server said | what follows |
/// |---|---|
/// | 1012, it restarts | 5 to 30 s, as registered, or the delay that is due if it is longer; at most the cap |
/// | 1013, try again later | the longest delay, and again after each failure that follows |
/// | 1000, it is done | no retry |
/// | 1002, 1003, 1007, 1009, 1010: what this client sent was wrong | no retry: it would be sent again |
/// | 1008, 3000, 3003: against its policy, unauthorized, forbidden | no retry: a person or a new token has to help |
/// | another code, none, or nothing at all | the delay that is due |
/// | HTTP 408, 425, 429, 5xx but 501, 505 and 511 | the delay that is due; or `Retry-After`, if that is longer |
/// | any other HTTP status | no retry: the same request has the same answer |
///
/// Codes of 4000 and above are the application's own. One after which it should not reconnect is for the application
/// to look at.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use wsproto::CloseCode;
/// use wsproto::backoff::{Backoff, Lost};
///
/// let random = || 0x8000_0000_0000_0000; // From the system's generator: this one is always in the middle.
/// let mut backoff = Backoff::new();
/// let seconds = |seconds| Some(Duration::from_secs_f64(seconds));
/// assert_eq!(backoff.retry_in(Lost::Unreachable, random()), seconds(2.5)); // of 0 to 5
/// assert_eq!(backoff.retry_in(Lost::Unreachable, random()), seconds(7.5)); // of 5 to 10
/// // Connected, for a second: the server isn't well yet.
/// let lost = Lost::Closed { code: None, lasted: Duration::from_secs(1) };
/// assert_eq!(backoff.retry_in(lost, random()), seconds(15.0)); // of 10 to 20
/// // Connected, for an hour.
/// let lost = Lost::Closed { code: Some(CloseCode::GOING_AWAY), lasted: Duration::from_secs(3600) };
/// assert_eq!(backoff.retry_in(lost, random()), seconds(2.5));
/// // Not welcome.
/// assert_eq!(backoff.retry_in(Lost::Refused { status: 403 }, random()), None);
/// ```
///
/// [RFC 6455 §7.2.3]: https://www.rfc-editor.org/rfc/rfc6455#section-7.2.3
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backoff {
    first: Duration,
    cap: Duration,
    lasting: Duration,
    /// The upper end of the range that the latest delay was taken from, since the last connection that lasted.
    ceiling: Option<Duration>,
}

/// How a connection, or the attempt to make one, came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lost {
    /// There was no connection: no address, no transport, no TLS, no answer in time or one that is no HTTP.
    Unreachable,
    /// The server answered the opening handshake with another HTTP status than 101.
    Refused {
        /// The status.
        status: u16,
    },
    /// The connection was open.
    Closed {
        /// The code of the peer's Close frame; `None` if there was no code, or no Close frame.
        code: Option<CloseCode>,
        /// How long it was open.
        lasted: Duration,
    },
}

impl Backoff {
    /// Starts from the defaults: a first delay of up to 5 seconds, which [RFC 6455 §7.2.3] suggests, and a cap of one
    /// minute, for a connection that lasted one minute.
    ///
    /// [RFC 6455 §7.2.3]: https://www.rfc-editor.org/rfc/rfc6455#section-7.2.3
    pub const fn new() -> Self {
        let minute = Duration::from_secs(60);
        Self { first: Duration::from_secs(5), cap: minute, lasting: minute, ceiling: None }
    }

    /// Sets the longest first delay. Zero connects again at once, then within a second.
    #[must_use]
    pub const fn with_first(self, first: Duration) -> Self {
        Self { first, ..self }
    }

    /// Sets the longest delay there is.
    #[must_use]
    pub const fn with_cap(self, cap: Duration) -> Self {
        Self { cap, ..self }
    }

    /// Sets how long a connection has to be open before its loss is the first failure again.
    #[must_use]
    pub const fn with_lasting(self, lasting: Duration) -> Self {
        Self { lasting, ..self }
    }

    /// Returns the longest delay there is.
    pub const fn cap(&self) -> Duration {
        self.cap
    }

    /// Returns how long to wait before connecting again, or `None` if that makes no sense.
    ///
    /// `random` is any 64-bit number, each as likely as any other and drawn for this call: of a counter or a clock,
    /// the clients of one server may have the same.
    ///
    /// `None` is no failure: a caller that tries again all the same, and fails, gets the delay that was due.
    pub fn retry_in(&mut self, lost: Lost, random: u64) -> Option<Duration> {
        let code = match lost {
            Lost::Closed { code, lasted } => {
                if lasted >= self.lasting {
                    self.ceiling = None;
                }
                code
            }
            Lost::Unreachable | Lost::Refused { .. } => None,
        };
        if !is_worth_a_retry(lost) {
            return None;
        }
        let (mut low, mut high) = match self.ceiling {
            None => (Duration::ZERO, self.first),
            Some(Duration::ZERO) => (Duration::ZERO, Duration::from_secs(1)),
            Some(ceiling) => (ceiling, ceiling.saturating_add(ceiling)),
        };
        if code == Some(CloseCode::SERVICE_RESTART) && high < RESTART.1 {
            (low, high) = RESTART;
        } else if code == Some(CloseCode::TRY_AGAIN_LATER) {
            (low, high) = (self.cap, self.cap);
        }
        let high = high.min(self.cap);
        self.ceiling = Some(high);
        // At the cap, too, the delays differ.
        let low = low.min(between(Duration::ZERO, high, 1 << 63));
        Some(between(low, high, random))
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self::new()
    }
}

fn is_worth_a_retry(lost: Lost) -> bool {
    match lost {
        Lost::Unreachable | Lost::Closed { code: None, .. } => true,
        Lost::Refused { status } => {
            matches!(status, 408 | 425 | 429 | 500..=599) && !matches!(status, 501 | 505 | 511)
        }
        Lost::Closed { code: Some(code), .. } => {
            !matches!(code.get(), 1000 | 1002 | 1003 | 1007..=1010 | 3000 | 3003)
        }
    }
}

/// The duration that `random` is of the way from `low` to `high`. In nanoseconds, of which 64 bits hold 584 years.
fn between(low: Duration, high: Duration, random: u64) -> Duration {
    let [low, high] = [low, high].map(|limit| u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX));
    let part = u128::from(high.saturating_sub(low)).saturating_mul(u128::from(random)) >> 64;
    Duration::from_nanos(low.saturating_add(u64::try_from(part).unwrap_or(0)))
}
