use super::IS_SMALL;
use core::ops::Range;
use core::slice::SliceIndex;

/// Returns the part of `bytes` at a place that is always right. A wrong place is a fault of this crate: the tests and
/// the fuzzers, which run with debug assertions, stop there; a release build continues with an empty slice and does
/// not panic.
#[inline]
pub(crate) fn part(bytes: &[u8], place: impl SliceIndex<[u8], Output = [u8]>) -> &[u8] {
    let part = bytes.get(place);
    debug_assert!(part.is_some(), "no such part in {} bytes", bytes.len());
    part.unwrap_or_default()
}

/// Returns what [`part`] does, for writing.
#[inline]
pub(crate) fn part_mut(bytes: &mut [u8], place: impl SliceIndex<[u8], Output = [u8]>) -> &mut [u8] {
    let len = bytes.len();
    let part = bytes.get_mut(place);
    debug_assert!(part.is_some(), "no such part in {len} bytes");
    part.unwrap_or_default()
}

/// Moves bytes towards the start.
#[inline]
pub(crate) fn move_down(bytes: &mut [u8], from: Range<usize>, to: usize) {
    debug_assert!(to <= from.start && from.end <= bytes.len(), "bytes are moved down only, within the slice");
    if to >= from.start {
        // They are there already, which is what most calls find: nothing may be gone through for that.
    } else if IS_SMALL {
        // `memmove` is 700 bytes of code.
        for (at, to) in from.zip(to..) {
            let byte = bytes.get(at).copied();
            if let (Some(byte), Some(place)) = (byte, bytes.get_mut(to)) {
                *place = byte;
            }
        }
    } else if from.start < from.end && from.end <= bytes.len() {
        bytes.copy_within(from, to);
    }
}
