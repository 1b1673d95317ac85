//! Whole messages over one buffer: joined in place, borrowed while replies are written.

use wsproto::connection::{Client, ConnectionState, Limits, Message, Reply, Server};
use wsproto::error::{AbnormalClosure, Misuse, ProtocolError, SendError};
use wsproto::session::{Buffer, Session};
use wsproto::wire::{CloseCode, CloseFrame, MaskingKey};

use crate::common::{BINARY, CLIENT, CLOSE, CONTINUATION, FIN, PING, PONG, SERVER, TEXT};
use crate::given::next;

/// What came whole, owned.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Whole {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<u16>),
}

impl From<Message<'_>> for Whole {
    fn from(message: Message<'_>) -> Self {
        match message {
            Message::Text(text) => Self::Text(text.into()),
            Message::Binary(bytes) => Self::Binary(bytes.into()),
            Message::Ping(payload) => Self::Ping(payload.into()),
            Message::Pong(payload) => Self::Pong(payload.into()),
            Message::Close(close) => Self::Close(close.map(|close: CloseFrame<'_>| close.code().get())),
        }
    }
}

/// Where the free space begins: it tells whether anything was moved.
fn place<B: Buffer>(session: &mut Session<Server, B>) -> usize {
    session.buffer().as_ptr().addr()
}

/// Reads `bytes` as a socket would give them, `read` at most at a time, and drains the session after each.
fn drive<B: Buffer>(
    session: &mut Session<Server, B>,
    mut bytes: &[u8],
    read: usize,
) -> (Vec<Whole>, Option<ProtocolError>) {
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let space = session.buffer();
        assert!(!space.is_empty(), "a drained session always has room");
        let n = read.min(space.len()).min(bytes.len());
        space[..n].copy_from_slice(&bytes[..n]);
        session.filled(n);
        bytes = &bytes[n..];
        loop {
            match session.next() {
                Ok(None) => break,
                Ok(Some((message, _))) => all.push(message.into()),
                Err(error) => return (all, Some(error)),
            }
        }
    }
    (all, None)
}

fn conversation() -> (Vec<u8>, Vec<Whole>) {
    let bytes = [
        CLIENT.frame(FIN | TEXT, "κόσμε".as_bytes()),
        CLIENT.frame(BINARY, b""),
        CLIENT.frame(CONTINUATION, &[1; 100]),
        CLIENT.frame(FIN | PING, &[7; 125]),
        CLIENT.frame(CONTINUATION, &[2; 200]),
        CLIENT.frame(FIN | CONTINUATION, b""),
        CLIENT.frame(FIN | PONG, b"pong"),
        CLIENT.frame(TEXT, b"caf\xC3"),
        CLIENT.frame(FIN | CONTINUATION, b"\xA9"),
        CLIENT.frame(FIN | TEXT, b""),
        CLIENT.frame(FIN | CLOSE, b"\x03\xE8"),
        CLIENT.frame(FIN | TEXT, b"late"),
    ]
    .concat();
    let joined = [vec![1; 100], vec![2; 200]].concat();
    let whole = vec![
        Whole::Text("κόσμε".into()),
        Whole::Ping(vec![7; 125]),
        Whole::Binary(joined),
        Whole::Pong(b"pong".into()),
        Whole::Text("café".into()),
        Whole::Text(String::new()),
        Whole::Close(Some(1000)),
    ];
    (bytes, whole)
}

#[test]
fn messages_are_the_same_for_every_size_of_read_and_buffer() {
    let (bytes, whole) = conversation();
    for read in 1..=bytes.len() {
        let expected = (whole.clone(), None);
        assert_eq!(
            drive(&mut Session::new(Server, Limits::new(), [0; 431]), &bytes, read),
            expected,
            "{read} at a time"
        );
        assert_eq!(
            drive(&mut Session::new(Server, Limits::new(), [0; 1024]), &bytes, read),
            expected,
            "{read} at a time"
        );
        let mut array = [0; 500];
        assert_eq!(
            drive(&mut Session::new(Server, Limits::new(), &mut array), &bytes, read),
            expected,
            "{read} at a time"
        );
        #[cfg(feature = "alloc")]
        assert_eq!(
            drive(&mut Session::new(Server, Limits::new(), Vec::new()), &bytes, read),
            expected,
            "{read} at a time"
        );
    }
}

