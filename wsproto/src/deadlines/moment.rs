use core::fmt;
use core::num::NonZeroU64;
use core::time::Duration;

/// A point in time on the caller's clock: a duration since an origin that the caller chooses once.
///
/// The clock must not run backwards; its origin, its resolution and where it comes from are the caller's. Moments and
/// spans of time are different types, so neither a unit nor "at" and "after" can be confused. A moment takes 8 bytes,
/// and so does `Option<Moment>`; it counts nanoseconds, for 584 years.
///
/// # Examples
///
/// ```
/// use std::time::{Duration, Instant};
/// use wsproto::deadlines::Moment;
///
/// let origin = Instant::now();
/// let now = || Moment::since_origin(origin.elapsed());
/// let wake_up = now();
/// // As a point in time again, for a timer that wants one.
/// let instant = origin + wake_up.to_duration();
/// # let _ = instant;
///
/// // A counter of milliseconds will do as well.
/// let (earlier, later) = (Moment::from_millis(1_000), Moment::from_millis(1_250));
/// assert_eq!(later.duration_since(earlier), Duration::from_millis(250));
/// assert_eq!(earlier.duration_since(later), Duration::ZERO);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(NonZeroU64); // nanoseconds, and one

impl Moment {
    /// Returns the moment that is `elapsed` after the caller's origin, or the last one if that is more than 584 years.
    pub const fn since_origin(elapsed: Duration) -> Self {
        let nanos = elapsed.as_secs().saturating_mul(1_000_000_000);
        Self::from_nanos(nanos.saturating_add(elapsed.subsec_nanos() as u64))
    }

    /// Returns the moment that is `millis` milliseconds after the caller's origin, or the last one.
    pub const fn from_millis(millis: u64) -> Self {
        Self::from_nanos(millis.saturating_mul(1_000_000))
    }

    /// Returns how long this is after the caller's origin.
    pub const fn to_duration(self) -> Duration {
        Duration::from_nanos(self.nanos())
    }

    /// Returns how long this is after `earlier`: zero if it is before it.
    pub const fn duration_since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.nanos().saturating_sub(earlier.nanos()))
    }

    /// Returns the moment that is `millis` later, if this clock ever gets there.
    pub(super) fn checked_add_millis(self, millis: u32) -> Option<Self> {
        let nanos = u64::from(millis).checked_mul(1_000_000)?;
        self.0.checked_add(nanos).map(Self)
    }

    const fn nanos(self) -> u64 {
        self.0.get().saturating_sub(1)
    }

    const fn from_nanos(nanos: u64) -> Self {
        match NonZeroU64::new(nanos.saturating_add(1)) {
            Some(counted) => Self(counted),
            None => Self(NonZeroU64::MAX),
        }
    }
}

impl fmt::Debug for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Moment").field(&self.to_duration()).finish()
    }
}
