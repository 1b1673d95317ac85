//! The server's side of the opening handshake.

mod connections;
mod error;
mod handshake;
mod head;
mod negotiate;
mod plain;
mod serve;
mod stop;

pub use connections::{Connections, Place};
pub use error::AcceptError;
pub use handshake::{Handshake, Opening, accept, accept_with};
pub use negotiate::Accept;
#[allow(unused_imports, reason = "for handshakes that HTTP libraries read")]
pub(crate) use negotiate::{Negotiated, negotiate};
pub use plain::Plain;
pub use serve::{Serve, Served, Trouble};
pub(crate) use stop::Stop;
