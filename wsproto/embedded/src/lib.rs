#![doc = include_str!("../README.md")]
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]
#![warn(missing_docs, missing_debug_implementations, unreachable_pub)]

pub mod blocking;
mod clock;
mod connect;
mod error;
mod incoming;
mod keys;
mod memory;
mod options;
mod outgoing;
mod server;
mod socket;
mod split;

pub use embedded_io;
pub use embedded_io_async;
pub use rand_core;
pub use wsproto;
pub use wsproto::connection::{Data, Fragment};
pub use wsproto::deadlines::{Deadline, Moment, Timeouts};
pub use wsproto::handshake::Choice;
pub use wsproto::{CloseCode, CloseFrame, Limits, Message, MessageKind, Misuse, ProtocolError, Server};

#[cfg(feature = "embassy-time")]
#[cfg_attr(docsrs, doc(cfg(feature = "embassy-time")))]
pub use clock::EmbassyClock;
pub use clock::{BlockingClock, Clock, NoClock};
pub use connect::{ClientSocket, Connect};
pub use error::{AcceptError, ConnectError, Error, Fault};
pub use keys::Keys;
pub use memory::Memory;
pub use options::Options;
pub use server::{Handshake, ServerSocket, accept, accept_with};
pub use socket::{Out, WebSocket};
pub use split::{Duplex, Reader, Split, Writer};
