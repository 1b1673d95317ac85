//! All that a connection tells of some bytes, however they are cut, and what has to hold of each call.

use wsproto::connection::{Connection, ConnectionState, Event, Limits, MessageKind, Role};
use wsproto::error::{AbnormalClosure, ProtocolError};
use wsproto_test::vectors::in_pieces;

/// Small enough that a short input reaches each limit.
pub const LIMITS: Limits = Limits::new()
    .with_max_frame_payload(200)
    .with_max_message_size(300)
    .with_max_fragments(6)
    .with_max_control_frames(3);

/// Checks that the whole tells the same as the whole cut in two anywhere, or byte by byte.
pub fn check_every_cut<R: Role + Copy>(role: R, bytes: &[u8]) {
    let whole = tell(role, [bytes]);
    for pieces in in_pieces(bytes) {
        let lengths: Vec<_> = pieces.iter().map(|piece| piece.len()).collect();
        assert_eq!(tell(role, pieces), whole, "cut into {lengths:?}");
    }
}

/// All that can be observed of a connection.
#[derive(Debug, PartialEq)]
struct Told {
    events: Vec<Owned>,
    error: Option<ProtocolError>,
    state: ConnectionState,
    at_eof: Result<(), AbnormalClosure>,
}

/// An event, with the pieces of a message joined.
#[derive(Debug, PartialEq)]
enum Owned {
    Message { kind: MessageKind, payload: Vec<u8>, is_whole: bool },
    Other(String),
}

/// Gives the pieces to a connection, one after the other, and notes all that it tells.
fn tell<'a, R: Role>(role: R, pieces: impl IntoIterator<Item = &'a [u8]>) -> Told {
    let mut connection = Connection::new(role, LIMITS);
    let (mut buffer, mut events, mut error) = (Vec::new(), Vec::new(), None);
    for piece in pieces {
        buffer.extend_from_slice(piece);
        while let Ok(consumed) = step(&mut connection, &mut buffer, &mut events, &mut error)
            && consumed > 0
        {
            buffer.drain(..consumed);
        }
    }
    Told { events, error, state: connection.state(), at_eof: connection.receive_eof() }
}

/// Makes one call, and checks what must hold of each.
fn step<R: Role>(
    connection: &mut Connection<R>,
    buffer: &mut [u8],
    events: &mut Vec<Owned>,
    latched: &mut Option<ProtocolError>,
) -> Result<usize, ProtocolError> {
    let before = buffer.to_vec();
    let received = connection.receive(buffer).inspect_err(|error| {
        assert_eq!(latched.get_or_insert(*error), error, "an error stays the same");
    })?;
    let consumed = received.consumed;
    assert_eq!(*latched, None, "nothing comes after an error");
    assert!(consumed > 0 || received.event.is_none() && before.len() < 131, "progress, or too few bytes");
    if let Some(event) = received.event {
        note(event, events);
    }
    assert_eq!(buffer[consumed..], before[consumed..], "bytes that are not consumed are untouched");
    Ok(consumed)
}

fn note(event: Event<'_>, events: &mut Vec<Owned>) {
    let Event::Data(data) = event else {
        return events.push(Owned::Other(format!("{event:?}")));
    };
    if data.is_first {
        events.push(Owned::Message { kind: data.kind, payload: Vec::new(), is_whole: false });
    }
    // The message under way: control frames may have come since it began.
    let under_way = events.iter_mut().rev().find(|event| matches!(event, Owned::Message { .. }));
    let Some(Owned::Message { kind, payload, is_whole }) = under_way else {
        panic!("a piece without a message");
    };
    assert!(*kind == data.kind && !*is_whole, "a piece of the message under way");
    payload.extend_from_slice(data.payload);
    *is_whole = data.is_last;
    if let (MessageKind::Text, Err(cut)) = (*kind, str::from_utf8(payload)) {
        assert!(!*is_whole && cut.error_len().is_none(), "text so far is a valid prefix");
    }
}
