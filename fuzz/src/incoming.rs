//! The halves of a session apart, as two tasks have them: in whichever way the one that reads is asked, and whosever memory
//! it reads into, they say what a connection says.

use wsproto::connection::{
    ConnectionState, Event, Message, MessageKind, Reply, Role, Sender, should_close_transport,
};
use wsproto::error::{Misuse, ProtocolError};
use wsproto::session::{Incoming, Next, Session};
use wsproto::wire::CloseFrame;

use crate::cuts::LIMITS;
use crate::messages::{Owned, Told, check_refuses, own, through_connection};

/// The memory of a thread, which its connections borrow in turn.
const SHARED: usize = 256;

/// Checks that what comes is the same in whichever way it is taken: `choices` are made over and over, one at each point
/// where a program may go one way or another.
pub fn check_incoming<R: Role + Copy>(role: R, choices: &[u8], wire: &[u8]) {
    assert_eq!(through_halves(role, choices, wire), through_connection(role, wire));
}

fn through_halves<R: Role>(role: R, choices: &[u8], mut wire: &[u8]) -> Told {
    let (mut incoming, mut sender) = Session::new(role, LIMITS, Vec::new()).split();
    let (mut messages, mut replies, mut error, mut reply) = (Vec::new(), Vec::new(), None, Reply::new());
    let mut choices = choices.iter().copied().cycle();
    // What came of a message of which the last piece has not come: what is left of it is not to be dropped.
    let mut cut = None;
    let mut choose = || choices.next().unwrap_or_default();
    while error.is_none() && !wire.is_empty() {
        let choice = choose();
        let (read, rest) = wire.split_at((usize::from(choice >> 1) + 1).min(wire.len()));
        wire = rest;
        let mut is_lent = choice & 1 > 0 && lend(&mut incoming, read);
        if !is_lent {
            incoming.push(read);
        }
        let mut is_drained = false;
        while !is_drained && error.is_none() {
            let choice = choose();
            let taken = if choice & 16 > 0 || cut.is_some() {
                take_pieces(&mut incoming, &mut reply, &mut cut)
            } else {
                take(&mut incoming, &mut reply, choice)
            };
            match taken {
                Ok(message) => {
                    is_drained = message.is_none();
                    messages.extend(message);
                }
                Err(fault) => error = Some(fault),
            }
            answer(&mut reply, &mut sender, &mut replies);
            // Also where something is left unread.
            if is_lent && (choice & 4 > 0 || is_drained) {
                is_lent = false;
                reclaim(&mut incoming);
            }
            if choice & 8 > 0 && !is_lent {
                incoming.shrink();
                assert_eq!(incoming.capacity(), incoming.kept(), "no more than is needed");
            }
        }
    }
    let (receive, send) = (incoming.state(), sender.state());
    let at_eof = incoming.receive_eof();
    reply.tell_eof();
    answer(&mut reply, &mut sender, &mut replies);
    let has_closed = error.is_some() || matches!(messages.last(), Some(Owned::Close(_)));
    check_refuses(&mut sender, if has_closed { Misuse::CloseSent } else { Misuse::NotOpen });
    let (state, closes_transport) =
        (ConnectionState::of(receive, send), should_close_transport::<R>(receive, send));
    Told { messages, replies, error, state, closes_transport, at_eof }
}

/// Lends memory in which bytes were read; it is not taken where there are others that come before them.
fn lend<R: Role>(incoming: &mut Incoming<R, Vec<u8>>, read: &[u8]) -> bool {
    let mut memory = vec![0xEE; SHARED];
    memory[..read.len()].copy_from_slice(read);
    let is_free = incoming.kept() == 0;
    let lent = incoming.lend(memory, read.len());
    assert_eq!(lent.is_ok(), is_free);
    is_free
}

fn reclaim<R: Role>(incoming: &mut Incoming<R, Vec<u8>>) {
    let kept = incoming.kept();
    assert_eq!(incoming.reclaim().expect("nothing was peeked and left").len(), SHARED, "all of it");
    assert_eq!((incoming.kept(), incoming.capacity()), (kept, kept), "a copy of what is needed");
}

/// Writes what is due as another task would, and tells that one that nothing new may be sent.
fn answer<R: Role>(reply: &mut Reply, sender: &mut Sender<R>, replies: &mut Vec<u8>) {
    sender.append_reply(reply.take(), replies);
    assert!(!reply.is_due());
}

/// Takes pieces up to a message's end, or a control frame.
fn take_pieces<R: Role>(
    incoming: &mut Incoming<R, Vec<u8>>,
    reply: &mut Reply,
    cut: &mut Option<Vec<u8>>,
) -> Result<Option<Owned>, ProtocolError> {
    loop {
        let is_there = incoming.peek_piece().is_some();
        let event = incoming.next_piece(reply)?;
        assert_eq!(event.is_some(), is_there);
        let piece = match event {
            None => return Ok(None),
            Some(Event::Ping(payload)) => return Ok(Some(own(Message::Ping(payload)))),
            Some(Event::Pong(payload)) => return Ok(Some(own(Message::Pong(payload)))),
            Some(Event::Close(close)) => return Ok(Some(own(Message::Close(close)))),
            Some(Event::Data(piece)) => piece,
        };
        assert_eq!(piece.is_first, cut.is_none());
        cut.get_or_insert_default().extend(piece.payload);
        if piece.is_last {
            return Ok(Some(own_bytes(Next::Message(piece.kind), &cut.take().unwrap_or_default())));
        }
    }
}

/// Takes what comes next: with a look before or without, as text or as bytes.
pub fn take<R: Role>(
    incoming: &mut Incoming<R, Vec<u8>>,
    reply: &mut Reply,
    choice: u8,
) -> Result<Option<Owned>, ProtocolError> {
    let peeked = (choice & 1 > 0).then(|| incoming.peek());
    let taken = match choice & 2 {
        0 => incoming.next(reply).map(|message| message.map(own)),
        _ => incoming.next_bytes(reply).map(|next| next.map(|(kind, bytes)| own_bytes(kind, bytes))),
    };
    let next = match &taken {
        Ok(message) => message.as_ref().map(kind_of),
        Err(_) => Some(Next::Failure),
    };
    match peeked {
        // "A text may still turn out not to be UTF-8."
        Some(Some(Next::Message(MessageKind::Text))) if taken == Err(ProtocolError::NotUtf8) => {}
        Some(peeked) => assert_eq!(peeked, next),
        None => {}
    }
    taken
}

fn own_bytes(kind: Next, bytes: &[u8]) -> Owned {
    match kind {
        Next::Message(MessageKind::Text) => {
            Owned::Text(String::from_utf8(bytes.to_vec()).expect("text is UTF-8"))
        }
        Next::Message(MessageKind::Binary) => Owned::Binary(bytes.to_vec()),
        Next::Ping => Owned::Ping(bytes.to_vec()),
        Next::Pong => Owned::Pong(bytes.to_vec()),
        Next::Close => {
            let close = CloseFrame::decode(bytes).expect("a Close frame's payload");
            own(Message::Close(close))
        }
        Next::Failure => panic!("a failure has no bytes"),
    }
}

fn kind_of(message: &Owned) -> Next {
    match message {
        Owned::Text(_) => Next::Message(MessageKind::Text),
        Owned::Binary(_) => Next::Message(MessageKind::Binary),
        Owned::Ping(_) => Next::Ping,
        Owned::Pong(_) => Next::Pong,
        Owned::Close(_) => Next::Close,
    }
}
