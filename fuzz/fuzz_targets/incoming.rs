//! The halves of a session say what a connection does, in whichever way they are asked and whosever memory is read into.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wsproto::connection::Server;
use wsproto_fuzz::CLIENT;
use wsproto_fuzz::incoming::check_incoming;

fuzz_target!(|input: &[u8]| {
    let Some((&[options, ref choices @ ..], wire)) = input.split_first_chunk::<9>() else { return };
    match options % 2 {
        0 => check_incoming(Server, choices, wire),
        _ => check_incoming(CLIENT, choices, wire),
    }
});
