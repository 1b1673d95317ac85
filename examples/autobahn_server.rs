//! The server that the Autobahn|Testsuite's `fuzzingclient` is let loose on: `autobahn_server [ADDR]`, by default
//! 127.0.0.1:9001. It is [`echo_turn`], with limits that the suite's largest messages pass.

#[path = "echo_turn.rs"]
#[expect(dead_code, reason = "its own `main`")]
mod echo_turn;

use wsproto::Limits;
use wsproto::deflate::Policy;

/// The cases 9.* send messages of 16 MiB, some of them in fragments of 64 bytes.
const LIMITS: Limits = Limits::new()
    .with_max_frame_payload(16 << 20)
    .with_max_message_size(16 << 20)
    .with_max_fragments(1 << 20)
    .with_max_control_frames(1 << 20);

/// The cases 12.* and 13.* compress: also the shortest messages here, with all that can be agreed on.
const POLICY: Policy = Policy::new().with_threshold(0).with_takeover().with_accept_full_window(true);

fn main() -> echo_turn::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9001".to_owned());
    echo_turn::serve(&address, LIMITS, POLICY)
}
