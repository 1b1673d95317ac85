//! What every server among the examples has to do, each as the program it is.

mod common;

use common::{Program, servers};

const ECHO_STD: &str = env!("CARGO_BIN_EXE_echo_std");

const SERVERS: [&str; 8] = [
    ECHO_STD,
    env!("CARGO_BIN_EXE_echo_turn"),
    env!("CARGO_BIN_EXE_echo_tokio"),
    env!("CARGO_BIN_EXE_echo_mio"),
    env!("CARGO_BIN_EXE_embedded_io"),
    env!("CARGO_BIN_EXE_broadcast"),
    env!("CARGO_BIN_EXE_chat_tokio"),
    env!("CARGO_BIN_EXE_autobahn_server"),
];

/// Checks each of them, and the proxy, before [`ECHO_STD`].
fn each(check: impl Fn(&str, &[&str])) {
    for path in SERVERS {
        check(path, &[]);
    }
    let (_upstream, address) = Program::serve(ECHO_STD);
    check(env!("CARGO_BIN_EXE_proxy"), &[&address]);
}

#[test]
fn a_fault_is_told_to_the_peer_and_is_seen() {
    each(servers::tells_of_a_fault);
}

#[test]
fn what_comes_with_the_request_is_kept() {
    each(servers::keeps_what_comes_with_the_request);
}

#[cfg(target_os = "linux")]
#[test]
fn a_lack_of_descriptors_passes() {
    each(servers::lives_through_a_lack_of_descriptors);
}
