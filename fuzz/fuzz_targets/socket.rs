//! A socket of tokio-wsproto over a transport that does what transports do: what comes is what a connection says, what is sent arrives
//! whole and once, and every future may be dropped.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wsproto::connection::Server;
use wsproto_fuzz::CLIENT;
use wsproto_fuzz::sockets::{Script, check_socket};

fuzz_target!(|input: &[u8]| {
    let Some((&[options, received, fails_at, r0, r1, w0, w1, a0, a1, a2, a3], wire)) =
        input.split_first_chunk()
    else {
        return;
    };
    let script = Script {
        reads: [r0, r1].map(usize::from),
        writes: [w0, w1].map(usize::from),
        acts: [a0, a1, a2, a3],
        received: received.into(),
        read_fails: options & 2 != 0,
        write_fails_at: (options & 4 != 0).then_some(fails_at.into()),
        is_narrow: options & 16 != 0,
    };
    match options % 2 {
        0 => check_socket(Server, CLIENT, script, wire),
        _ => check_socket(CLIENT, Server, script, wire),
    }
});
