//! Runs a server and a client on a Cortex-M3, each against a peer that is a list of bytes, checks every byte that they send, and
//! prints how much memory that took. Ends with status 0 only if all was right.
#![cfg_attr(target_os = "none", no_std, no_main)]

mod script;

#[cfg(target_os = "none")]
mod board;
#[cfg(target_os = "none")]
mod report;

#[cfg(not(target_os = "none"))]
fn main() {
    assert!(script::run().is_ok(), "an answer differs");
    println!("{} conversations went as they should", script::CONVERSATIONS);
}
