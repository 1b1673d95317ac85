//! Frames as bytes: opcode, header, mask, UTF-8, close payload.

mod space;

pub use space::BufferTooSmall;
