//! The server's side of the opening handshake.

mod handshake;
mod head;
mod plain;

pub use handshake::{Handshake, Opening, accept, accept_with};
pub use plain::Plain;