#[test]
fn a_message_that_fills_the_buffer_but_131_bytes_passes_and_one_more_fails_at_its_header() {
    for len in [0, 1, 125, 126, 892, 893] {
        let bytes = CLIENT.frame(FIN | BINARY, &vec![5; len]);
        for read in [1, 7, 1024] {
            let mut session = Session::new(Server, Limits::new(), [0; 1024]);
            assert_eq!(drive(&mut session, &bytes.repeat(3), read).0, vec![Whole::Binary(vec![5; len]); 3]);
        }
    }
    let header = CLIENT.header(FIN | BINARY, 894);
    let error = Some(ProtocolError::MessageTooBig { len: 894 });
    assert_eq!(drive(&mut Session::new(Server, Limits::new(), [0; 1024]), &header, 1024), (vec![], error));
}

#[test]
fn a_lower_limit_than_the_buffers_holds_too() {
    let config = Limits::new().with_max_message_size(100);
    let bytes = [CLIENT.frame(FIN | BINARY, &[0; 100]), CLIENT.header(FIN | BINARY, 101)].concat();
    let error = Some(ProtocolError::MessageTooBig { len: 101 });
    assert_eq!(
        drive(&mut Session::new(Server, config, [0; 1024]), &bytes, 1024),
        (vec![Whole::Binary(vec![0; 100])], error)
    );
}

#[test]
fn a_message_is_not_moved_while_there_is_room_and_once_when_there_is_not() {
    let mut session = Session::new(Server, Limits::new(), [0; 1024]);
    let start = place(&mut session);
    // 16 bytes are given out, then 208 begin a message that lies behind them.
    drive(&mut session, &CLIENT.frame(FIN | TEXT, b"0123456789"), 1024);
    assert_eq!(place(&mut session), start, "nothing is kept");
    let bytes = CLIENT.frame(FIN | BINARY, &[1; 890]);
    let frames = [&CLIENT.frame(FIN | TEXT, b"0123456789"), &bytes[..208]].concat();
    drive(&mut session, &frames, 1024);
    assert_eq!(place(&mut session), start + 224, "200 bytes stay where they came: they would win 24");
    drive(&mut session, &bytes[208..877], 1024);
    assert_eq!(place(&mut session), start + 893, "131 bytes are free");
    drive(&mut session, &bytes[877..878], 1024);
    assert_eq!(place(&mut session), start + 870, "130 would be: they went to the front");
    let (all, error) = drive(&mut session, &bytes[878..], 1024);
    assert_eq!((all, error), (vec![Whole::Binary(vec![1; 890])], None));
}

#[test]
fn unread_bytes_are_moved_only_if_as_many_are_won() {
    let mut session = Session::new(Server, Limits::new(), [0; 1024]);
    let one = CLIENT.frame(FIN | TEXT, b"0123456789");
    assert_eq!(session.push_some(&one.repeat(64)), 1024);
    for given in 1..64 {
        assert!(session.next().unwrap().is_some());
        // 16 bytes a message: from the 32nd on, moving what is unread costs less than it wins.
        let won = if given < 32 { 0 } else { given * 16 };
        assert_eq!(session.buffer().len(), won, "after {given} messages");
        if won > 0 {
            break;
        }
    }
}

#[test]
fn an_error_behind_an_unanswered_ping_is_told() {
    let mut session = Session::new(Server, Limits::new(), [0; 1024]);
    let bytes = [CLIENT.frame(FIN | PING, b"?"), CLIENT.frame(FIN | TEXT, b"\xFF")].concat();
    assert_eq!(
        drive(&mut session, &bytes, 1024),
        (vec![Whole::Ping(b"?".into())], Some(ProtocolError::NotUtf8))
    );
    let mut out = [0; 131];
    assert!(session.encode_reply(&mut out).unwrap() > 4);
    assert_eq!(out[2..4], [0x03, 0xEF], "1007");
}

#[test]
fn a_session_begins_no_message_once_the_peer_has_closed() {
    let mut session = Session::new(Server, Limits::new(), [0; 1024]);
    drive(&mut session, &CLIENT.frame(FIN | CLOSE, b""), 1024);
    let refused = Err(SendError::Misuse(Misuse::NotOpen));
    assert_eq!(session.frame().encode("new", &mut [0; 131]), refused);
}

