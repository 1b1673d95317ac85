//! What waits to be written: frames one behind the other, and shared ones that are not copied.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::io::AsyncWrite;

use crate::pool;

/// A shared frame that is shorter is copied: it costs less than a piece of its own.
const MIN_SHARED: usize = 2048;

/// How many pieces one write takes.
const PIECES: usize = 32;

#[derive(Debug, Default)]
pub(crate) struct Outbox {
    /// What stands before the tail. Most connections have none of it, and pay 8 bytes.
    shared: Option<Box<Shared>>,
    /// Where frames are encoded. Taken from the thread's, and given back when all is written.
    tail: Vec<u8>,
    /// How much of the first piece, or of the tail if there is none, is written.
    written: usize,
}

/// Pieces, and the bytes in them; never none.
#[derive(Debug, Default)]
struct Shared {
    pieces: VecDeque<Bytes>,
    len: usize,
}

impl Shared {
    fn push(&mut self, piece: Bytes) {
        self.len += piece.len();
        self.pieces.push_back(piece);
    }
}

impl Outbox {
    /// Returns how many bytes wait.
    pub(crate) fn len(&self) -> usize {
        self.shared.as_ref().map_or(0, |shared| shared.len) + self.tail.len() - self.written
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns what a frame is appended to.
    pub(crate) fn tail(&mut self) -> &mut Vec<u8> {
        if self.tail.capacity() == 0 {
            self.tail = pool::take_write();
        }
        &mut self.tail
    }

    /// Queues a frame that others queue too.
    pub(crate) fn push(&mut self, frame: &Bytes) {
        if frame.len() < MIN_SHARED {
            self.tail().extend_from_slice(frame);
            return;
        }
        let shared = self.shared.get_or_insert_default();
        if !self.tail.is_empty() {
            shared.push(std::mem::take(&mut self.tail).into());
        }
        shared.push(frame.clone());
    }

    /// Drops all that waits.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Writes once, as much as `io` takes, and returns how much that was. To be called only if something waits.
    pub(crate) fn poll_write<T: AsyncWrite + Unpin>(
        &mut self,
        io: &mut T,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let io = Pin::new(io);
        let taken = if let Some(shared) = &self.shared {
            let mut slices = [IoSlice::new(&[]); PIECES];
            let mut used = 0;
            let pieces = shared.pieces.iter().map(|piece| &piece[..]).chain([&self.tail[..]]);
            for (slice, piece) in slices.iter_mut().zip(pieces) {
                let skipped = if used == 0 { self.written } else { 0 };
                *slice = IoSlice::new(piece.get(skipped..).unwrap_or_default());
                used += 1;
            }
            if io.is_write_vectored() {
                ready!(io.poll_write_vectored(cx, &slices[..used]))?
            } else {
                ready!(io.poll_write(cx, &slices[0]))?
            }
        } else {
            ready!(io.poll_write(cx, self.tail.get(self.written..).unwrap_or_default()))?
        };
        if taken == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        self.advance(taken);
        Poll::Ready(Ok(taken))
    }

    fn advance(&mut self, taken: usize) {
        self.written += taken;
        if let Some(shared) = &mut self.shared {
            while let Some(first) = shared.pieces.front() {
                if self.written < first.len() {
                    return;
                }
                self.written -= first.len();
                shared.len -= first.len();
                shared.pieces.pop_front();
            }
            self.shared = None;
        }
        if self.written >= self.tail.len() {
            self.written = 0;
            pool::give_write(std::mem::take(&mut self.tail));
        }
    }
}
