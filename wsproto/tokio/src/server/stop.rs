use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use tokio::sync::watch;

/// Whether a server ends: every socket of it looks at this.
#[derive(Debug, Clone)]
pub(crate) struct Stop(Arc<watch::Sender<Phase>>);

/// How far a server has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    Open,
    /// All say goodbye.
    Ending,
    /// Those that are left are dropped.
    Over,
}

impl Stop {
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(Phase::Open)))
    }

    pub(crate) fn set(&self, phase: Phase) {
        self.0.send_replace(phase);
    }

    pub(crate) fn is_set(&self) -> bool {
        *self.0.borrow() >= Phase::Ending
    }

    pub(crate) async fn reaches(self, phase: Phase) {
        // It is not closed while this is here.
        let _ = self.0.subscribe().wait_for(|reached| *reached >= phase).await;
    }
}

/// Returns what `future` does, or `None` if `until` is ready before.
pub(super) async fn unless<F: Future>(
    mut future: Pin<&mut F>,
    mut until: Pin<&mut impl Future>,
) -> Option<F::Output> {
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => until.as_mut().poll(cx).map(|_| None),
    })
    .await
}
