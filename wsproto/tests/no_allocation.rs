//! Without `alloc` nothing is allocated, with it memory follows what came.

#[expect(dead_code, reason = "the logs of events are for `connection`")]
mod common;
#[path = "common/heap.rs"]
mod heap;

use std::hint::black_box;

use common::{BINARY, CLIENT, CLOSE, CONTINUATION, FIN, PING, PONG, Peer, SERVER, TEXT, fragment};
use heap::ALLOCATIONS;
use wsproto::connection::{Client, Connection, Event, Limits, Message, MessageKind, Received, Role, Server};
use wsproto::error::ProtocolError;
use wsproto::session::{Buffer, Session};
use wsproto::wire::{CloseCode, CloseFrame, FrameHeader, MaskingKey, Opcode, Utf8Validator, frame};

#[track_caller]
fn assert_allocates_nothing(what: impl FnOnce()) {
    let before = ALLOCATIONS.get();
    what();
    assert_eq!(ALLOCATIONS.get() - before, 0, "allocations");
}

#[test]
#[should_panic(expected = "allocations")]
fn an_allocation_is_seen() {
    assert_allocates_nothing(|| drop(black_box(Vec::<u8>::with_capacity(1))));
}

const KEY: MaskingKey = MaskingKey::new([1, 2, 3, 4]);

/// All that a well-behaved peer can do: each kind of frame, each form of length, fragments with control frames between
/// them, characters cut in two, the closing handshake, and bytes after it.
fn conversation(peer: Peer) -> Vec<u8> {
    let text = "κόσμε ".repeat(30);
    let (front, back) = text.as_bytes().split_at(101);
    [
        peer.frame(FIN | TEXT, b"Hello"),
        peer.frame(FIN | BINARY, b""),
        peer.frame(FIN | BINARY, &[7; 300]),
        peer.frame(FIN | BINARY, &vec![8; 70_000]),
        peer.frame(FIN | PING, &[9; 125]),
        peer.frame(TEXT, front),
        peer.frame(FIN | PONG, b"unasked"),
        peer.frame(CONTINUATION, b""),
        peer.frame(FIN | PING, b""),
        peer.frame(FIN | CONTINUATION, back),
        peer.frame(FIN | CLOSE, b"\x03\xE8bye"),
        b"ignored".to_vec(),
    ]
    .concat()
}

/// Ways to fail, each told from a different place of the code.
fn faults(peer: Peer, other: Peer) -> Vec<Vec<u8>> {
    vec![
        peer.frame(FIN | 3, b""),
        peer.frame(PING, b""),
        peer.frame(FIN | 0x40 | TEXT, b""),
        peer.frame(FIN | CONTINUATION, b""),
        [peer.frame(TEXT, b""), peer.frame(TEXT, b"")].concat(),
        other.frame(FIN | TEXT, b"Hello"),
        peer.frame(FIN | TEXT, b"valid, then \xFF"),
        peer.frame(FIN | TEXT, b"cut \xC3"),
        peer.frame(FIN | CLOSE, b"\x03"),
        peer.frame(FIN | CLOSE, b"\x03\xE8\xFF"),
        peer.header(FIN | BINARY, 1 << 62),
        [peer.frame(BINARY, b""), peer.frame(CONTINUATION, b"").repeat(1024)].concat(),
    ]
}

// ---- wire ----

#[test]
fn frames_masks_and_text_are_not_allocated() {
    let mut bytes = CLIENT.frame(FIN | TEXT, "κόσμε".as_bytes());
    let payload = vec![0xA5; 100_000];
    let mut out = vec![0; 100_014];
    assert_allocates_nothing(|| {
        let (frame, _) = frame::decode(&mut bytes, 125).unwrap().unwrap();
        let mut utf8 = Utf8Validator::new();
        assert!(frame.payload.chunks(1).all(|piece| utf8.validate(piece).is_ok()));
        assert!(utf8.validate(b"\xFF").is_err());
        let header = FrameHeader::new(Opcode::Binary, true, 100_000).unwrap().with_masking_key(Some(KEY));
        assert_eq!(frame::encode(header, &payload, &mut out), Ok(100_014));
        assert_eq!(FrameHeader::decode(&out), Ok(Some((header, 14))));
        assert!(FrameHeader::decode(b"\x83").is_err());
        KEY.apply(&mut out);
        let close = CloseFrame::new(CloseCode::NORMAL, "bye").unwrap();
        let len = close.encode(&mut out).unwrap();
        assert_eq!(CloseFrame::decode(&out[..len]), Ok(Some(close)));
    });
}

