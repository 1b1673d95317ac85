//! A session, driven in every way that programs have, held against a connection.

use wsproto::connection::{Message, Role, Sender};
use wsproto::error::{Misuse, ProtocolError};
use wsproto::session::{Buffer, Session, TurnError};
use wsproto::wire::CloseCode;

use crate::cuts::LIMITS;
use crate::messages::{Owned, Told, check_refuses, own, through_connection};

/// How a program uses a session between two reads, and how much it reads.
#[derive(Debug, Clone, Copy)]
pub struct Habit {
    /// Whether it takes one message only, and not all that are there.
    pub is_lazy: bool,
    /// Whether it looks at the buffer, or does what else can be done, after each message.
    pub is_restless: bool,
    /// The sizes of its reads, in turn.
    pub reads: [usize; 2],
}

/// Just large enough for the largest message, and a control frame inside of it.
const FIXED: usize = LIMITS.max_message_size as usize + 131;

/// Checks that a session says what a connection says, over a buffer that grows and over a fixed one, message by message
/// and turn by turn.
pub fn check_session<R: Role + Copy>(role: R, habit: Habit, wire: &[u8]) {
    let expected = through_connection(role, wire);
    let look = |session: &mut Session<R, [u8; FIXED]>| assert!(session.buffer().len() <= FIXED);
    let shrink = |session: &mut Session<R, Vec<u8>>| session.shrink();
    assert_eq!(through_session(Session::new(role, LIMITS, [0; FIXED]), habit, wire, look), expected);
    assert_eq!(through_session(Session::new(role, LIMITS, Vec::new()), habit, wire, shrink), expected);
    let without_replies = Told { replies: Vec::new(), ..expected };
    assert_eq!(through_turns(role, habit.reads, wire, false), without_replies);
    assert_eq!(through_turns(role, habit.reads, wire, true), without_replies);
}

fn through_session<R: Role, B: Buffer>(
    mut session: Session<R, B>,
    habit: Habit,
    mut wire: &[u8],
    stir: impl Fn(&mut Session<R, B>),
) -> Told {
    let (mut messages, mut replies, mut error, mut is_drained) = (Vec::new(), Vec::new(), None, true);
    let mut reads = habit.reads.into_iter().cycle();
    while error.is_none() && !(is_drained && wire.is_empty()) {
        let read = session.push_some(&wire[..reads.next().unwrap_or(1).min(wire.len())]);
        assert!(read > 0 || wire.is_empty() || !is_drained, "a session that wants more has room for it");
        wire = &wire[read..];
        is_drained = false;
        while !is_drained && error.is_none() {
            match session.next() {
                // While the message is borrowed, and before it is answered.
                Ok(Some((message @ Message::Close(_), sender))) => {
                    check_refuses(sender, Misuse::NotOpen);
                    messages.push(own(message));
                }
                Ok(Some((message, sender))) => {
                    assert_eq!(sender.check_message(), Ok(()));
                    messages.push(own(message));
                }
                Ok(None) => is_drained = true,
                Err(fault) => {
                    check_refuses(session.sender(), Misuse::NotOpen);
                    error = Some(fault);
                }
            }
            reply(&mut session, &mut replies);
            if habit.is_restless {
                stir(&mut session);
            }
            if habit.is_lazy {
                break;
            }
        }
    }
    let (state, closes_transport) = (session.state(), session.should_close_transport());
    let at_eof = session.receive_eof();
    let has_closed = error.is_some() || matches!(messages.last(), Some(Owned::Close(_)));
    check_refuses(session.sender(), if has_closed { Misuse::CloseSent } else { Misuse::NotOpen });
    Told { messages, replies, error, state, closes_transport, at_eof }
}

fn reply<R: Role, B: Buffer>(session: &mut Session<R, B>, replies: &mut Vec<u8>) {
    let mut out = [0; 131];
    let written = session.encode_reply(&mut out).expect("131 bytes are enough");
    assert!(!session.is_reply_due());
    replies.extend_from_slice(&out[..written]);
}

/// Echoes in turns, and checks what is to be written after each. What is read lies `elsewhere`, or in the session's buffer.
fn through_turns<R: Role + Copy>(role: R, reads: [usize; 2], mut wire: &[u8], elsewhere: bool) -> Told {
    let mut session = Session::new(role, LIMITS, Vec::new());
    let (mut messages, mut error, mut reads) = (Vec::new(), None, reads.into_iter().cycle());
    while error.is_none() && !wire.is_empty() {
        let (read, rest) = wire.split_at(reads.next().unwrap_or(1).min(wire.len()));
        wire = rest;
        let (mut out, before) = (Vec::new(), messages.len());
        let echo = |message: Message<'_>, sender: &mut Sender<R>, out: &mut Vec<u8>| {
            messages.push(own(message));
            if message.is_data() { sender.frame().append(message, out) } else { Ok(()) }
        };
        let outcome = if elsewhere {
            session.turn_over(&mut read.to_vec(), &mut out, echo)
        } else {
            session.push(read);
            session.turn(&mut out, echo)
        };
        error = match outcome {
            Ok(()) => None,
            Err(TurnError::Protocol(error)) => Some(error),
            Err(other) => panic!("an echo is no misuse: {other}"),
        };
        assert_eq!(out, written_in_turn(role, &messages[before..], error));
    }
    let (state, closes_transport) = (session.state(), session.should_close_transport());
    let at_eof = session.receive_eof();
    Told { messages, replies: Vec::new(), error, state, closes_transport, at_eof }
}

/// An answer to each: to a message its echo, to a Ping or a Close frame the reply; and the Close frame that tells of a fault.
fn written_in_turn<R: Role>(role: R, came: &[Owned], error: Option<ProtocolError>) -> Vec<u8> {
    let (mut sender, mut out) = (Sender::new(role), Vec::new());
    let mut append = |message| sender.frame().append(message, &mut out).expect("it is open");
    for message in came {
        match message {
            Owned::Text(text) => append(text.as_str().into()),
            Owned::Binary(payload) => append(payload.into()),
            Owned::Ping(payload) => append(Message::Pong(payload)),
            Owned::Pong(_) => {}
            Owned::Close(None) => append(Message::Close(None)),
            Owned::Close(Some((code, _))) => append(CloseCode::new(*code).expect("it came").into()),
        }
    }
    if let Some(error) = error {
        append(error.close_frame().into());
    }
    out
}
