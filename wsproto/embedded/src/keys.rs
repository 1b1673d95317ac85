use core::fmt;

use rand_core::CryptoRng;
use wsproto::{MaskingKey, MaskingKeys};

/// The masking keys of a client, from a generator that nobody can predict ([RFC 6455 §10.3]): that of the device, or one
/// that is seeded by it.
///
/// [RFC 6455 §10.3]: https://www.rfc-editor.org/rfc/rfc6455#section-10.3
#[derive(Clone)]
pub struct Keys<G>(G);

impl<G: CryptoRng> Keys<G> {
    /// Takes the generator.
    pub const fn new(generator: G) -> Self {
        Self(generator)
    }
}

impl<G: CryptoRng> MaskingKeys for Keys<G> {
    fn next_key(&mut self) -> Option<MaskingKey> {
        Some(MaskingKey::new(self.0.next_u32().to_ne_bytes()))
    }
}

/// Shows no key, nor what they come from.
impl<G> fmt::Debug for Keys<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").finish_non_exhaustive()
    }
}
