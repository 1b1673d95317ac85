//! The echo server on `io_uring`, as the other ones are tested.

#![cfg(target_os = "linux")]

#[path = "../../tests/common/mod.rs"]
mod common;

use common::servers;

const ECHO_URING: &str = env!("CARGO_BIN_EXE_echo_uring");

#[test]
fn serves_echoes() {
    servers::serves_echoes(ECHO_URING);
}

#[test]
fn keeps_to_the_rules() {
    servers::keeps_to_the_rules(ECHO_URING);
}

#[test]
fn waits_for_those_that_do_not_read() {
    servers::waits_for_those_that_do_not_read(ECHO_URING);
}

#[test]
fn a_fault_is_told_to_the_peer_and_is_seen() {
    servers::tells_of_a_fault(ECHO_URING, &[]);
}

#[test]
fn what_comes_with_the_request_is_kept() {
    servers::keeps_what_comes_with_the_request(ECHO_URING, &[]);
}

#[test]
fn a_lack_of_descriptors_passes() {
    servers::lives_through_a_lack_of_descriptors(ECHO_URING, &[]);
}