// ---- connection ----

/// Receives all through a buffer of 131 bytes, `read` at most at a time; gives each event to `reply`.
fn receive<R: Role>(
    connection: &mut Connection<R>,
    mut bytes: &[u8],
    read: usize,
    mut reply: impl FnMut(&mut Connection<R>, &Event<'_>),
) -> Result<(), ProtocolError> {
    let (mut buffer, mut held) = ([0; 131], 0);
    while !bytes.is_empty() {
        let n = read.min(bytes.len()).min(buffer.len() - held);
        buffer[held..held + n].copy_from_slice(&bytes[..n]);
        (held, bytes) = (held + n, &bytes[n..]);
        loop {
            let Received { consumed, event, .. } = connection.receive(&mut buffer[..held])?;
            if let Some(event) = &event {
                reply(connection, event);
            }
            if consumed == 0 {
                break;
            }
            buffer.copy_within(consumed..held, 0);
            held -= consumed;
        }
    }
    connection.receive_eof().unwrap();
    Ok(())
}

#[test]
fn a_connection_allocates_nothing() {
    let (to_server, to_client) = (conversation(CLIENT), conversation(SERVER));
    let mut out = [0; 512];
    for read in [1, 7, 131] {
        assert_allocates_nothing(|| {
            let mut server = Connection::new(Server, Limits::new());
            server.frame().encode("Hello", &mut out).unwrap();
            server.frame().encode_fragment(fragment(MessageKind::Text, b"caf\xC3", false), &mut out).unwrap();
            server.frame().encode(Message::Ping(b"?"), &mut out).unwrap();
            server.frame().encode_fragment(fragment(MessageKind::Text, b"\xA9", true), &mut out).unwrap();
            assert!(server.frame().encode(&[0; 512], &mut out).is_err());
            let reply = |server: &mut Connection<Server>, event: &Event<'_>| {
                server.encode_reply(event, &mut out).unwrap();
            };
            receive(&mut server, &to_server, read, reply).unwrap();

            let mut client = Connection::new(Client::new(|| KEY), Limits::new());
            client.frame().encode(b"Hello", &mut out).unwrap();
            let _header = client.frame().fragment_header(fragment(MessageKind::Binary, b"", false)).unwrap();
            client.frame().encode(Message::Close(None), &mut out).unwrap();
            let reply = |client: &mut Connection<_>, event: &Event<'_>| {
                client.encode_reply(event, &mut out).unwrap();
            };
            receive(&mut client, &to_client, read, reply).unwrap();
        });
    }
}

#[test]
fn a_connection_that_fails_allocates_nothing() {
    for bytes in faults(CLIENT, SERVER) {
        assert_allocates_nothing(|| {
            let mut server = Connection::new(Server, Limits::new());
            let error = receive(&mut server, &bytes, 131, |_, _| {}).unwrap_err();
            let mut out = [0; 131];
            assert!(server.encode_reply(error, &mut out).unwrap() > 0);
            assert!(server.should_close_transport());
        });
    }
}

// ---- session ----

/// Drives a session as a program would; `answer` encodes what is sent. Gives the messages that came.
fn drive<R: Role, B: Buffer>(
    session: &mut Session<R, B>,
    mut bytes: &[u8],
    read: usize,
    mut answer: impl FnMut(&mut Session<R, B>),
) -> Result<usize, ProtocolError> {
    let mut messages = 0;
    while !bytes.is_empty() {
        messages += drain(session, &mut answer)?;
        let pushed = session.push_some(&bytes[..read.min(bytes.len())]);
        bytes = &bytes[pushed..];
    }
    messages += drain(session, &mut answer)?;
    session.receive_eof().unwrap();
    Ok(messages)
}

