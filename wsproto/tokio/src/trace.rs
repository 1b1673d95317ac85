//! What is told of a connection: counters, and with feature `tracing` a span, and one event for its end.

use wsproto_adapter::Counters;
use wsproto_adapter::shared::Closed;

use crate::way::Cause;

/// A connection's span, and what its last event tells.
#[derive(Debug)]
pub(crate) struct Trace {
    pub(crate) counters: Counters,
    #[cfg(feature = "tracing")]
    span: tracing::Span,
    #[cfg(feature = "tracing")]
    is_told: bool,
}

#[cfg(feature = "tracing")]
impl Trace {
    pub(crate) fn new() -> Self {
        Self { counters: Counters::default(), span: tracing::info_span!("websocket"), is_told: false }
    }

    /// The connection is over.
    pub(crate) fn end(&mut self, cause: &Cause, closed: Option<&Closed>) {
        if std::mem::replace(&mut self.is_told, true) {
            return;
        }
        let code = closed.and_then(Closed::code).map(wsproto::CloseCode::get);
        // It is the peer's own: `?` leaves no control characters in it.
        let reason = closed.map(Closed::reason);
        match cause.outcome() {
            Ok(()) => self.tell("closed", code, reason, None),
            Err(error) => self.tell("failed", code, reason, Some(&error)),
        }
    }

    fn tell(&self, what: &str, code: Option<u16>, reason: Option<&str>, error: Option<&crate::Error>) {
        let Counters { received, sent, .. } = self.counters;
        tracing::info!(
            parent: &self.span,
            code,
            reason = reason.map(tracing::field::debug),
            error = error.map(tracing::field::display),
            received = received.bytes,
            received_messages = received.messages,
            sent = sent.bytes,
            sent_messages = sent.messages,
            "{what}"
        );
    }
}

#[cfg(feature = "tracing")]
impl Drop for Trace {
    fn drop(&mut self) {
        if !self.is_told {
            self.tell("dropped", None, None, None);
        }
    }
}

#[cfg(not(feature = "tracing"))]
#[expect(clippy::unused_self, reason = "with feature `tracing` it tells")]
impl Trace {
    pub(crate) fn new() -> Self {
        Self { counters: Counters::default() }
    }

    pub(crate) const fn end(&self, _cause: &Cause, _closed: Option<&Closed>) {}
}
