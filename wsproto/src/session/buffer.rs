#[cfg(feature = "alloc")]
use crate::wire::MAX_CONTROL_FRAME;

/// Where a session keeps what it received: `[u8; N]`, `&mut [u8; N]`, or with feature `alloc` a `Vec<u8>`.
pub trait Buffer: sealed::Buffer {}

impl<const N: usize> Buffer for [u8; N] {}
impl<const N: usize> Buffer for &mut [u8; N] {}
#[cfg(feature = "alloc")]
impl Buffer for alloc::vec::Vec<u8> {}

pub(super) mod sealed {
    pub trait Buffer {
        /// How many bytes it can ever hold.
        const CAPACITY: usize;

        fn bytes(&self) -> &[u8];

        fn bytes_mut(&mut self) -> &mut [u8];

        /// Makes room behind the first `used` bytes, if it can: never more than the `expected` ones and one read, nor
        /// than messages of `max_message_size` bytes, read by read, can need.
        fn grow(&mut self, used: usize, expected: u64, max_message_size: u64);
    }
}

impl<const N: usize> sealed::Buffer for [u8; N] {
    const CAPACITY: usize = N;

    fn bytes(&self) -> &[u8] {
        self
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        self
    }

    fn grow(&mut self, _used: usize, _expected: u64, _max_message_size: u64) {}
}

impl<const N: usize> sealed::Buffer for &mut [u8; N] {
    const CAPACITY: usize = N;

    fn bytes(&self) -> &[u8] {
        *self
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        *self
    }

    fn grow(&mut self, _used: usize, _expected: u64, _max_message_size: u64) {}
}

/// The least that one read should be able to take.
#[cfg(feature = "alloc")]
const READ_SIZE: usize = 4096;

#[cfg(feature = "alloc")]
impl sealed::Buffer for alloc::vec::Vec<u8> {
    /// No allocation is larger.
    const CAPACITY: usize = isize::MAX.unsigned_abs();

    fn bytes(&self) -> &[u8] {
        self
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        self
    }

    /// Twice what has come, so that growing costs a constant per byte; never all that was announced.
    fn grow(&mut self, used: usize, expected: u64, max_message_size: u64) {
        let bytes = |len: u64| usize::try_from(len).unwrap_or(usize::MAX);
        let most = bytes(max_message_size).saturating_add(MAX_CONTROL_FRAME + READ_SIZE).min(Self::CAPACITY);
        let more = used.max(READ_SIZE).min(bytes(expected).saturating_add(READ_SIZE));
        let len = used.saturating_add(more).min(most);
        if self.len() < len {
            self.reserve_exact(len.saturating_sub(self.len()));
            self.resize(len, 0);
        }
    }
}
