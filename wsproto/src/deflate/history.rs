/// What came out earlier, and may be referred to.
pub(super) trait History {
    /// How far back it reaches, in bytes.
    fn len(&self) -> usize;

    /// The farthest that a reference may go back, what comes out now included.
    fn limit(&self) -> usize;

    /// The bytes from `back` bytes before its end on, or as many of them as lie together.
    fn last(&self, back: usize) -> &[u8];
}

/// Writes again what came out `distance` bytes before, `len` bytes of it: from the history as far as it lies there.
/// There is space for it.
#[inline]
pub(super) fn copy(
    distance: usize,
    mut len: usize,
    history: &impl History,
    output: &mut [u8],
    written: &mut usize,
) {
    while len > 0 && distance > *written {
        let from = history.last(distance.saturating_sub(*written));
        let n = len.min(from.len());
        let to = output.get_mut(*written..).and_then(|space| space.get_mut(..n));
        let (Some(to), Some(from)) = (to, from.get(..n).filter(|from| !from.is_empty())) else { return };
        to.copy_from_slice(from);
        *written = written.saturating_add(n);
        len = len.saturating_sub(n);
    }
    // What is copied may be part of what is written. Then it is a pattern that repeats, and each round has twice as much of
    // it to copy from as the one before.
    let pattern = written.saturating_sub(distance);
    while len > 0 {
        let n = len.min(written.saturating_sub(pattern));
        let (done, space) = output.split_at_mut_checked(*written).unwrap_or_default();
        let from = done.get(pattern..).and_then(|from| from.get(..n));
        let (Some(from), Some(to)) = (from, space.get_mut(..n)) else { return };
        if n < 16 {
            for (to, from) in to.iter_mut().zip(from) {
                *to = *from;
            }
        } else {
            to.copy_from_slice(from);
        }
        *written = written.saturating_add(n);
        len = len.saturating_sub(n);
    }
}
