use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use miniz_oxide::inflate::TINFLStatus as Status;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress_with_limit, inflate_flags};

use super::WindowBits;
use crate::error::ProtocolError;

/// Decompresses the messages of one peer, piece by piece [RFC 7692 §7.2.2].
///
/// Between messages it holds the window that the peer may refer to, as far as it was filled (at most
/// [`window_size`](WindowBits::window_size) bytes), or without context takeover nothing at all. During a message it
/// holds 11 KB more. Memory grows with what comes out, and never beyond the window.
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
    decoder: Option<Box<DecompressorOxide>>,
    /// How many bytes of [`TAIL`] the message under way was given.
    tail_given: usize,
    failed: Option<InflateError>,
}

/// How far one call came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "the bytes consumed are done with, those written are to be used"]
pub struct Inflated {
    /// How many bytes of the input are done with.
    pub consumed: usize,
    /// How many bytes of the output were written.
    pub written: usize,
    /// Whether the message is at its end.
    pub is_done: bool,
}

/// Why a message can't be decompressed. It is the peer's fault, and the end of the connection: what comes later
/// may refer to what did not come out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InflateError {
    /// It is not DEFLATE, or refers to more than the window holds.
    Invalid,
    /// It does not end where a block does.
    Unfinished,
}

/// What the sender has taken off the end of the message [RFC 7692 §7.2.1], and is put there again [RFC 7692 §7.2.2].
pub(super) const TAIL: [u8; 4] = [0x00, 0x00, 0xFF, 0xFF];

/// Where the decoder stands when a call has taken what it could.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stop {
    NeedsInput,
    NeedsOutput,
    Invalid,
    /// Between two blocks, and whether that is between two bytes.
    Boundary {
        is_aligned: bool,
    },
}

impl Inflater {
    /// Starts with an empty window of that many bits, as agreed on for the peer. With `has_takeover` messages may refer
    /// to those before them.
    pub const fn new(bits: WindowBits, has_takeover: bool) -> Self {
        Self { window: Window::new(bits), has_takeover, decoder: None, tail_given: 0, failed: None }
    }

    /// Decompresses the next piece of a message's payload, which `is_last` ends, to the start of `output`.
    ///
    /// Call it until it has consumed all and left room in `output`; for the last piece, until it `is_done`. What was not
    /// consumed is to be given again, first.
    ///
    /// # Errors
    ///
    /// [`InflateError`], from the first time on at each call: when all that comes out before it has come out. So what comes
    /// does not depend on where the payload was cut.
    pub fn inflate(
        &mut self,
        input: &[u8],
        is_last: bool,
        output: &mut [u8],
    ) -> Result<Inflated, InflateError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let inflated = self.inflate_message(input, is_last, output);
        match self.failed {
            Some(error) if inflated.written == 0 => Err(error),
            Some(_) => Ok(Inflated { consumed: 0, ..inflated }),
            None => Ok(inflated),
        }
    }

    /// Returns how many bytes of memory it holds at the moment, apart from itself.
    pub fn capacity(&self) -> usize {
        let decoder = self.decoder.as_deref().map_or(0, size_of_val);
        decoder.saturating_add(self.window.bytes.capacity())
    }

    fn inflate_message(&mut self, input: &[u8], is_last: bool, output: &mut [u8]) -> Inflated {
        let mut decoder = self.decoder.take().unwrap_or_default();
        let (mut consumed, mut written, mut stop) = (0, 0, Stop::NeedsInput);
        if self.tail_given == 0 {
            (consumed, written, stop) = self.window.run(&mut decoder, input, output);
        }
        let mut is_done = false;
        if self.tail_given > 0 || is_last && consumed == input.len() && stop != Stop::Invalid {
            let tail = TAIL.get(self.tail_given..).unwrap_or_default();
            let output = output.get_mut(written..).unwrap_or_default();
            let (tail_taken, plain, tail_stop) = self.window.run(&mut decoder, tail, output);
            self.tail_given = self.tail_given.saturating_add(tail_taken);
            written = written.saturating_add(plain);
            is_done = tail_stop == Stop::Boundary { is_aligned: true };
            stop = tail_stop;
            if !is_done && matches!(stop, Stop::Boundary { .. } | Stop::NeedsInput) {
                // Something else than an empty block has swallowed its end: the message was cut short.
                self.failed = Some(InflateError::Unfinished);
            }
        }
        if stop == Stop::Invalid {
            self.failed = Some(InflateError::Invalid);
        }
        if is_done {
            self.end_message();
        } else {
            self.decoder = Some(decoder);
        }
        Inflated { consumed, written, is_done }
    }

    /// [RFC 7692 §7.1.1]: without context takeover the next message begins with an empty window.
    fn end_message(&mut self) {
        self.tail_given = 0;
        if !self.has_takeover {
            self.window = Window::new(self.window.bits);
        }
    }
}

