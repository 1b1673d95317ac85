//! Whatever a peer calls compressed: zlib's answer, however it is cut, and no more memory than was agreed on.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wsproto_fuzz::inflate::{Messages, check};

fuzz_target!(|input: Messages<'_>| check(&input));
