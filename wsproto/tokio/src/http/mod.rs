//! Connections whose opening handshake an HTTP library reads.

mod decide;
#[cfg(feature = "axum")]
pub mod extract;
#[cfg(feature = "h2")]
pub mod http2;
mod refusal;
#[cfg(feature = "hyper")]
pub mod upgrade;

pub use refusal::Refusal;
