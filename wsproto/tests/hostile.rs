//! What a peer does that wants to exhaust us, at its full size. Each takes memory and time for what came, no more.

#[expect(dead_code, reason = "the logs of events are for `connection`")]
mod common;
#[path = "common/given.rs"]
#[expect(dead_code, reason = "all at once is for `session`")]
mod given;

use common::{BINARY, CLIENT, CONTINUATION, FIN, PING, PONG, SERVER, TEXT};
use given::next;
use wsproto::connection::{Client, Connection, Event, Limits, Message, Received, Receiver, Server};
use wsproto::error::{BufferTooSmall, ProtocolError};
use wsproto::session::{Buffer, Session};
use wsproto::wire::CloseCode;

const MILLION: usize = 1_000_000;

const NO_LIMITS: Limits = Limits::new()
    .with_max_frame_payload(u64::MAX)
    .with_max_message_size(u64::MAX)
    .with_max_fragments(u32::MAX)
    .with_max_control_frames(u32::MAX);

/// Pushes all, drained after each push of `read` bytes at the most; gives the messages to `see`, and the first error.
fn drive<B: Buffer>(
    session: &mut Session<Server, B>,
    bytes: &[u8],
    read: usize,
    mut see: impl FnMut(Message<'_>),
) -> Result<(), ProtocolError> {
    for mut piece in bytes.chunks(read) {
        while !piece.is_empty() {
            let pushed = session.push_some(piece);
            piece = &piece[pushed..];
            while let Some((message, _)) = session.next()? {
                see(message);
            }
        }
    }
    Ok(())
}

fn nothing(message: Message<'_>) {
    panic!("{message:?}");
}

// ---- announced, never sent ----

#[test]
fn a_header_that_announces_2_to_the_62_is_refused_before_its_payload() {
    let header = CLIENT.header(FIN | BINARY, 1 << 62);
    assert_eq!(header.len(), 14);
    let error = ProtocolError::FrameTooBig { len: 1 << 62 };
    assert_eq!(error.close_code(), CloseCode::MESSAGE_TOO_BIG);
    assert_eq!(Receiver::<Server>::new(Limits::new()).receive(&mut header.clone()), Err(error));

    // An array is a limit of its own, whatever the others say.
    let mut session = Session::new(Server, NO_LIMITS, [0; 131]);
    let error = ProtocolError::MessageTooBig { len: 1 << 62 };
    assert_eq!(drive(&mut session, &header, 14, nothing), Err(error));
    assert_eq!(session.encode_reply(&mut [0; 131]).map(|len| len > 4), Ok(true));
}

#[test]
#[cfg(feature = "alloc")]
fn ten_thousand_peers_that_announce_2_to_the_62_are_given_one_read_each() {
    // What does not fit into the address space is refused: on a 32-bit machine it is 2³⁰.
    let header = CLIENT.header(FIN | BINARY, 1 << (usize::BITS - 2));
    let mut sessions = vec![Session::new(Server, NO_LIMITS, Vec::new()); 10_000];
    for session in &mut sessions {
        assert_eq!(drive(session, &header, header.len(), nothing), Ok(()));
        assert!(session.capacity() <= 2 * 4096);
        session.shrink();
    }
    assert_eq!(sessions.iter().map(Session::capacity).sum::<usize>(), 0);
}

#[test]
fn announced_sizes_add_up_to_no_more_than_the_limit() {
    let config = NO_LIMITS.with_max_message_size(1 << 62);
    let mut server = Receiver::<Server>::new(config);
    let mut first = CLIENT.frame(BINARY, b"a");
    assert!(server.receive(&mut first).is_ok());
    let error = ProtocolError::MessageTooBig { len: (1 << 62) + 1 };
    assert_eq!(server.receive(&mut CLIENT.header(CONTINUATION, 1 << 62)), Err(error));
}

// ---- pings ----

#[test]
fn of_400_000_empty_pings_to_a_peer_that_never_reads_one_pong_is_due() {
    let pings = CLIENT.frame(FIN | PING, b"").repeat(400_000);
    let mut session = Session::new(Server, Limits::new(), [0; 4096]);
    let mut came = 0;
    let taken = drive(&mut session, &pings, 4096, |message| {
        assert_eq!(message, Message::Ping(b""));
        came += 1;
    });
    assert_eq!((taken, came), (Ok(()), 400_000));
    let mut out = [0; 131];
    assert_eq!(session.encode_reply(&mut out), Ok(2));
    assert_eq!(out[..2], [FIN | PONG, 0]);
    assert!(!session.is_reply_due());
}

#[test]
fn a_connection_whose_output_is_full_keeps_nothing_of_400_000_pings() {
    let mut pings = CLIENT.frame(FIN | PING, b"").repeat(400_000);
    let mut server = Connection::new(Server, Limits::new());
    let (mut unread, mut came) = (&mut pings[..], 0);
    loop {
        let Received { consumed, event, .. } = server.receive(unread).unwrap();
        let Some(event) = event else { break };
        let refused = server.encode_reply(&event, &mut [0]);
        assert_eq!(refused, Err(BufferTooSmall { needed: 2 }));
        (unread, came) = (&mut unread[consumed..], came + 1);
    }
    assert_eq!(came, 400_000);
    // And it goes on as if nothing had been.
    assert_eq!(server.frame().encode("Hello", &mut [0; 7]), Ok(7));
}

#[test]
fn pings_between_the_fragments_of_a_message_end_at_their_limit() {
    let flood = [CLIENT.frame(TEXT, b"a"), CLIENT.frame(FIN | PING, b"").repeat(400_000)].concat();
    let mut session = Session::new(Server, Limits::new(), [0; 4096]);
    let mut came = 0;
    let error = drive(&mut session, &flood, 4096, |_| came += 1);
    assert_eq!((error, came), (Err(ProtocolError::TooManyControlFrames), 128));
}

// ---- fragments ----

#[test]
fn a_million_empty_continuations_end_at_their_limit() {
    let flood = [CLIENT.frame(BINARY, b""), CLIENT.frame(CONTINUATION, b"").repeat(MILLION)].concat();
    let mut session = Session::new(Server, Limits::new(), [0; 4096]);
    let error = drive(&mut session, &flood, 4096, nothing).unwrap_err();
    assert_eq!(error, ProtocolError::TooManyFragments);
    assert_eq!(error.close_code(), CloseCode::POLICY_VIOLATION);
}

#[test]
fn a_million_empty_continuations_take_no_space_where_they_are_allowed() {
    let flood = [
        CLIENT.frame(TEXT, b""),
        CLIENT.frame(CONTINUATION, b"").repeat(MILLION),
        CLIENT.frame(FIN | CONTINUATION, "end".as_bytes()),
    ]
    .concat();
    let mut session = Session::new(Server, NO_LIMITS, [0; 134]);
    let mut came = 0;
    let taken = drive(&mut session, &flood, 4096, |message| {
        assert_eq!(message, Message::Text("end"));
        came += 1;
    });
    assert_eq!((taken, came), (Ok(()), 1));
}

/// A million bytes, a frame for each.
#[cfg(feature = "alloc")]
fn a_million_one_byte_fragments() -> Vec<u8> {
    let one = |i: usize| {
        let opcode = if i == 0 { BINARY } else { CONTINUATION };
        let fin = if i == MILLION - 1 { FIN } else { 0 };
        CLIENT.frame(fin | opcode, &[i.to_le_bytes()[0]])
    };
    (0..MILLION).flat_map(one).collect()
}

#[test]
#[cfg(feature = "alloc")]
fn a_million_one_byte_fragments_are_one_message_where_they_are_allowed() {
    let bytes = a_million_one_byte_fragments();
    let mut session = Session::new(Server, NO_LIMITS, Vec::new());
    let mut came = 0;
    let taken = drive(&mut session, &bytes, 4096, |message| {
        let Message::Binary(message) = message else { panic!("{message:?}") };
        assert_eq!(message.len(), MILLION);
        assert!(message.iter().enumerate().all(|(i, byte)| *byte == i.to_le_bytes()[0]));
        came += 1;
    });
    assert_eq!((taken, came), (Ok(()), 1));
    let held = session.capacity();
    assert!(held <= 2 * MILLION + 4096, "of 7 MB that came 1 MB was message; {held} are held");
}

#[test]
#[cfg(feature = "alloc")]
fn a_million_one_byte_fragments_end_at_their_limit() {
    let bytes = a_million_one_byte_fragments();
    let mut session = Session::new(Server, Limits::new(), Vec::new());
    assert_eq!(drive(&mut session, &bytes, 4096, nothing), Err(ProtocolError::TooManyFragments));
    assert!(session.capacity() <= 4 * 4096, "{}", session.capacity());
}

// ---- one byte at a time ----

#[test]
fn a_message_that_comes_one_byte_at_a_time_is_not_looked_at_anew_for_each() {
    // 300,000 bytes: the square of that would be 45 gigabytes to look at.
    let text = "é".repeat(150_000);
    let bytes = CLIENT.frame(FIN | TEXT, text.as_bytes());
    let mut buffer: Box<[u8; 301_000]> = vec![0; 301_000].try_into().unwrap();
    let mut session = Session::new(Server, NO_LIMITS, buffer.as_mut());
    let mut came = 0;
    let taken = drive(&mut session, &bytes, 1, |message| {
        assert!(message == Message::Text(&text));
        came += 1;
    });
    assert_eq!((taken, came), (Ok(()), 1));
}

#[test]
fn each_of_many_small_messages_that_come_one_byte_at_a_time_is_given_when_it_is_whole() {
    let frame = CLIENT.frame(FIN | BINARY, b"four");
    let mut session = Session::new(Server, Limits::new(), [0; 4096]);
    for round in 0..20_000 {
        for (at, byte) in frame.iter().enumerate() {
            assert_eq!(session.push_some(&[*byte]), 1);
            let message = next(&mut session);
            let whole = at + 1 == frame.len();
            assert_eq!(message, Ok(whole.then_some(Message::Binary(b"four"))), "round {round}");
        }
    }
}

#[test]
fn a_header_that_comes_one_byte_at_a_time_asks_for_more_until_it_is_whole() {
    for announced in [0, 125, 126, 65_536, 1 << 62] {
        let header = SERVER.header(FIN | BINARY, announced);
        let mut client = Receiver::<Client>::new(NO_LIMITS);
        for len in 0..header.len() {
            assert_eq!(client.receive(&mut header[..len].to_vec()).unwrap().consumed, 0);
        }
        let received = client.receive(&mut header.clone()).unwrap().consumed;
        assert_eq!(received, header.len());
    }
    // Where the first byte is enough to know, it is enough to fail.
    assert!(Receiver::<Client>::new(NO_LIMITS).receive(&mut [0x83]).is_err());
}

// ---- after the end ----

#[test]
fn bytes_after_a_close_frame_are_dropped_however_many_come() {
    let mut server = Connection::new(Server, Limits::new());
    let mut close = CLIENT.frame(FIN | common::CLOSE, b"");
    assert_eq!(server.receive(&mut close).unwrap().event, Some(Event::Close(None)));
    let mut garbage = vec![0xFF; MILLION];
    for _ in 0..10 {
        let received = server.receive(&mut garbage).unwrap();
        assert_eq!((received.consumed, received.event), (MILLION, None));
    }
}
