use alloc::vec::Vec;
use core::fmt;

use super::decoder::{Decoder, Stop};
use super::history::History;
use super::{InflateError, Progress, WindowBits};

/// Decompresses the messages of one peer, piece by piece ([RFC 7692 §7.2.2]).
///
/// Between messages it holds the window that the peer may refer to, as far as it was filled (at most
/// [`window_size`](WindowBits::window_size) bytes), or nothing without context takeover. During a message that brings
/// codes of its own it holds 6 KB more. Its memory grows with the output, and never beyond the window.
///
/// # Examples
///
/// ```
/// use wsproto::deflate::{Inflater, WindowBits};
///
/// // "Hello" twice: the second time as a reference to the first [RFC 7692 §7.2.3.2].
/// let mut inflater = Inflater::new(WindowBits::MAX, true);
/// for message in [&[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00][..], &[0xf2, 0x00, 0x11, 0x00, 0x00]] {
///     let mut plain = [0; 16];
///     let inflated = inflater.inflate(message, true, &mut plain)?;
///     assert!(inflated.is_done);
///     assert_eq!(plain[..inflated.written], *b"Hello");
/// }
/// # Ok::<(), wsproto::deflate::InflateError>(())
/// ```
///
/// [RFC 7692 §7.2.2]: https://www.rfc-editor.org/rfc/rfc7692#section-7.2.2
#[derive(Clone)]
pub struct Inflater {
    window: Window,
    has_takeover: bool,
    /// Only while a message is under way.
    decoder: Option<Decoder>,
    /// How many bytes of [`TAIL`] the message under way was given.
    tail_given: usize,
    failed: Option<InflateError>,
}

/// The end that a sender removes from each message ([RFC 7692 §7.2.1]), and a receiver appends again
/// ([RFC 7692 §7.2.2]).
pub(super) const TAIL: [u8; 4] = [0x00, 0x00, 0xFF, 0xFF];

impl Inflater {
    /// Starts with an empty window of `bits`, as agreed on for the peer. With `has_takeover`, messages may refer to
    /// earlier ones.
    pub const fn new(bits: WindowBits, has_takeover: bool) -> Self {
        Self { window: Window::new(bits), has_takeover, decoder: None, tail_given: 0, failed: None }
    }

    /// Decompresses the next piece of a message's payload to the start of `dst`; `is_last` marks the message's last
    /// piece.
    ///
    /// What stands in `dst` behind the bytes that were written is unspecified afterwards.
    ///
    /// Call it until it has consumed everything and written nothing; for the last piece, until it `is_done`. Give what
    /// was not consumed again, first. A caller that stops while there is room left in `dst` loses nothing, but learns
    /// of some errors only with the next piece.
    ///
    /// # Errors
    ///
    /// [`InflateError`], once everything before the fault has been written, and from then on at each call. So the
    /// output does not depend on where the payload was cut. Fail the connection: later messages may refer to what was
    /// lost.
    pub fn inflate(&mut self, input: &[u8], is_last: bool, dst: &mut [u8]) -> Result<Progress, InflateError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        // A message without any payload is the empty one, though DEFLATE has no such stream: browsers and most
        // libraries take it so.
        if input.is_empty() && self.decoder.is_none() {
            return Ok(Progress { consumed: 0, written: 0, is_done: is_last });
        }
        let inflated = self.inflate_message(input, is_last, dst);
        match self.failed {
            Some(error) if inflated.written == 0 => Err(error),
            Some(_) => Ok(Progress { consumed: 0, ..inflated }),
            None => Ok(inflated),
        }
    }

    /// Returns how many bytes of memory it holds at the moment, beside its own size.
    pub fn capacity(&self) -> usize {
        let decoder = self.decoder.as_ref().map_or(0, Decoder::capacity);
        decoder.saturating_add(self.window.bytes.capacity())
    }

    fn inflate_message(&mut self, mut input: &[u8], is_last: bool, dst: &mut [u8]) -> Progress {
        let mut decoder = self.decoder.take().unwrap_or_else(Decoder::new);
        let (size, mut written) = (input.len(), 0);
        let mut result = Ok(Stop::NeedsInput);
        if self.tail_given == 0 {
            result = decoder.run(&mut input, &self.window, dst, &mut written);
        }
        let mut is_done = false;
        if result == Ok(Stop::NeedsInput) && (self.tail_given > 0 || is_last) {
            let mut tail = TAIL.get(self.tail_given..).unwrap_or_default();
            result = decoder.run(&mut tail, &self.window, dst, &mut written);
            self.tail_given = TAIL.len().saturating_sub(tail.len());
            if result == Ok(Stop::NeedsInput) {
                is_done = decoder.is_between_blocks();
                // Else something other than an empty block has swallowed its end: the message was cut short.
                result = if is_done { result } else { Err(InflateError::Unfinished) };
            }
        }
        self.failed = result.err();
        if is_done {
            self.tail_given = 0;
        } else {
            self.decoder = Some(decoder);
        }
        // [RFC 7692 §7.1.1]: without context takeover the next message begins with an empty window.
        if is_done && !self.has_takeover {
            self.window = Window::new(self.window.bits);
        } else {
            self.window.remember(dst.get(..written).unwrap_or_default());
        }
        Progress { consumed: size.saturating_sub(input.len()), written, is_done }
    }
}

