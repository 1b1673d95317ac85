//! The server's side of the opening handshake.

mod handshake;
mod head;
mod plain;
mod serve;

pub use handshake::{Handshake, Opening, accept, accept_with};
pub use plain::Plain;
pub(crate) use serve::Stop;
pub use serve::{Serve, Served, Trouble};
