//! How long a client waits before it connects again: the engine's [`wsproto::backoff`], and its randomness.

use wsproto::handshake::random_nonce;

pub use wsproto::backoff::{Backoff, Lost};

/// Draws the number that [`Backoff::retry_in`] wants from the operating system.
///
/// A system without randomness gives 2⁶³, the middle: the delays are then those of everybody.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// # use wsproto_adapter::backoff::{Backoff, Lost, random};
///
/// let delay = Backoff::new().retry_in(Lost::Unreachable, random());
/// assert!(delay < Some(Duration::from_secs(5)));
/// ```
pub fn random() -> u64 {
    let half = random_nonce().and_then(|nonce| nonce.first_chunk().copied());
    half.map_or(1 << 63, u64::from_ne_bytes)
}