/// What came out last. It grows up to the agreed size, and goes round from then on.
#[derive(Clone)]
struct Window {
    bits: WindowBits,
    bytes: Vec<u8>,
    /// Where the next byte goes.
    next: usize,
    has_gone_round: bool,
}

/// What a window has at the least, in bytes, once it has any.
const LEAST_WINDOW: usize = 256;

impl Window {
    const fn new(bits: WindowBits) -> Self {
        Self { bits, bytes: Vec::new(), next: 0, has_gone_round: false }
    }

    fn remember(&mut self, plain: &[u8]) {
        let size = self.bits.window_size();
        let mut plain = plain.get(plain.len().saturating_sub(size)..).unwrap_or_default();
        while !plain.is_empty() {
            self.make_room(plain.len());
            let space = self.bytes.get_mut(self.next..).unwrap_or_default();
            let len = space.len().min(plain.len());
            let (Some(to), Some((from, rest))) = (space.get_mut(..len), plain.split_at_checked(len)) else {
                return;
            };
            to.copy_from_slice(from);
            self.next = self.next.saturating_add(len);
            plain = rest;
        }
    }

    /// Twice what came out, so that growing costs a constant per byte; once the window has its size, it goes round.
    fn make_room(&mut self, len: usize) {
        let (held, size) = (self.bytes.len(), self.bits.window_size());
        if self.next < held {
            return;
        }
        if held < size {
            let new = held.saturating_mul(2).max(held.saturating_add(len)).max(LEAST_WINDOW).min(size);
            self.bytes.reserve_exact(new.saturating_sub(held));
            self.bytes.resize(new, 0);
        } else {
            (self.next, self.has_gone_round) = (0, true);
        }
    }
}

impl History for Window {
    fn len(&self) -> usize {
        if self.has_gone_round { self.bytes.len() } else { self.next }
    }

    fn limit(&self) -> usize {
        self.bits.window_size()
    }

    fn last(&self, back: usize) -> &[u8] {
        let range = match self.next.checked_sub(back) {
            Some(start) => start..self.next,
            None => self.bytes.len().saturating_sub(back.saturating_sub(self.next))..self.bytes.len(),
        };
        self.bytes.get(range).unwrap_or_default()
    }
}

impl fmt::Debug for Inflater {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inflater")
            .field("window_bits", &self.window.bits.get())
            .field("has_takeover", &self.has_takeover)
            .field("is_in_message", &self.decoder.is_some())
            .field("failed", &self.failed)
            .finish_non_exhaustive()
    }
}
