//! What a peer can have us do, at a size that is told: `linear SCENARIO BYTES`. `.ci/linear` counts the instructions of
//! [`measured`], which are the same in each run, at one size, twice and four times that.
//!
//! Without arguments it prints each scenario's least size and name.

mod connection;
mod deflate;
mod handshake;
mod peer;
mod session;

use std::hint::black_box;

/// A name, the size to begin with, and what makes an input of so many bytes and then has it [`measured`].
type Scenario = (&'static str, usize, fn(usize));

const SCENARIOS: [Scenario; 23] = [
    ("many small messages", 100_000, session::many_small_messages),
    ("many small messages, in a buffer of 131 bytes", 100_000, session::many_small_messages_in_131_bytes),
    ("one large message in reads of 101 bytes", 100_000, session::large_message_in_small_reads),
    ("the same, over an array", 100_000, session::large_message_over_an_array),
    ("one large message, byte by byte", 16_000, session::large_message_byte_by_byte),
    ("many small messages, byte by byte", 16_000, session::small_messages_byte_by_byte),
    ("many fragments of one byte", 100_000, session::one_byte_fragments),
    ("many empty fragments", 100_000, session::empty_fragments),
    ("fragments with pings between them", 100_000, session::fragments_with_pings),
    ("pings", 100_000, session::pings),
    ("a session that is drained too slowly", 100_000, session::drained_too_slowly),
    ("compressed fragments of one byte", 100_000, deflate::one_byte_fragments),
    ("compressed blocks with codes of their own", 16_000, deflate::many_codes),
    ("what comes out of a bomb", 32_000, deflate::bomb),
    ("text whose last byte is wrong", 100_000, connection::wrong_last_byte),
    ("text whose last byte is wrong, byte by byte", 16_000, connection::wrong_last_byte_byte_by_byte),
    ("a request's head, byte by byte", 16_000, handshake::request_byte_by_byte),
    ("a request's head in one line, byte by byte", 16_000, handshake::long_line_byte_by_byte),
    ("a response's head, byte by byte", 16_000, handshake::response_byte_by_byte),
    ("commas in a list of extensions", 16_000, handshake::commas_in_extensions),
    ("quoted parameters of an extension", 16_000, handshake::quoted_parameters),
    ("offers of permessage-deflate, all declined", 16_000, handshake::offers_to_decline),
    ("offers of permessage-deflate, one answer", 16_000, handshake::offers_that_an_answer_fits),
];

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [] => SCENARIOS.iter().for_each(|(name, bytes, _)| println!("{bytes} {name}")),
        [name, bytes] => {
            let (_, _, run) = SCENARIOS.iter().find(|(other, ..)| other == name).expect("a scenario");
            run(bytes.parse().expect("a number of bytes"));
        }
        _ => panic!("linear SCENARIO BYTES"),
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
