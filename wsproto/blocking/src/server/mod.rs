//! The server's side of the opening handshake.

mod handshake;
mod head;
mod incoming;
mod plain;

pub use handshake::{Handshake, Opening, accept, accept_with};
pub use incoming::incoming;
pub use plain::Plain;
