use core::time::Duration;

/// How long this end waits for what: the options of [`Deadlines`](super::Deadlines). Each may be `None`: never.
///
/// Kept in whole milliseconds, rounded up, so that all six take 24 bytes; the longest is 49 days.
///
/// | timeout | default | runs from | when it passes |
/// |---|---|---|---|
/// | [`opening`](Self::with_opening) | 10 s | the transport's start, through TLS and the opening handshake | give up |
/// | [`silence`](Self::with_silence) | 30 s | the last byte that came | a Ping is due |
/// | [`pong`](Self::with_pong) | 30 s | when that Ping was written | give up, unless any byte came |
/// | [`write`](Self::with_write) | 30 s | the last byte that the transport took, while more wait | give up |
/// | [`closing`](Self::with_closing) | 5 s | when our Close frame was written | give up, unless the peer's came |
/// | [`end`](Self::with_end) | 1 s | the second of the two Close frames | give up, unless the transport ended |
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use wsproto::deadlines::Timeouts;
///
/// // For phones, which may lose their network for a while.
/// const TIMEOUTS: Timeouts = Timeouts::new()
///     .with_silence(Some(Duration::from_secs(60)))
///     .with_pong(Some(Duration::from_secs(90)));
/// assert_eq!(TIMEOUTS.opening(), Some(Duration::from_secs(10)));
/// assert_eq!(TIMEOUTS.with_opening(None).opening(), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Timeouts {
    pub(super) opening: Millis,
    pub(super) silence: Millis,
    pub(super) pong: Millis,
    pub(super) write: Millis,
    pub(super) closing: Millis,
    pub(super) end: Millis,
}

impl Timeouts {
    /// Starts from the defaults.
    pub const fn new() -> Self {
        Self {
            opening: Millis(10_000),
            silence: Millis(30_000),
            pong: Millis(30_000),
            write: Millis(30_000),
            closing: Millis(5_000),
            end: Millis(1_000),
        }
    }

    /// Returns timeouts that are all turned off, to turn on those that are wanted.
    pub const fn none() -> Self {
        let never = Millis(Millis::NEVER);
        Self { opening: never, silence: never, pong: never, write: never, closing: never, end: never }
    }

    /// Sets how long the opening handshake may take as a whole, TLS included: one deadline, however the bytes drip.
    #[must_use]
    pub const fn with_opening(self, timeout: Option<Duration>) -> Self {
        Self { opening: Millis::new(timeout), ..self }
    }

    /// Sets after how much silence of the peer a Ping is sent.
    ///
    /// Choose it below the shortest timeout on the way: proxies and NAT forget silent connections, some after a
    /// minute. `None` sends no Ping, and so notices no dead peer to which nothing is sent.
    #[must_use]
    pub const fn with_silence(self, timeout: Option<Duration>) -> Self {
        Self { silence: Millis::new(timeout), ..self }
    }

    /// Sets how long the peer may stay silent after a Ping was written.
    ///
    /// `None` sends a Ping after each stretch of silence, to keep proxies and NAT awake, and expects no answer.
    #[must_use]
    pub const fn with_pong(self, timeout: Option<Duration>) -> Self {
        Self { pong: Millis::new(timeout), ..self }
    }

    /// Sets how long the transport may take nothing of what waits to be written.
    ///
    /// With `None`, a peer that doesn't read is kept for as long as its host answers: the Ping that would find out is
    /// never written.
    #[must_use]
    pub const fn with_write(self, timeout: Option<Duration>) -> Self {
        Self { write: Millis::new(timeout), ..self }
    }

    /// Sets how long the peer may take to answer our Close frame.
    #[must_use]
    pub const fn with_closing(self, timeout: Option<Duration>) -> Self {
        Self { closing: Millis::new(timeout), ..self }
    }

    /// Sets how long the peer may take to end the transport after both Close frames.
    #[must_use]
    pub const fn with_end(self, timeout: Option<Duration>) -> Self {
        Self { end: Millis::new(timeout), ..self }
    }

    /// Returns how long the opening handshake may take.
    pub const fn opening(&self) -> Option<Duration> {
        self.opening.get()
    }

    /// Returns after how much silence of the peer a Ping is sent.
    pub const fn silence(&self) -> Option<Duration> {
        self.silence.get()
    }

    /// Returns how long the peer may stay silent after a Ping was written.
    pub const fn pong(&self) -> Option<Duration> {
        self.pong.get()
    }

    /// Returns how long the transport may take nothing of what waits to be written.
    pub const fn write(&self) -> Option<Duration> {
        self.write.get()
    }

    /// Returns how long the peer may take to answer our Close frame.
    pub const fn closing(&self) -> Option<Duration> {
        self.closing.get()
    }

    /// Returns how long the peer may take to end the transport after both Close frames.
    pub const fn end(&self) -> Option<Duration> {
        self.end.get()
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self::new()
    }
}

/// A timeout in milliseconds, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Millis(u32);

impl Millis {
    const NEVER: u32 = u32::MAX;
    const LONGEST: u32 = u32::MAX - 1;

    #[allow(clippy::cast_possible_truncation)] // compared before; `u32::try_from` is not const
    const fn new(timeout: Option<Duration>) -> Self {
        let Some(timeout) = timeout else {
            return Self(Self::NEVER);
        };
        let millis = timeout.as_nanos().div_ceil(1_000_000);
        Self(if millis < Self::LONGEST as u128 { millis as u32 } else { Self::LONGEST })
    }

    const fn get(self) -> Option<Duration> {
        match self.count() {
            Some(millis) => Some(Duration::from_millis(millis as u64)),
            None => None,
        }
    }

    pub(super) const fn count(self) -> Option<u32> {
        if self.0 == Self::NEVER { None } else { Some(self.0) }
    }
}
