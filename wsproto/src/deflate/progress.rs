/// Tells how far a call of [`Compressor::compress`](super::Compressor::compress) or
/// [`Inflater::inflate`](super::Inflater::inflate) came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
#[must_use = "the bytes that were not consumed have to be given again"]
pub struct Progress {
    /// How many bytes of the input were consumed.
    pub consumed: usize,
    /// How many bytes of the output were written.
    pub written: usize,
    /// Whether the message is complete.
    pub is_done: bool,
}
