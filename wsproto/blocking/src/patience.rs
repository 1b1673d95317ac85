//! How long reads and writes may wait.

use std::io::{self, ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use crate::{Input, Output};

/// A socket takes no shorter time: zero would be for ever.
const LEAST: Duration = Duration::from_millis(1);

/// The time limit that one side of a transport was given, so that it is not told the same before each call.
#[derive(Debug, Default)]
pub(crate) struct Patience {
    set: Option<Duration>,
    is_untimed: bool,
}

impl Patience {
    /// Prepares for a call that may take as long as `wanted`; [`Duration::MAX`] is for ever.
    ///
    /// It gets an eighth less, which the next calls keep: a system call less for each of them. Who wakes up early looks at the
    /// deadlines and waits on.
    pub(crate) fn allow(
        &mut self,
        wanted: Duration,
        set: impl FnOnce(Option<Duration>) -> io::Result<()>,
    ) -> io::Result<()> {
        let fits = |set: Duration| set == wanted || set <= wanted.max(LEAST) && set >= wanted / 2;
        if self.is_untimed || self.set.is_some_and(fits) {
            return Ok(());
        }
        let is_endless = wanted == Duration::MAX;
        let limit = if is_endless { wanted } else { wanted.saturating_sub(wanted / 8).max(LEAST) };
        match set((!is_endless).then_some(limit)) {
            Err(error) if error.kind() == ErrorKind::Unsupported => self.is_untimed = true,
            outcome => outcome?,
        }
        self.set = Some(limit);
        Ok(())
    }

    /// Tells whether a call that began then failed because its time was over. If not, the transport does not block: such a call
    /// returns at once.
    ///
    /// Half of the time is enough: no clock is so wrong, and it does no harm to look at the deadlines once more.
    pub(crate) fn is_over(&self, begun: Instant) -> bool {
        let limit = self.set.filter(|_| !self.is_untimed);
        limit.is_some_and(|limit| begun.elapsed() >= limit / 2)
    }

    /// Tells whether the transport takes no time limit.
    pub(crate) const fn is_untimed(&self) -> bool {
        self.is_untimed
    }
}

/// Tells whether a call failed because it would have to wait (longer): Windows and Unix don't agree on which of these it is.
pub(crate) fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// A transport for the time up to a deadline, however slowly its bytes drip in: behind it, all fails with
/// [`TimedOut`](ErrorKind::TimedOut).
#[derive(Debug)]
pub(crate) struct Until<'a, T> {
    io: &'a mut T,
    deadline: Option<Instant>,
    reading: Patience,
    writing: Patience,
}

impl<'a, T> Until<'a, T> {
    pub(crate) fn new(io: &'a mut T, deadline: Option<Instant>) -> Self {
        Self { io, deadline, reading: Patience::default(), writing: Patience::default() }
    }

    /// Returns the same transport up to the earlier of two deadlines.
    pub(crate) fn within(&mut self, time: Duration) -> Until<'_, T> {
        let end = Instant::now() + time;
        Until::new(self.io, Some(self.deadline.map_or(end, |deadline| deadline.min(end))))
    }
}

/// Returns how long it is up to a deadline, or fails with [`TimedOut`](ErrorKind::TimedOut).
pub(crate) fn left(deadline: Option<Instant>) -> io::Result<Duration> {
    let Some(deadline) = deadline else { return Ok(Duration::MAX) };
    match deadline.saturating_duration_since(Instant::now()) {
        Duration::ZERO => Err(ErrorKind::TimedOut.into()),
        left => Ok(left),
    }
}

impl<T: Input> Read for Until<'_, T> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            let (left, begun) = (left(self.deadline)?, Instant::now());
            self.reading.allow(left, |time| self.io.set_read_timeout(time))?;
            match self.io.read(buf) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if is_timeout(&error) && self.reading.is_over(begun) => {}
                outcome => return outcome,
            }
        }
    }
}

impl<T: Output> Write for Until<'_, T> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.call(|io| io.write(buf))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.call(Write::flush)
    }
}

impl<T: Output> Until<'_, T> {
    fn call<V>(&mut self, mut call: impl FnMut(&mut T) -> io::Result<V>) -> io::Result<V> {
        loop {
            let (left, begun) = (left(self.deadline)?, Instant::now());
            self.writing.allow(left, |time| self.io.set_write_timeout(time))?;
            match call(self.io) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if is_timeout(&error) && self.writing.is_over(begun) => {}
                outcome => return outcome,
            }
        }
    }
}
