//! What a session tells, and the same by hand over a connection: messages, replies, error, and where it stands.

use wsproto::connection::{
    Client, Connection, ConnectionState, Event, FrameEncoder, MessageKind, Role, Sender, Server,
};
use wsproto::error::{AbnormalClosure, ProtocolError};
use wsproto::session::{Buffer, Message, Session};
use wsproto::wire::MaskingKey;

use crate::cuts::CONFIG;

/// A role that begins frames as the other one does: a client with a key that is always the same.
pub trait End: Role {
    fn frame_of(sender: &mut Sender<Self>) -> FrameEncoder<'_>;
    fn frame(connection: &mut Connection<Self>) -> FrameEncoder<'_>;
}

impl End for Server {
    fn frame_of(sender: &mut Sender<Self>) -> FrameEncoder<'_> {
        sender.frame()
    }

    fn frame(connection: &mut Connection<Self>) -> FrameEncoder<'_> {
        connection.frame()
    }
}

const KEY: MaskingKey = MaskingKey::new([0x37, 0xfa, 0x21, 0x3d]);

impl End for Client {
    fn frame_of(sender: &mut Sender<Self>) -> FrameEncoder<'_> {
        sender.frame(KEY)
    }

    fn frame(connection: &mut Connection<Self>) -> FrameEncoder<'_> {
        connection.frame(KEY)
    }
}

#[derive(Debug, PartialEq)]
pub struct Told {
    messages: Vec<Owned>,
    /// All that was written.
    replies: Vec<u8>,
    error: Option<ProtocolError>,
    state: ConnectionState,
    closes_transport: bool,
    at_eof: Result<(), AbnormalClosure>,
}

/// A message or a control frame that owns its bytes.
#[derive(Debug, Clone, PartialEq)]
pub enum Owned {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<(u16, String)>),
}

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
const FIXED: usize = CONFIG.max_message_size as usize + 131;

/// Checks that a session says what a connection says, over a buffer that grows and over a fixed one.
pub fn check_session<R: End>(habit: Habit, wire: &[u8]) {
    let expected = through_connection::<R>(wire);
    let look = |session: &mut Session<R, [u8; FIXED]>| assert!(session.buffer().len() <= FIXED);
    let shrink = |session: &mut Session<R, Vec<u8>>| session.incoming.shrink();
    assert_eq!(through_session(Session::<R, _>::new(CONFIG, [0; FIXED]), habit, wire, look), expected);
    assert_eq!(through_session(Session::<R, _>::new(CONFIG, Vec::new()), habit, wire, shrink), expected);
}

fn through_session<R: End, B: Buffer>(
    mut session: Session<R, B>,
    habit: Habit,
    mut wire: &[u8],
    stir: impl Fn(&mut Session<R, B>),
) -> Told {
    let (mut messages, mut replies, mut error, mut is_drained) = (Vec::new(), Vec::new(), None, true);
    let mut reads = habit.reads.into_iter().cycle();
    while error.is_none() && !(is_drained && wire.is_empty()) {
        let read = session.push(&wire[..reads.next().unwrap_or(1).min(wire.len())]);
        assert!(read > 0 || wire.is_empty() || !is_drained, "a session that wants more has room for it");
        wire = &wire[read..];
        is_drained = false;
        while !is_drained && error.is_none() {
            match session.next() {
                Ok(Some(message)) => messages.push(own(message)),
                Ok(None) => is_drained = true,
                Err(fault) => error = Some(fault),
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
    Told { messages, replies, error, state, closes_transport, at_eof: session.receive_eof() }
}

fn reply<R: End, B: Buffer>(session: &mut Session<R, B>, replies: &mut Vec<u8>) {
    let mut out = [0; 131];
    let written =
        session.reply.encode(R::frame_of(&mut session.sender), &mut out).expect("131 bytes are enough");
    assert!(!session.reply.is_due());
    replies.extend_from_slice(&out[..written]);
}

fn own(message: Message<'_>) -> Owned {
    match message {
        Message::Text(text) => Owned::Text(text.to_owned()),
        Message::Binary(payload) => Owned::Binary(payload.to_owned()),
        Message::Ping(payload) => Owned::Ping(payload.to_owned()),
        Message::Pong(payload) => Owned::Pong(payload.to_owned()),
        Message::Close(close) => {
            Owned::Close(close.map(|close| (close.code().get(), close.reason().to_owned())))
        }
    }
}

fn through_connection<R: End>(wire: &[u8]) -> Told {
    let mut connection = Connection::<R>::new(CONFIG);
    let (mut wire, mut out) = (wire.to_vec(), [0; 131]);
    let (mut joiner, mut messages, mut replies) = (Joiner::default(), Vec::new(), Vec::new());
    let (mut rest, mut error) = (&mut wire[..], None);
    loop {
        let received = match connection.receive(rest) {
            Ok(received) if received.consumed == 0 => break,
            Ok(received) => received,
            Err(fault) => {
                let written =
                    R::frame(&mut connection).encode_failure(fault, &mut out).expect("enough space");
                replies.extend_from_slice(&out[..written]);
                error = Some(fault);
                break;
            }
        };
        let consumed = received.consumed;
        if let Some(event) = received.event {
            let written = R::frame(&mut connection).encode_reply(&event, &mut out).expect("enough space");
            replies.extend_from_slice(&out[..written]);
            messages.extend(joiner.join(event));
        }
        rest = &mut rest[consumed..];
    }
    let (state, closes_transport) = (connection.state(), connection.should_close_transport());
    Told { messages, replies, error, state, closes_transport, at_eof: connection.receive_eof() }
}

/// Joins the pieces of messages.
#[derive(Default)]
pub struct Joiner(Vec<u8>);

impl Joiner {
    /// What is whole with this event.
    pub fn join(&mut self, event: Event<'_>) -> Option<Owned> {
        let data = match event {
            Event::Ping(payload) => return Some(own(Message::Ping(payload))),
            Event::Pong(payload) => return Some(own(Message::Pong(payload))),
            Event::Close(close) => return Some(own(Message::Close(close))),
            Event::Data(data) => data,
        };
        self.0.extend_from_slice(data.payload);
        let whole = data.is_last.then(|| std::mem::take(&mut self.0))?;
        Some(match data.kind {
            MessageKind::Text => Owned::Text(String::from_utf8(whole).expect("text is UTF-8")),
            MessageKind::Binary => Owned::Binary(whole),
        })
    }
}
