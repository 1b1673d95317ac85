//! Both ends in one process: what one sends, the other receives, for every option.

use proptest::prelude::*;
use wsproto::connection::{
    Client, Connection, ConnectionState, Event, Limits, Message, MessageKind, Receiver, Role, Server,
};
use wsproto::wire::{CloseCode, CloseFrame, MaskingKey, frame};

use crate::common::fragment;

/// What an endpoint is asked to send.
#[derive(Debug, Clone)]
enum Intent {
    Text(String),
    Binary(Vec<u8>),
    /// As header and payload apart, for a vectored write.
    VectoredText(String),
    VectoredBinary(Vec<u8>),
    Fragments(MessageKind, Vec<u8>, usize),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
}

fn intents() -> impl Strategy<Value = Vec<Intent>> {
    let payload = || {
        prop_oneof![
            8 => proptest::collection::vec(any::<u8>(), 0..200),
            1 => Just(vec![7; 65_535]),
            1 => Just(vec![8; 65_536]),
        ]
    };
    let control = || proptest::collection::vec(any::<u8>(), 0..=125);
    let intent = prop_oneof![
        "\\PC{0,60}".prop_map(Intent::Text),
        payload().prop_map(Intent::Binary),
        "\\PC{0,60}".prop_map(Intent::VectoredText),
        payload().prop_map(Intent::VectoredBinary),
        (payload(), 1..70_usize).prop_map(|(bytes, size)| {
            let size = size.max(bytes.len() / 500);
            Intent::Fragments(MessageKind::Binary, bytes, size)
        }),
        ("\\PC{0,60}", 1..9_usize).prop_map(|(text, size)| Intent::Fragments(
            MessageKind::Text,
            text.into_bytes(),
            size
        )),
        control().prop_map(Intent::Ping),
        control().prop_map(Intent::Pong),
    ];
    proptest::collection::vec(intent, 0..12)
}

/// No code, or any that may be sent with a reason that fits.
fn close() -> impl Strategy<Value = Option<(u16, String)>> {
    let code = prop_oneof![1000..=1003_u16, 1007..=1014_u16, 3000..=4999_u16];
    proptest::option::of((code, "\\PC{0,30}"))
}

fn send<R: Role>(connection: &mut Connection<R>, intents: &[Intent]) -> Vec<u8> {
    let mut wire = Vec::new();
    let mut out = vec![0; 70_000];
    for intent in intents {
        let mut put = |n: usize, out: &[u8]| wire.extend_from_slice(&out[..n]);
        match intent {
            Intent::Text(text) => put(connection.frame().encode(&text[..], &mut out).unwrap(), &out),
            Intent::Binary(bytes) => put(connection.frame().encode(&bytes[..], &mut out).unwrap(), &out),
            Intent::VectoredText(text) => {
                let header = connection.frame().header(&text[..]).unwrap();
                wire.extend_from_slice(&header);
                wire.extend(masked(header.masking_key(), text.as_bytes()));
            }
            Intent::VectoredBinary(bytes) => {
                let header = connection.frame().header(&bytes[..]).unwrap();
                wire.extend_from_slice(&header);
                wire.extend(masked(header.masking_key(), bytes));
            }
            Intent::Ping(bytes) => {
                put(connection.frame().encode(Message::Ping(bytes), &mut out).unwrap(), &out);
            }
            Intent::Pong(bytes) => {
                put(connection.frame().encode(Message::Pong(bytes), &mut out).unwrap(), &out);
            }
            Intent::Fragments(kind, bytes, size) => {
                for piece in bytes.chunks(*size) {
                    put(
                        connection.frame().encode_fragment(fragment(*kind, piece, false), &mut out).unwrap(),
                        &out,
                    );
                    put(connection.frame().encode(Message::Ping(b"between"), &mut out).unwrap(), &out);
                }
                put(connection.frame().encode_fragment(fragment(*kind, b"", true), &mut out).unwrap(), &out);
            }
        }
    }
    wire
}

fn masked(key: Option<MaskingKey>, payload: &[u8]) -> Vec<u8> {
    let mut payload = payload.to_vec();
    key.map(|key| key.apply(&mut payload));
    payload
}

