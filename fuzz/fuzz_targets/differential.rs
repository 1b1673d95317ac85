//! The same bytes through tungstenite and our session: the same, or a difference that is on the list of reasons.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tungstenite::protocol::Role;
use wsproto_differential::compare;

fuzz_target!(|input: &[u8]| {
    let Some((&[options, a, b], bytes)) = input.split_first_chunk() else { return };
    let role = if options % 2 == 0 { Role::Server } else { Role::Client };
    compare(role, bytes, &[a.into(), b.into()]).unwrap_or_else(|difference| panic!("{difference}"));
});
