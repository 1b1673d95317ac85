//! The echo server on `io_uring`, as the other ones are tested.

#![cfg(target_os = "linux")]

#[path = "../../tests/common/mod.rs"]
mod common;
#[path = "../ring.rs"]
#[expect(dead_code, reason = "only asked whether there is one")]
mod ring;

use common::{Program, servers};

const ECHO_URING: &str = env!("CARGO_BIN_EXE_echo_uring");

/// Whether the system has an `io_uring` for us, which containers mostly forbid. Where it has none, the program has to
/// say so, and what to do.
fn has_io_uring() -> bool {
    let has_io_uring = ring::Ring::new().is_ok();
    if !has_io_uring {
        let (is_success, said) = Program::start(ECHO_URING, &["127.0.0.1:0"]).end();
        assert!(!is_success && said.contains("no io_uring here") && said.contains("echo_mio"), "{said}");
    }
    has_io_uring
}

#[test]
fn serves_echoes() {
    if has_io_uring() {
        servers::serves_echoes(ECHO_URING);
    }
}

#[test]
fn keeps_to_the_rules() {
    if has_io_uring() {
        servers::keeps_to_the_rules(ECHO_URING);
    }
}

#[test]
fn waits_for_those_that_do_not_read() {
    if has_io_uring() {
        servers::waits_for_those_that_do_not_read(ECHO_URING);
    }
}

#[test]
fn a_fault_is_told_to_the_peer_and_is_seen() {
    if has_io_uring() {
        servers::tells_of_a_fault(ECHO_URING, &[]);
    }
}

#[test]
fn what_comes_with_the_request_is_kept() {
    if has_io_uring() {
        servers::keeps_what_comes_with_the_request(ECHO_URING, &[]);
    }
}

#[test]
fn a_lack_of_descriptors_passes() {
    if has_io_uring() {
        servers::lives_through_a_lack_of_descriptors(ECHO_URING, &[]);
    }
}

#[test]
fn says_why_it_refuses() {
    if has_io_uring() {
        servers::says_why_it_refuses(ECHO_URING);
    }
}
