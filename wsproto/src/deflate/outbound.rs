use alloc::vec::Vec;
use core::fmt;

use super::{Compressor, Level, Policy, WindowBits};

/// Holds what one end of a connection compresses with: what was agreed on, and what its messages may refer to.
pub(crate) struct Outbound {
    /// Whether a compressed message in fragments is under way.
    pub(crate) is_in_message: bool,
    agreed: WindowBits,
    window: WindowBits,
    has_takeover: bool,
    level: Level,
    threshold: usize,
    context: Context,
}

/// What the next message may refer to. It can be dropped at any time: the peer does not notice.
enum Context {
    Nothing,
    /// A compressor of this connection's own; its window is in it.
    Own(Compressor),
    /// The window alone, for a compressor that others use too.
    Window(Vec<u8>),
}

impl Outbound {
    /// Starts with nothing to refer to. The policy may want less than what was agreed on, not more.
    pub(crate) fn new(window: WindowBits, has_takeover: bool, policy: Policy) -> Self {
        Self {
            is_in_message: false,
            agreed: window,
            window: window.min(policy.send_window),
            has_takeover: has_takeover && policy.send_takeover,
            level: policy.level,
            threshold: policy.threshold,
            context: Context::Nothing,
        }
    }

    /// Tells whether to compress a message of `len` bytes.
    pub(crate) const fn is_worth(&self, len: usize) -> bool {
        len >= self.threshold
    }

    /// Tells whether to compress a message whose length is not known yet: always, unless compression is off.
    pub(crate) const fn is_worth_in_fragments(&self) -> bool {
        self.threshold < usize::MAX
    }

    /// Returns the window that the peer keeps.
    pub(crate) const fn agreed(&self) -> WindowBits {
        self.agreed
    }

    /// Compresses a whole message, if that fits and pays. Otherwise the contents of `output` are unspecified, and the
    /// message is to be sent as it is.
    ///
    /// The message has to shrink, unless later messages may refer to it.
    pub(crate) fn message(
        &mut self,
        message: &[u8],
        shared: Option<&mut Compressor>,
        output: &mut [u8],
    ) -> Option<usize> {
        let (window, has_to_shrink) = (self.window, !self.has_takeover);
        self.with(message, true, shared, |compressor| {
            compressor.compress_message(message, has_to_shrink, window, output)
        })
    }

    /// Compresses a fragment to at most [`Compressor::bound`] bytes, for which there has to be space.
    pub(crate) fn fragment(
        &mut self,
        fragment: &[u8],
        is_last: bool,
        shared: Option<&mut Compressor>,
        output: &mut [u8],
    ) -> usize {
        let window = self.window;
        let compressed = self.with(fragment, is_last, shared, |compressor| {
            Some(compressor.compress_piece(fragment, is_last, window, output))
        });
        compressed.unwrap_or_default()
    }

    /// Makes the next message refer to nothing before it.
    pub(crate) fn forget(&mut self) {
        match &mut self.context {
            Context::Nothing => {}
            Context::Own(compressor) => compressor.forget(),
            Context::Window(window) => window.clear(),
        }
    }

    /// Does the same, and frees the memory.
    pub(crate) fn shrink(&mut self) {
        self.context = Context::Nothing;
    }

    /// Runs `compress` with a compressor that holds what the next bytes may refer to, and keeps that up to date.
    fn with(
        &mut self,
        plain: &[u8],
        is_last: bool,
        shared: Option<&mut Compressor>,
        compress: impl FnOnce(&mut Compressor) -> Option<usize>,
    ) -> Option<usize> {
        let context = core::mem::replace(&mut self.context, Context::Nothing);
        match (shared, context) {
            (None, context) => {
                let mut own = match context {
                    Context::Own(compressor) => compressor,
                    _ => Compressor::new(self.level, self.window),
                };
                let compressed = compress(&mut own);
                if self.has_takeover || !is_last {
                    self.context = Context::Own(own);
                }
                compressed
            }
            (Some(shared), context) => {
                let mut window = match context {
                    Context::Window(window) => window,
                    _ => Vec::new(),
                };
                shared.prime(&window, plain.len(), self.window);
                let compressed = compress(shared);
                if self.has_takeover {
                    // A message that is sent as it is does not pass through the peer's window.
                    if compressed.is_some() {
                        remember(&mut window, plain, self.window.window_size());
                    }
                    self.context = Context::Window(window);
                }
                compressed
            }
        }
    }
}

/// Appends `plain` to the window, and drops what lies further back than `size` bytes.
fn remember(window: &mut Vec<u8>, plain: &[u8], size: usize) {
    let plain = plain.get(plain.len().saturating_sub(size)..).unwrap_or_default();
    let len = window.len().saturating_add(plain.len());
    window.drain(..len.saturating_sub(size));
    let missing = len.min(size).saturating_sub(window.len());
    if window.capacity() < len.min(size) {
        // Twice as much, so that growing costs a constant per byte, but never more than the window has.
        window.reserve_exact(missing.max(window.len()).min(size.saturating_sub(window.len())));
    }
    window.extend_from_slice(plain);
}

impl Clone for Outbound {
    /// The copy has nothing to refer to.
    fn clone(&self) -> Self {
        Self { context: Context::Nothing, ..*self }
    }
}

impl fmt::Debug for Outbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbound")
            .field("window_bits", &self.window.get())
            .field("has_takeover", &self.has_takeover)
            .field("level", &self.level.get())
            .field("threshold", &self.threshold)
            .finish_non_exhaustive()
    }
}
