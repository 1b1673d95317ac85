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
/// There is space for it. Up to 15 bytes behind it may be overwritten.
#[inline]
pub(super) fn copy(
    distance: usize,
    len: usize,
    history: &impl History,
    output: &mut [u8],
    written: &mut usize,
) {
    let copied = match written.checked_sub(distance) {
        Some(from) if distance >= STEP => copy_within_steps(from, len, output, *written),
        Some(_) => None,
        None => copy_steps(history.last(distance.saturating_sub(*written)), len, output, *written),
    };
    match copied {
        Some(()) => *written = written.wrapping_add(len),
        None => copy_exactly(distance, len, history, output, written),
    }
}

/// How many bytes are copied at once: as many as most references have, in one load and one store. What is too many is
/// overwritten by what comes next.
const STEP: usize = 16;

/// Copies so many bytes from where they lie in the output, some more with the last step; `None` if there is no room for
/// these.
#[inline]
fn copy_within_steps(from: usize, len: usize, output: &mut [u8], at: usize) -> Option<()> {
    let distance = at.wrapping_sub(from);
    let mut rest = output.get_mut(from..)?;
    for _ in 0..len.div_ceil(STEP) {
        let window = rest.get_mut(..distance.wrapping_add(STEP))?;
        let step: [u8; STEP] = *window.first_chunk()?;
        *window.last_chunk_mut()? = step;
        rest = rest.get_mut(STEP..)?;
    }
    Some(())
}

/// Copies so many bytes, some more with the last step; `None` if they do not all lie in `from`, or there is no room.
#[inline]
fn copy_steps(from: &[u8], len: usize, output: &mut [u8], at: usize) -> Option<()> {
    let whole = len.div_ceil(STEP).wrapping_mul(STEP);
    let (from, to) = (from.get(..whole)?, output.get_mut(at..)?.get_mut(..whole)?);
    for (to, from) in to.chunks_exact_mut(STEP).zip(from.chunks_exact(STEP)) {
        *to.first_chunk_mut::<STEP>()? = *from.first_chunk()?;
    }
    Some(())
}

/// Copies without a byte more, be it from both places, or what it writes itself.
#[inline(never)]
fn copy_exactly(
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
