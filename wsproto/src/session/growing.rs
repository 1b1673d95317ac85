//! What [`Incoming`] can do over a `Vec<u8>` and over no other buffer: take all bytes, be lent memory, give it back.

use alloc::vec::Vec;
use core::ops::Range;

use super::Incoming;
use super::incoming::{Pending, tell};
use crate::connection::{Message, Reply, Role, WholeMessage};
use crate::error::ProtocolError;
use crate::wire::part;

impl<R: Role> Incoming<R, Vec<u8>> {
    /// Copies all of the received bytes into the buffer: those that came with the opening handshake, or out of TLS.
    pub fn push(&mut self, bytes: &[u8]) {
        let pushed = self.push_some(bytes);
        let rest = part(bytes, pushed..);
        if !rest.is_empty() {
            self.buffer.truncate(self.unread.end);
            self.buffer.extend_from_slice(rest);
            self.unread.end = self.buffer.len();
        }
    }

    /// Lends the session a buffer whose first `filled` bytes were received: a thread's, which many connections share.
    /// Whole messages are given out where they lie in it. [`reclaim`](Self::reclaim) takes it back.
    ///
    /// # Errors
    ///
    /// Gives `buffer` back if the session [keeps](Self::kept) bytes of its own, or has more to give:
    /// [`push`](Self::push) is for it then. Also after a [`ProtocolError`]: nothing is taken any more.
    ///
    /// # Examples
    ///
    /// ```
    /// use wsproto::connection::{Reply, Server};
    /// use wsproto::{Limits, Message, Session};
    ///
    /// let (mut incoming, _sender) = Session::new(Server, Limits::new(), Vec::new()).split();
    /// let mut of_thread = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58\x81\x85".to_vec(); // read from the socket
    ///
    /// let n = of_thread.len();
    /// incoming.lend(of_thread, n).expect("nothing is kept");
    /// assert_eq!(incoming.next(&mut Reply::new())?, Some(Message::Text("Hello")));
    /// assert_eq!(incoming.next(&mut Reply::new())?, None);
    /// of_thread = incoming.reclaim().expect("the session has room for the two bytes that are left");
    /// assert_eq!((of_thread.len(), incoming.kept()), (13, 2));
    /// # Ok::<(), wsproto::ProtocolError>(())
    /// ```
    pub fn lend(&mut self, buffer: Vec<u8>, filled: usize) -> Result<(), Vec<u8>> {
        self.forget_given();
        if self.kept() > 0 || !matches!(self.pending, Pending::Nothing) {
            return Err(buffer);
        }
        (self.message, self.unread) = (0..0, 0..filled.min(buffer.len()));
        self.buffer = buffer;
        Ok(())
    }

    /// Gives a lent buffer back, and keeps a copy of the bytes in it that are still needed, in memory of their size.
    ///
    /// Returns `None` if something was peeked and not taken: take it first.
    pub fn reclaim(&mut self) -> Option<Vec<u8>> {
        self.forget_given();
        if matches!(self.pending, Pending::Found(_)) {
            return None;
        }
        let bytes = |range: &Range<usize>| part(&self.buffer, range.clone());
        let (message, unread) = (bytes(&self.message), bytes(&self.unread));
        let own = if self.kept() == 0 { Vec::new() } else { [message, unread].concat() };
        self.message = 0..self.message.len();
        self.unread = self.message.end..self.message.end.saturating_add(self.unread.len());
        Some(core::mem::replace(&mut self.buffer, own))
    }

    /// Returns how many bytes the session holds that are still needed: of a message under way, and those not yet
    /// looked at.
    pub fn kept(&self) -> usize {
        let is_free = matches!(self.pending, Pending::Given) && !self.inflation.is_busy();
        let message = if is_free { 0 } else { self.message.len() };
        message.saturating_add(self.unread.len())
    }

    /// Finds a whole message at the start of received bytes that lie elsewhere, if nothing is kept that comes before
    /// them.
    pub(super) fn find_whole_in(&mut self, bytes: &[u8]) -> Option<WholeMessage> {
        self.forget_given();
        let is_first = self.kept() == 0 && matches!(self.pending, Pending::Nothing);
        if is_first { self.receiver.find_whole(bytes) } else { None }
    }

    pub(super) fn take_whole_of<'b>(
        &mut self,
        whole: WholeMessage,
        bytes: &'b mut [u8],
        reply: &mut Reply,
    ) -> Result<Message<'b>, ProtocolError> {
        let taken = self.receiver.take_whole(whole, bytes);
        taken.map_err(|error| tell(error, &mut self.pending, reply))
    }

    /// Gives back all memory but what holds bytes still needed: none at all for a connection that is idle between
    /// messages, but for the window of a peer that may refer to earlier messages. [`buffer`](Self::buffer) takes some
    /// again. A lent buffer is cut too: [reclaim](Self::reclaim) it before.
    pub fn shrink(&mut self) {
        if matches!(self.pending, Pending::Found(_)) {
            return;
        }
        self.forget_given();
        self.compact();
        self.buffer.truncate(self.unread.end);
        self.buffer.shrink_to_fit();
        self.inflation.shrink();
    }

    /// Returns how many bytes of memory the buffer holds; with permessage-deflate, what is needed to decompress too.
    pub fn capacity(&self) -> usize {
        self.buffer.capacity().saturating_add(self.inflation.capacity())
    }
}
