//! The tests of `wire`, one behaviour a file.

mod close;
mod conversions;
mod error_texts;
mod frame;
mod header;
mod mask;
mod rsv;
mod sizes;
mod utf8;
