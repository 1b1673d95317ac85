#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]
#![warn(missing_docs, missing_debug_implementations, unreachable_pub)]

mod accept_error;
mod agreed;
pub mod backoff;
mod connect;
mod counters;
mod error;
mod keys;
mod message;
mod negotiate;
mod options;
mod piece;
#[doc(hidden)]
pub mod pool;
mod prepared;
mod proxy;

pub use bytes::Bytes;
pub use bytestring::ByteString;

pub use accept_error::AcceptError;
pub use agreed::Agreed;
pub use connect::{ConnectError, RedirectError, Response, Step};
pub use counters::{Counters, Traffic};
pub use error::{Error, Fault};
pub use keys::{Client, ThreadKeys};
pub use message::{AsMessage, Message};
pub use negotiate::Accept;
pub use options::Options;
pub use piece::Piece;
pub use prepared::Prepared;
pub use proxy::{ProxyError, SocksError};

/// For the crates that build on this one, and changing with them: not for programs.
#[doc(hidden)]
pub mod shared {
    pub use crate::agreed::Closed;
    pub use crate::connect::{HEAD, Plan, Request};
    pub use crate::error::is_gone;
    pub use crate::negotiate::{Negotiated, negotiate};
    pub use crate::pool;
    pub use crate::proxy::{Progress, Proxy, Route, Tunnel};
}
