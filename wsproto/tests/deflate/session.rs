//! permessage-deflate in a session: same calls, same messages, whatever the frames look like.

use proptest::prelude::*;
use wsproto::connection::{Client, Event, Limits, Message, MessageKind, Receiver, Role, Server};
use wsproto::deflate::{Compressor, Level, Parameters, Policy, WindowBits};
use wsproto::error::ProtocolError;
use wsproto::session::Session;
use wsproto::wire::{CloseCode, MaskingKey};

use crate::common::{BINARY, CLIENT, CONTINUATION, FIN, PING, SERVER, TEXT, fragment};
use crate::given::next;

const RSV1: u8 = 0x40;
const RSV2: u8 = 0x20;
const KEY: MaskingKey = MaskingKey::new([0x37, 0xfa, 0x21, 0x3d]);

/// Compresses all there is, and remembers.
const ALL: Policy = Policy::new().with_threshold(0).with_takeover();

/// "Hello", by itself and as a reference to the first [RFC 7692 §7.2.3].
const HELLO: &[u8] = &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
const AGAIN: &[u8] = &[0xf2, 0x00, 0x11, 0x00, 0x00];

fn server(config: Limits) -> Session<Server, Vec<u8>> {
    Session::new(Server, config, Vec::new()).with_deflate(Parameters::default(), ALL)
}

/// What came, with owned bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Came {
    Text(String),
    Binary(Vec<u8>),
    Ping,
}

/// Pushes all, `read` bytes at a time; gives what came, and the first error.
fn drive(
    session: &mut Session<Server, Vec<u8>>,
    bytes: &[u8],
    read: usize,
) -> (Vec<Came>, Option<ProtocolError>) {
    let mut came = Vec::new();
    for mut piece in bytes.chunks(read) {
        while !piece.is_empty() {
            let pushed = session.push_some(piece);
            piece = &piece[pushed..];
            loop {
                match next(session) {
                    Ok(None) => break,
                    Ok(Some(Message::Text(text))) => came.push(Came::Text(text.to_owned())),
                    Ok(Some(Message::Binary(bytes))) => came.push(Came::Binary(bytes.to_vec())),
                    Ok(Some(Message::Ping(_))) => came.push(Came::Ping),
                    Ok(Some(message)) => panic!("{message:?}"),
                    Err(error) => return (came, Some(error)),
                }
            }
        }
    }
    (came, None)
}

/// What a message becomes, with a fresh compressor.
fn compressed(message: &[u8]) -> Vec<u8> {
    let mut compressor = Compressor::new(Level::BALANCED, WindowBits::MAX);
    let mut payload = vec![0; Compressor::bound(message.len())];
    let n = compressor.compress(message, true, &mut payload).unwrap().written;
    payload.truncate(n);
    payload
}

// ---- what comes ----

#[test]
fn the_rfcs_messages_come_as_hello() {
    let payloads: [&[u8]; 5] = [
        HELLO,
        AGAIN,
        &[0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00],
        &[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00],
        &[0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00],
    ];
    let hello = Came::Text("Hello".to_owned());
    let frames = payloads.map(|payload| CLIENT.frame(FIN | RSV1 | TEXT, payload)).concat();
    for read in [1, 2, 3, 1000] {
        assert_eq!(drive(&mut server(Limits::new()), &frames, read), (vec![hello.clone(); 5], None));
    }
    // A client's end, and an empty message [RFC 7692 §7.2.3.6].
    let mut client =
        Session::new(Client::new(|| KEY), Limits::new(), Vec::new()).with_deflate(Parameters::default(), ALL);
    client.push(&SERVER.frame(FIN | RSV1 | TEXT, HELLO));
    assert_eq!(next(&mut client), Ok(Some(Message::Text("Hello"))));
    client.push(&SERVER.frame(FIN | RSV1 | BINARY, &[0x00]));
    assert_eq!(next(&mut client), Ok(Some(Message::Binary(b""))));
}

