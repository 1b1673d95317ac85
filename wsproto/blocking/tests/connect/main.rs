//! The client, against servers and proxies that follow a script, and against tungstenite.

#[path = "../common/mod.rs"]
mod common;
mod opening;
mod proxy;
mod redirects;
mod refused;
mod support;
#[cfg(feature = "rustls")]
mod tls;
#[cfg(feature = "rustls")]
#[path = "../common/tls.rs"]
mod tls_configs;
