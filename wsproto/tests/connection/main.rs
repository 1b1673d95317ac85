//! The tests of `connection`, one behaviour a file.

#[cfg(feature = "alloc")]
mod appending;
mod closing;
#[path = "../common/mod.rs"]
mod common;
mod cuts;
mod defaults;
mod error_texts;
mod faults;
mod formatting;
mod keys;
mod limits;
mod messages;
mod pair;
mod reply;
mod rules;
mod sending;
#[cfg(feature = "alloc")]
mod writing;
