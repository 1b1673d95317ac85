//! The tests of `session`, one behaviour a file.

mod against_connection;
#[cfg(feature = "alloc")]
mod appending;
#[path = "../common/mod.rs"]
#[expect(dead_code, reason = "what receives is for `connection`")]
mod common;
#[cfg(feature = "alloc")]
mod growing;
mod memory;
mod messages;
mod reply;
mod room;
mod sizes;
