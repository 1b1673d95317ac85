use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use wsproto::Server;
use wsproto::connection::{Sender, encode_shared_message};
use wsproto::deflate::{Level, WindowBits};

use crate::{AsMessage, Error, Message, pool};

/// A server's message for many: encoded once, compressed once, and queued to each without a copy. Cheap to clone.
///
/// # Examples
///
/// ```
/// # use wsproto_adapter::Prepared;
/// let news = Prepared::new("the same to all");
/// assert_eq!(news.message().as_text(), Some("the same to all"));
/// // … for each connection: `socket.feed_prepared(&news)`
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

    /// Returns the frame for a connection that may be sent a message now, compressed where that was agreed on.
    ///
    /// # Errors
    ///
    /// [`Error::Closed`] or [`Error::Misuse`].
    #[doc(hidden)]
    pub fn frame(&self, sender: &mut Sender<Server>, level: Level) -> Result<&Bytes, Error> {
        let compresses = sender.frame().compresses(self.0.message.len());
        if compresses && sender.begin_shared_message(WindowBits::MAX).is_ok() {
            return Ok(self.deflated(level));
        }
        sender.check_message()?;
        self.plain()
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
