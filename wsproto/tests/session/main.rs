//! The tests of `session`, one behaviour a file.

mod against_connection;
#[cfg(feature = "alloc")]
mod appending;
mod auto_traits;
#[path = "../common/mod.rs"]
#[expect(dead_code, reason = "what receives is for `connection`")]
mod common;
#[path = "../common/given.rs"]
mod given;
#[cfg(feature = "alloc")]
mod growing;
#[cfg(feature = "alloc")]
mod lending;
mod memory;
mod messages;
mod peeking;
mod peer_gone;
#[cfg(feature = "alloc")]
mod pieces;
mod pushing;
mod room;
mod sizes;
mod texts;
#[cfg(feature = "alloc")]
mod turn;
