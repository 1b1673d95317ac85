//! A server's preference, and a client's offer in the lines after it, against a naive reading of RFC 6455 §4.1 and §4.2.2.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wsproto_fuzz::requests::check_subprotocols;

fuzz_target!(|input: &[u8]| {
    let mut lines = input.split(|&byte| byte == b'\n');
    let preference = lines.next().and_then(|line| str::from_utf8(line).ok()).unwrap_or_default();
    check_subprotocols(&preference.split(',').collect::<Vec<_>>(), &lines.collect::<Vec<_>>());
});
