//! WebSocket connections over blocking sockets.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]
#![warn(missing_docs, missing_debug_implementations, unreachable_pub)]

mod connect;
mod drive;
mod link;
mod out;
mod patience;
mod server;
mod socket;
mod split;
mod tls;
mod transport;
mod way;

pub use wsproto;
pub use wsproto::deadlines::{Deadline, Timeouts};
pub use wsproto::deflate::Policy;
pub use wsproto::{CloseCode, CloseFrame, Limits, MessageKind, Misuse, ProtocolError, Server};
#[doc(inline)]
pub use wsproto_adapter::{
    Accept, AcceptError, Agreed, AsMessage, Client, ConnectError, Error, Fault, Message, Options, Prepared,
    ProxyError, RedirectError, Response, SocksError, Step, ThreadKeys, backoff,
};
pub use wsproto_adapter::{ByteString, Bytes};

pub use connect::{Connect, connect};
pub use out::Out;
#[cfg(feature = "rustls")]
#[cfg_attr(docsrs, doc(cfg(feature = "rustls")))]
pub use rustls;
pub use server::{Handshake, Opening, Plain, accept, accept_with};
pub use socket::WebSocket;
pub use split::{Reader, Writer};
pub use tls::{MaybeTls, MaybeTlsInput, MaybeTlsOutput};
#[cfg(feature = "rustls")]
#[cfg_attr(docsrs, doc(cfg(feature = "rustls")))]
pub use tls::{TlsInput, TlsOutput};
pub use transport::{Input, Output, Split, Untimed};
