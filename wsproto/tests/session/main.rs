//! The tests of `session`, one behaviour a file.

mod against_connection;
#[cfg(feature = "alloc")]
mod appending;
#[path = "../common/mod.rs"]
mod common;
#[cfg(feature = "alloc")]
mod growing;
mod memory;
mod messages;
mod room;
mod sizes;
