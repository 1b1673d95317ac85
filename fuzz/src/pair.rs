//! Both ends in one process. Whatever they are asked to send, and however it comes: what may be sent is, what may not
//! is refused, all that is sent arrives, and both end closed.

use arbitrary::Arbitrary;
use wsproto::connection::{
    Connection, ConnectionState, Event, Fragment, Limits, Message, MessageKind, Role, Server,
};
use wsproto::error::SendError;
use wsproto::wire::{CloseCode, CloseFrame};

use crate::CLIENT;
use crate::messages::{Joiner, Owned};

/// What happens next, and at which end.
#[derive(Debug, Arbitrary)]
pub struct Step<'a> {
    at_client: bool,
    what: What<'a>,
}

#[derive(Debug, Arbitrary)]
enum What<'a> {
    Send(Intent<'a>),
    /// So many bytes of what the other end has written come, and whether a Close frame is answered at once.
    Receive(u16, bool),
}

#[derive(Debug, Arbitrary)]
enum Intent<'a> {
    Text(&'a str),
    Binary(&'a [u8]),
    Fragment { is_text: bool, payload: &'a [u8], is_last: bool },
    Ping(&'a [u8]),
    Pong(&'a [u8]),
    Close(Option<(u16, &'a str)>),
}

const NO_LIMITS: Limits = Limits::new().with_max_fragments(u32::MAX).with_max_control_frames(u32::MAX);

pub fn check(steps: &[Step<'_>]) {
    let (mut client, mut server) = (Endpoint::new(CLIENT), Endpoint::new(Server));
    for step in steps {
        match (step.at_client, &step.what) {
            (true, What::Send(intent)) => client.send(intent),
            (false, What::Send(intent)) => server.send(intent),
            (true, What::Receive(len, answers)) => {
                client.receive(&mut server.written, (*len).into(), *answers)
            }
            (false, What::Receive(len, answers)) => {
                server.receive(&mut client.written, (*len).into(), *answers)
            }
        }
    }
    client.close();
    server.close();
    while !client.written.is_empty() || !server.written.is_empty() {
        client.receive(&mut server.written, usize::MAX, true);
        server.receive(&mut client.written, usize::MAX, true);
    }
    assert!(server.connection.should_close_transport() && !client.connection.should_close_transport());
    client.check_all_came_of(&server.sent);
    server.check_all_came_of(&client.sent);
}

/// One end, and what is known of it without asking it.
struct Endpoint<R: Role> {
    connection: Connection<R>,
    /// Bytes that it wrote and the other has not received.
    written: Vec<u8>,
    /// Bytes that it received and has not consumed.
    unread: Vec<u8>,
    joiner: Joiner,
    sent: Vec<Owned>,
    came: Vec<Owned>,
    /// The fragmented message that it is sending.
    under_way: Option<(MessageKind, Vec<u8>)>,
}

impl<R: Role + Copy> Endpoint<R> {
    fn new(role: R) -> Self {
        Self {
            connection: Connection::new(role, NO_LIMITS),
            written: Vec::new(),
            unread: Vec::new(),
            joiner: Joiner::default(),
            sent: Vec::new(),
            came: Vec::new(),
            under_way: None,
        }
    }

    /// Sends what may be sent, and checks that nothing else can be.
    fn send(&mut self, intent: &Intent<'_>) {
        if matches!(intent, Intent::Close(Some(close)) if close_frame(close).is_none()) {
            return; // such a Close frame can't be built
        }
        let (state, mut out) = (self.connection.state(), vec![0xEE; intent.len() + 14]);
        assert!(intent.encode(&mut self.connection, &mut []).is_err(), "no frame is empty");
        assert_eq!(self.connection.state(), state, "what fails changes nothing");
        let others = intent.in_other_ways(&self.connection);
        let encoded = intent.encode(&mut self.connection, &mut out);
        assert_eq!(encoded.is_ok(), self.may_send(intent), "{intent:?}: {encoded:?}");
        for (other, state) in others {
            assert_eq!(other, encoded.map(|len| out[..len].to_vec()), "{intent:?}");
            assert_eq!(state, self.connection.state(), "{intent:?}");
        }
        match encoded {
            Ok(len) => {
                self.written.extend_from_slice(&out[..len]);
                self.note_sent(intent);
            }
            Err(_) => assert!(out.iter().all(|&byte| byte == 0xEE), "what fails writes nothing"),
        }
    }

    /// [RFC 6455 §5.4, §5.5, §5.5.1, §5.6, §6.1], read naively.
    fn may_send(&self, intent: &Intent<'_>) -> bool {
        let (has_closed, peer_has_closed) = (has_close(&self.sent), has_close(&self.came));
        match (intent, &self.under_way) {
            (Intent::Close(_), _) => !has_closed,
            (Intent::Ping(payload) | Intent::Pong(payload), _) => payload.len() <= 125 && !peer_has_closed,
            (Intent::Fragment { is_text, payload, is_last }, Some((kind, so_far))) => {
                let text = [so_far, *payload].concat();
                !has_closed && *kind == kind_of(*is_text) && (!is_text || may_be_text(&text, *is_last))
            }
            (Intent::Fragment { is_text, payload, is_last }, None) => {
                !has_closed && !peer_has_closed && (!is_text || may_be_text(payload, *is_last))
            }
            (Intent::Text(_) | Intent::Binary(_), under_way) => {
                !has_closed && !peer_has_closed && under_way.is_none()
            }
        }
    }

    fn note_sent(&mut self, intent: &Intent<'_>) {
        self.sent.push(match intent {
            Intent::Text(text) => Owned::Text((*text).to_owned()),
            Intent::Binary(payload) => Owned::Binary(payload.to_vec()),
            Intent::Ping(payload) => Owned::Ping(payload.to_vec()),
            Intent::Pong(payload) => Owned::Pong(payload.to_vec()),
            Intent::Close(close) => Owned::Close(close.map(|(code, reason)| (code, reason.to_owned()))),
            Intent::Fragment { is_text, payload, is_last } => {
                let (kind, so_far) = self.under_way.get_or_insert((kind_of(*is_text), Vec::new()));
                so_far.extend_from_slice(payload);
                match (is_last, *kind) {
                    (false, _) => return,
                    (true, MessageKind::Binary) => Owned::Binary(std::mem::take(so_far)),
                    (true, MessageKind::Text) => {
                        Owned::Text(String::from_utf8(std::mem::take(so_far)).expect("whole text"))
                    }
                }
            }
        });
        if matches!(intent, Intent::Fragment { .. }) {
            self.under_way = None;
        }
    }

    /// Takes `len` bytes of what the other end has written.
    fn receive(&mut self, written: &mut Vec<u8>, len: usize, answers_close: bool) {
        self.unread.extend(written.drain(..len.min(written.len())));
        let mut out = [0; 131];
        loop {
            let received =
                self.connection.receive(&mut self.unread).expect("what the other end sends is valid");
            if let Some(event) = received.event {
                let has_closed = has_close(&self.sent);
                if !matches!(event, Event::Close(_)) || answers_close || has_closed {
                    let encoded = self.connection.encode_reply(&event, &mut out);
                    let len = encoded.expect("131 bytes are enough");
                    self.written.extend_from_slice(&out[..len]);
                    let reply = match event {
                        Event::Ping(payload) => Some(Owned::Pong(payload.to_vec())),
                        Event::Close(close) if !has_closed => {
                            Some(Owned::Close(close.map(|close| (close.code().get(), String::new()))))
                        }
                        _ => None,
                    };
                    assert_eq!(len > 0, reply.is_some());
                    self.sent.extend(reply);
                }
                self.came.extend(self.joiner.join(event));
            }
            match received.consumed {
                0 => break,
                consumed => drop(self.unread.drain(..consumed)),
            }
        }
    }

    fn close(&mut self) {
        if !has_close(&self.sent) {
            self.send(&Intent::Close(Some((1000, "done"))));
        }
    }

    /// Of what the other end `sent` all came up to its Close frame, behind which there was no data.
    fn check_all_came_of(&mut self, sent: &[Owned]) {
        let closed_at = sent.iter().position(is_close).expect("it has closed");
        let (before, after) = sent.split_at(closed_at + 1);
        assert_eq!(self.came, before);
        assert!(after.iter().all(|one| matches!(one, Owned::Ping(_) | Owned::Pong(_))), "{after:?}");
        assert!(self.unread.is_empty());
        assert_eq!(self.connection.state(), ConnectionState::Closed);
        assert_eq!(self.connection.receive_eof(), Ok(()));
    }
}

impl Intent<'_> {
    /// A message or control frame, or else a fragment.
    fn parts(&self) -> Result<Message<'_>, Fragment<'_>> {
        Ok(match *self {
            Self::Text(text) => text.into(),
            Self::Binary(payload) => payload.into(),
            Self::Ping(payload) => Message::Ping(payload),
            Self::Pong(payload) => Message::Pong(payload),
            Self::Close(close) => Message::Close(close.as_ref().and_then(close_frame)),
            Self::Fragment { is_text, payload, is_last } => {
                return Err(Fragment { kind: kind_of(is_text), payload, is_last });
            }
        })
    }

    fn encode<R: Role>(&self, connection: &mut Connection<R>, dst: &mut [u8]) -> Result<usize, SendError> {
        match self.parts() {
            Ok(message) => connection.frame().encode(message, dst),
            Err(fragment) => connection.frame().encode_fragment(fragment, dst),
        }
    }

    /// What all other methods for it would write now, and where the connection would stand then.
    fn in_other_ways<R: Role + Copy>(&self, connection: &Connection<R>) -> Vec<Written> {
        let parts = self.parts();
        let appended = written(connection, |connection, out| match parts {
            Ok(message) => Ok(connection.frame().append(message, out)?),
            Err(fragment) => Ok(connection.frame().append_fragment(fragment, out)?),
        });
        // The caller owes the payload, and masks it.
        let by_header = written(connection, |connection, out| {
            let (header, payload) = match parts {
                Ok(message) => (connection.frame().header(message)?, payload_of(message)),
                Err(fragment) => (connection.frame().fragment_header(fragment)?, fragment.payload.to_vec()),
            };
            out.extend_from_slice(&header);
            let start = out.len();
            out.extend(payload);
            if let Some(key) = header.masking_key() {
                key.apply(&mut out[start..]);
            }
            Ok(())
        });
        let mut all = vec![appended, by_header];
        if let Ok(Message::Text(text)) = parts {
            all.push(written(connection, |connection, out| {
                out.resize(text.len() + 14, 0);
                let len = connection.frame().encode_fmt(format_args!("{text}"), out)?;
                out.truncate(len);
                Ok(())
            }));
        }
        let (kind, payload) = match parts {
            Ok(Message::Text(text)) => (MessageKind::Text, text.as_bytes()),
            Ok(Message::Binary(payload)) => (MessageKind::Binary, payload),
            _ => return all,
        };
        all.push(written(connection, |connection, out| {
            Ok(connection.frame().append_with(kind, out, |out| out.extend(payload))?)
        }));
        all
    }

    fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(payload) | Self::Ping(payload) | Self::Pong(payload) => payload.len(),
            Self::Fragment { payload, .. } => payload.len(),
            Self::Close(_) => 125,
        }
    }
}

/// What was written or why not, and where the connection stands.
type Written = (Result<Vec<u8>, SendError>, ConnectionState);

/// What `write` makes of the connection, which itself stays as it is.
fn written<R: Role + Copy>(
    connection: &Connection<R>,
    write: impl FnOnce(&mut Connection<R>, &mut Vec<u8>) -> Result<(), SendError>,
) -> Written {
    let (mut connection, mut out) = (connection.clone(), Vec::new());
    let result = write(&mut connection, &mut out);
    (result.map(|()| out), connection.state())
}

fn payload_of(message: Message<'_>) -> Vec<u8> {
    match message {
        Message::Text(text) => text.into(),
        Message::Binary(payload) | Message::Ping(payload) | Message::Pong(payload) => payload.to_vec(),
        Message::Close(close) => {
            let mut payload = vec![0; message.len()];
            let len = close.map_or(Ok(0), |close| close.encode(&mut payload)).expect("as long as it says");
            assert_eq!(len, payload.len());
            payload
        }
    }
}

fn close_frame<'a>((code, reason): &(u16, &'a str)) -> Option<CloseFrame<'a>> {
    CloseFrame::new(CloseCode::new(*code)?, reason).ok()
}

fn kind_of(is_text: bool) -> MessageKind {
    if is_text { MessageKind::Text } else { MessageKind::Binary }
}

fn may_be_text(so_far: &[u8], is_last: bool) -> bool {
    match str::from_utf8(so_far) {
        Ok(_) => true,
        Err(error) => !is_last && error.error_len().is_none(),
    }
}

fn has_close(messages: &[Owned]) -> bool {
    messages.iter().any(is_close)
}

fn is_close(message: &Owned) -> bool {
    matches!(message, Owned::Close(_))
}
