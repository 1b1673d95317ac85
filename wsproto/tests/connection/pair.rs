//! Both ends in one process: what one sends, the other receives, for every option.

use proptest::prelude::*;
use wsproto::connection::{
    Client, Config, Connection, ConnectionState, Event, FrameEncoder, MessageKind, Receiver, Role, Server,
};
use wsproto::wire::{CloseCode, CloseFrame, MaskingKey};

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

/// The one difference in sending between the roles.
trait Frame: Role {
    const KEY: Option<MaskingKey>;

    fn frame(connection: &mut Connection<Self>) -> FrameEncoder<'_>
    where
        Self: Sized;
}

impl Frame for Server {
    const KEY: Option<MaskingKey> = None;

    fn frame(connection: &mut Connection<Self>) -> FrameEncoder<'_> {
        connection.frame()
    }
}

impl Frame for Client {
    const KEY: Option<MaskingKey> = Some(MaskingKey::new([0xA5, 0x5A, 0x0F, 0xF1]));

    fn frame(connection: &mut Connection<Self>) -> FrameEncoder<'_> {
        connection.frame(Self::KEY.expect("a client masks"))
    }
}

fn send<R: Frame>(connection: &mut Connection<R>, intents: &[Intent]) -> Vec<u8> {
    let mut wire = Vec::new();
    let mut out = vec![0; 70_000];
    for intent in intents {
        let mut put = |n: usize, out: &[u8]| wire.extend_from_slice(&out[..n]);
        match intent {
            Intent::Text(text) => put(R::frame(connection).encode_text(text, &mut out).unwrap(), &out),
            Intent::Binary(bytes) => put(R::frame(connection).encode_binary(bytes, &mut out).unwrap(), &out),
            Intent::VectoredText(text) => {
                wire.extend_from_slice(&R::frame(connection).text_header(text).unwrap());
                wire.extend(masked::<R>(text.as_bytes()));
            }
            Intent::VectoredBinary(bytes) => {
                wire.extend_from_slice(&R::frame(connection).binary_header(bytes).unwrap());
                wire.extend(masked::<R>(bytes));
            }
            Intent::Ping(bytes) => put(R::frame(connection).encode_ping(bytes, &mut out).unwrap(), &out),
            Intent::Pong(bytes) => put(R::frame(connection).encode_pong(bytes, &mut out).unwrap(), &out),
            Intent::Fragments(kind, bytes, size) => {
                for piece in bytes.chunks(*size) {
                    put(R::frame(connection).encode_fragment(*kind, piece, false, &mut out).unwrap(), &out);
                    put(R::frame(connection).encode_ping(b"between", &mut out).unwrap(), &out);
                }
                put(R::frame(connection).encode_fragment(*kind, b"", true, &mut out).unwrap(), &out);
            }
        }
    }
    wire
}

fn masked<R: Frame>(payload: &[u8]) -> Vec<u8> {
    let mut payload = payload.to_vec();
    R::KEY.map(|key| key.apply(&mut payload));
    payload
}

/// Gives `wire` to a connection in pieces of `chunk` bytes; returns what came and what is to be sent back.
fn receive<R: Frame>(connection: &mut Connection<R>, wire: &[u8], chunk: usize) -> (Vec<Intent>, Vec<u8>) {
    let (mut all, mut replies) = (Vec::new(), Vec::new());
    let (mut buffer, mut message) = (Vec::new(), Vec::new());
    let mut out = [0; 131];
    for piece in wire.chunks(chunk.max(wire.len() / 200)) {
        buffer.extend_from_slice(piece);
        loop {
            let received = connection.receive(&mut buffer).unwrap();
            let consumed = received.consumed;
            if let Some(event) = received.event {
                let n = R::frame(connection).encode_reply(&event, &mut out).unwrap();
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

fn check<From: Frame, To: Frame>(intents: &[Intent], close: Option<&(u16, String)>, chunk: usize) {
    let mut from = Connection::<From>::new(Config::new());
    let mut to = Connection::<To>::new(Config::new());
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
    let n = From::frame(&mut from).encode_close(close, &mut out).unwrap();
    let (_, answer) = receive(&mut to, &out[..n], chunk);
    let code = close.map(|close| close.code().get().to_be_bytes());
    let expected = code.map_or(vec![], |code| masked::<To>(&code));
    assert!(answer.ends_with(&expected) && answer.len() <= 8, "the same code, or none");
    let (_, none) = receive(&mut from, &answer, chunk);
    assert!(none.is_empty());
    assert_eq!((from.state(), to.state()), (ConnectionState::Closed, ConnectionState::Closed));
    assert_eq!((from.receive_eof(), to.receive_eof()), (Ok(()), Ok(())));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn from_client_to_server(intents in intents(), close in close(), chunk in 1..500_usize) {
        check::<Client, Server>(&intents, close.as_ref(), chunk);
    }

    #[test]
    fn from_server_to_client(intents in intents(), close in close(), chunk in 1..500_usize) {
        check::<Server, Client>(&intents, close.as_ref(), chunk);
    }
}

#[test]
fn both_ends_may_begin_to_close_at_once() {
    let mut client = Connection::<Client>::new(Config::new());
    let mut server = Connection::<Server>::new(Config::new());
    let (mut up, mut down) = ([0; 131], [0; 131]);
    let sent = Client::frame(&mut client).encode_close(None, &mut up).unwrap();
    let answered = server.frame().encode_close(None, &mut down).unwrap();
    assert!(receive(&mut server, &up[..sent], 1).1.is_empty());
    assert!(receive(&mut client, &down[..answered], 1).1.is_empty());
    assert!(server.should_close_transport() && !client.should_close_transport());
    assert_eq!((client.state(), server.state()), (ConnectionState::Closed, ConnectionState::Closed));
    // The halves can be had apart at any time.
    let (receiver, sender): (Receiver<Server>, _) = server.split();
    assert_eq!(Connection::join(receiver, sender).state(), ConnectionState::Closed);
}