/// Gives `wire` to a connection in pieces of `chunk` bytes; returns what came and what is to be sent back.
fn receive<R: Role>(connection: &mut Connection<R>, wire: &[u8], chunk: usize) -> (Vec<Intent>, Vec<u8>) {
    let (mut all, mut replies) = (Vec::new(), Vec::new());
    let (mut buffer, mut message) = (Vec::new(), Vec::new());
    let mut out = [0; 131];
    for piece in wire.chunks(chunk.max(wire.len() / 200)) {
        buffer.extend_from_slice(piece);
        loop {
            let received = connection.receive(&mut buffer).unwrap();
            let consumed = received.consumed;
            if let Some(event) = received.event {
                let n = connection.encode_reply(&event, &mut out).unwrap();
                replies.extend_from_slice(&out[..n]);
                match event {
                    Event::Ping(b"between") | Event::Close(_) => {}
                    Event::Ping(payload) => all.push(Intent::Ping(payload.into())),
                    Event::Pong(payload) => all.push(Intent::Pong(payload.into())),
                    Event::Data(data) => {
                        message.extend_from_slice(data.payload);
                        if data.is_last {
                            let message = std::mem::take(&mut message);
                            all.push(match data.kind {
                                MessageKind::Text => Intent::Text(String::from_utf8(message).unwrap()),
                                MessageKind::Binary => Intent::Binary(message),
                            });
                        }
                    }
                }
            }
            buffer.drain(..consumed);
            if consumed == 0 {
                break;
            }
        }
    }
    (all, replies)
}

/// What arrives of an intent: fragments are joined.
fn arrives(intents: &[Intent]) -> Vec<Intent> {
    let joined = |intent: &Intent| match intent.clone() {
        Intent::Fragments(MessageKind::Text, bytes, _) => Intent::Text(String::from_utf8(bytes).unwrap()),
        Intent::Fragments(MessageKind::Binary, bytes, _) | Intent::VectoredBinary(bytes) => {
            Intent::Binary(bytes)
        }
        Intent::VectoredText(text) => Intent::Text(text),
        whole => whole,
    };
    intents.iter().map(joined).collect()
}

fn check(from: impl Role, to: impl Role, intents: &[Intent], close: Option<&(u16, String)>, chunk: usize) {
    let mut from = Connection::new(from, Limits::new());
    let mut to = Connection::new(to, Limits::new());
    let wire = send(&mut from, intents);
    let (came, replies) = receive(&mut to, &wire, chunk);
    assert_eq!(format!("{came:?}"), format!("{:?}", arrives(intents)));

    // Every Ping has its Pong, in order.
    let (pongs, none) = receive(&mut from, &replies, chunk);
    let pings = |intents: &[Intent]| intents.iter().filter(|i| matches!(i, Intent::Ping(_))).count();
    let between = intents.iter().map(|intent| match intent {
        Intent::Fragments(_, bytes, size) => bytes.chunks(*size).len(),
        _ => 0,
    });
    assert_eq!(pongs.len(), pings(intents) + between.sum::<usize>());
    assert!(none.is_empty());

    // And both ends close, whoever begins.
    let mut out = [0; 131];
    let close = close.map(|(code, reason)| {
        CloseFrame::new(CloseCode::new(*code).expect("it may be sent"), reason).expect("it fits")
    });
    let n = from.frame().encode(Message::Close(close), &mut out).unwrap();
    let (_, answer) = receive(&mut to, &out[..n], chunk);
    let code = close.map(|close| close.code().get().to_be_bytes());
    let decoded = frame::decode(&mut answer.clone(), 125).unwrap().map(|(frame, _)| frame.payload.to_vec());
    let expected = code.map_or(vec![], |code| code.to_vec());
    assert_eq!(decoded, Some(expected), "the same code, or none");
    let (_, none) = receive(&mut from, &answer, chunk);
    assert!(none.is_empty());
    assert_eq!((from.state(), to.state()), (ConnectionState::Closed, ConnectionState::Closed));
    assert_eq!((from.receive_eof(), to.receive_eof()), (Ok(()), Ok(())));
}

/// A client that masks each frame with another key.
fn client() -> Client<impl FnMut() -> MaskingKey> {
    let mut n = 0x0F1E_2D3C_u32;
    Client::new(move || {
        n = n.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        MaskingKey::new(n.to_be_bytes())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn from_client_to_server(intents in intents(), close in close(), chunk in 1..500_usize) {
        check(client(), Server, &intents, close.as_ref(), chunk);
    }

    #[test]
    fn from_server_to_client(intents in intents(), close in close(), chunk in 1..500_usize) {
        check(Server, client(), &intents, close.as_ref(), chunk);
    }
}

#[test]
fn both_ends_may_begin_to_close_at_once() {
    let mut client = Connection::new(client(), Limits::new());
    let mut server = Connection::new(Server, Limits::new());
    let (mut up, mut down) = ([0; 131], [0; 131]);
    let sent = client.frame().encode(Message::Close(None), &mut up).unwrap();
    let answered = server.frame().encode(Message::Close(None), &mut down).unwrap();
    assert!(receive(&mut server, &up[..sent], 1).1.is_empty());
    assert!(receive(&mut client, &down[..answered], 1).1.is_empty());
    assert!(server.should_close_transport() && !client.should_close_transport());
    assert_eq!((client.state(), server.state()), (ConnectionState::Closed, ConnectionState::Closed));
    // The halves can be had apart at any time.
    let (receiver, sender): (Receiver<Server>, _) = server.split();
    assert_eq!(Connection::join(receiver, sender).state(), ConnectionState::Closed);
}
