//! The error families, never mixed: the peer's fault, the caller's fault, not enough space.

pub use crate::wire::BufferTooSmall;
