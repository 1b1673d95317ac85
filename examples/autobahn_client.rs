//! The client that is let loose on the Autobahn|Testsuite's `fuzzingserver`: `autobahn_client [ADDR]`, by default
//! 127.0.0.1:9002. It asks for the number of cases, echoes in each until it is closed, and has the reports written.

#[path = "client_std.rs"]
#[expect(dead_code, reason = "its own `main`, and what only that needs")]
mod client_std;

use std::io::{Read, Write};

use client_std::{Connected, Result, Transport, open};
use wsproto::connection::ConnectionState;
use wsproto::deflate::Policy;
use wsproto::handshake::Offer;
use wsproto::{Client, Limits, Message, RandomKeys, Session};

/// The cases 9.* send messages of 16 MiB, some of them in fragments of 64 bytes.
const LIMITS: Limits = Limits::new()
    .with_max_frame_payload(16 << 20)
    .with_max_message_size(16 << 20)
    .with_max_fragments(1 << 20)
    .with_max_control_frames(1 << 20);

/// The cases 12.* and 13.* compress: also the shortest messages here, with all that can be agreed on.
const POLICY: Policy = Policy::new().with_threshold(0).with_takeover().with_accept_full_window(true);

const AGENT: &str = "wsproto";

fn main() -> Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9002".to_owned());
    let mut count = String::new();
    converse(&address, "/getCaseCount", &mut |text| text.clone_into(&mut count))?;
    let count: u32 = count.parse()?;
    println!("{count} cases");
    for case in 1..=count {
        // How a case ended is the suite's to judge; many end in an error on purpose.
        if let Err(error) = converse(&address, &format!("/runCase?case={case}&agent={AGENT}"), &mut |_| {}) {
            println!("case {case}: {error}");
        }
    }
    // The server writes its reports and is gone, often before it answers the handshake.
    let target = format!("/updateReports?agent={AGENT}&shutdownOnComplete=true");
    if let Err(error) = converse(&address, &target, &mut |_| {}) {
        println!("reports: {error}");
    }
    Ok(())
}

/// Echoes all that comes until the transport ends; `on_text` sees each text.
fn converse(address: &str, target: &str, on_text: &mut dyn FnMut(&str)) -> Result<()> {
    let Connected { transport, first_bytes, agreed } =
        open(Transport::connect(address)?, Offer::new(address, target), POLICY)?;
    let client = Client::new(RandomKeys::new());
    let mut session = Session::new(client, LIMITS, Vec::new()).with_deflate(agreed, POLICY);
    session.push(&first_bytes);
    let mut out = Vec::new();
    loop {
        let outcome = session.turn(&mut out, |message, sender, out| {
            if let Message::Text(text) = message {
                on_text(text);
            }
            if message.is_data() { sender.frame().append(message, out) } else { Ok(()) }
        });
        (&transport).write_all(&out)?;
        out.clear();
        // The Close frame that names the error is on its way.
        outcome?;
        if session.should_close_transport() {
            return Ok(());
        }
        match (&transport).read(session.buffer()) {
            Ok(0) => session.receive_eof()?,
            Ok(n) => session.filled(n),
            // All that there was to say is said: how the transport then ends doesn't matter.
            Err(_) if session.state() == ConnectionState::Closed => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}
