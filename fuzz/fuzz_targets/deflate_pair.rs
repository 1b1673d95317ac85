//! Whatever was agreed on, and however messages are compressed: they arrive.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wsproto_fuzz::deflate_pair::{Conversation, check};

fuzz_target!(|conversation: Conversation<'_>| check(&conversation));