#[test]
fn a_reply_can_be_taken_to_where_frames_are_written() {
    let session = Session::new(Server, Limits::new(), [0; 1024]);
    let (mut incoming, mut sender) = session.split();
    let mut reply = Reply::new();
    let ping = CLIENT.frame(FIN | PING, b"?");
    assert_eq!(incoming.push_some(&ping), ping.len());
    assert_eq!(incoming.next(&mut reply), Ok(Some(Message::Ping(b"?"))));
    let taken = reply.take();
    assert!(taken.is_due() && !reply.is_due());
    let mut out = [0; 131];
    assert_eq!(sender.encode_reply(taken, &mut out), Ok(3));
    assert_eq!(out[..3], [0x8A, 1, b'?']);
}

#[test]
fn a_full_fragmented_message_leaves_room_for_the_longest_control_frame() {
    let bytes = [
        CLIENT.frame(BINARY, &[1; 300]),
        CLIENT.frame(CONTINUATION, &[2; 593]),
        CLIENT.frame(FIN | PING, &[3; 125]),
        CLIENT.frame(FIN | CONTINUATION, b""),
    ]
    .concat();
    for read in [1, 50, 1024] {
        let (all, error) = drive(&mut Session::new(Server, Limits::new(), [0; 1024]), &bytes, read);
        assert_eq!((all.len(), error), (2, None));
        assert_eq!(all[1], Whole::Binary([vec![1; 300], vec![2; 593]].concat()));
    }
}

#[test]
fn a_reply_is_written_while_the_message_is_borrowed() {
    let mut session = Session::new(Server, Limits::new(), [0; 1024]);
    let bytes = CLIENT.frame(FIN | TEXT, b"echo");
    session.buffer()[..bytes.len()].copy_from_slice(&bytes);
    session.filled(bytes.len());
    let Some((Message::Text(text), sender)) = session.next().unwrap() else { panic!("a text message") };
    let mut out = [0; 16];
    let n = sender.frame().encode(text, &mut out).unwrap();
    assert_eq!((&out[..n], text), (&b"\x81\x04echo"[..], "echo"));
}

#[test]
fn a_client_session_masks_its_frames() {
    let key = MaskingKey::new([1, 2, 3, 4]);
    let mut session = Session::new(Client::new(|| key), Limits::new(), [0; 1024]);
    let bytes = SERVER.frame(FIN | PING, b"?");
    session.buffer()[..bytes.len()].copy_from_slice(&bytes);
    session.filled(bytes.len());
    assert_eq!(next(&mut session), Ok(Some(Message::Ping(b"?"))));
    let mut out = [0; 131];
    assert_eq!(session.encode_reply(&mut out), Ok(7));
    assert_eq!(out[..7], CLIENT_1234.frame(FIN | PONG, b"?"));
    let n = session.frame().encode("hi", &mut out).unwrap();
    assert_eq!(out[..n], CLIENT_1234.frame(FIN | TEXT, b"hi"));
}

const CLIENT_1234: crate::common::Peer = crate::common::Peer { key: Some([1, 2, 3, 4]) };

#[test]
fn the_end_of_the_transport_tells_whether_a_message_was_cut_short() {
    let mut session = Session::new(Server, Limits::new(), [0; 1024]);
    drive(&mut session, &CLIENT.frame(TEXT, b"cut sho"), 99);
    assert_eq!(session.receive_eof(), Err(AbnormalClosure { inside_message: true }));
    assert_eq!(session.state(), ConnectionState::Closed);
    assert!(session.should_close_transport());

    let mut session = Session::new(Server, Limits::new(), [0; 1024]);
    drive(&mut session, &CLIENT.frame(FIN | CLOSE, b""), 99);
    assert_eq!(session.receive_eof(), Ok(()));
}

#[test]
fn what_came_before_an_error_is_given_first_and_nothing_after_it() {
    let bytes = [
        CLIENT.frame(FIN | TEXT, b"good"),
        SERVER.frame(FIN | TEXT, b"not masked"),
        CLIENT.frame(FIN | TEXT, b"never seen"),
    ]
    .concat();
    let mut session = Session::new(Server, Limits::new(), [0; 1024]);
    let failed = Some(ProtocolError::UnmaskedFrame);
    assert_eq!(drive(&mut session, &bytes, 1024), (vec![Whole::Text("good".into())], failed));
    assert_eq!(next(&mut session), Err(ProtocolError::UnmaskedFrame));
    let mut out = [0; 131];
    let n = session.encode_reply(&mut out).unwrap();
    assert_eq!(out[..4], [0x88, u8::try_from(n).unwrap() - 2, 0x03, 0xEA]);
    assert!(session.should_close_transport());
    assert_eq!(next(&mut session), Err(ProtocolError::UnmaskedFrame));
    assert!(!session.is_reply_due(), "it was told once");
}

