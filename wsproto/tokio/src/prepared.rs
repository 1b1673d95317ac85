use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};
use wsproto::Server;
use wsproto::connection::{Sender, encode_shared_message};
use wsproto::deflate::{Level, WindowBits};

use crate::way::Way;
use crate::{AsMessage, Error, Message, WebSocket, pool};

/// A server's message for many: encoded once, compressed once, and queued to each without a copy. Cheap to clone.
///
/// # Examples
///
/// ```
/// use tokio::io::{AsyncRead, AsyncWrite};
/// use tokio_wsproto::{Prepared, WebSocket};
///
/// fn tell(sockets: &mut [WebSocket<impl AsyncRead + AsyncWrite + Unpin>], news: &str) {
///     let news = Prepared::new(news);
///     for socket in sockets {
///         let _ = socket.feed_prepared(&news); // who is gone or too slow is noticed elsewhere
///     }
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Prepared(Arc<Frames>);

#[derive(Debug)]
struct Frames {
    message: Message,
    plain: OnceLock<Bytes>,
    deflated: OnceLock<Bytes>,
}

impl Prepared {
    /// Takes the message. It is encoded when it is first needed.
    pub fn new(message: impl Into<Message>) -> Self {
        let message = message.into();
        Self(Arc::new(Frames { message, plain: OnceLock::new(), deflated: OnceLock::new() }))
    }

    /// Returns the message.
    pub fn message(&self) -> &Message {
        &self.0.message
    }

    fn plain(&self) -> Result<&Bytes, Error> {
        if let Some(frame) = self.0.plain.get() {
            return Ok(frame);
        }
        let mut frame = Vec::new();
        Sender::new(Server).frame().append(self.0.message.as_message(), &mut frame)?;
        Ok(self.0.plain.get_or_init(|| frame.into()))
    }

    fn deflated(&self, level: Level) -> &Bytes {
        self.0.deflated.get_or_init(|| {
            let message = self.0.message.as_bytes();
            // The longest header of a server's frame: it fits in any case.
            let mut frame = vec![0; message.len() + 10];
            let written = pool::with_compressor(level, |compressor| {
                encode_shared_message(self.0.message.kind(), message, WindowBits::MAX, compressor, &mut frame)
            });
            frame.truncate(written.unwrap_or(0));
            frame.shrink_to_fit();
            frame.into()
        })
    }
}

impl<M: Into<Message>> From<M> for Prepared {
    fn from(message: M) -> Self {
        Self::new(message)
    }
}

/// For a client, which masks each frame for itself.
impl AsMessage for Prepared {
    fn as_message(&self) -> wsproto::Message<'_> {
        self.0.message.as_message()
    }
}

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
        let compresses = self.sender.frame().compresses(message.0.message.len());
        if compresses && self.sender.begin_shared_message(WindowBits::MAX).is_ok() {
            self.outbox.push(message.deflated(self.level));
        } else {
            self.sender.check_message()?;
            self.outbox.push(message.plain()?);
        }
        self.trace.counters.sent.messages += 1;
        Ok(())
    }
}
