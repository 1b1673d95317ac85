//! What the engine does for each of so many messages: `instructions TIMES ROUTINE`. `.ci/instructions` counts the
//! instructions of [`measured`], which are the same in each run, and compares them with `expected.txt`.
//!
//! Without arguments it prints each routine's name.

#[path = "../../engine/src/browser_request.rs"]
mod browser_request;

use std::hint::black_box;

use browser_request::REQUEST;
use wsproto::connection::{Client, Limits, Message, Reply, Sender, Server};
use wsproto::handshake::{Choice, Request};
use wsproto::session::Session;
use wsproto::wire::{FrameHeader, MaskingKey, Opcode, frame};

/// A name, and what does it so often.
type Routine = (&'static str, fn(usize));

const ROUTINES: [Routine; 18] = [
    ("receive 16 bytes of text", |times| receive(Opcode::Text, 16, times)),
    ("receive 125 bytes of text", |times| receive(Opcode::Text, 125, times)),
    ("receive 1024 bytes of text", |times| receive(Opcode::Text, 1024, times)),
    ("receive 16384 bytes of text", |times| receive(Opcode::Text, 16_384, times)),
    ("receive 100000 bytes of text in pieces", |times| receive(Opcode::Text, 100_000, times)),
    ("receive 1048576 bytes of text in pieces", |times| receive(Opcode::Text, 1 << 20, times)),
    ("receive 16 bytes of binary", |times| receive(Opcode::Binary, 16, times)),
    ("receive 1024 bytes of binary", |times| receive(Opcode::Binary, 1024, times)),
    ("receive 16384 bytes of binary", |times| receive(Opcode::Binary, 16_384, times)),
    ("receive 1048576 bytes of binary in pieces", |times| receive(Opcode::Binary, 1 << 20, times)),
    ("receive 16 bytes of text as bytes", |times| receive_bytes(16, times)),
    ("receive 16384 bytes of text as bytes", |times| receive_bytes(16_384, times)),
    ("receive a ping", |times| receive(Opcode::Ping, 5, times)),
    ("send 16 bytes of text", |times| send(16, times)),
    ("send 16 bytes of text, masked", |times| send_masked(16, times)),
    ("send 1024 bytes of text, masked", |times| send_masked(1024, times)),
    ("mask 7 bytes", |times| mask(7, times)),
    ("answer a browser's handshake", answer),
];

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [] => ROUTINES.iter().for_each(|(name, _)| println!("{name}")),
        [times, name] => {
            let (_, run) = ROUTINES.iter().find(|(other, _)| other == name).expect("a routine");
            run(times.parse().expect("a number"));
        }
        _ => panic!("instructions TIMES ROUTINE"),
    }
}

/// The part that is counted: not how the input is made.
#[unsafe(no_mangle)]
#[inline(never)]
extern "Rust" fn measured(work: &mut dyn FnMut()) {
    work();
    // Something has to follow the call, or it would be a jump, and this function gone before its work is done.
    black_box(());
}

const KEY: MaskingKey = MaskingKey::new([0x37, 0xfa, 0x21, 0x3d]);

/// Out of reads of 16 KiB; that they are copied into the session's buffer is not counted. What is larger comes
/// in pieces.
fn receive(opcode: Opcode, len: usize, times: usize) {
    let mut session = Session::new(Server, Limits::new(), vec![0; 16_384]);
    feed(opcode, len, times, |bytes| {
        let (read, mut received) = (session.push_some(bytes), 0);
        measured(&mut || {
            while let Some((message, _sender)) = session.next().expect("valid frames") {
                let (Message::Text(_) | Message::Binary(_) | Message::Ping(_)) = black_box(message) else {
                    panic!("another message");
                };
                received += 1;
            }
        });
        (read, received)
    });
}

/// The same of text that is asked for as bytes.
fn receive_bytes(len: usize, times: usize) {
    let (mut incoming, _sender) = Session::new(Server, Limits::new(), vec![0; 16_384]).split();
    feed(Opcode::Text, len, times, |bytes| {
        let (read, mut received) = (incoming.push_some(bytes), 0);
        measured(&mut || {
            while let Some(message) = incoming.next_bytes(&mut Reply::new()).expect("valid frames") {
                black_box(message);
                received += 1;
            }
        });
        (read, received)
    });
}

/// Gives the frames of so many messages to `take`, which says how many bytes it took, and how many messages.
fn feed(opcode: Opcode, len: usize, times: usize, mut take: impl FnMut(&[u8]) -> (usize, usize)) {
    let payload = vec![b'x'; len];
    let header = FrameHeader::new(opcode, true, len as u64).expect("a frame");
    let mut one = vec![0; len + 14];
    let n = frame::encode(header.with_masking_key(Some(KEY)), &payload, &mut one).expect("it fits");
    // A few at a time: a thousand of the largest are a gigabyte.
    let few = times.min((1 << 22) / n + 1);
    let bytes = one[..n].repeat(few);
    let mut received = 0;
    while received < times {
        let mut rest = &bytes[..n * few.min(times - received)];
        while !rest.is_empty() {
            let (read, messages) = take(&rest[..rest.len().min(16_384)]);
            rest = &rest[read..];
            received += messages;
        }
    }
    assert_eq!(received, times);
}

fn send(len: usize, times: usize) {
    let text = "x".repeat(len);
    let mut sender = Sender::new(Server);
    let mut out = vec![0; len + 14];
    measured(&mut || {
        for _ in 0..times {
            let written = sender.frame().encode(black_box(&*text), black_box(&mut out));
            black_box(written.expect("a frame"));
        }
    });
}

fn send_masked(len: usize, times: usize) {
    let text = "x".repeat(len);
    let mut sender = Sender::new(Client::new(|| black_box(KEY)));
    let mut out = vec![0; len + 14];
    measured(&mut || {
        for _ in 0..times {
            let written = sender.frame().encode(black_box(&*text), black_box(&mut out));
            black_box(written.expect("a frame"));
        }
    });
}

fn mask(len: usize, times: usize) {
    let mut bytes = vec![0; len];
    measured(&mut || {
        for _ in 0..times {
            black_box(black_box(KEY).apply(black_box(&mut bytes)));
        }
    });
}

fn answer(times: usize) {
    let mut out = [0; 1024];
    measured(&mut || {
        for _ in 0..times {
            let Ok(Some((Request::WebSocket(handshake), _))) = Request::decode(black_box(REQUEST)) else {
                panic!("a handshake");
            };
            let answer = handshake.accept(Choice::default()).expect("an answer");
            black_box(answer.encode(black_box(&mut out)).expect("it fits"));
        }
    });
}
