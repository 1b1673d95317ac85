//! How large a head may be.

/// Limits the size of a peer's message head.
///
/// The decoders store none of it: the limits bound the bytes that the *caller* keeps, and the time that they cost.
/// They hold for all that comes before the connection opens, interim responses included.
///
/// # Examples
///
/// ```
/// use wsproto::handshake::{HeadLimits, RequestDecoder};
///
/// const LIMITS: HeadLimits = HeadLimits::DEFAULT.with_bytes(1024);
/// let mut decoder = RequestDecoder::with_limits(LIMITS);
/// assert!(decoder.decode(&[b'x'; 1024]).is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct HeadLimits {
    /// The longest head in bytes, its blank line included. A buffer of this size is enough.
    pub bytes: usize,
    /// The largest number of field lines.
    pub fields: usize,
}

impl HeadLimits {
    /// Allows 8 KiB (8192 bytes) and 100 field lines.
    pub const DEFAULT: Self = Self { bytes: 8192, fields: 100 };

    /// Sets [`bytes`](Self::bytes).
    #[must_use]
    pub const fn with_bytes(self, bytes: usize) -> Self {
        Self { bytes, ..self }
    }

    /// Sets [`fields`](Self::fields).
    #[must_use]
    pub const fn with_fields(self, fields: usize) -> Self {
        Self { fields, ..self }
    }
}

impl Default for HeadLimits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
