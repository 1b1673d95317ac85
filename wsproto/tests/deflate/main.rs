//! The tests of `deflate`, alone and within a connection, one behaviour a file.

#![cfg(feature = "deflate")]

mod appending;
mod asked;
mod codes;
#[path = "../common/mod.rs"]
#[expect(dead_code, reason = "the logs of events are for `connection`")]
mod common;
mod conversions;
mod engine;
#[path = "../common/given.rs"]
mod given;
#[path = "../common/heap.rs"]
mod heap;
mod puff;
mod sending;
mod session;