/// A whole message takes another way through a session than one that comes in pieces.
#[test]
fn text_that_is_wrong_fails_alike_whole_and_in_pieces() {
    for text in
        [&b"\xFF"[..], b"nearly good\xF0\x9F\x98", b"a good while\xE2\x28 longer than one block of the mask"]
    {
        let bytes = CLIENT.frame(FIN | TEXT, text);
        for read in [bytes.len(), 7, 1] {
            let mut session = Session::new(Server, Limits::new(), [0; 200]);
            let failed = (vec![], Some(ProtocolError::NotUtf8));
            assert_eq!(drive(&mut session, &bytes, read), failed, "{read} bytes at a time");
            assert_eq!(next(&mut session), Err(ProtocolError::NotUtf8), "again");
            let mut out = [0; 131];
            session.encode_reply(&mut out).unwrap();
            assert_eq!(out[2..4], 1007_u16.to_be_bytes());
            assert_eq!(session.receive_eof(), Err(AbnormalClosure { inside_message: true }));
        }
    }
}

#[test]
fn a_close_frame_is_shown_and_answered() {
    let mut session = Session::new(Server, Limits::new(), [0; 1024]);
    let (all, error) = drive(&mut session, &CLIENT.frame(FIN | CLOSE, b"\x03\xE9going"), 1024);
    assert_eq!((all, error), (vec![Whole::Close(Some(1001))], None));
    assert_eq!(session.state(), ConnectionState::CloseReceived);
    assert!(!session.should_close_transport(), "the answer is due first");
    let mut out = [0; 131];
    assert_eq!(session.encode_reply(&mut out), Ok(4));
    assert_eq!(out[..4], [0x88, 2, 0x03, 0xE9]);
    assert!(session.should_close_transport());
    assert_eq!(session.encode_reply(&mut out), Ok(0));
}

#[test]
fn a_session_that_has_begun_the_closing_handshake_waits_for_the_peers_part() {
    let mut session = Session::new(Server, Limits::new(), [0; 1024]);
    let mut out = [0; 131];
    session.frame().encode(CloseCode::GOING_AWAY, &mut out).unwrap();
    assert_eq!(session.state(), ConnectionState::CloseSent);
    drive(&mut session, &CLIENT.frame(FIN | CLOSE, b"\x03\xE9"), 1024);
    assert!(session.should_close_transport());
    assert_eq!(session.encode_reply(&mut out), Ok(0), "ours was sent");
}

#[test]
fn a_caller_that_never_drains_gets_no_room_and_loses_nothing() {
    let mut session = Session::new(Server, Limits::new(), [0; 256]);
    let bytes = CLIENT.frame(FIN | TEXT, b"0123456789").repeat(20);
    let mut given = 0;
    loop {
        let space = session.buffer();
        let n = space.len().min(bytes.len() - given);
        space[..n].copy_from_slice(&bytes[given..given + n]);
        session.filled(n);
        given += n;
        if n == 0 {
            break;
        }
    }
    assert_eq!(given, 256);
    session.filled(usize::MAX);
    let mut whole = 0;
    while let Some((message, _)) = session.next().unwrap() {
        assert_eq!(message, Message::Text("0123456789"));
        whole += 1;
    }
    assert_eq!(whole, 16);
    assert!(!session.buffer().is_empty());
}

#[test]
fn a_message_that_is_there_whole_has_limits_too() {
    let bytes = b"\x81\x85\x00\x00\x00\x00Hello";
    let limits = [Limits::new().with_max_message_size(4), Limits::new().with_max_frame_payload(4)];
    let errors = [ProtocolError::MessageTooBig { len: 5 }, ProtocolError::FrameTooBig { len: 5 }];
    for (limits, error) in limits.into_iter().zip(errors) {
        let mut session = Session::new(Server, limits, [0; 256]);
        assert_eq!(session.push_some(bytes), bytes.len());
        assert_eq!(next(&mut session), Err(error));
    }
}
