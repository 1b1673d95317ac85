//! permessage-deflate ([RFC 7692]): what is wanted of it, and what both ends agreed on.
//!
//! A [`Policy`] says what this end wants, as a server or as a client. The opening handshake makes [`Parameters`] of it
//! and of what the peer offers or answers: `handshake::deflate`, pure functions.
//!
//! [RFC 7692]: https://www.rfc-editor.org/rfc/rfc7692

mod params;
mod policy;

pub use params::{Parameters, WindowBits};
pub use policy::{Level, Policy};
