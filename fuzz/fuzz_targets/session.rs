//! A session says and answers what a connection does, whatever comes, however it is read, over either kind of buffer.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wsproto::connection::Server;
use wsproto_fuzz::CLIENT;
use wsproto_fuzz::sessions::{Habit, check_session};

fuzz_target!(|input: &[u8]| {
    let Some((&[options, a, b], wire)) = input.split_first_chunk() else { return };
    let reads = [a, b].map(|size| usize::from(size) + 1);
    let habit = Habit { is_lazy: options & 2 != 0, is_restless: options & 4 != 0, reads };
    match options % 2 {
        0 => check_session(Server, habit, wire),
        _ => check_session(CLIENT, habit, wire),
    }
});
