//! The client that is let loose on the Autobahn|Testsuite's `fuzzingserver`: `autobahn_client [ADDR]`, 127.0.0.1:9002
//! unless told. It asks for the number of cases, echoes in each until it is closed, and has the reports written.

#[path = "client_std.rs"]
#[expect(dead_code, reason = "its own `main`, and what only that needs")]
mod client_std;

use std::io::{Read, Write};

use client_std::{Connected, Result, Transport, encode_reply, fresh_key, open};
use wsproto::connection::{Client, Config, ConnectionState};
use wsproto::deflate::Policy;
use wsproto::session::{Message, Session};

/// The cases 9.* send messages of 16 MiB, some of them in fragments of 64 bytes.
const CONFIG: Config = Config::new()
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
        open(Transport::connect(address, 80)?, address, target, POLICY)?;
    let mut received = first_bytes.chain(&transport);
    let mut session = Session::<Client, _>::new(CONFIG, Vec::new());
    if let Some(agreed) = agreed {
        session = session.with_deflate(agreed, POLICY);
    }
    let mut out = Vec::new();
    let mut outcome = Ok(());
    while !session.should_close_transport() {
        match received.read(session.buffer()) {
            Ok(0) => session.receive_eof()?,
            Ok(n) => session.filled(n),
            // All that there was to say is said: how the transport then ends doesn't matter.
            Err(_) if session.state() == ConnectionState::Closed => break,
            Err(error) => return Err(error.into()),
        }
        // Its Close frame, if there is an error, is in `out`: that is sent before the error is passed on.
        out.clear();
        outcome = answer(&mut session, on_text, &mut out);
        (&transport).write_all(&out)?;
    }
    outcome
}

fn answer(
    session: &mut Session<Client, Vec<u8>>,
    on_text: &mut dyn FnMut(&str),
    out: &mut Vec<u8>,
) -> Result<()> {
    let Session { incoming, reply, sender } = session;
    loop {
        let message = incoming.next(reply);
        if reply.is_due() {
            encode_reply(sender, reply, out)?;
        }
        match message? {
            Some(Message::Text(text)) => {
                on_text(text);
                sender.frame(fresh_key()?).append_text(text, out)?;
            }
            Some(Message::Binary(payload)) => sender.frame(fresh_key()?).append_binary(payload, out)?,
            Some(Message::Ping(_) | Message::Pong(_) | Message::Close(_)) => {}
            None => return Ok(()),
        }
    }
}
