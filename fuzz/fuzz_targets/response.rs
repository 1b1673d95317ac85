//! The server's answers, against httparse and a naive reading of RFC 6455 §4.1; whole and byte by byte.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wsproto_fuzz::responses::check;

fuzz_target!(|bytes: &[u8]| check(bytes));
