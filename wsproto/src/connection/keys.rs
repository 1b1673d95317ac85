use core::fmt;

use super::MaskingKeys;
use crate::wire::MaskingKey;

/// Masking keys from the operating system's source of randomness, 128 drawn at once: one system call for as many
/// frames.
///
/// Takes 520 bytes. A program with many client connections shares one among those of a thread, through a closure.
///
/// # Examples
///
/// ```
/// use wsproto::{Client, Limits, RandomKeys, Session};
///
/// let mut session = Session::new(Client::new(RandomKeys::new()), Limits::new(), Vec::new());
/// # let mut out = Vec::new();
/// session.frame().append("Hello", &mut out)?;
/// # Ok::<(), wsproto::Misuse>(())
/// ```
///
/// One for all connections of a thread; a function takes no memory in the connection:
///
/// ```
/// use std::cell::RefCell;
/// use wsproto::{Client, Limits, MaskingKey, MaskingKeys, RandomKeys, Session};
///
/// fn shared_key() -> Option<MaskingKey> {
///     thread_local!(static KEYS: RefCell<RandomKeys> = const { RefCell::new(RandomKeys::new()) });
///     KEYS.with_borrow_mut(RandomKeys::next_key)
/// }
/// let session = Session::new(Client::new(shared_key), Limits::new(), Vec::new());
/// # let _ = session;
/// ```
pub struct RandomKeys {
    keys: [[u8; 4]; BATCH],
    /// Of these, how many are left, at the start.
    left: usize,
}

const BATCH: usize = 128;

impl RandomKeys {
    /// Starts without a key: the first draw happens when one is asked for.
    pub const fn new() -> Self {
        Self { keys: [[0; 4]; BATCH], left: 0 }
    }

    #[cold]
    fn draw(&mut self) -> Option<()> {
        getrandom::fill(self.keys.as_flattened_mut()).ok()?;
        self.left = BATCH;
        Some(())
    }
}

impl MaskingKeys for RandomKeys {
    #[inline]
    fn next_key(&mut self) -> Option<MaskingKey> {
        if self.left == 0 {
            self.draw()?;
        }
        self.left = self.left.checked_sub(1)?;
        let key = self.keys.get_mut(self.left)?;
        // A key that was given out is not kept.
        Some(MaskingKey::new(core::mem::take(key)))
    }
}

impl Default for RandomKeys {
    fn default() -> Self {
        Self::new()
    }
}

/// Shows no key.
impl fmt::Debug for RandomKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RandomKeys").field("left", &self.left).finish_non_exhaustive()
    }
}
