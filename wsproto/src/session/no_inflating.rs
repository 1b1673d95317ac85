//! What [`inflating`](super::inflating) is without feature `deflate`: nothing is ever compressed, and nothing of it is
//! left in the machine code.

use crate::connection::Data;
use crate::error::ProtocolError;

/// Where compressed messages become whole: none come.
#[derive(Debug, Clone)]
pub(super) struct Inflation;

#[expect(
    clippy::unused_self,
    clippy::unnecessary_wraps,
    reason = "with feature `deflate` the answers depend on it"
)]
impl Inflation {
    pub(super) const NONE: Self = Self;

    pub(super) const fn concerns(_data: &Data<'_>) -> bool {
        false
    }

    pub(super) const fn inflate(&mut self, _data: &Data<'_>) -> Result<(), ProtocolError> {
        Ok(())
    }

    pub(super) const fn message(&self) -> &[u8] {
        &[]
    }

    pub(super) const fn clear(&mut self) {}

    #[cfg(feature = "alloc")]
    pub(super) const fn shrink(&mut self) {}

    #[cfg(feature = "alloc")]
    pub(super) const fn capacity(&self) -> usize {
        0
    }
}
