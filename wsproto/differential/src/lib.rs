//! Holds `wsproto` against `tungstenite`, an independent implementation: the same bytes through both give the same
//! messages, replies and end, or a difference that is on the list of [`reasons`]. For this package's tests, and for
//! the fuzz target of the same name.

pub mod ends;
pub mod reasons;

use ends::{Told, ours, theirs};
use reasons::reason;
use tungstenite::protocol::Role;

/// Gives `bytes`, cut at `cuts`, to both ends of this `role`, and returns what ours tells.
///
/// # Errors
///
/// Says what both tell if they differ and no reason for it is known.
pub fn compare(role: Role, bytes: &[u8], cuts: &[usize]) -> Result<Told, String> {
    let (ours, theirs) = (ours(role, bytes, cuts), theirs(role, bytes, cuts));
    if ours != theirs && reason(bytes, &ours, &theirs).is_none() {
        return Err(format!("no known reason\n bytes {bytes:02x?}\n ours {ours:?}\n theirs {theirs:?}"));
    }
    Ok(ours)
}
