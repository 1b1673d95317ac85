//! Whatever both ends are asked to send: what may be sent arrives, what may not is refused, and both end closed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wsproto_fuzz::pair::{Step, check};

fuzz_target!(|steps: Vec<Step<'_>>| check(&steps));
