//! A connection's transport, in one thread's hands or in two.

use std::io::{self, ErrorKind, Read};
use std::net::Shutdown;
use std::time::{Duration, Instant};

use wsproto::connection::Role;
use wsproto::deadlines::Deadline;

use crate::patience::{Patience, is_timeout};
use crate::way::{Acted, Stage, Way};
use crate::{Input, Output};

/// How long a reader that has something to write waits for a transport that takes nothing, before it reads on: the peer may have
/// stopped reading until somebody reads what it sends.
pub(crate) const BRIEF: Duration = Duration::from_millis(20);

/// A write that takes longer had to wait for room.
const WAITED: Duration = Duration::from_millis(1);

/// How long to wait for what is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wait {
    /// Up to the deadlines.
    Long,
    /// [`BRIEF`]ly.
    Brief,
}

/// Where the state of a connection is: here, or shared with another thread. Nobody reads or writes while he has it.
pub(crate) trait Access<R: Role> {
    fn with<V>(&mut self, each: impl FnOnce(&mut Way<R>) -> V) -> V;
}

/// What drives a connection.
pub(crate) trait Link<R: Role>: Access<R> {
    type Input: Input;

    /// Writes what waits, or leaves it to another thread that does so already.
    ///
    /// An error is that of a transport that does not block. One that fails is told of elsewhere: from then on nothing waits.
    fn write(&mut self, wait: Wait) -> io::Result<()>;

    /// Ends one side of the transport or both.
    fn shutdown(&mut self, how: Shutdown) -> io::Result<()>;

    fn input(&mut self) -> (&mut Self::Input, &mut Patience);
}

impl<R: Role> Access<R> for Way<R> {
    fn with<V>(&mut self, each: impl FnOnce(&mut Way<R>) -> V) -> V {
        each(self)
    }
}

/// The transport's way out, and what it was given to write.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    bytes: Vec<u8>,
    written: usize,
    patience: Patience,
}

/// A buffer that has grown larger is not kept.
const MAX_KEPT: usize = 64 * 1024;

impl Batch {
    /// Writes until nothing waits, something fails, or the time is over.
    pub(crate) fn write<R: Role, O: Output>(
        &mut self,
        io: &mut O,
        way: &mut impl Access<R>,
        wait: Wait,
    ) -> io::Result<()> {
        let give_up = (wait == Wait::Brief).then(|| Instant::now() + BRIEF);
        while let Some(patience) = way.with(|way| self.refill(way)) {
            let brief = give_up.map_or(Duration::MAX, |end| end.saturating_duration_since(Instant::now()));
            let begun = Instant::now();
            self.patience.allow(patience.min(brief), |time| io.set_write_timeout(time))?;
            let rest = self.bytes.get(self.written..).unwrap_or_default();
            let outcome = if rest.is_empty() {
                io.flush().map(|()| None)
            } else {
                match io.write(rest) {
                    Ok(0) => Err(ErrorKind::WriteZero.into()),
                    outcome => outcome.map(Some),
                }
            };
            match outcome {
                Ok(None) => {
                    way.with(Way::flushed);
                    continue;
                }
                Ok(Some(taken)) => {
                    self.written += taken;
                    let has_waited = begun.elapsed() >= WAITED;
                    way.with(|way| {
                        if has_waited {
                            // The peer has made the room: so it is alive.
                            way.wrote(0, rest.len());
                        }
                        way.wrote(taken, rest.len());
                    });
                    if taken == rest.len() {
                        continue;
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if is_timeout(&error) => {
                    way.with(|way| way.wrote(0, rest.len().max(1)));
                    if !self.patience.is_over(begun) {
                        return Err(ErrorKind::WouldBlock.into());
                    }
                }
                Err(error) => way.with(|way| way.break_off(error.kind())),
            }
            if let Some(Acted::GaveUp(deadline)) = way.with(Way::due) {
                // It takes nothing: nobody would hear why.
                way.with(|way| way.gave_up(deadline));
                let _ = io.shutdown(Shutdown::Both);
            }
            if give_up.is_some_and(|end| end <= Instant::now()) {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Takes what waits, if all that was taken before is written. `None` if there is nothing to be done, else how long it may take.
    fn refill<R: Role>(&mut self, way: &mut Way<R>) -> Option<Duration> {
        if matches!(way.stage, Stage::Over(_)) || way.broken.is_some() {
            (self.bytes, self.written) = (Vec::new(), 0);
        } else if self.written >= self.bytes.len() {
            self.written = 0;
            self.bytes.clear();
            if self.bytes.capacity() > MAX_KEPT {
                self.bytes = Vec::new();
            }
        }
        way.take_out(&mut self.bytes).then(|| way.patience())
    }
}

/// What came of a read.
#[derive(Debug)]
pub(crate) enum Came {
    /// Bytes, or with 0 of them the transport's end.
    Bytes(usize),
    /// Nothing in time: something may be due.
    Nothing,
    Failure(ErrorKind),
}

/// Reads once, up to the next deadline. An error is that of a transport that does not block.
pub(crate) fn read<R: Role, L: Link<R>>(link: &mut L, buffer: &mut [u8]) -> io::Result<Came> {
    let patience = link.with(|way| {
        way.is_listening = true;
        // What waits meanwhile is another thread's to write, or stands still and is tried again soon.
        if way.is_flushed() { way.patience() } else { way.patience().min(BRIEF) }
    });
    let (input, limit) = link.input();
    let begun = Instant::now();
    let outcome =
        limit.allow(patience, |time| input.set_read_timeout(time)).and_then(|()| input.read(buffer));
    let is_over = limit.is_over(begun);
    link.with(|way| way.is_listening = false);
    match outcome {
        Ok(n) => Ok(Came::Bytes(n)),
        Err(error) if error.kind() == ErrorKind::Interrupted => Ok(Came::Nothing),
        Err(error) if is_timeout(&error) && is_over => Ok(Came::Nothing),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Err(error),
        Err(error) => Ok(Came::Failure(error.kind())),
    }
}

/// Tells whether a read may wait without an end.
pub(crate) fn is_untimed<R: Role, L: Link<R>>(link: &mut L) -> bool {
    let (input, limit) = link.input();
    let _ = limit.allow(BRIEF, |time| input.set_read_timeout(time));
    limit.is_untimed()
}

/// Does what is due, and returns whether something was.
pub(crate) fn act_if_due<R: Role, L: Link<R>>(link: &mut L) -> bool {
    let Some(due) = link.with(Way::due) else { return false };
    if let Acted::GaveUp(deadline) = due {
        give_up(link, deadline);
    }
    true
}

fn give_up<R: Role, L: Link<R>>(link: &mut L, deadline: Deadline) {
    // Briefly, and once: the peer may hear, although nobody hears it.
    if link.with(|way| way.give_up(deadline)) {
        let _ = link.write(Wait::Brief);
    }
    link.with(|way| way.gave_up(deadline));
    let _ = link.shutdown(Shutdown::Both);
}
