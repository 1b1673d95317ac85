//! An echo by the engine alone.
#![allow(dead_code)] // each program takes some of it

use embedded_io::{Read, Write};
use wsproto::Session;
use wsproto::connection::Role;

use crate::board::Uart;

/// Goes on until the connection is over.
#[inline(never)]
pub fn echo<R: Role>(session: &mut Session<R, &mut [u8; 1024]>, uart: &mut Uart) {
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

/// Moves what came behind a head to the front, and gives how many bytes that is.
pub fn move_to_front(memory: &mut [u8], from: core::ops::Range<usize>) -> usize {
    let len = from.len();
    for (to, from) in from.enumerate() {
        let byte = memory.get(from).copied().unwrap_or_default();
        if let Some(place) = memory.get_mut(to) {
            *place = byte;
        }
    }
    len
}
