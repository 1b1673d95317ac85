//! As much of HTTP/3 ([RFC 9114]) as a WebSocket takes ([RFC 9220]), on the quinn crate's QUIC.
//!
//! The h3 crate is not used: its version 0.0.8 knows two values of `:protocol`, and refuses `websocket`.
//!
//! [RFC 9114]: https://www.rfc-editor.org/rfc/rfc9114
//! [RFC 9220]: https://www.rfc-editor.org/rfc/rfc9220

#![forbid(unsafe_code)]

pub mod connection;
pub mod frame;
pub mod stream;
