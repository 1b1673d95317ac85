//! The incoming half of a session, asked in other ways than by `next`: each gives what `next` gives.

#[cfg(feature = "alloc")]
use wsproto::connection::{Message, Sender};
use wsproto::connection::{Role, Server};
use wsproto::session::{Buffer, Incoming, Session};

use super::frames::{CLIENT, MEMORY, limits};
#[cfg(feature = "alloc")]
use super::given::owned;
use super::given::{Asked, Given};
use super::table::string;
use wsproto_test::vectors::{Case, all_bytes, in_pieces};

/// By `peek` before each `next`, by `next_bytes`, and by `next_piece`.
pub fn by_peek_and_by_bytes(case: &Case) {
    match string(case, "role") {
        "server" => peek_and_bytes(case, Server),
        _ => peek_and_bytes(case, CLIENT),
    }
}

fn peek_and_bytes(case: &Case, role: impl Role + Copy) {
    let (name, input) = (string(case, "name"), all_bytes(&case["in"]));
    let mut memory = vec![0; MEMORY];
    let memory: &mut [u8; MEMORY] = memory.as_mut_slice().try_into().unwrap();
    for chunks in some_pieces(&input) {
        let asked = [Asked::Next, Asked::Peek, Asked::NextBytes, Asked::Pieces];
        let [next, peek, bytes, joined] = asked.map(|asked| {
            let session = Session::new(role, limits(case), &mut *memory);
            given(session.split().0, &chunks, asked)
        });
        assert_eq!(next.error.is_some(), case.contains_key("fails"), "{name}");
        assert_eq!(peek, next, "{name}, {} pieces", chunks.len());
        assert_eq!(bytes, next, "{name}, {} pieces", chunks.len());
        assert_eq!(joined, next, "{name}, {} pieces", chunks.len());
    }
}

fn given<R: Role, B: Buffer>(mut incoming: Incoming<R, B>, chunks: &[&[u8]], asked: Asked) -> Given {
    let mut given = Given::default();
    for mut chunk in chunks.iter().copied() {
        while !chunk.is_empty() && given.error.is_none() {
            let pushed = incoming.push_some(chunk);
            chunk = &chunk[pushed..];
            given.take_all(&mut incoming, asked);
        }
    }
    given
}

/// One buffer, lent for each read where nothing is kept.
#[cfg(feature = "alloc")]
pub fn through_a_lent_buffer(case: &Case) {
    match string(case, "role") {
        "server" => lent(case, Server),
        _ => lent(case, CLIENT),
    }
}

#[cfg(feature = "alloc")]
fn lent(case: &Case, role: impl Role + Copy) {
    let (name, input) = (string(case, "name"), all_bytes(&case["in"]));
    for chunks in some_pieces(&input) {
        let owned = given(Session::new(role, limits(case), Vec::new()).split().0, &chunks, Asked::Next);
        let mut incoming = Session::new(role, limits(case), Vec::new()).split().0;
        let mut given = Given::default();
        for chunk in &chunks {
            match incoming.lend(chunk.to_vec(), chunk.len()) {
                Ok(()) => {
                    given.take_all(&mut incoming, Asked::Next);
                    let back = incoming.reclaim().expect("all was taken");
                    assert_eq!(back.len(), chunk.len(), "{name}");
                    let own = incoming.capacity();
                    assert!(given.error.is_some() || own == incoming.kept(), "{name}: {own} bytes are held");
                }
                Err(back) => {
                    assert!(incoming.kept() > 0 && back == *chunk, "{name}");
                    incoming.push(chunk);
                    given.take_all(&mut incoming, Asked::Next);
                }
            }
            if given.error.is_some() {
                break;
            }
        }
        assert_eq!(given, owned, "{name}, {} pieces", chunks.len());
    }
}

/// A turn over each read in the caller's memory, against one over what was pushed.
#[cfg(feature = "alloc")]
pub fn by_turn_over(case: &Case) {
    match string(case, "role") {
        "server" => turns(case, Server),
        _ => turns(case, CLIENT),
    }
}

#[cfg(feature = "alloc")]
fn turns<R: Role + Copy>(case: &Case, role: R) {
    let (name, input) = (string(case, "name"), all_bytes(&case["in"]));
    for chunks in some_pieces(&input) {
        let [over, pushed] = [true, false].map(|is_over| {
            let mut session = Session::new(role, limits(case), Vec::new());
            let (mut came, mut out, mut outcome) = (Vec::new(), Vec::new(), Ok(()));
            for chunk in &chunks {
                let mut each = |message: Message<'_>, sender: &mut Sender<R>, out: &mut Vec<u8>| {
                    came.push(owned(message));
                    if message.is_data() { sender.frame().append(message, out) } else { Ok(()) }
                };
                outcome = if is_over {
                    session.turn_over(&mut chunk.to_vec(), &mut out, &mut each)
                } else {
                    session.push(chunk);
                    session.turn(&mut out, &mut each)
                };
                if outcome.is_err() {
                    break;
                }
            }
            (came, out, outcome, session.should_close_transport(), session.receive_eof())
        });
        assert_eq!(over.2.is_err(), case.contains_key("fails"), "{name}");
        assert!(over == pushed, "{name}, {} pieces", chunks.len());
    }
}

/// Of long input each 16th cut: all of them go through `session` itself, and take their time.
fn some_pieces(input: &[u8]) -> impl Iterator<Item = Vec<&[u8]>> {
    in_pieces(input).step_by(if input.len() > 10_000 { 16 } else { 1 })
}