/// Compressed and plain, whole and in fragments, with Pings between them.
fn a_bit_of_all() -> (Vec<u8>, Vec<Came>) {
    let hello = || Came::Text("Hello".to_owned());
    let frames = [
        // [RFC 7692 §7.2.3.1]: the first in two fragments.
        CLIENT.frame(RSV1 | TEXT, &HELLO[..3]),
        CLIENT.frame(FIN | PING, b"here?"),
        CLIENT.frame(FIN | CONTINUATION, &HELLO[3..]),
        CLIENT.frame(FIN | TEXT, b"Hello"),
        CLIENT.frame(FIN | RSV1 | TEXT, AGAIN),
        CLIENT.frame(BINARY, b"a"),
        CLIENT.frame(FIN | CONTINUATION, b"b"),
        CLIENT.frame(RSV1 | BINARY, b""),
        CLIENT.frame(CONTINUATION, &AGAIN[..1]),
        CLIENT.frame(CONTINUATION, b""),
        CLIENT.frame(CONTINUATION, &AGAIN[1..]),
        CLIENT.frame(FIN | CONTINUATION, b""),
        CLIENT.frame(FIN | RSV1 | TEXT, &compressed("κόσμε, κόσμε".as_bytes())),
    ];
    let came = vec![
        Came::Ping,
        hello(),
        hello(),
        hello(),
        Came::Binary(b"ab".to_vec()),
        Came::Binary(b"Hello".to_vec()),
        Came::Text("κόσμε, κόσμε".to_owned()),
    ];
    (frames.concat(), came)
}

#[test]
fn compressed_and_plain_messages_mix_wherever_they_are_cut() {
    let (frames, came) = a_bit_of_all();
    for read in [1, 2, 3, 5, 7, 1000] {
        assert_eq!(drive(&mut server(Limits::new()), &frames, read), (came.clone(), None), "{read}");
    }
    for cut in 0..frames.len() {
        let mut session = server(Limits::new());
        let (mut first, error) = drive(&mut session, &frames[..cut], 1000);
        assert_eq!(error, None);
        first.extend(drive(&mut session, &frames[cut..], 1000).0);
        assert_eq!(first, came, "cut at {cut}");
    }
}

// ---- what is refused ----

#[test]
fn the_bit_is_refused_where_it_was_not_agreed_on() {
    let frame = CLIENT.frame(FIN | RSV1 | TEXT, HELLO);
    let mut plain = Session::new(Server, Limits::new(), Vec::new());
    assert_eq!(drive(&mut plain, &frame, 100), (vec![], Some(ProtocolError::ReservedBits)));
}

#[test]
fn the_bit_belongs_to_a_messages_first_frame() {
    let cases = [
        (CLIENT.frame(FIN | RSV1 | PING, b""), ProtocolError::UnexpectedCompression),
        (CLIENT.frame(FIN | RSV1 | crate::common::PONG, b""), ProtocolError::UnexpectedCompression),
        (CLIENT.frame(FIN | RSV1 | crate::common::CLOSE, b""), ProtocolError::UnexpectedCompression),
        (
            [CLIENT.frame(RSV1 | TEXT, HELLO), CLIENT.frame(FIN | RSV1 | CONTINUATION, b"")].concat(),
            ProtocolError::UnexpectedCompression,
        ),
        (
            [CLIENT.frame(TEXT, b"Hel"), CLIENT.frame(FIN | RSV1 | CONTINUATION, b"lo")].concat(),
            ProtocolError::UnexpectedCompression,
        ),
        (CLIENT.frame(FIN | RSV1 | RSV2 | TEXT, HELLO), ProtocolError::ReservedBits),
        (CLIENT.frame(FIN | RSV2 | TEXT, HELLO), ProtocolError::ReservedBits),
        (CLIENT.frame(FIN | 0x10 | TEXT, HELLO), ProtocolError::ReservedBits),
    ];
    for (frames, error) in cases {
        assert_eq!(error.close_code(), CloseCode::PROTOCOL_ERROR);
        for read in [1, 100] {
            assert_eq!(drive(&mut server(Limits::new()), &frames, read).1, Some(error), "{frames:02x?}");
        }
    }
}

