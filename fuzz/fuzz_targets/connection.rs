//! What a connection tells does not depend on how its bytes were cut, and it keeps the promises of its module's head.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wsproto::connection::Server;
use wsproto_fuzz::CLIENT;
use wsproto_fuzz::cuts::check_every_cut;

fuzz_target!(|input: &[u8]| {
    match input.split_first() {
        Some((role, bytes)) if role % 2 == 0 => check_every_cut(Server, bytes),
        Some((_, bytes)) => check_every_cut(CLIENT, bytes),
        None => {}
    }
});
