/// Up to 63 bits that were taken from the input, the next one lowest.
#[derive(Clone, Copy)]
pub(super) struct Bits {
    pub(super) next: u64,
    pub(super) count: u32,
}

impl Bits {
    pub(super) const EMPTY: Self = Self { next: 0, count: 0 };

    /// Takes bytes from the input, as many as go in whole: 56 bits at the least, if they are there.
    #[inline]
    pub(super) fn refill(&mut self, input: &mut &[u8]) {
        if let Some(chunk) = input.first_chunk() {
            // The last one may go in by a part: it is the same again when it is taken.
            self.next |= u64::from_le_bytes(*chunk).wrapping_shl(self.count);
            let bytes = 63_u32.saturating_sub(self.count) / 8;
            *input = input.get(bytes as usize..).unwrap_or_default();
            self.count = self.count.saturating_add(bytes.wrapping_shl(3));
            return;
        }
        self.clear_unread();
        while self.count < 56 {
            let [byte, rest @ ..] = *input else { break };
            self.next |= u64::from(*byte).wrapping_shl(self.count);
            self.count = self.count.saturating_add(8);
            *input = rest;
        }
    }

    /// Takes `n` bits, up to 32; `None`, and no change, if they are not there.
    #[inline]
    pub(super) fn take(&mut self, n: u32) -> Option<usize> {
        let value = self.next & 1_u64.wrapping_shl(n).wrapping_sub(1);
        self.skip(n)?;
        usize::try_from(value).ok()
    }

    /// Takes the bits that are added to a number, as a symbol means it, and adds them.
    #[inline]
    pub(super) fn take_number(&mut self, meaning: u32) -> Option<usize> {
        let more = self.take(meaning.wrapping_shr(8) % 16)?;
        Some((meaning.wrapping_shr(16) as usize).wrapping_add(more))
    }

    #[inline]
    pub(super) fn skip(&mut self, n: u32) -> Option<()> {
        let left = self.count.checked_sub(n)?;
        self.drop(n);
        self.count = left;
        Some(())
    }

    pub(super) fn drop(&mut self, n: u32) {
        self.next = self.next.wrapping_shr(n);
        self.count = self.count.saturating_sub(n);
    }

    /// Drops what lies above, of a byte that was not taken.
    pub(super) fn clear_unread(&mut self) {
        self.next &= 1_u64.wrapping_shl(self.count).wrapping_sub(1);
    }
}
