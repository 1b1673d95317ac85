//! The server's side of the opening handshake.

mod connections;
mod handshake;
mod head;
mod plain;
mod serve;
mod stop;

pub use connections::{Connections, Place};
pub use handshake::{Handshake, Opening, accept, accept_with};
pub use plain::Plain;
pub use serve::{Serve, Served, Trouble};
pub(crate) use stop::Stop;
