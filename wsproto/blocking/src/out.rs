use std::fmt;

use wsproto::MessageKind;
use wsproto::connection::{Fragment, Role};

use crate::way::Way;
use crate::{AsMessage, Error};

/// The way out of a connection while a message is borrowed from it; [`WebSocket::read`](crate::WebSocket::read) returns it.
///
/// Its methods queue, as those of the same names of [`WebSocket`](crate::WebSocket) do.
#[derive(Debug)]
pub struct Out<'a, R: Role> {
    way: &'a mut Way<R>,
}

impl<'a, R: Role> Out<'a, R> {
    pub(crate) const fn new(way: &'a mut Way<R>) -> Self {
        Self { way }
    }

    /// Queues a message; see [`WebSocket::feed`](crate::WebSocket::feed).
    ///
    /// # Errors
    ///
    /// As of `WebSocket::feed`.
    pub fn feed(&mut self, message: impl AsMessage) -> Result<(), Error> {
        self.way.feed(message.as_message(), false)
    }

    /// Queues a message that is not compressed; see [`WebSocket::feed_uncompressed`](crate::WebSocket::feed_uncompressed).
    ///
    /// # Errors
    ///
    /// As of `WebSocket::feed`.
    pub fn feed_uncompressed(&mut self, message: impl AsMessage) -> Result<(), Error> {
        self.way.feed(message.as_message(), true)
    }

    /// Queues a text that is formatted; see [`WebSocket::feed_fmt`](crate::WebSocket::feed_fmt).
    ///
    /// # Errors
    ///
    /// As of `WebSocket::feed`.
    pub fn feed_fmt(&mut self, text: fmt::Arguments<'_>) -> Result<(), Error> {
        self.way.feed_fmt(text)
    }

    /// Queues a message that `write` appends; see [`WebSocket::feed_with`](crate::WebSocket::feed_with).
    ///
    /// # Errors
    ///
    /// As of `WebSocket::feed_with`.
    pub fn feed_with<V>(
        &mut self,
        kind: MessageKind,
        write: impl FnOnce(&mut Vec<u8>) -> V,
    ) -> Result<V, Error> {
        self.way.feed_with(kind, write)
    }

    /// Queues one fragment of a message; see [`WebSocket::feed_fragment`](crate::WebSocket::feed_fragment).
    ///
    /// # Errors
    ///
    /// As of `WebSocket::feed_fragment`.
    pub fn feed_fragment<'m>(&mut self, fragment: impl Into<Fragment<'m>>) -> Result<(), Error> {
        self.way.feed_fragment(fragment.into())
    }

    /// Returns how many bytes wait to be written.
    pub fn unsent(&self) -> usize {
        self.way.unsent()
    }
}