#[test]
fn a_corrupt_message_is_1007_and_the_end() {
    let cases = [
        (FIN, &[0x07][..], ProtocolError::InvalidDeflate),
        (FIN, AGAIN, ProtocolError::InvalidDeflate),
        (FIN, &HELLO[..3], ProtocolError::InvalidDeflate),
        (0, &[0x07], ProtocolError::InvalidDeflate),
    ];
    for (fin, payload, error) in cases {
        assert_eq!(error.close_code(), CloseCode::INVALID_PAYLOAD);
        for read in [1, 100] {
            let mut session = server(Limits::new());
            let frames = [CLIENT.frame(fin | RSV1 | BINARY, payload), CLIENT.frame(FIN | PING, b"")].concat();
            let (came, failed) = drive(&mut session, &frames, read);
            let is_known = failed == Some(error) || failed == Some(ProtocolError::UnfinishedDeflate);
            assert!(came.is_empty() && is_known, "{payload:02x?}: {failed:?}");
            assert_eq!(next(&mut session), Err(failed.unwrap()), "it latches");
            let mut close = [0; 131];
            let n = session.encode_reply(&mut close).unwrap();
            assert_eq!(close[..4], [0x88, u8::try_from(n - 2).unwrap(), 0x03, 0xEF]);
            assert!(session.should_close_transport());
            assert!(session.receive_eof().unwrap_err().inside_message);
        }
    }
}

#[test]
fn a_compressed_message_without_payload_is_the_empty_one() {
    let whole = CLIENT.frame(FIN | RSV1 | BINARY, b"");
    let fragments = [CLIENT.frame(RSV1 | BINARY, b""), CLIENT.frame(FIN | CONTINUATION, b"")].concat();
    let in_the_middle =
        [CLIENT.frame(RSV1 | BINARY, &HELLO[..3]), CLIENT.frame(0, b""), CLIENT.frame(FIN, &HELLO[3..])]
            .concat();
    for read in [1, 100] {
        let came = |frames: &[u8]| drive(&mut server(Limits::new()), frames, read);
        assert_eq!(came(&whole), (vec![Came::Binary(Vec::new())], None));
        assert_eq!(came(&fragments), (vec![Came::Binary(Vec::new())], None));
        assert_eq!(came(&in_the_middle), (vec![Came::Binary(b"Hello".to_vec())], None));
    }
}

#[test]
fn a_fault_does_not_wait_for_the_next_piece() {
    // "a", twice 258 more of them, the block's end, and a block of no kind: the fault is found after the first growth of
    // what comes out, when all of the fragment is taken.
    let payload = [0x4a, 0x1c, 0x05, 0xa3, 0x00, 0x60];
    let frames = CLIENT.frame(RSV1 | BINARY, &payload);
    for read in [1, 100] {
        let came = drive(&mut server(Limits::new()), &frames, read);
        assert_eq!(came, (vec![], Some(ProtocolError::InvalidDeflate)), "{read}");
    }
}

#[test]
fn compressed_text_that_is_not_utf_8_fails_at_once() {
    // The impossible byte is the third; the message would go on.
    let payload = compressed(b"ab\xff and so on");
    for read in [1, 100] {
        let frames = CLIENT.frame(RSV1 | TEXT, &payload);
        let (came, error) = drive(&mut server(Limits::new()), &frames[..frames.len() - 3], read);
        assert_eq!((came, error), (vec![], Some(ProtocolError::NotUtf8)), "{read}");
        // It may end inside a character in between, but not at the end.
        let (one, two) = ("é".as_bytes(), CLIENT.frame(FIN | CONTINUATION, &[0x00]));
        let stored = [&[0x00, 0x01, 0x00, 0xFE, 0xFF][..], &one[..1]].concat();
        let frames = [CLIENT.frame(RSV1 | TEXT, &stored), two].concat();
        assert_eq!(drive(&mut server(Limits::new()), &frames, read).1, Some(ProtocolError::NotUtf8));
    }
    // As binary it is what it is.
    let frames = CLIENT.frame(FIN | RSV1 | BINARY, &payload);
    let came = drive(&mut server(Limits::new()), &frames, 100);
    assert_eq!(came, (vec![Came::Binary(b"ab\xff and so on".to_vec())], None));
}

// ---- what it may cost ----

