//! Connections whose opening handshake an HTTP library reads: hyper, axum, h2.

#[cfg(feature = "axum")]
mod axum_extractor;
#[cfg(feature = "h2")]
mod h2_streams;
#[cfg(feature = "hyper")]
mod hyper_upgrade;
