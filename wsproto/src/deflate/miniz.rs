use alloc::boxed::Box;

use miniz_oxide::deflate::core::{
    CompressorOxide, TDEFLFlush, TDEFLStatus, compress, compress_to_output, create_comp_flags_from_zip_params,
};

use super::{Level, WindowBits};

/// The engine without `std` and without `unsafe`. It knows the largest window only.
pub(super) struct Engine {
    compressor: Box<CompressorOxide>,
    /// Its output was cut short.
    is_cut: bool,
}

impl Engine {
    pub(super) fn new(level: Level, _window: WindowBits) -> Self {
        let flags = create_comp_flags_from_zip_params(level.get().into(), -15, 0);
        Self { compressor: Box::new(CompressorOxide::new(flags)), is_cut: false }
    }

    /// The window within which it refers to what came before.
    #[allow(clippy::unused_self)] // the other engine has a window of its own
    pub(super) const fn window(&self) -> WindowBits {
        WindowBits::MAX
    }

    /// Goes on with an empty window, also after a failure.
    pub(super) fn forget(&mut self) {
        // A full flush does the same as a reset, with less memory to clear; nobody takes what comes out.
        let scratch = &mut [0; 32];
        if self.is_cut || self.compress(&[], scratch, TDEFLFlush::Full).is_none() {
            self.compressor.reset();
            self.is_cut = false;
        }
    }

    /// Fills an empty window, for which this engine has to compress what is in it: nobody takes what comes out.
    pub(super) fn prime(&mut self, window: &[u8]) {
        compress_to_output(&mut self.compressor, window, TDEFLFlush::Sync, |_| true);
    }

    /// Compresses all of `input` up to the end of a byte; `None` if that does not leave a byte of `output` free, since
    /// it is not known then whether all has come out.
    pub(super) fn deflate(&mut self, input: &[u8], output: &mut [u8]) -> Option<usize> {
        self.compress(input, output, TDEFLFlush::Sync)
    }

    fn compress(&mut self, input: &[u8], output: &mut [u8], flush: TDEFLFlush) -> Option<usize> {
        let (status, taken, written) = compress(&mut self.compressor, input, output, flush);
        self.is_cut = status != TDEFLStatus::Okay || taken != input.len() || written >= output.len();
        (!self.is_cut).then_some(written)
    }
}