#[test]
fn a_bomb_ends_one_byte_over_the_limit() {
    const LIMIT: usize = 100_000;
    let config = Limits::new().with_max_message_size(LIMIT as u64);
    let bomb = compressed(&vec![0; 20_000_000]);
    assert!(bomb.len() < 25_000, "1,000 to 1: {}", bomb.len());
    let frames = CLIENT.frame(FIN | RSV1 | BINARY, &bomb);
    for read in [1, 7, 4096, frames.len()] {
        let mut session = server(config);
        let before = crate::heap::HELD.get();
        crate::heap::PEAK.set(before);
        let (came, error) = drive(&mut session, &frames, read);
        assert_eq!((came.len(), error), (0, Some(ProtocolError::MessageTooBig { len: LIMIT as u64 + 1 })));
        let (peak, held) = (crate::heap::PEAK.get() - before, session.capacity());
        // What came, what it became, a window, the decoder; and as memory grows, for a moment half of it twice.
        assert!(held <= 2 * frames.len() + 8192 + LIMIT + 1 + 45_000, "{held} held");
        let peak = usize::try_from(peak).unwrap();
        assert!(peak <= 3 * frames.len() + 8192 + LIMIT * 3 / 2 + 80_000, "{peak} at the most");
    }
    // The limit itself is allowed.
    let frames = CLIENT.frame(FIN | RSV1 | BINARY, &compressed(&vec![7; LIMIT]));
    assert_eq!(drive(&mut server(config), &frames, 4096), (vec![Came::Binary(vec![7; LIMIT])], None));
}

#[test]
fn blocks_without_content_come_to_an_end() {
    let config = Limits::new().with_max_message_size(8000);
    // An empty block each, five bytes; as one frame and as many.
    let blocks = [0x00, 0x00, 0x00, 0xff, 0xff].repeat(2100);
    let error = drive(&mut server(config), &CLIENT.frame(FIN | RSV1 | BINARY, &blocks), 4096).1;
    assert_eq!(error, Some(ProtocolError::MessageTooBig { len: 10_500 }));
    let many = CLIENT.frame(CONTINUATION, &blocks[..50]).repeat(300);
    let frames = [CLIENT.frame(RSV1 | BINARY, b""), many].concat();
    let error = drive(&mut server(config), &frames, 4096).1;
    assert_eq!(error, Some(ProtocolError::MessageTooBig { len: 8000 + 1000 + 1024 + 26 }));
    // As many as may come are nothing.
    let blocks = [&blocks[..10_000], &[0x00]].concat();
    let came = drive(&mut server(config), &CLIENT.frame(FIN | RSV1 | BINARY, &blocks), 4096);
    assert_eq!(came, (vec![Came::Binary(vec![])], None));
    // Frames have their limits as ever.
    let empty = CLIENT.frame(CONTINUATION, b"").repeat(2000);
    let error = drive(&mut server(config), &[CLIENT.frame(RSV1 | TEXT, b""), empty].concat(), 4096).1;
    assert_eq!(error, Some(ProtocolError::TooManyFragments));
    let big = CLIENT.header(FIN | RSV1 | BINARY, 1 << 62);
    assert_eq!(drive(&mut server(config), &big, 4096).1, Some(ProtocolError::FrameTooBig { len: 1 << 62 }));
}

#[test]
fn an_idle_connection_holds_a_window_or_nothing() {
    let frames = CLIENT.frame(FIN | RSV1 | BINARY, &compressed(&vec![7; 100_000]));
    for bits in 8..=15 {
        for has_takeover in [false, true] {
            let window = WindowBits::new(bits).unwrap();
            let agreed = Parameters {
                client_no_context_takeover: !has_takeover,
                client_max_window_bits: window,
                ..Parameters::default()
            };
            let mut session = Session::new(Server, Limits::new(), Vec::new()).with_deflate(agreed, ALL);
            let before = crate::heap::HELD.get();
            assert_eq!(drive(&mut session, &frames, 4096).0.len(), 1);
            session.shrink();
            let held = if has_takeover { window.window_size() } else { 0 };
            assert_eq!(session.capacity(), held);
            assert_eq!(crate::heap::HELD.get() - before, isize::try_from(held).unwrap());
        }
    }
}

