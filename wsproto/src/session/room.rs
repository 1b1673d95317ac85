//! Room in the buffer: what moves to the front, and when the buffer grows.

use core::ops::Range;

use super::Buffer;
use super::incoming::{Incoming, Pending};
use crate::connection::Role;
use crate::wire::{FREE_BEFORE_TEXT, MAX_CONTROL_FRAME, move_down};

/// From what size on some bytes before the first message are nothing, in a buffer.
const ROOMY: usize = 4096;

impl<R: Role, B: Buffer> Incoming<R, B> {
    /// Moves what is still needed to the front where that pays, and has the buffer grow where no control frame fits.
    ///
    /// The cost stays linear in what comes. Bytes are moved if as many are won, or if they are but the beginning of a
    /// frame. A message that lies behind less than its length is moved only where the buffer can't grow, and once: it
    /// lies at the front then. What was peeked stays where it lies.
    pub(super) fn make_room(&mut self) {
        let (message, unread) = (self.message.len(), self.unread.len());
        let won = self.unread.end.saturating_sub(message.saturating_add(unread));
        let pays = |moved: usize| moved <= won.max(MAX_CONTROL_FRAME);
        let moved = if self.message.start == 0 { unread } else { message.saturating_add(unread) };
        let is_movable = !matches!(self.pending, Pending::Found(_));
        if is_movable && pays(moved) {
            self.compact();
        }
        self.grow_if_full();
        if is_movable && pays(unread) && self.is_full() {
            self.compact();
            self.grow_if_full();
        }
        if message == 0 && unread == 0 && is_movable && self.buffer.bytes().len() >= ROOMY {
            self.unread = FREE_BEFORE_TEXT..FREE_BEFORE_TEXT;
            self.message = self.unread.clone();
        }
    }

    fn grow_if_full(&mut self) {
        if self.is_full() {
            let expected = self.receiver.expected().unwrap_or(u64::MAX);
            self.buffer.grow(self.unread.end, expected, self.receiver.max_message_size());
        }
    }

    /// Whether a control frame might not fit behind what was received.
    fn is_full(&self) -> bool {
        self.buffer.bytes().len().saturating_sub(self.unread.end) < MAX_CONTROL_FRAME
    }

    /// Moves what is still needed to the front.
    pub(super) fn compact(&mut self) {
        let message = 0..self.message.len();
        let unread = message.end..message.end.saturating_add(self.unread.len());
        self.move_down(self.message.clone(), message.start);
        self.move_down(self.unread.clone(), unread.start);
        (self.message, self.unread) = (message, unread);
    }

    pub(super) fn move_down(&mut self, from: Range<usize>, to: usize) {
        move_down(self.buffer.bytes_mut(), from, to);
    }
}
