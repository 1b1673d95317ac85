//! A WebSocket protocol engine: bytes in, events out; intent in, bytes out.
//!
//! `wsproto` implements the WebSocket protocol ([RFC 6455]) for servers and clients, and nothing else: it does no I/O, keeps no
//! clock, draws no randomness and spawns no thread. It is `no_std`, its core does not allocate, it contains no `unsafe`, and no
//! input from a peer makes it panic. It checks every rule that the RFC sets for a peer. The program reads and writes; the engine
//! says what was read and what to write: over std, tokio, mio, or a UART. For a ready-made WebSocket over tokio, see the crate
//! `tokio-wsproto`.
//!
//! # A server
//!
//! An echo server, opening handshake included:
//!
//! ```no_run
//! # #[cfg(all(feature = "handshake", feature = "alloc"))]
//! use std::io::{Error, Read, Result, Write};
//! # #[cfg(all(feature = "handshake", feature = "alloc"))]
//! use wsproto::{Limits, Server, Session, handshake::{Choice, Request, RequestDecoder}};
//!
//! # #[cfg(all(feature = "handshake", feature = "alloc"))]
//! fn serve(mut stream: std::net::TcpStream) -> Result<()> {
//!     let (mut head, mut out, mut decoder) = (vec![0; 8192], Vec::new(), RequestDecoder::new());
//!     let mut filled = 0;
//!     let found = loop {
//!         filled += stream.read(&mut head[filled..])?;
//!         match decoder.decode(&head[..filled]) {
//!             Ok(Some(found)) => break found,
//!             Ok(None) => {}
//!             Err(error) => { error.answer().append(&mut out); stream.write_all(&out)?; return Err(Error::other(error)) }
//!         }
//!     };
//!     let Request::WebSocket(handshake) = found.request(&head) else { return Ok(()) }; // serve a page
//!     handshake.accept(Choice::default()).map_err(Error::other)?.append(&mut out);
//!     let mut session = Session::new(Server, Limits::new(), Vec::new());
//!     session.push(&head[found.end()..filled]);
//!     loop { // the turn: take all, reply, write, ask, read
//!         let outcome = session.turn(&mut out, |message, sender, out| match message.is_data() {
//!             true => sender.frame().append(message, out),
//!             false => Ok(()), // a control frame's reply is appended by itself
//!         });
//!         stream.write_all(&out)?;
//!         out.clear();
//!         outcome.map_err(Error::other)?; // the Close frame that names the error is on its way
//!         if session.should_close_transport() { return Ok(()) }
//!         match stream.read(session.buffer())? {
//!             0 => return session.receive_eof().map_err(Error::other),
//!             n => session.filled(n),
//!         }
//!     }
//! }
//! ```
//!
//! [The turn](session#the-turn) is the contract of every program that drives a session. Guides and examples in the repository
//! show it over each kind of I/O.
//!
//! # Layers
//!
//! Each layer is public, and each uses only those below it. Take the highest that does what you need.
//!
//! | layer | what it does | take it when |
//! |---|---|---|
//! | [`session`] | whole messages over one buffer; keeps the reply that is due | you write a server or a client |
//! | [`connection`] | the state machine: events in pieces, no buffer at all | messages are larger than memory, or you proxy them |
//! | `handshake` | the opening handshake, over bytes or header fields | always, unless the transport has one of its own |
//! | [`wire`] | one frame, one mask, one close code | you write a tool, a test, or a stack of your own |
//!
//! Beside them, [`error`] has the error types: the peer's fault, the caller's fault and lack of space are three. [`deadlines`] says
//! when to wake up, ping and give up, without a clock; [`backoff`] when to connect again.
//!
//! # Limits
//!
//! Everything that a peer can make this end hold is limited, by default to little. Nothing is ever reserved because a header
//! announced it, and the cost of receiving is linear in the bytes that came, however they were cut.
//!
//! | limit | default | above it |
//! |---|---|---|
//! | [`Limits::max_frame_payload`] | 1 MiB | fails from the frame's header, 1009 |
//! | [`Limits::max_message_size`], also of what is decompressed | 1 MiB | fails from the header that takes it there, or while it comes out, 1009 |
//! | [`Limits::max_fragments`] of a message, empty ones too | 1,024 | 1008 |
//! | [`Limits::max_control_frames`] between two fragments | 128 | 1008 |
//! | a control frame's payload ([RFC 6455 §5.5]) | 125 bytes, fixed | 1002 |
//! | a handshake's head, `handshake::HeadLimits::bytes` | 8 KiB | 431 |
//! | its field lines, `handshake::HeadLimits::fields` | 100 | 431 |
//! | replies that wait to be sent, [`connection::Reply`] | one, 125 bytes | the latest Ping's Pong; a Close frame before any |
//!
//! # Security
//!
//! * **Origin.** A browser sends cookies along with every opening handshake, whichever site's page begins it. A server that knows
//!   its users by cookies has to check the handshake's `origin` and refuse foreign ones; the engine does not know which are yours.
//! * **Masking keys** and the nonce of a client's handshake come from the caller, fresh, from a source that nobody can
//!   predict: [`MaskingKeys`]. A counter or a fixed key lets a script choose what proxies see.
//! * **Limits** bound memory, not time: [`deadlines`] for the handshake, for silence and for a peer that doesn't read bound
//!   that. A rate is the caller's.
//! * **Compression** of a secret beside what someone else has chosen reveals the secret by the length: send such messages
//!   with `FrameEncoder::uncompressed`.
//! * Received data is checked for the protocol's sake alone. A name in a text may still be markup to a page.
//!
//! # Features
//!
//! * `simd`: checks UTF-8 with the vectors that the CPU turns out to have. **Text that is not ASCII is several times slower
//!   without it.** Brings in `simdutf8`, with `std`.
//! * `handshake` (default): the opening handshake. Brings in `sha1` and `base64`, each without its `std`. Without
//!   it the crate has no dependency.
//! * `alloc`: a [`Session`] over a `Vec<u8>` that grows with what arrives, and `append` beside every `encode`.
//! * `getrandom`: masking keys and nonces from the operating system. Brings in `getrandom`.
//! * `deflate`: compresses messages by permessage-deflate ([RFC 7692]), see `Session::with_deflate` and [`mod@deflate`].
//!   Brings in `alloc`, and no dependency.
//! * `zlib-rs`: compresses with zlib-rs instead, for bulk and ratio, with `std` and some `unsafe` of its own.
//!
//! # Not in it
//!
//! TLS, sockets, reconnection, rooms, other extensions than permessage-deflate.
//!
//! [RFC 6455]: https://www.rfc-editor.org/rfc/rfc6455
//! [RFC 6455 §5.5]: https://www.rfc-editor.org/rfc/rfc6455#section-5.5
//! [RFC 7692]: https://www.rfc-editor.org/rfc/rfc7692