#[test]
fn a_sender_holds_a_compressor_a_window_or_nothing() {
    let text = "the same again and again, ".repeat(40);
    let mut shared = Compressor::new(Level::FAST, WindowBits::MAX);
    let mut out = vec![0; 2000];
    for bits in 8..=15 {
        let window = WindowBits::new(bits).unwrap();
        for (has_takeover, is_shared) in [(false, false), (false, true), (true, true), (true, false)] {
            let agreed = Parameters {
                server_no_context_takeover: !has_takeover,
                server_max_window_bits: window,
                ..Parameters::default()
            };
            let mut session = Session::new(Server, Limits::new(), [0; 131]).with_deflate(agreed, ALL);
            let before = crate::heap::HELD.get();
            for _ in 0..100 {
                let frame = session.frame();
                let frame = if is_shared { frame.with_compressor(&mut shared) } else { frame };
                frame.encode(&text, &mut out).unwrap();
            }
            let held = usize::try_from(crate::heap::HELD.get() - before).unwrap();
            match (has_takeover, is_shared) {
                (false, _) => assert_eq!(held, 0),
                (true, true) => assert_eq!(held, window.window_size()),
                (true, false) => assert!(held < 400_000, "{held}"),
            }
            session.sender().shrink();
            assert_eq!(crate::heap::HELD.get(), before);
        }
    }
}

#[test]
fn a_fixed_buffer_limits_what_comes_out_too() {
    let mut session = Session::new(Server, Limits::new(), [0; 1131]).with_deflate(Parameters::default(), ALL);
    let _ = session.push_some(&CLIENT.frame(FIN | RSV1 | BINARY, &compressed(&[7; 1000])));
    assert_eq!(next(&mut session), Ok(Some(Message::Binary(&[7; 1000]))));
    let _ = session.push_some(&CLIENT.frame(FIN | RSV1 | BINARY, &compressed(&[7; 1001])));
    assert_eq!(next(&mut session), Err(ProtocolError::MessageTooBig { len: 1001 }));
}

// ---- by itself ----

#[test]
fn a_receiver_alone_gives_the_pieces_as_they_were_sent() {
    let mut receiver = Receiver::<Server>::new(Limits::new()).with_deflate();
    let mut frame = CLIENT.frame(FIN | RSV1 | TEXT, HELLO);
    let Some(Event::Data(data)) = receiver.receive(&mut frame).unwrap().event else { panic!() };
    assert_eq!((data.payload, data.kind), (HELLO, MessageKind::Text));
    assert!(data.is_compressed && data.is_first && data.is_last);
    let mut frame = CLIENT.frame(FIN | TEXT, b"Hello");
    let Some(Event::Data(data)) = receiver.receive(&mut frame).unwrap().event else { panic!() };
    assert!(!data.is_compressed);
}

// ---- both ends ----

/// How one message is sent.
#[derive(Debug, Clone)]
enum How {
    Whole,
    Fragments(usize),
    Plain,
    Shared,
}

fn how() -> impl Strategy<Value = How> {
    prop_oneof![
        Just(How::Whole),
        (1..300_usize).prop_map(How::Fragments),
        Just(How::Plain),
        Just(How::Shared)
    ]
}

fn text() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec!["the ", "sea", "κόσμε", "{\"id\":", ",\n", "0", "17", "🦀"]);
    prop_oneof![
        3 => prop::collection::vec(words, 0..200).prop_map(|words| words.concat()),
        1 => "\\PC{0,300}",
        1 => (0..40_000_usize).prop_map(|len| "x".repeat(len)),
    ]
}

type Sent = (String, bool, How);

/// Sends a message as it is said, with the shared compressor where that is said.
fn send<R: Role>(
    session: &mut Session<R, Vec<u8>>,
    (text, is_text, how): &Sent,
    shared: &mut Compressor,
    shares_fragments: bool,
    wire: &mut Vec<u8>,
) {
    let (kind, message) = match is_text {
        true => (MessageKind::Text, Message::Text(text)),
        false => (MessageKind::Binary, Message::Binary(text.as_bytes())),
    };
    let mut out = vec![0; 2 * text.len() + 100];
    let n = match how {
        How::Whole => session.frame().encode(message, &mut out),
        How::Shared => session.frame().with_compressor(shared).encode(message, &mut out),
        How::Plain => session.frame().uncompressed().encode(message, &mut out),
        How::Fragments(len) => {
            let mut pieces = text.as_bytes().chunks(*len).peekable();
            loop {
                let piece = fragment(kind, pieces.next().unwrap_or_default(), pieces.peek().is_none());
                let frame = session.frame();
                let frame = if shares_fragments { frame.with_compressor(shared) } else { frame };
                let n = frame.encode_fragment(piece, &mut out);
                if piece.is_last {
                    break n;
                }
                wire.extend_from_slice(&out[..n.unwrap()]);
            }
        }
    };
    wire.extend_from_slice(&out[..n.unwrap()]);
}

