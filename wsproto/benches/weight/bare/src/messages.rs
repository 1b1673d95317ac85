//! An echo server over wsproto for a line where someone else has done the opening handshake: 1,024 bytes for messages.
#![cfg_attr(target_os = "none", no_std, no_main)]

use wsproto::{Limits, Message, Server, Session};

include!("board.rs");
include!("converse.rs");

fn serve(line: &mut Line) {
    converse(line, &mut [0; 1024], 0);
}
