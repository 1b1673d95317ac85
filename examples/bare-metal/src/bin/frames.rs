//! To be measured: the engine without the opening handshake.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
#[path = "../board.rs"]
mod board;

#[cfg(target_os = "none")]
#[cortex_m_rt::entry]
fn main() -> ! {
    let mut memory = [0; 1024];
    loop {
        echo(&mut memory);
    }
}

/// Echoes by a session of the engine, until it is over.
#[cfg(target_os = "none")]
fn echo(memory: &mut [u8; 1024]) {
    use embedded_io::{Read, Write};
    use wsproto::{Limits, Server, Session};

    let mut uart = board::Uart::new();
    let mut session = Session::new(Server, Limits::new(), memory);
    let mut out = [0; 256];
    loop {
        let written = session.encode_reply(&mut out).unwrap_or_default();
        let Ok(_) = uart.write(out.get(..written).unwrap_or_default());
        if let Ok(Some((message, sender))) = session.next() {
            if message.is_data() {
                let written = sender.frame().encode(message, &mut out).unwrap_or_default();
                let Ok(_) = uart.write(out.get(..written).unwrap_or_default());
            }
            continue;
        }
        if session.should_close_transport() {
            return;
        }
        if !session.is_reply_due() {
            let Ok(n) = uart.read(session.buffer());
            session.filled(n);
        }
    }
}

#[cfg(not(target_os = "none"))]
fn main() {}