fn drain<R: Role, B: Buffer>(
    session: &mut Session<R, B>,
    answer: &mut impl FnMut(&mut Session<R, B>),
) -> Result<usize, ProtocolError> {
    let mut messages = 0;
    while let Some((message, _)) = session.next()? {
        messages += usize::from(message.is_data());
        answer(session);
    }
    Ok(messages)
}

#[test]
fn a_session_over_an_array_allocates_nothing() {
    let (to_server, to_client) = (conversation(CLIENT), conversation(SERVER));
    let mut out = [0; 512];
    for read in [1, 100, 100_000] {
        let mut buffers: [Box<[u8; 72_000]>; 2] = [(); 2].map(|()| vec![0; 72_000].try_into().unwrap());
        let [server_buffer, client_buffer] = &mut buffers;
        assert_allocates_nothing(|| {
            let mut server = Session::new(Server, Limits::new(), server_buffer.as_mut());
            let came = drive(&mut server, &to_server, read, |server| {
                server.encode_reply(&mut out).unwrap();
                let _ = server.frame().encode("an answer", &mut out);
            });
            assert_eq!(came, Ok(5));
            assert!(server.should_close_transport());

            let mut client = Session::new(Client::new(|| KEY), Limits::new(), client_buffer.as_mut());
            let came = drive(&mut client, &to_client, read, |client| {
                client.encode_reply(&mut out).unwrap();
            });
            assert_eq!(came, Ok(5));
        });
    }
}

#[test]
fn a_session_that_fails_allocates_nothing() {
    for bytes in faults(SERVER, CLIENT) {
        assert_allocates_nothing(|| {
            let mut client = Session::new(Client::new(|| KEY), Limits::new(), [0; 512]);
            assert!(drive(&mut client, &bytes, 512, |_| {}).is_err());
            let mut out = [0; 131];
            assert!(client.encode_reply(&mut out).unwrap() > 0);
        });
    }
}

// ---- handshake ----

#[cfg(feature = "handshake")]
mod handshake {
    use super::assert_allocates_nothing;
    use wsproto::handshake::{
        Answer, Choice, ClientHandshake, Offer, Request, RequestDecoder, RequestFault, Response,
        ResponseDecoder, subprotocol,
    };

    const REQUEST: Offer<'_> = Offer {
        origin: Some("https://example.com"),
        subprotocols: &["json", "xml"],
        extensions: Some("permessage-deflate; client_max_window_bits, x; y=\"z\""),
        headers: &[("Cookie", b"a=b")],
        ..Offer::new("example.com", "/chat?room=1")
    };

    #[test]
    fn an_opening_handshake_allocates_nothing_also_when_it_comes_byte_by_byte() {
        assert_allocates_nothing(|| {
            let (mut wire, mut out) = ([0; 1024], [0; 1024]);
            let handshake = ClientHandshake::new(REQUEST, *b"the sample nonce").unwrap();
            let sent = handshake.encode(&mut wire).unwrap();

            let mut decoder = RequestDecoder::new();
            for len in 0..sent {
                assert!(decoder.decode(&wire[..len]).unwrap().is_none());
            }
            let head = decoder.decode(&wire[..sent]).unwrap().unwrap();
            let Request::WebSocket(upgrade) = head.request(&wire) else { panic!("an upgrade") };
            assert!(upgrade.origin().unwrap().is_same_host(upgrade.host()));
            assert_eq!(upgrade.extensions().count(), 2);
            let subprotocol = subprotocol::select(&["xml", "json"], upgrade.subprotocols());
            let answer = Choice { subprotocol, extensions: Some("x"), ..Choice::default() };
            let answered = upgrade.accept(answer).unwrap().encode(&mut out).unwrap();

            let mut decoder = ResponseDecoder::new(handshake);
            for len in 0..answered {
                assert!(decoder.decode(&out[..len]).unwrap().is_none());
            }
            let head = decoder.decode(&out[..answered]).unwrap().unwrap();
            let Response::WebSocket(upgraded) = head.response(&out) else { panic!("upgraded") };
            assert_eq!(upgraded.subprotocol(), Some("xml"));
            assert_eq!(upgraded.extensions().count(), 1);
        });
    }

    #[test]
    fn a_refusal_allocates_nothing() {
        assert_allocates_nothing(|| {
            let mut out = [0; 1024];
            let error =
                Request::decode(b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n").unwrap_err();
            assert_eq!(error.fault(), RequestFault::Connection);
            assert!(error.answer().encode(&mut out).is_ok());
            let reply = Answer::new(404, &[("Content-Type", b"text/plain")], b"not here\n").unwrap();
            assert!(reply.encode(&mut out).is_ok());
            assert!(Request::decode(&[b'x'; 9000]).is_err());

            let handshake = ClientHandshake::new(REQUEST, *b"the sample nonce").unwrap();
            let received = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";
            assert!(matches!(handshake.decode(received), Ok(Some((Response::Http(_), _)))));
            assert!(handshake.decode(b"HTTP/1.1 101 \r\nUpgrade: h2c\r\n\r\n").is_err());
        });
    }

    #[test]
    fn an_extended_connect_allocates_nothing() {
        let headers: [(&str, &[u8]); 2] =
            [("sec-websocket-version", b"13"), ("sec-websocket-protocol", b"json")];
        assert_allocates_nothing(|| {
            let (authority, path) = ("example.com", "/chat");
            let request =
                Request::from_http2_parts("CONNECT", Some("websocket"), authority, path, &headers[..]);
            let Ok(Request::WebSocket(connect)) = request else { panic!("a handshake") };
            let choice = Choice { subprotocol: Some("json"), ..Choice::default() };
            assert_eq!(connect.accept(choice).unwrap().headers().count(), 1);
        });
    }
}

