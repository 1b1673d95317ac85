//! What the examples share: copy what you need.

pub mod h2_stream;
pub mod handshake;
pub mod server;
pub mod socket;

/// A connection of a server, with whole messages over memory that grows with what comes.
pub type Session = wsproto::Session<wsproto::Server, Vec<u8>>;

/// Anything that ends a connection.
pub type Error = Box<dyn std::error::Error + Send + Sync>;
