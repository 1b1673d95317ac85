//! Layer 0: frames as bytes.
//!
//! Pure functions and small `Copy` values over byte slices: opcode, frame header, mask, UTF-8 and the close payload.
//! This layer knows what RFC 6455 says about one frame. It knows no role, no policy and no connection.
//!
//! **Nothing in here panics, on any input**, and nothing allocates. Incomplete input is never an error: it is
//! `Ok(None)`. Every value that can be built can be sent: there is none for a reserved opcode, a control frame of 126
//! bytes, or the close code 1005.
//!
//! | to find the rule on | look in |
//! |---|---|
//! | opcodes, control and data frames (§5.2, §5.5, §5.6) | [`Opcode`] |
//! | FIN, RSV, the three length forms (§5.2) | [`FrameHeader`] |
//! | masking (§5.3) | [`MaskingKey`] |
//! | UTF-8 across pieces (§8.1) | [`Utf8Validator`] |
//! | close codes and reasons (§5.5.1, §7.4) | [`CloseCode`], [`CloseFrame`] |
//! | one whole frame in one call | [`frame`] |

/// Whether the machine has no operating system: such ones have little flash and no vectors, so short code is better
/// there than code that handles many bytes at once. The tests run with both: `.ci/bare-metal` sets the second `cfg`.
pub(crate) const IS_SMALL: bool = cfg!(any(target_os = "none", wsproto_small));

pub mod frame;

mod close;
mod header;
mod mask;
mod opcode;
mod part;
mod short;
mod space;
mod utf8;
mod vectors;
mod xor;

pub use close::{CloseCode, CloseFrame, CloseFrameError, CloseReasonTooLong, MAX_CLOSE_REASON};
pub use header::{
    EncodedHeader, FrameHeader, HeaderError, MAX_CONTROL_FRAME, MAX_CONTROL_PAYLOAD, MAX_HEADER_LEN, Rsv,
};
pub use mask::MaskingKey;
pub use opcode::Opcode;
pub(crate) use part::{move_down, part, part_mut};
pub(crate) use short::FREE_BEFORE_TEXT;
pub use space::BufferTooSmall;
pub(crate) use utf8::from_utf8;
pub use utf8::{Utf8Error, Utf8Validator};
