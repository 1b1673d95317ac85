//! What comes of some bytes: messages, replies, error, and where the connection stands; told by hand over a connection.

use wsproto::connection::{Connection, ConnectionState, Event, Fragment, Message, MessageKind, Role, Sender};
use wsproto::error::{AbnormalClosure, Misuse, ProtocolError};

use crate::cuts::LIMITS;

#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    pub messages: Vec<Owned>,
    /// All that was written.
    pub replies: Vec<u8>,
    pub error: Option<ProtocolError>,
    pub state: ConnectionState,
    pub closes_transport: bool,
    pub at_eof: Result<(), AbnormalClosure>,
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

pub fn own(message: Message<'_>) -> Owned {
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

pub fn through_connection<R: Role>(role: R, wire: &[u8]) -> Told {
    let mut connection = Connection::new(role, LIMITS);
    let (mut wire, mut out) = (wire.to_vec(), [0; 131]);
    let (mut joiner, mut messages, mut replies) = (Joiner::default(), Vec::new(), Vec::new());
    let (mut rest, mut error) = (&mut wire[..], None);
    loop {
        let received = match connection.receive(rest) {
            Ok(received) if received.consumed == 0 => break,
            Ok(received) => received,
            Err(fault) => {
                let written = connection.encode_reply(fault, &mut out).expect("enough space");
                replies.extend_from_slice(&out[..written]);
                error = Some(fault);
                break;
            }
        };
        let consumed = received.consumed;
        if let Some(event) = received.event {
            let written = connection.encode_reply(&event, &mut out).expect("enough space");
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

/// [RFC 6455 §6.1]: once the peer has closed or failed, nothing new is begun, in whichever way; nor once we have closed.
pub fn check_refuses<R: Role>(sender: &mut Sender<R>, misuse: Misuse) {
    let (mut dst, mut out) = ([0xEE; 32], vec![0xEE]);
    for message in
        [Message::Text("new"), Message::Binary(b"new"), Message::Ping(b"new"), Message::Pong(b"new")]
    {
        assert_eq!(sender.frame().encode(message, &mut dst), Err(misuse.into()), "{message:?}");
        assert_eq!(sender.frame().append(message, &mut out), Err(misuse), "{message:?}");
        assert_eq!(sender.frame().header(message), Err(misuse), "{message:?}");
    }
    let fragment = Fragment { kind: MessageKind::Text, payload: b"new", is_last: false };
    assert_eq!(sender.frame().encode_fragment(fragment, &mut dst), Err(misuse.into()));
    assert_eq!(sender.frame().append_fragment(fragment, &mut out), Err(misuse));
    assert_eq!(sender.frame().fragment_header(fragment), Err(misuse));
    assert_eq!(sender.frame().encode_fmt(format_args!("{}", "new"), &mut dst), Err(misuse.into()));
    assert_eq!(
        sender.frame().append_with(MessageKind::Text, &mut out, |out| out.extend(b"new")),
        Err(misuse)
    );
    assert_eq!(sender.check_message(), Err(misuse));
    assert_eq!((dst, out), ([0xEE; 32], vec![0xEE]), "what fails writes nothing");
}