/// What came out last. It grows up to the agreed size, and goes round from then on.
///
/// A reference to what is not in it is refused: before it has gone round, all that lies behind `next` has not come
/// out yet, and afterwards there is nothing else than what came out.
#[derive(Clone)]
struct Window {
    bits: WindowBits,
    bytes: Vec<u8>,
    /// Where the next byte goes.
    next: usize,
    has_gone_round: bool,
}

impl Window {
    const fn new(bits: WindowBits) -> Self {
        Self { bits, bytes: Vec::new(), next: 0, has_gone_round: false }
    }

    /// Decodes until all input is taken or all output is full; returns how many bytes were taken, how many written, and
    /// where the decoder stands.
    fn run(
        &mut self,
        decoder: &mut DecompressorOxide,
        mut input: &[u8],
        mut output: &mut [u8],
    ) -> (usize, usize, Stop) {
        let (mut taken, mut written) = (0_usize, 0_usize);
        loop {
            let (status, n_in, n_out) = self.step(decoder, input, output);
            input = input.get(n_in..).unwrap_or_default();
            output = output.get_mut(n_out..).unwrap_or_default();
            taken = taken.saturating_add(n_in);
            written = written.saturating_add(n_out);
            let stop = match status {
                Status::NeedsMoreInput => Stop::NeedsInput,
                Status::HasMoreOutput if output.is_empty() => Stop::NeedsOutput,
                Status::BlockBoundary if input.is_empty() => {
                    Stop::Boundary { is_aligned: is_aligned(decoder) }
                }
                // The window's end, not the output's; or one block of several.
                Status::HasMoreOutput | Status::BlockBoundary => continue,
                // [RFC 7692 §7.2.3.4]: a block with BFINAL ends no message; another one follows at the next byte, and the
                // window stays.
                Status::Done => {
                    decoder.init();
                    if !input.is_empty() {
                        continue;
                    }
                    Stop::Boundary { is_aligned: true }
                }
                _ => Stop::Invalid,
            };
            return (taken, written, stop);
        }
    }

    /// Decodes up to the end of the input, the output, the window or a block.
    fn step(
        &mut self,
        decoder: &mut DecompressorOxide,
        input: &[u8],
        output: &mut [u8],
    ) -> (Status, usize, usize) {
        self.make_room();
        let start = self.next;
        let mut flags =
            inflate_flags::TINFL_FLAG_HAS_MORE_INPUT | inflate_flags::TINFL_FLAG_STOP_ON_BLOCK_BOUNDARY;
        if !self.has_gone_round {
            // The decoder then refuses to look before the first byte.
            flags |= inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
        }
        let (status, taken, plain) =
            decompress_with_limit(decoder, input, &mut self.bytes, start, output.len(), flags);
        self.next = start.saturating_add(plain);
        let plain = self.bytes.get(start..self.next).unwrap_or_default();
        for (to, from) in output.iter_mut().zip(plain) {
            *to = *from;
        }
        (status, taken, plain.len())
    }

    /// Twice what came out, so that growing costs a constant per byte; once the window has its size, it goes round.
    fn make_room(&mut self) {
        let (len, size) = (self.bytes.len(), self.bits.window_size());
        if self.next < len {
            return;
        }
        if len < size {
            let len = len.saturating_mul(2).max(LEAST_WINDOW).min(size);
            self.bytes.reserve_exact(len.saturating_sub(self.next));
            self.bytes.resize(len, 0);
        } else {
            (self.next, self.has_gone_round) = (0, true);
        }
    }
}

/// What a window has at first, in bytes: a chat message, and room for the decoder to go fast.
const LEAST_WINDOW: usize = 1024;

fn is_aligned(decoder: &DecompressorOxide) -> bool {
    decoder.block_boundary_state().is_some_and(|state| state.num_bits == 0)
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

impl fmt::Display for InflateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        ProtocolError::from(*self).fmt(f)
    }
}

impl core::error::Error for InflateError {}

impl From<InflateError> for ProtocolError {
    fn from(error: InflateError) -> Self {
        match error {
            InflateError::Invalid => Self::InvalidDeflate,
            InflateError::Unfinished => Self::UnfinishedDeflate,
        }
    }
}