/// All messages come as they were sent, in reads of this size.
fn check<R: Role>(session: &mut Session<R, Vec<u8>>, wire: &[u8], read: usize, messages: &[Sent]) {
    let mut expected = messages.iter();
    for mut piece in wire.chunks(read) {
        while !piece.is_empty() {
            let pushed = session.push_some(piece);
            piece = &piece[pushed..];
            while let Some((message, _)) = session.next().unwrap() {
                let (text, is_text, _) = expected.next().unwrap();
                let is_same = match message {
                    Message::Text(came) => *is_text && came == text,
                    Message::Binary(came) => !is_text && came == text.as_bytes(),
                    _ => false,
                };
                assert!(is_same);
            }
        }
    }
    assert!(expected.next().is_none(), "all came");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 96 } else { 1024 }))]

    /// Any messages, any parameters, any policy, any way to send them, any cut; from either end.
    #[test]
    fn what_one_end_says_the_other_hears(
        messages in prop::collection::vec((text(), any::<bool>(), how()), 1..8),
        takeover in any::<[bool; 4]>(),
        windows in [8_u8..=15, 8_u8..=15],
        level in 0_u8..=9,
        threshold in prop::sample::select(vec![0, 128]),
        read in 1..2000_usize,
    ) {
        let agreed = Parameters {
            server_no_context_takeover: takeover[0],
            client_no_context_takeover: takeover[1],
            server_max_window_bits: WindowBits::new(windows[0]).unwrap(),
            client_max_window_bits: WindowBits::new(windows[1]).unwrap(),
        };
        let policy = Policy::new()
            .with_level(Level::new(level).unwrap())
            .with_threshold(threshold)
            .with_send_takeover(takeover[2]);
        let config = Limits::new().with_max_fragments(u32::MAX);
        let mut client = Session::new(Client::new(|| KEY), config, Vec::new()).with_deflate(agreed, policy);
        let mut server = Session::new(Server, config, Vec::new()).with_deflate(agreed, policy);
        let mut shared = Compressor::new(Level::new(level).unwrap(), WindowBits::MAX);
        let (mut to_server, mut to_client) = (Vec::new(), Vec::new());
        for message in &messages {
            send(&mut client, message, &mut shared, takeover[3], &mut to_server);
            send(&mut server, message, &mut shared, takeover[3], &mut to_client);
        }
        check(&mut server, &to_server, read, &messages);
        check(&mut client, &to_client, read, &messages);
    }

    /// Any fault comes to the same end, wherever the bytes are cut.
    #[test]
    fn a_fault_is_the_same_wherever_it_is_cut(
        text in text().prop_filter("short", |text| text.len() < 2000),
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0_u8..8), 1..4),
        is_text: bool,
        limit in 10..2000_u64,
        read in 1..50_usize,
    ) {
        let mut payload = compressed(text.as_bytes());
        for (at, bit) in changes {
            let at = at.index(payload.len());
            payload[at] ^= 1 << bit;
        }
        let opcode = if is_text { TEXT } else { BINARY };
        let frames = CLIENT.frame(FIN | RSV1 | opcode, &payload);
        let config = Limits::new().with_max_message_size(limit);
        let whole = drive(&mut server(config), &frames, frames.len());
        prop_assert_eq!(drive(&mut server(config), &frames, read), whole);
    }
}

#[test]
fn where_nothing_was_agreed_on_nothing_is_compressed() {
    let mut server = Session::new(Server, Limits::new(), Vec::new()).with_deflate(None, Policy::new());
    let (text, mut out) = ("to be, or not to be, ".repeat(10), Vec::new());
    server.frame().append(&text, &mut out).unwrap();
    assert!(out.starts_with(&[0x81]) && out.ends_with(text.as_bytes()));
    server.push(&[0xC1, 0x80, 0, 0, 0, 0]);
    assert_eq!(next(&mut server), Err(ProtocolError::ReservedBits));
}
