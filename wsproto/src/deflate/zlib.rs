use zlib_rs::{Deflate, DeflateConfig, DeflateFlush, Status};

use super::inflater::TAIL;
use super::{Level, WindowBits};

/// zlib-rs as the engine, for programs with `std`. It knows each window but the least.
pub(super) struct Engine {
    deflate: Deflate,
    level: Level,
    window: WindowBits,
    /// How many bytes of earlier input it may refer to.
    held: usize,
    /// Its output was cut short.
    is_cut: bool,
}

/// As the other engine is without this: no feature takes a trait from a connection. A compressor that unwinding has
/// left in the middle of a message makes wrong bytes at worst.
impl core::panic::UnwindSafe for Engine {}

impl Engine {
    pub(super) fn new(level: Level, window: WindowBits) -> Self {
        // With 9 bits it looks back 512 − 262 bytes at the most, which a window of 8 bits has.
        let config = DeflateConfig {
            window_bits: 0_i32.saturating_sub(window.get().max(9).into()), // negative: without a header
            ..DeflateConfig::new(level.get().into())
        };
        Self { deflate: Deflate::new_with_config(config), level, window, held: 0, is_cut: false }
    }

    /// Goes on with an empty window, also after a failure.
    pub(super) fn forget(&mut self) {
        if self.is_cut {
            // `reset` leaves an open block open, whose end then has no place: zlib-rs 0.6.8 would panic.
            *self = Self::new(self.level, self.window);
        } else if self.held > 0 {
            self.deflate.reset();
            self.held = 0;
        }
    }

    /// Fills an empty window with the last of `window`, as far as the next `len` bytes may refer to it.
    pub(super) fn prime(&mut self, window: &[u8], len: usize, limit: WindowBits) {
        let size = limit.window_size();
        let room = if self.window <= limit { size } else { size.saturating_sub(len) };
        let window = window.get(window.len().saturating_sub(room)..).unwrap_or_default();
        if window.is_empty() {
            return;
        }
        self.held = window.len();
        if self.deflate.set_dictionary(window).is_err() {
            self.forget();
        }
    }

    /// Compresses all of `input` up to the end of a byte, with [`TAIL`] at its end, and refers to no more than `limit` back;
    /// or forgets all. A byte of `output` has to be left free, since otherwise it is not known whether all has come out.
    pub(super) fn deflate(&mut self, input: &[u8], limit: WindowBits, output: &mut [u8]) -> Option<usize> {
        let written = self.deflate_segments(input, limit, output);
        let ends_well = |written: &usize| output.get(..*written).is_some_and(|bytes| bytes.ends_with(&TAIL));
        let written = written.filter(ends_well);
        if written.is_none() {
            self.forget();
        }
        written
    }

    /// With a window larger than the limit: a segment has no more to refer to than that holds, and the next one begins with
    /// nothing. A sender may empty its window whenever it likes.
    fn deflate_segments(&mut self, mut input: &[u8], limit: WindowBits, output: &mut [u8]) -> Option<usize> {
        if self.window <= limit {
            return self.deflate_all(input, output);
        }
        let size = limit.window_size();
        let mut written = 0_usize;
        while !input.is_empty() {
            if self.held.saturating_add(input.len()) > size {
                self.forget();
            }
            let (segment, rest) = input.split_at_checked(size).unwrap_or((input, &[]));
            let space = output.get_mut(written..)?;
            written = written.saturating_add(self.deflate_all(segment, space)?);
            input = rest;
        }
        Some(written)
    }

    fn deflate_all(&mut self, input: &[u8], output: &mut [u8]) -> Option<usize> {
        self.held = self.held.saturating_add(input.len()).max(1);
        let (before_in, before_out) = (self.deflate.total_in(), self.deflate.total_out());
        let status = self.deflate.compress(input, output, DeflateFlush::SyncFlush);
        let taken = usize::try_from(self.deflate.total_in().saturating_sub(before_in)).ok();
        let written = usize::try_from(self.deflate.total_out().saturating_sub(before_out)).ok();
        self.is_cut = status != Ok(Status::Ok) || taken != Some(input.len()) || written >= Some(output.len());
        written.filter(|_| !self.is_cut)
    }
}
