#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod clock;
mod faulty;
mod frame;
mod peer;
mod pipe;
#[cfg(feature = "vectors")]
pub mod vectors;

pub use clock::Clock;
pub use faulty::Faulty;
pub use frame::Frame;
pub use peer::{KEY, Peer, accept_of};
pub use pipe::{PATIENCE, Pipe, pipe, pipe_with};
