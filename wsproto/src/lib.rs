//! A WebSocket protocol engine: bytes in, events out; intent in, bytes out.
//!
//! `wsproto` speaks the WebSocket protocol ([RFC 6455]) for both roles, and does nothing else: no I/O, no clock, no
//! randomness, no threads. It is `no_std`, its core does not allocate, there is no `unsafe` in it, and no input of a
//! peer makes it panic. It checks every rule that the RFC has for a peer. You read and write, it tells you
//! what was read and what to write: over std, tokio, mio, or a UART.
//!
//! # Layers
//!
//! Each is public, each uses only those below it; take the highest that does what you need.
//!
//! | layer | what it does | take it when |
//! |---|---|---|
//! | [`session`] | whole messages over one buffer; replies are ready to be sent | you write a server or a client |
//! | [`connection`] | the state machine: events in pieces, no buffer at all | messages are larger than memory, or you proxy them |
//! | `handshake` | the opening handshake, over bytes or header fields | always, but for transports that have their own |
//! | [`wire`] | one frame, one mask, one close code | you write a tool, a test, or a stack of your own |
//!
//! [`error`] has the error types: what the peer did wrong, what the caller did wrong, and lack of space are three.
//!
//! # The loop
//!
//! One connection, from the first byte to the last; whoever waits for the transport, and how, is yours to choose:
//!
//! ```text
//!    transport ──▶ session.buffer()      read what there is, or `push` what was read elsewhere
//!                        │ filled(n)
//!                        ▼
//!        ┌──▶ incoming.next(reply) ──▶ a message: answer it with sender.frame()…
//!        └─────────────┘ │ None, or an error
//!                        ▼
//!        encode_reply ──▶ transport      the Pong or the Close frame that is due, if any; after an error too
//!                        │
//!                        ▼
//!        should_close_transport()?       yes: close it. At its end: receive_eof()
//! ```
//!
//! As a program it stands at [`session`]; the guides and examples of the repository have it for each kind of I/O.
//!
//! # Limits
//!
//! All that a peer can make this end hold is limited, by default to little. Nothing is ever reserved
//! because a header announced it, and the cost of receiving is linear in the bytes that came, however they were cut.
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
//!   its users by them has to look at `Upgrade::origin` and refuse foreign ones; the engine does not know which are yours.
//! * **Masking keys** of a client, and the nonce of its handshake, come from the caller: each fresh, from a source that nobody can
//!   predict, such as the `getrandom` crate; see [`MaskingKey`]. A counter or a fixed key lets a script choose what proxies see.
//! * **Limits** bound memory, not time: deadlines for the handshake, for silence and for a peer that doesn't read are the
//!   caller's, as is a rate.
//! * **Compression** of a secret beside what someone else has chosen tells of the secret by the length: send such messages
//!   with `FrameEncoder::uncompressed`.
//! * What comes from a peer is checked for the protocol's sake alone. Names in a text may still be markup to a page.
//!
//! # Features
//!
//! * `handshake` (default): the opening handshake. Brings in `sha1`, `base64` and `httparse`, each without its `std`.
//!   Without it the crate has no dependency.
//! * `alloc`: a [`Session`] over a `Vec<u8>` that grows with what arrives. Nothing else allocates.
//! * `deflate`: messages are compressed by permessage-deflate (RFC 7692), see `Session::with_deflate` and
//!   [`mod@deflate`]. Brings in `alloc` and `miniz_oxide`, which compresses, without `std` and `unsafe`; the decoder is ours.
//! * `zlib-rs`: the same, compressed by zlib-rs, several times as fast, with `std` and some `unsafe` of its own.
//! * `simd`: text is checked with the vectors that the CPU turns out to have: several times faster where it is not
//!   ASCII. Brings in `simdutf8`, with `std`.
//!
//! # What is not in it
//!
//! TLS, sockets, timeouts, reconnection, rooms, other extensions than permessage-deflate.
//!
//! [RFC 6455]: https://www.rfc-editor.org/rfc/rfc6455
//! [RFC 6455 §5.5]: https://www.rfc-editor.org/rfc/rfc6455#section-5.5

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
#[cfg(all(doctest, feature = "handshake"))]
#[doc = include_str!("../README.md")]
struct Readme;

/// Compiles the guides' programs. Those that need other crates are compiled by `docs/programs`.
#[cfg(all(doctest, feature = "handshake", feature = "alloc"))]
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
