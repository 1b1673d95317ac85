//! Runs the echo server on a Cortex-M3 against a client that is a list of bytes, checks every byte of the answers, and
//! prints how much memory that took. Ends with status 0 only if all was right.
#![cfg_attr(target_os = "none", no_std, no_main)]

mod script;

#[cfg(target_os = "none")]
mod board;

#[cfg(not(target_os = "none"))]
fn main() {
    assert!(script::run().is_ok(), "an answer differs");
    println!("{} conversations went as they should", script::CONVERSATIONS);
}
