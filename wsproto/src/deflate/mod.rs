//! Compression by permessage-deflate ([RFC 7692]): what this end wants, what both ends agreed on, and the engines.
//!
//! A [`Policy`] says what this end wants, as a server or as a client. The opening handshake turns it and the peer's
//! offer or answer into [`Parameters`]: `handshake::permessage_deflate`, pure functions. With feature `deflate`,
//! [`Session::with_deflate`](crate::Session) takes both. `Compressor` and `Inflater` are for programs that write
//! frames themselves.
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
#[cfg(feature = "deflate")]
mod error;
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
#[cfg(feature = "deflate")]
mod progress;
#[cfg(all(feature = "deflate", not(feature = "zlib-rs")))]
mod writer;

#[cfg(feature = "deflate")]
pub use compressor::Compressor;
#[cfg(feature = "deflate")]
pub use error::InflateError;
#[cfg(feature = "deflate")]
pub use inflater::Inflater;
#[cfg(feature = "deflate")]
pub(crate) use outbound::Outbound;
pub use params::{Parameters, WindowBits};
pub use policy::{Level, Policy};
#[cfg(feature = "deflate")]
pub use progress::Progress;