// ---- a session whose buffer grows ----

#[cfg(feature = "alloc")]
mod growing {
    use super::drain;
    use crate::common::{BINARY, CLIENT, CONTINUATION, FIN};
    use crate::heap::{HELD, PEAK};
    use wsproto::connection::{Limits, Server};
    use wsproto::session::Session;

    const NO_LIMITS: Limits = Limits::new()
        .with_max_frame_payload(u64::MAX)
        .with_max_message_size(u64::MAX)
        .with_max_fragments(u32::MAX);

    /// What the heap held at the most while `bytes` came in reads of `read` bytes, over what it held before.
    fn peak_while(bytes: &[u8], read: usize) -> usize {
        let before = HELD.get();
        PEAK.set(before);
        let mut session = Session::new(Server, NO_LIMITS, Vec::new());
        for mut piece in bytes.chunks(read) {
            while !piece.is_empty() {
                drain(&mut session, &mut |_| {}).unwrap();
                let pushed = session.push_some(piece);
                piece = &piece[pushed..];
            }
        }
        drain(&mut session, &mut |_| {}).unwrap();
        drop(session);
        assert_eq!(HELD.get(), before, "all is given back");
        usize::try_from(PEAK.get() - before).unwrap()
    }

    /// Twice for the space that doubles, once more while it moves, and some for the read that is to come.
    const fn borne(came: usize) -> usize {
        3 * came + 3 * 4096
    }

    #[test]
    fn the_heap_holds_what_came_whatever_was_announced() {
        // The last is all that a buffer could ever hold.
        for announced in [1_000_000, 1 << 30, (isize::MAX as u64) - 131] {
            for came in [0, 1, 4096, 100_000, 1_000_000] {
                let bytes = [CLIENT.header(FIN | BINARY, announced), vec![0; came]].concat();
                let peak = peak_while(&bytes, 4096);
                assert!(peak <= borne(bytes.len()), "{announced} announced, {came} came, {peak} held");
            }
        }
    }

    #[test]
    fn the_heap_holds_one_message_however_many_come() {
        let one =
            [CLIENT.frame(BINARY, &vec![1; 30_000]), CLIENT.frame(FIN | CONTINUATION, &vec![2; 30_000])]
                .concat();
        let once = peak_while(&one, 4096);
        assert!(once <= borne(one.len()), "{once}");
        assert_eq!(peak_while(&one.repeat(50), 4096), once);
    }
}
