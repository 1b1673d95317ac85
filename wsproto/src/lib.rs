//! A WebSocket protocol engine: bytes in, events out; intent in, bytes out.
//!
//! `wsproto` implements the WebSocket protocol ([RFC 6455]) for servers and clients, and nothing else: it does no I/O,
//! keeps no clock, draws no randomness and spawns no thread. It is `no_std`, its core does not allocate, it contains
//! no `unsafe`, and no input from a peer makes it panic. It checks every rule that the RFC sets for a peer. The
//! program reads and writes; the engine says what was read and what to write, whether over std, tokio, mio, or a UART.
//! For a ready-made WebSocket over tokio, see the crate `tokio-wsproto`.
//!
//! # A server
//!
//! An echo server, opening handshake included. It needs the feature `alloc` (`cargo add wsproto --features alloc`):
//!
#![cfg_attr(all(feature = "handshake", feature = "alloc"), doc = "```")]
#![cfg_attr(not(all(feature = "handshake", feature = "alloc")), doc = "```text")]
//! # use std::error::Error;
//! use std::io::{Read, Write};
//! use wsproto::handshake::{Choice, Request, RequestDecoder};
//! use wsproto::{Limits, Server, Session};
//!
//! fn serve(mut stream: impl Read + Write) -> Result<(), Box<dyn Error>> {
//!     let (mut head, mut out, mut decoder) = (Vec::new(), Vec::new(), RequestDecoder::new());
//!     let found = loop {
//!         let mut bytes = [0; 1024];
//!         match stream.read(&mut bytes)? {
//!             0 => return Err("the client left before it had asked".into()),
//!             n => head.extend_from_slice(&bytes[..n]),
//!         }
//!         match decoder.decode(&head) {
//!             Ok(None) => {}
//!             Ok(Some(found)) => break found,
//!             Err(error) => { error.answer().append(&mut out); stream.write_all(&out)?; return Err(error.into()) }
//!         }
//!     };
//!     let Request::WebSocket(handshake) = found.request(&head) else { return Ok(()) }; // plain HTTP: serve a page here
//!     handshake.accept(Choice::default())?.append(&mut out);
//!     let mut session: Session<Server, Vec<u8>> = Session::new(Server, Limits::new(), Vec::new());
//!     session.push(&head[found.end()..]); // what the client sent right behind its request
//!     loop { // the turn: take all, reply, write, ask, read
//!         let outcome = session.turn(&mut out, |message, sender, out| {
//!             if message.is_data() { sender.frame().append(message, out) } else { Ok(()) } // control frames are answered
//!         });
//!         stream.write_all(&out)?;
//!         out.clear();
//!         outcome?; // the Close frame that names the error is on its way
//!         if session.should_close_transport() { return Ok(()) }
//!         match stream.read(session.buffer())? {
//!             0 => return Ok(session.receive_eof()?),
//!             n => session.filled(n),
//!         }
//!     }
//! }
//! # struct Transport<'a>(&'a [u8], Vec<u8>);
//! # impl Read for Transport<'_> { fn read(&mut self, b: &mut [u8]) -> std::io::Result<usize> { self.0.read(b) } }
//! # impl Write for Transport<'_> {
//! #     fn write(&mut self, b: &[u8]) -> std::io::Result<usize> { self.1.write(b) }
//! #     fn flush(&mut self) -> std::io::Result<()> { Ok(()) }
//! # }
//! # let request = b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
//! #     Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
//! # let hello = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
//! # // An echo and a closing handshake.
//! # let bytes = [&request[..], hello, b"\x88\x80\0\0\0\0"].concat();
//! # let mut transport = Transport(&bytes, Vec::new());
//! # serve(&mut transport).unwrap();
//! # assert!(transport.1.starts_with(b"HTTP/1.1 101 ") && transport.1.ends_with(b"\x81\x05Hello\x88\x00"));
//! # // A frame without a mask: the Close frame goes out, and the error is seen.
//! # let bytes = [&request[..], b"\x81\x05Hello"].concat();
//! # let mut transport = Transport(&bytes, Vec::new());
//! # assert!(serve(&mut transport).unwrap_err().to_string().contains("not masked"));
//! # assert!(transport.1.windows(4).any(|close| close[0] == 0x88 && close[2..] == *b"\x03\xea"));
//! # // A client that leaves in the middle of its request, and one that sends none.
//! # assert!(serve(&mut Transport(&request[..20], Vec::new())).unwrap_err().to_string().contains("left"));
//! # let mut transport = Transport(b"\x16\x03\x01", Vec::new());
//! # assert!(serve(&mut transport).is_err() && transport.1.starts_with(b"HTTP/1.1 400 "));
//! ```
//!
//! [The turn](session#the-turn) is the contract of every program that drives a session. Guides and examples in the
//! repository show it over each kind of I/O.
//!
//! # Layers
//!
//! Each layer is public, and each uses only those below it. Take the highest that does what you need.
//!
//! | layer | what it does | take it when |
//! |---|---|---|
//! | [`session`] | whole messages over one buffer; keeps the reply that is due | you write a server or a client |
//! | [`connection`] | the state machine: events in pieces, no buffer | messages are larger than memory, or passed on |
//! | `handshake` | the opening handshake, over bytes or header fields | always, unless the transport has its own |
//! | [`wire`] | one frame, one mask, one close code | you write a tool, a test, or a stack of your own |
//!
//! Beside them, [`error`] has the error types: the peer's fault, the caller's fault and lack of space are three separate
//! types. [`deadlines`] says when to wake up, ping and give up, without a clock. [`backoff`] says when to connect again.
//!
//! # Limits
//!
//! Everything that a peer can make this end hold is limited, by default to little. Nothing is ever reserved because a
//! header announced it, and the cost of receiving is linear in the bytes that came, however they were cut.
//!
//! | limit | default | above it |
//! |---|---|---|
//! | [`Limits::max_frame_payload`] | 1 MiB | fails as soon as the frame's header is there, 1009 |
//! | [`Limits::max_message_size`], also decompressed | 1 MiB | fails from the header, or on decompression, 1009 |
//! | [`Limits::max_fragments`] of a message, empty ones too | 1,024 | 1008 |
//! | [`Limits::max_control_frames`] between two fragments | 128 | 1008 |
//! | a control frame's payload ([RFC 6455 §5.5]) | 125 bytes, fixed | 1002 |
//! | a handshake's head, `handshake::HeadLimits::bytes` | 8 KiB | 431 |
//! | its field lines, `handshake::HeadLimits::fields` | 100 | 431 |
//! | replies that wait, [`connection::Reply`] | one, 125 bytes | a later Ping replaces an earlier; a Close frame replaces both |
//!
//! # Security
//!
//! * **Origin.** A browser sends cookies along with every opening handshake, whichever site's page begins it. A server
//!   that knows its users by cookies has to check the handshake's `origin` and refuse foreign ones; the engine does
//!   not know which are yours.
//! * **Masking keys** and the nonce of a client's handshake come from the caller, fresh, from a source that nobody can
//!   predict: [`MaskingKeys`]. A counter or a fixed key lets a script choose what proxies see.
//! * **Limits** bound memory, not time: [`deadlines`] for the handshake, for silence and for a peer that doesn't read
//!   bound that. Limiting a rate is up to the caller.
//! * **Compression** of a secret beside what someone else has chosen reveals the secret by the length: send such
//!   messages with `FrameEncoder::uncompressed`.
//! * Received data is checked for the protocol's sake alone. A name in a text may still be markup to a page.
//!
//! # Features
//!
//! * `simd`: **without it, text that is not all ASCII is received four to five times slower.** It checks UTF-8 and masks
//!   with the CPU's vector instructions, detected at run time. Needs Rust 1.89; the crate without it needs 1.85. Brings
//!   in `simdutf8` and, on x86, `fearless_simd`, with `std`.
//! * `handshake` (default): the opening handshake. Brings in `sha1` on x86 and aarch64, whose instructions it uses. Without
//!   these the crate has no dependency.
//! * `reasons` (default): tells the peer in words what it did wrong, in Close frames and in answers to requests. Without it
//!   these hold the code alone, which saves 2 KB of a microcontroller's flash.
//! * `alloc`: a [`Session`] over a `Vec<u8>` that grows with what arrives, and `append` beside every `encode`.
//! * `defmt`: errors, events and states can be logged by `defmt`: names and numbers, never what was said.
//! * `getrandom`: masking keys and nonces from the operating system. Brings in `getrandom`.
//! * `deflate`: compresses messages by permessage-deflate ([RFC 7692]), see `Session::with_deflate` and
//!   [`mod@deflate`]. Brings in `alloc`, and no dependency.
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
