/// Writes bits to a slice, the lowest first [RFC 1951 §3.1.1], through 64 that are held back.
///
/// Space is checked by those who know how many bits will come; what has no space is dropped.
pub(super) struct Writer<'o> {
    output: &'o mut [u8],
    written: usize,
    next: u64,
    count: u32,
}

impl<'o> Writer<'o> {
    pub(super) const fn new(output: &'o mut [u8]) -> Self {
        Self { output, written: 0, next: 0, count: 0 }
    }

    /// Tells whether so many bits more fit, and whole bytes after them.
    pub(super) fn has_space(&self, bits: usize, bytes: usize) -> bool {
        let bits = bits.saturating_add(self.count as usize);
        self.written.saturating_add(bits.div_ceil(8)).saturating_add(bytes) <= self.output.len()
    }

    /// Appends the lowest `count` bits of `value`, which has no others. Up to 56 fit between two [`flush`](Self::flush)es.
    #[inline]
    pub(super) fn put(&mut self, value: u64, count: u32) {
        self.next |= value.wrapping_shl(self.count);
        self.count = self.count.wrapping_add(count);
    }

    /// Writes the bytes that are whole, so that at most 7 bits are left.
    #[inline]
    pub(super) fn flush(&mut self) {
        let space = self.output.get_mut(self.written..).unwrap_or_default();
        if let Some(to) = space.first_chunk_mut() {
            // What is above the whole bytes is written again with what follows.
            *to = self.next.to_le_bytes();
        } else {
            let whole = (self.count / 8) as usize;
            for (to, from) in space.iter_mut().zip(self.next.to_le_bytes()).take(whole) {
                *to = from;
            }
        }
        self.written = self.written.wrapping_add((self.count / 8) as usize);
        self.next = self.next.wrapping_shr(self.count & 0x38);
        self.count %= 8;
    }

    /// Fills the last byte up with zeros.
    pub(super) fn align(&mut self) {
        self.count = self.count.next_multiple_of(8);
        self.flush();
    }

    /// Appends whole bytes, behind a whole one.
    pub(super) fn copy(&mut self, bytes: &[u8]) {
        let space = self.output.get_mut(self.written..).and_then(|space| space.get_mut(..bytes.len()));
        if let Some(to) = space {
            to.copy_from_slice(bytes);
        }
        self.written = self.written.saturating_add(bytes.len());
    }

    /// How many bytes were written, bits held back not among them.
    pub(super) const fn written(&self) -> usize {
        self.written
    }
}
