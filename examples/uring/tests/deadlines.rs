//! The deadlines of the server on `io_uring`, with short timeouts: it runs in this process.

#![cfg(target_os = "linux")]

#[path = "../../tests/common/mod.rs"]
mod common;
#[path = "../ring.rs"]
mod ring;
#[path = "../server.rs"]
mod server;

use common::deadlines::{
    TIMEOUTS, asks_a_silent_peer_and_gives_it_up, has_one_deadline_for_an_opening_handshake,
    keeps_a_slow_reader, takes_each_byte_as_a_sign_of_life,
};

/// Gives its address; nothing where the system has no `io_uring`, of which `echo.rs` has a test.
fn serve() -> Option<String> {
    ring::Ring::new().ok()?;
    let listener = server::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || server::run(&listener, TIMEOUTS).unwrap());
    Some(address)
}

#[test]
fn a_silent_peer_is_asked_and_then_given_up() {
    if let Some(address) = serve() {
        asks_a_silent_peer_and_gives_it_up("echo_uring", &address);
    }
}

#[test]
fn each_byte_is_a_sign_of_life() {
    if let Some(address) = serve() {
        takes_each_byte_as_a_sign_of_life("echo_uring", &address);
    }
}

#[test]
fn a_slow_reader_is_kept() {
    if let Some(address) = serve() {
        keeps_a_slow_reader("echo_uring", &address);
    }
}

#[test]
fn an_opening_handshake_has_one_deadline() {
    if let Some(address) = serve() {
        has_one_deadline_for_an_opening_handshake("echo_uring", &address);
    }
}
