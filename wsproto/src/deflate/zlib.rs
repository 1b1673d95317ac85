use zlib_rs::{Deflate, DeflateConfig, DeflateFlush, Status};

use super::{Level, WindowBits};

/// The faster engine, for programs with `std`. It knows each window but the least.
pub(super) struct Engine {
    deflate: Deflate,
    level: Level,
    window: WindowBits,
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
        Self { deflate: Deflate::new_with_config(config), level, window, is_cut: false }
    }

    /// The window within which it refers to what came before.
    pub(super) const fn window(&self) -> WindowBits {
        self.window
    }

    /// Goes on with an empty window, also after a failure.
    pub(super) fn forget(&mut self) {
        if self.is_cut {
            // `reset` leaves an open block open, whose end then has no place: zlib-rs 0.6.8 would panic.
            *self = Self::new(self.level, self.window);
        } else {
            self.deflate.reset();
        }
    }

    /// Fills an empty window.
    pub(super) fn prime(&mut self, window: &[u8]) {
        if self.deflate.set_dictionary(window).is_err() {
            self.forget();
        }
    }

    /// Compresses all of `input` up to the end of a byte; `None` if that does not leave a byte of `output` free, since
    /// it is not known then whether all has come out.
    pub(super) fn deflate(&mut self, input: &[u8], output: &mut [u8]) -> Option<usize> {
        let (before_in, before_out) = (self.deflate.total_in(), self.deflate.total_out());
        let status = self.deflate.compress(input, output, DeflateFlush::SyncFlush);
        let taken = usize::try_from(self.deflate.total_in().saturating_sub(before_in)).ok();
        let written = usize::try_from(self.deflate.total_out().saturating_sub(before_out)).ok();
        self.is_cut = status != Ok(Status::Ok) || taken != Some(input.len()) || written >= Some(output.len());
        written.filter(|_| !self.is_cut)
    }
}
