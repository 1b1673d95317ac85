use std::future::Future;

use tokio::time::{Instant, timeout_at};

use crate::{Options, Step};

/// How far the making of a connection has come, and until when it may take.
pub(crate) struct Progress {
    pub(crate) step: Step,
    pub(crate) deadline: Option<Instant>,
}

impl Progress {
    pub(super) fn new(step: Step, options: &Options) -> Self {
        let time = options.timeouts().opening();
        Self { step, deadline: time.and_then(|time| Instant::now().checked_add(time)) }
    }
}

/// Returns what `future` does, or `None` if the deadline passes before.
pub(super) async fn limit<F: Future>(deadline: Option<Instant>, future: F) -> Option<F::Output> {
    match deadline {
        None => Some(future.await),
        Some(deadline) => timeout_at(deadline, future).await.ok(),
    }
}
