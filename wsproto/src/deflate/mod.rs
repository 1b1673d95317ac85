//! permessage-deflate ([RFC 7692]): what is wanted of it, and what both ends agreed on.
//!
//! A [`Policy`] says what this end wants, as a server or as a client. The opening handshake makes [`Parameters`] of it
//! and of what the peer offers or answers: `handshake::deflate`, pure functions.
//!
//! [RFC 7692]: https://www.rfc-editor.org/rfc/rfc7692

#[cfg(feature = "deflate")]
mod bits;
#[cfg(all(feature = "deflate", not(feature = "zlib-rs")))]
mod block;
#[cfg(feature = "deflate")]
mod code;
#[cfg(feature = "deflate")]
mod compressor;
#[cfg(feature = "deflate")]
mod decoder;
#[cfg(all(feature = "deflate", not(feature = "zlib-rs")))]
#[path = "encoder.rs"]
mod engine;
#[cfg(feature = "zlib-rs")]
#[path = "zlib.rs"]
mod engine;
#[cfg(all(feature = "deflate", not(feature = "zlib-rs")))]
mod finder;
#[cfg(feature = "deflate")]
mod history;
#[cfg(all(feature = "deflate", not(feature = "zlib-rs")))]
mod huffman;
#[cfg(feature = "deflate")]
mod inflater;
#[cfg(feature = "deflate")]
mod outbound;
mod params;
mod policy;
#[cfg(all(feature = "deflate", not(feature = "zlib-rs")))]
mod writer;

#[cfg(feature = "deflate")]
pub use compressor::{Compressed, Compressor};
#[cfg(feature = "deflate")]
pub use inflater::{InflateError, Inflated, Inflater};
#[cfg(feature = "deflate")]
pub(crate) use outbound::Outbound;
pub use params::{InvalidWindowBits, Parameters, WindowBits};
pub use policy::{InvalidLevel, Level, Policy};