#![no_std]
// docs.rs shows which feature brings an item.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]
#![warn(missing_docs, missing_debug_implementations, unreachable_pub)]
// No input may panic: what could is not written in the first place.
#![warn(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unreachable,
    clippy::unwrap_used
)]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod backoff;
pub mod connection;
pub mod deadlines;
pub mod deflate;
pub mod error;
#[cfg(feature = "handshake")]
pub mod handshake;
pub mod session;
pub mod wire;

#[cfg(feature = "getrandom")]
pub use connection::RandomKeys;
pub use connection::{Client, Connection, Event, Limits, MaskingKeys, Message, MessageKind, Server};
pub use error::{Misuse, ProtocolError, SendError};
pub use session::Session;
pub use wire::{CloseCode, CloseFrame, MaskingKey};

/// Compiles the README's example.
#[cfg(all(doctest, feature = "handshake", feature = "alloc"))]
#[doc = include_str!("../README.md")]
struct Readme;

/// Compiles the guides' programs. Those that need other crates are compiled by `docs/programs`.
#[cfg(all(doctest, feature = "handshake", feature = "alloc", feature = "getrandom"))]
mod guides {
    #[doc = include_str!("../docs/adapter.md")]
    struct Adapter;

    #[doc = include_str!("../docs/buffers.md")]
    struct Buffers;

    #[doc = include_str!("../docs/deploying.md")]
    struct Deploying;

    #[doc = include_str!("../docs/http2-http3.md")]
    struct Http2Http3;
}
