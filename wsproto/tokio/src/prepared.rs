use tokio::io::{AsyncRead, AsyncWrite};
use wsproto::Server;

use crate::way::Way;
use crate::{Error, Prepared, WebSocket};

impl<T: AsyncRead + AsyncWrite + Unpin> WebSocket<T, Server> {
    /// Queues a message that was encoded before, and compressed if this peer takes that; never waits. A
    /// message of 2 KiB or more is not copied.
    ///
    /// # Errors
    ///
    /// As of [`feed`](Self::feed).
    pub fn feed_prepared(&mut self, message: &Prepared) -> Result<(), Error> {
        self.inner.way.feed_prepared(message)
    }

    /// Sends a message that was encoded before; see [`feed_prepared`](Self::feed_prepared) and [`send`](Self::send).
    ///
    /// **Cancel safe**: once polled, the message is queued whole.
    ///
    /// # Errors
    ///
    /// As of [`send`](Self::send).
    pub async fn send_prepared(&mut self, message: &Prepared) -> Result<(), Error> {
        self.inner.way.feed_prepared(message)?;
        self.flush().await
    }
}

impl Way<Server> {
    pub(crate) fn feed_prepared(&mut self, message: &Prepared) -> Result<(), Error> {
        self.check_room(true)?;
        self.outbox.push(message.frame(&mut self.sender, self.level)?);
        self.trace.counters.sent.messages += 1;
        Ok(())
    }
}
