//! WebSocket connections over blocking sockets, as [`wsproto`] has their protocol: a socket that owns its transport, answers Pings,
//! sends a heartbeat, keeps deadlines and limits, and compresses. No async, and no thread of its own.
//!
//! A server:
//!
//! ```no_run
//! fn echo(stream: std::net::TcpStream) -> Result<(), Box<dyn std::error::Error>> {
//!     let mut socket = wsproto_blocking::accept(stream)?;
//!     while let Some(message) = socket.recv()? {
//!         socket.feed(message)?; // written when `recv` waits, many at once
//!     }
//!     Ok(())
//! }
//! ```
//!
//! [`Handshake`] is for a look at the request before; behind somebody else's handshake it is [`WebSocket::from_upgraded`].
//!
//! A client; [`Connect`] has header fields, proxies, TLS of one's own and more:
//!
//! ```no_run
//! # fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let mut socket = wsproto_blocking::connect("wss://chat.example/rooms/1")?;
//! socket.send("Hello")?;
//! while let Some(message) = socket.recv()? {
//!     println!("{:?}", message.as_text());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # What runs by itself
//!
//! Everything that a connection asks for is done inside of [`recv`](WebSocket::recv), so call it at all times, also where nothing is to be
//! received. A thread that waits elsewhere answers no Ping. If that can't be, [`split`](WebSocket::split) the socket.
//!
//! | by default | |
//! |---|---|
//! | a Ping after 30 s of silence, the end after 30 s more | any byte that comes is a sign of life |
//! | 10 s for the opening handshake, 5 s for the answer to a Close frame, 30 s for the transport to take anything | [`Timeouts`] |
//! | messages of at most 1 MiB | [`Options::with_max_message_size`] |
//! | compression where the peer does it too, without context takeover | [`Options::with_deflate`] |
//! | pages of other hosts are refused | [`Options::allow_origins`] |
//! | what waits is written before more is given, above 64 KiB | [`Options::with_high_water`] |
//!
//! # Transports
//!
//! | transport | |
//! |---|---|
//! | [`TcpStream`](std::net::TcpStream), `UnixStream` | at their best: they have time limits, and can be split |
//! | [`MaybeTls`], what [`connect`] gives; with feature `rustls` also `rustls::StreamOwned`, of a client or a server | the same, over TLS |
//! | anything else that reads and writes, in [`Untimed`] | deadlines are looked at when a read or a write returns |
//! | a type of your own that implements [`Input`], [`Output`] and [`Split`] | what it says it can |
//!
//! The crate sets the time limits of reads and writes itself. Those of your own are overwritten.
//!
//! # Sockets that don't block
//!
//! Make the opening handshake first, then set the stream to not block: [`WebSocket::get_ref`] returns it. From then on methods that would
//! wait return [`Error::Io`] with [`WouldBlock`](std::io::ErrorKind::WouldBlock), nothing is lost, and the same call goes on later.
//! [`wants_write`](WebSocket::wants_write) says whether to wait for room, too, and [`wake_up`](WebSocket::wake_up) when to call
//! although nothing has come.
//!
//! # Ends and errors
//!
//! `recv` returns `None` behind a closing handshake, whatever its code; [`close_code`](WebSocket::close_code) and
//! [`close_reason`](WebSocket::close_reason) tell it. All else is an [`Error`], which says whose [`Fault`] it was, and
//! [whether the peer is just gone](Error::is_gone), which is nothing to log.
//!
//! # Features
//!
//! * `rustls-webpki-roots`, `rustls-native-roots`: [`connect`] to `wss` URLs, for certificates of the authorities that Mozilla or the operating
//!   system trusts, of both if both are on; by rustls with ring. `rustls`: the same with a configuration of your own
//!   (`Connect::tls`) and whatever provider that has. Without any of them `wss` is an error, [`ConnectError::TlsMissing`].
//! * `zlib-rs`: compresses faster. `simd`: checks UTF-8 faster.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]
#![warn(missing_docs, missing_debug_implementations, unreachable_pub)]

mod connect;
mod drive;
mod link;
mod out;
mod patience;
mod pieces;
mod server;
mod socket;
mod split;
mod tls;
mod transport;
mod way;

pub use wsproto;
pub use wsproto::connection::{Data, Fragment};
pub use wsproto::deadlines::{Deadline, Timeouts};
pub use wsproto::deflate::Policy;
pub use wsproto::{CloseCode, CloseFrame, Limits, MessageKind, Misuse, ProtocolError, Server};
#[doc(inline)]
pub use wsproto_adapter::{
    Accept, AcceptError, Agreed, AsMessage, Client, ConnectError, Counters, Error, Fault, Message, Options,
    Piece, Prepared, ProxyError, RedirectError, Response, SocksError, Step, ThreadKeys, Traffic, backoff,
};
pub use wsproto_adapter::{ByteString, Bytes};

pub use connect::{Connect, connect};
pub use out::Out;
#[cfg(feature = "rustls")]
#[cfg_attr(docsrs, doc(cfg(feature = "rustls")))]
pub use rustls;
pub use server::{Handshake, Opening, Plain, accept, accept_with, incoming};
pub use socket::WebSocket;
pub use split::{Reader, Writer};
pub use tls::{MaybeTls, MaybeTlsInput, MaybeTlsOutput};
#[cfg(feature = "rustls")]
#[cfg_attr(docsrs, doc(cfg(feature = "rustls")))]
pub use tls::{TlsInput, TlsOutput};
pub use transport::{Input, Output, Split, Untimed};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
