//! A policy in two letters, an offer and, in the next line, an answer, against a naive reading of RFC 7692 §7.1.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wsproto::deflate::{Policy, WindowBits};
use wsproto_fuzz::deflate::check;

fuzz_target!(|input: &[u8]| {
    let [windows, habits, lists @ ..] = input else { return };
    let bits = |three: u8| WindowBits::new(8 + (three & 7)).expect("8 to 15");
    let policy = Policy::new().with_send_window(bits(*windows)).with_receive_window(bits(*windows >> 3));
    let policy = policy.with_send_takeover(habits & 1 > 0).with_receive_takeover(habits & 2 > 0);
    let mut lists = lists.split(|&byte| byte == b'\n');
    let mut next = || lists.next().unwrap_or_default();
    check(&policy.with_accept_full_window(habits & 4 > 0), next(), next());
});
