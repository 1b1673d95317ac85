//! What [`inflating`](super::inflating) is without feature `deflate`: nothing is ever compressed, and nothing of it is
//! left in the machine code.

use crate::connection::{Data, MessageKind};
use crate::error::ProtocolError;

/// Where compressed messages become whole: none come.
#[derive(Debug, Clone)]
pub(super) struct Inflation;

/// What `Inflation::inflate` did: nothing.
pub(super) struct Inflated {
    pub consumed: usize,
    pub kind: MessageKind,
    pub is_last: bool,
}

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

    pub(super) const fn begin(&mut self, _data: &Data<'_>) {}

    pub(super) const fn is_busy(&self) -> bool {
        false
    }

    pub(super) const fn inflate(&mut self, _payload: &[u8], _most: usize) -> Result<Inflated, ProtocolError> {
        Ok(Inflated { consumed: 0, kind: MessageKind::Binary, is_last: false })
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
