//! What was posted, and who heard it when.
//!
//! Whoever hears the nth message first sets which one that is; all others have to hear the same one there.

use std::fmt;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Instant;

const MARK: &str = "\"text\":\"load ";

pub(crate) struct Ledger {
    began: Instant,
    posted: AtomicUsize,
    messages: Vec<Record>,
    /// Which message everybody hears at that place: its number and 1.
    order: Vec<AtomicU32>,
    wrong: AtomicUsize,
    complete: AtomicUsize,
}

/// What is known of one message; times in microseconds since the ledger was opened.
#[derive(Default)]
struct Record {
    posted: AtomicU64,
    heard_last: AtomicU64,
    heard: AtomicUsize,
}

/// How many messages a client has heard.
#[derive(Default)]
pub(crate) struct Place(usize);

pub(crate) struct Verdict {
    posts: usize,
    receivers: usize,
    missing: usize,
    wrong: usize,
    p50: f64,
    p99: f64,
    longest: f64,
}

impl Ledger {
    pub(crate) fn new(len: usize) -> Self {
        Self {
            began: Instant::now(),
            posted: AtomicUsize::new(0),
            messages: (0..len).map(|_| Record::default()).collect(),
            order: (0..len).map(|_| AtomicU32::new(0)).collect(),
            wrong: AtomicUsize::new(0),
            complete: AtomicUsize::new(0),
        }
    }

    /// Gives the next post, until there were enough.
    pub(crate) fn post(&self) -> Option<String> {
        let number = self.posted.fetch_add(1, Relaxed);
        self.messages.get(number)?.posted.store(self.now(), Relaxed);
        Some(format!("{{\"user\":\"load\",\"text\":\"load {number}\"}}"))
    }

    /// Takes down what a client hears. Anything but our messages and presence, such as an error, is wrong.
    pub(crate) fn hear(&self, place: &mut Place, text: &str) {
        if text.starts_with("{\"online\":") {
            return;
        }
        let now = self.now();
        let mut parts = text.split(MARK);
        if parts.next().is_none_or(|start| !start.starts_with("{\"new\":")) {
            self.wrong.fetch_add(1, Relaxed);
        }
        for part in parts {
            let digits = part.split('"').next().unwrap_or_default();
            self.take_down(place, digits.parse().unwrap_or(u32::MAX), now);
        }
    }

    fn take_down(&self, place: &mut Place, number: u32, now: u64) {
        let here = self.order.get(place.0);
        let agrees = here.is_some_and(|here| {
            let said = number.saturating_add(1);
            here.compare_exchange(0, said, Relaxed, Relaxed).map_or_else(|before| before == said, |_| true)
        });
        place.0 += 1;
        let Some(record) = self.messages.get(number as usize).filter(|_| agrees) else {
            self.wrong.fetch_add(1, Relaxed);
            return;
        };
        record.heard_last.fetch_max(now, Relaxed);
        record.heard.fetch_add(1, Relaxed);
        if place.0 == self.messages.len() {
            self.complete.fetch_add(1, Relaxed);
        }
    }

    /// How many messages were heard by somebody.
    pub(crate) fn heard(&self) -> usize {
        self.order.partition_point(|here| here.load(Relaxed) > 0)
    }

    /// Whether everybody has heard everything.
    pub(crate) fn is_complete(&self, receivers: usize) -> bool {
        self.complete.load(Relaxed) >= receivers
    }

    pub(crate) fn verdict(&self, receivers: usize) -> Verdict {
        let mut delays = Vec::new();
        let mut missing = 0;
        for record in &self.messages {
            missing += receivers.saturating_sub(record.heard.load(Relaxed));
            delays.push(record.heard_last.load(Relaxed).saturating_sub(record.posted.load(Relaxed)));
        }
        delays.sort_unstable();
        let at = |percent: usize| delays.get((delays.len() * percent).div_ceil(100).max(1) - 1).copied();
        let milliseconds =
            |percent| std::time::Duration::from_micros(at(percent).unwrap_or(0)).as_secs_f64() * 1e3;
        Verdict {
            posts: self.messages.len(),
            receivers,
            missing,
            wrong: self.wrong.load(Relaxed) + self.doubled(),
            p50: milliseconds(50),
            p99: milliseconds(99),
            longest: milliseconds(100),
        }
    }

    /// How many places hold a message that another holds too: all heard it twice, and agree on it.
    fn doubled(&self) -> usize {
        let mut all: Vec<_> =
            self.order.iter().map(|here| here.load(Relaxed)).filter(|said| *said > 0).collect();
        let before = all.len();
        all.sort_unstable();
        all.dedup();
        before - all.len()
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

impl Verdict {
    pub(crate) fn is_good(&self) -> bool {
        self.missing == 0 && self.wrong == 0
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { posts, receivers, missing, wrong, p50, p99, longest } = self;
        writeln!(f, "messages        {posts}, to each of {receivers}")?;
        writeln!(f, "lost            {missing}")?;
        writeln!(f, "out of place    {wrong} (doubled, in another order, refused)")?;
        write!(
            f,
            "delay           p50 {p50:.1} ms, p99 {p99:.1} ms, longest {longest:.1} ms, from post to the last receiver"
        )
    }
}
