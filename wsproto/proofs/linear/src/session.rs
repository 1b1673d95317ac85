//! Whole messages, over buffers of each kind.

use std::hint::black_box;

use wsproto::connection::{Limits, Server};
use wsproto::session::{Buffer, Session};
use wsproto::wire::Opcode;

use crate::measured;
use crate::peer::{fill, frame, text};

pub fn many_small_messages(bytes: usize) {
    receive(Vec::new(), &fill(&frame(Opcode::Text, true, b"Hello"), bytes), 4096);
}

pub fn many_small_messages_in_131_bytes(bytes: usize) {
    receive([0; 131], &fill(&frame(Opcode::Text, true, b""), bytes), 4096);
}

pub fn large_message_in_small_reads(bytes: usize) {
    receive(Vec::new(), &frame(Opcode::Text, true, &text(bytes)), 101);
}

pub fn large_message_over_an_array(bytes: usize) {
    let mut array: Box<[u8; 1 << 20]> = vec![0; 1 << 20].try_into().expect("as long");
    receive(array.as_mut(), &frame(Opcode::Text, true, &text(bytes)), 101);
}

pub fn large_message_byte_by_byte(bytes: usize) {
    receive(Vec::new(), &frame(Opcode::Text, true, &text(bytes)), 1);
}

pub fn small_messages_byte_by_byte(bytes: usize) {
    receive([0; 4096], &fill(&frame(Opcode::Binary, true, b"four"), bytes), 1);
}

pub fn one_byte_fragments(bytes: usize) {
    fragments(bytes, &frame(Opcode::Continuation, false, b"a"));
}

pub fn empty_fragments(bytes: usize) {
    fragments(bytes, &frame(Opcode::Continuation, false, b""));
}

/// The message is moved past each Ping.
pub fn fragments_with_pings(bytes: usize) {
    let ping = frame(Opcode::Ping, true, b"are you there?");
    fragments(bytes, &[frame(Opcode::Continuation, false, b"a"), ping].concat());
}

pub fn pings(bytes: usize) {
    receive([0; 4096], &fill(&frame(Opcode::Ping, true, b""), bytes), 4096);
}

/// Half of all lies unread while the other half comes, a frame for each that is taken: that must not be moved each time.
pub fn drained_too_slowly(bytes: usize) {
    let one = frame(Opcode::Binary, true, b"four");
    let backlog = fill(&one, bytes / 2);
    let mut session = Session::new(Server, Limits::new(), Vec::new());
    measured(&mut || {
        session.push(&backlog);
        for _ in 0..backlog.len() / one.len() {
            session.push(&one);
            black_box(session.next().expect("a message"));
        }
        while black_box(session.next().expect("a message")).is_some() {}
    });
}

fn fragments(bytes: usize, middle: &[u8]) {
    let all = [
        frame(Opcode::Binary, false, b"begin"),
        fill(middle, bytes),
        frame(Opcode::Continuation, true, b"end"),
    ]
    .concat();
    receive(Vec::new(), &all, 4096);
}

/// Reads `read` bytes at a time, and drains the session after each.
fn receive<B: Buffer>(buffer: B, bytes: &[u8], read: usize) {
    let limits = Limits::new().with_max_fragments(u32::MAX);
    let mut session = Session::new(Server, limits, buffer);
    let mut messages = 0_usize;
    measured(&mut || {
        for mut piece in bytes.chunks(read) {
            while !piece.is_empty() {
                let pushed = session.push_some(piece);
                piece = &piece[pushed..];
                while let Some((message, _sender)) = session.next().expect("a message") {
                    black_box(message);
                    messages += 1;
                }
            }
        }
    });
    assert!(messages > 0);
}
