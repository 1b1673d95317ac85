//! Payload in pieces.

use std::hint::black_box;

use wsproto::connection::{Limits, Received, Receiver, Server};
use wsproto::error::ProtocolError;
use wsproto::wire::Opcode;

use crate::measured;
use crate::peer::{frame, text};

pub fn wrong_last_byte(bytes: usize) {
    fail(&wrong_text(bytes), 1009);
}

pub fn wrong_last_byte_byte_by_byte(bytes: usize) {
    fail(&wrong_text(bytes), 1);
}

fn wrong_text(bytes: usize) -> Vec<u8> {
    frame(Opcode::Text, true, &[&text(bytes)[..], b"\xFF"].concat())
}

/// Receives through a buffer of 4096 bytes, `read` at a time, until it fails.
fn fail(bytes: &[u8], read: usize) {
    let mut receiver = Receiver::<Server>::new(Limits::new());
    let mut buffer = [0; 4096];
    let mut error = None;
    measured(&mut || {
        let mut held = 0;
        for piece in bytes.chunks(read.min(buffer.len() - 131)) {
            buffer[held..held + piece.len()].copy_from_slice(piece);
            held += piece.len();
            loop {
                match receiver.receive(&mut buffer[..held]) {
                    Ok(Received { consumed: 0, .. }) => break,
                    Ok(Received { consumed, event, .. }) => {
                        black_box(event);
                        buffer.copy_within(consumed..held, 0);
                        held -= consumed;
                    }
                    Err(found) => {
                        error = Some(found);
                        return;
                    }
                }
            }
        }
    });
    assert_eq!(error, Some(ProtocolError::NotUtf8));
}
