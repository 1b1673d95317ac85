//! Time that passes when told.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A clock that a test sets. Its clones tell the same time.
///
/// For the engine: `Moment::since_origin(clock.now())`. What sleeps on tokio has a clock of its own, which `tokio::time::pause` and
/// `advance` set.
///
/// ```
/// use std::time::Duration;
/// use wsproto_test::Clock;
///
/// let clock = Clock::new();
/// let of_the_program = clock.clone();
/// clock.advance(Duration::from_secs(30));
/// assert_eq!(of_the_program.now(), Duration::from_secs(30));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Clock(Arc<AtomicU64>);

impl Clock {
    /// Returns a clock at its origin.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the time since the origin, in whole nanoseconds: up to 584 years.
    pub fn now(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::SeqCst))
    }

    /// Lets time pass.
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(u64::try_from(by.as_nanos()).unwrap_or(u64::MAX), Ordering::SeqCst);
    }
}
