//! To be measured: a client by the engine alone, its opening handshake included.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
#[path = "../board.rs"]
mod board;
#[cfg(target_os = "none")]
#[path = "../engine.rs"]
mod engine;
#[cfg(target_os = "none")]
#[path = "../random.rs"]
mod random;

#[cfg(target_os = "none")]
#[cortex_m_rt::entry]
fn main() -> ! {
    use wsproto::{Client, Limits, Session};
    use wsproto_embedded::Keys;

    let mut memory = [0; 1024];
    let mut uart = board::Uart::new();
    loop {
        if let Some(received) = connect(&mut memory, &mut uart) {
            let role = Client::new(Keys::new(random::Counting(1)));
            let mut session = Session::new(role, Limits::new(), &mut memory);
            session.filled(received);
            engine::echo(&mut session, &mut uart);
        }
    }
}

/// Sends a request and reads the response. Gives how many bytes came behind it, if it accepts.
#[cfg(target_os = "none")]
#[inline(never)]
fn connect(memory: &mut [u8], uart: &mut board::Uart) -> Option<usize> {
    use embedded_io::{Read, Write};
    use wsproto::handshake::{ClientHandshake, HeadLimits, Offer, Response, ResponseDecoder};

    let handshake = ClientHandshake::new(Offer::new("example.com", "/"), [7; 16]).ok()?;
    let written = handshake.encode(memory).ok()?;
    let Ok(_) = uart.write(memory.get(..written)?);
    let limits = HeadLimits::DEFAULT.with_bytes(memory.len());
    let mut decoder = ResponseDecoder::with_limits(handshake, limits);
    let mut filled = 0;
    loop {
        let Ok(n) = uart.read(memory.get_mut(filled..)?);
        filled += n;
        let Some(found) = decoder.decode(memory.get(..filled)?).ok()? else { continue };
        return match found.response(memory) {
            Response::WebSocket(_) => Some(engine::move_to_front(memory, found.end()..filled)),
            Response::Http(_) => None,
        };
    }
}

#[cfg(not(target_os = "none"))]
fn main() {}
