//! To be measured: a server by the engine alone, its opening handshake included.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
#[path = "../board.rs"]
mod board;
#[cfg(target_os = "none")]
#[path = "../engine.rs"]
mod engine;

#[cfg(target_os = "none")]
#[cortex_m_rt::entry]
fn main() -> ! {
    use wsproto::{Limits, Server, Session};

    let mut memory = [0; 1024];
    let mut uart = board::Uart::new();
    loop {
        if let Some(received) = accept(&mut memory, &mut uart) {
            let mut session = Session::new(Server, Limits::new(), &mut memory);
            session.filled(received);
            engine::echo(&mut session, &mut uart);
        }
    }
}

/// Answers a request. Gives how many bytes came behind it, if it was accepted.
#[cfg(target_os = "none")]
#[inline(never)]
fn accept(memory: &mut [u8], uart: &mut board::Uart) -> Option<usize> {
    use embedded_io::{Read, Write};
    use wsproto::handshake::{Answer, Choice, HeadLimits, Request, RequestDecoder};

    let mut decoder = RequestDecoder::with_limits(HeadLimits::DEFAULT.with_bytes(memory.len()));
    let mut filled = 0;
    loop {
        let Ok(n) = uart.read(memory.get_mut(filled..)?);
        filled += n;
        let answer = match decoder.decode(memory.get(..filled)?) {
            Ok(None) => continue,
            Ok(Some(found)) => match found.request(memory) {
                Request::WebSocket(handshake) => {
                    let mut out = [0; 154];
                    let written = handshake.accept(Choice::default()).ok()?.encode(&mut out).ok()?;
                    let Ok(_) = uart.write(out.get(..written)?);
                    return Some(engine::move_to_front(memory, found.end()..filled));
                }
                Request::Http(_) => Answer::new(404, &[], b"").ok()?,
            },
            Err(error) => error.answer_without_text(),
        };
        let written = answer.encode(memory).ok()?;
        let Ok(_) = uart.write(memory.get(..written)?);
        return None;
    }
}

#[cfg(not(target_os = "none"))]
fn main() {}
