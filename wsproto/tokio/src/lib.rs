//! WebSocket connections over tokio, as [`wsproto`] has their protocol: a socket that owns its transport,
//! answers Pings, sends a heartbeat, keeps deadlines and limits, compresses, and whose every method is cancel
//! safe.
//!
//! A server, which ends all its connections in order at Ctrl-C:
//!
//! ```no_run
//! use tokio_wsproto::{Accept, Handshake, Serve};
//!
//! async fn echo<T>(handshake: Handshake<T>) -> Result<(), Box<dyn std::error::Error + Send + Sync>>
//! where
//!     T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
//! {
//!     let mut socket = handshake.accept(Accept::new()).await?;
//!     while let Some(message) = socket.recv().await? {
//!         socket.feed(message)?; // written when `recv` waits, many at once
//!     }
//!     Ok(())
//! }
//!
//! #[tokio::main]
//! async fn main() -> std::io::Result<()> {
//!     let listener = tokio::net::TcpListener::bind("127.0.0.1:9001").await?;
//!     let handler = |handshake| async { echo(handshake).await.unwrap_or_else(|error| eprintln!("{error}")) };
//!     Serve::new(listener).run(handler, tokio::signal::ctrl_c()).await;
//!     Ok(())
//! }
//! ```
//!
//! Over a stream of your own it is [`accept(stream)`](accept); behind somebody else's handshake
//! [`WebSocket::from_upgraded`].
//!
//! A client; [`Connect`] has header fields, proxies, TLS of one's own and more:
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let mut socket = tokio_wsproto::connect("wss://chat.example/rooms/1").await?;
//! socket.send("Hello").await?;
//! while let Some(message) = socket.recv().await? {
//!     println!("{:?}", message.as_text());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # What runs by itself
//!
//! Everything that a connection asks for is done inside of [`recv`](WebSocket::recv), so call it at all
//! times, also where nothing is to be received. A task that waits elsewhere answers no Ping. If that can't
//! be, [`split`](WebSocket::split) the socket.
//!
//! | by default | |
//! |---|---|
//! | a Ping after 30 s of silence, the end after 30 s more | any byte that comes is a sign of life |
//! | 10 s for the opening handshake, 5 s for the answer to a Close frame, 30 s to write anything | [`Timeouts`] |
//! | messages of at most 1 MiB | [`Options::with_max_message_size`] |
//! | compression where the peer does it too, without context takeover | [`Options::with_deflate`] |
//! | pages of other hosts are refused | [`Options::allow_origins`] |
//! | no more is received while 64 KiB wait to be written | [`Options::with_high_water`] |
//!
//! # Ends and errors
//!
//! `recv` returns `None` behind a closing handshake, whatever its code; [`close_code`](WebSocket::close_code) and
//! [`close_reason`](WebSocket::close_reason) tell it. All else is an [`Error`], which says whose [`Fault`] it was, and
//! [whether the peer is just gone](Error::is_gone), which is nothing to log.
//!
//! # Cancel safety
//!
//! All state is in the socket. Every future of this crate that has a connection may be dropped at any await,
//! and so stand in a `select!`: no message is lost or comes twice, no frame is cut. A message that `send` has
//! begun to send is queued, and leaves with whatever is called next. The futures of opening handshakes own
//! their stream: dropped, they close it.
//!
//! # Memory
//!
//! Connections share the buffers and the compressor of their thread. An idle one holds none, whether
//! compression was agreed on or not. A message larger than the memory can be received
//! [in pieces](WebSocket::recv_piece).
//!
//! # Features
//!
//! * `futures`: `Stream` and `Sink` for [`WebSocket`], [`Reader`] and [`Writer`].
//! * `tracing`: a span for each connection, and one event for its end.
//! * `zlib-rs`: compresses faster. `simd`: checks UTF-8 faster.
//! * `rustls-webpki-roots`, `rustls-native-roots`: [`connect`] to `wss` URLs, for certificates of the
//!   authorities that Mozilla or the operating system trusts, of both if both are on; by rustls with ring.
//!   `rustls`: the same with a configuration of your own (`Connect::tls`) and whatever provider that has.
//!   Without any of them `wss` is an error, [`ConnectError::TlsMissing`].
//! * `hyper`: `upgrade`, for handshakes that hyper reads. `axum`: `extract`, an extractor. `h2`: `http2` and
//!   `Connect::over_http2`, streams of HTTP/2; together with `hyper`, upgrades of hyper over HTTP/2.
//!   [`Connections`] bounds their number and ends them in order, as [`Serve`] does with its own.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]
#![warn(missing_docs, missing_debug_implementations, unreachable_pub)]

mod agreed;
mod broadcast;
mod byte_stream;
mod clock;
mod drive;
#[cfg(feature = "futures")]
mod futures;
mod out;
mod outbox;
mod pieces;
mod prepared;
mod server;
mod socket;
mod split;
mod trace;
mod waiting;
mod wakers;
mod way;

mod connect;
#[cfg(any(feature = "h2", feature = "hyper"))]
mod http;
mod proxy;
mod tls;

/// What `wakers` takes from here, a test takes from loom.
mod sync {
    pub(crate) use std::sync::Mutex;
}

pub use wsproto;
pub use wsproto::connection::{Data, Fragment};
pub use wsproto::deadlines::{Deadline, Timeouts};
pub use wsproto::deflate::Policy;
pub use wsproto::{CloseCode, CloseFrame, Limits, MessageKind, Misuse, ProtocolError, Server};

use wsproto_adapter::shared::pool;
#[doc(inline)]
pub use wsproto_adapter::{
    Accept, AcceptError, Agreed, AsMessage, Client, ConnectError, Counters, Error, Fault, Message, Options,
    Piece, Prepared, ProxyError, RedirectError, Response, SocksError, Step, ThreadKeys, Traffic, backoff,
};
pub use wsproto_adapter::{ByteString, Bytes};

pub use agreed::Received;
pub use broadcast::{Broadcast, Lagged, Listener};
pub use byte_stream::ByteStream;
pub use out::Out;
pub use server::{
    Connections, Handshake, Opening, Place, Plain, Serve, Served, Trouble, accept, accept_with,
};
pub use socket::WebSocket;
pub use split::{Reader, Writer};

pub use connect::{Connect, connect};
pub use tls::MaybeTls;
#[cfg(feature = "rustls")]
#[cfg_attr(docsrs, doc(cfg(feature = "rustls")))]
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

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
