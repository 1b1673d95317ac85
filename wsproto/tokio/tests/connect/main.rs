//! The client, against servers and proxies that follow a script, and against tungstenite.

mod opening;
mod proxy;
mod redirects;
mod refused;
mod support;
#[cfg(feature = "rustls")]
mod tls;
