//! What is told of a connection with feature `tracing`: a span, and one event for its end.

pub(crate) use told::Trace;

#[cfg(feature = "tracing")]
mod told {
    use tracing::{Span, info, info_span};

    use crate::way::Cause;
    use wsproto_adapter::shared::Closed;

    /// A connection's span, and what its last event tells.
    #[derive(Debug)]
    pub(crate) struct Trace {
        span: Span,
        received: u64,
        sent: u64,
        is_told: bool,
    }

    impl Trace {
        pub(crate) fn new() -> Self {
            Self { span: info_span!("websocket"), received: 0, sent: 0, is_told: false }
        }

        /// Counts bytes that came.
        pub(crate) const fn received(&mut self, bytes: usize) {
            self.received = self.received.saturating_add(bytes as u64);
        }

        /// Counts bytes that the transport took.
        pub(crate) const fn sent(&mut self, bytes: usize) {
            self.sent = self.sent.saturating_add(bytes as u64);
        }

        /// The connection is over.
        pub(crate) fn end(&mut self, cause: &Cause, closed: Option<&Closed>) {
            if std::mem::replace(&mut self.is_told, true) {
                return;
            }
            let code = closed.and_then(Closed::code).map(wsproto::CloseCode::get);
            let reason = closed.map(Closed::reason);
            let (received, sent) = (self.received, self.sent);
            // A reason is the peer's own: `?` leaves no control characters in it.
            match cause.outcome() {
                Ok(()) => info!(parent: &self.span, code, ?reason, received, sent, "closed"),
                Err(error) => {
                    info!(parent: &self.span, code, ?reason, received, sent, %error, "failed");
                }
            }
        }
    }

    impl Drop for Trace {
        fn drop(&mut self) {
            if !self.is_told {
                info!(parent: &self.span, received = self.received, sent = self.sent, "dropped");
            }
        }
    }
}

#[cfg(not(feature = "tracing"))]
mod told {
    use crate::way::Cause;
    use wsproto_adapter::shared::Closed;

    /// Tells nothing.
    #[derive(Debug)]
    pub(crate) struct Trace;

    #[expect(clippy::unused_self, reason = "with feature `tracing` they tell")]
    impl Trace {
        pub(crate) const fn new() -> Self {
            Self
        }

        pub(crate) const fn received(&self, _bytes: usize) {}

        pub(crate) const fn sent(&self, _bytes: usize) {}

        pub(crate) const fn end(&self, _cause: &Cause, _closed: Option<&Closed>) {}
    }
}
