//! The tests of `handshake`, one behaviour a file.

#![cfg(feature = "handshake")]

mod answers;
mod client;
mod client_connect;
mod cost;
mod defaults;
mod deflate;
mod error_texts;
mod extensions;
mod first_line;
mod interim;
mod kept;
mod logs;
mod origin;
mod param_values;
mod pieces;
mod proxy;
mod reasons;
mod rules;
mod server;
mod url;
mod values;
