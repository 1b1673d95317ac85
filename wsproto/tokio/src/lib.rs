//! WebSocket connections over tokio.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]
#![warn(missing_docs, missing_debug_implementations, unreachable_pub)]

mod broadcast;
mod byte_stream;
mod clock;
mod drive;
mod error;
#[cfg(feature = "futures")]
mod futures;
mod keys;
mod message;
mod options;
mod out;
mod outbox;
mod pool;
mod prepared;
mod server;
mod socket;
mod split;
mod wakers;
mod way;

pub mod backoff;
mod connect;
#[cfg(any(feature = "h2", feature = "hyper"))]
mod http;
mod proxy;
mod tls;

pub use bytes::Bytes;
pub use bytestring::ByteString;
pub use wsproto;
pub use wsproto::deadlines::{Deadline, Timeouts};
pub use wsproto::deflate::Policy;
pub use wsproto::{CloseCode, CloseFrame, Limits, MessageKind, Misuse, ProtocolError, Server};

pub use broadcast::{Broadcast, Lagged, Listener};
pub use byte_stream::ByteStream;
pub use error::{Error, Fault};
pub use keys::{Client, ThreadKeys};
pub use message::{AsMessage, Message};
pub use options::Options;
pub use out::Out;
pub use prepared::Prepared;
pub use server::{Accept, AcceptError, Handshake, Opening, Plain, Serve, Served, accept, accept_with};
pub use socket::{Agreed, Received, WebSocket};
pub use split::{Reader, Writer};

pub use connect::{Connect, ConnectError, RedirectError, Response, Step, connect};
pub use proxy::{ProxyError, SocksError};
pub use tls::MaybeTls;
#[cfg(feature = "rustls")]
pub use tokio_rustls::rustls;

#[cfg(any(feature = "h2", feature = "hyper"))]
#[cfg_attr(docsrs, doc(cfg(any(feature = "h2", feature = "hyper"))))]
pub use http::Refusal;
#[cfg(feature = "axum")]
#[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
pub use http::extract;
#[cfg(feature = "h2")]
#[cfg_attr(docsrs, doc(cfg(feature = "h2")))]
pub use http::http2;
#[cfg(feature = "hyper")]
#[cfg_attr(docsrs, doc(cfg(feature = "hyper")))]
pub use http::upgrade;
