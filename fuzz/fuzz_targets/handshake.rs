//! What a client may ask for a server understands, and the other way round.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wsproto_fuzz::handshakes::{Wish, check};

fuzz_target!(|wish: Wish<'_>| check(&wish));
