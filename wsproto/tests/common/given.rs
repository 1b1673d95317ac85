//! What a session gives, by each way to ask it.

use wsproto::connection::{Event, Message, MessageKind, Reply, Role, Sender, Server};
use wsproto::error::ProtocolError;
use wsproto::session::{Buffer, Incoming, Next, Session};

/// The next message of a session, without the sender, which can't be compared.
pub fn next<R: Role, B: Buffer>(session: &mut Session<R, B>) -> Result<Option<Message<'_>>, ProtocolError> {
    Ok(session.next()?.map(|(message, _)| message))
}

/// How a session's incoming half is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    Next,
    /// Twice by `peek` before each `next`.
    Peek,
    NextBytes,
    /// Piece by piece, with a look before; and whatever is asked for, up to the message's end.
    Pieces,
}

/// All that a session's incoming half gave, and the frames that the replies became.
#[derive(Debug, Clone, Default)]
pub struct Given {
    pub all: Vec<(Next, Vec<u8>)>,
    pub replies: Vec<Vec<u8>>,
    pub error: Option<ProtocolError>,
    /// What came of a message of which the last piece has not come.
    pub cut: Option<Vec<u8>>,
}

/// What has not come whole counts for nothing.
impl PartialEq for Given {
    fn eq(&self, other: &Self) -> bool {
        (&self.all, &self.replies, self.error) == (&other.all, &other.replies, other.error)
    }
}

impl Given {
    /// Takes all that is there, and checks on the way what has to hold of every call.
    pub fn take_all<R: Role, B: Buffer>(&mut self, incoming: &mut Incoming<R, B>, asked: Asked) {
        let mut reply = Reply::new();
        loop {
            let asked = if self.cut.is_some() { Asked::Pieces } else { asked };
            let peeked = (asked == Asked::Peek).then(|| incoming.peek());
            if let Some(peeked) = peeked {
                assert_eq!(incoming.peek(), peeked, "looking changes nothing");
            }
            let taken = match asked {
                Asked::Pieces => self.take_pieces(incoming, &mut reply),
                Asked::NextBytes => incoming
                    .next_bytes(&mut reply)
                    .map(|some| some.map(|(next, bytes)| (next, bytes.to_vec()))),
                Asked::Next | Asked::Peek => incoming.next(&mut reply).map(|some| some.map(owned)),
            };
            let sent = sent(&mut reply);
            match (peeked, &taken) {
                (None, _) | (Some(Some(Next::Message(MessageKind::Text))), Err(ProtocolError::NotUtf8)) => {}
                (Some(peeked), Ok(taken)) => assert_eq!(peeked, taken.as_ref().map(|(next, _)| *next)),
                (Some(peeked), Err(_)) => assert_eq!(peeked, Some(Next::Failure)),
            }
            if !sent.is_empty() {
                self.replies.push(sent);
            }
            match taken {
                Ok(None) => return,
                Ok(Some(taken)) => self.all.push(taken),
                Err(error) => {
                    if self.error.is_none() {
                        let told = self.replies.last().expect("a failure is told");
                        assert_eq!(told[0], 0x88, "a Close frame");
                        assert_eq!(told[2..4], error.close_code().get().to_be_bytes());
                    }
                    self.error = Some(error);
                    self.cut = None;
                    assert_eq!(incoming.peek_piece(), Some(Next::Failure));
                    assert_eq!(incoming.next_piece(&mut reply), Err(error), "errors latch");
                    assert_eq!(incoming.peek(), Some(Next::Failure));
                    assert_eq!(incoming.next(&mut reply), Err(error), "errors latch");
                    assert_eq!(incoming.next_bytes(&mut reply), Err(error), "errors latch");
                    assert!(!reply.is_due(), "a failure is told once");
                    return;
                }
            }
        }
    }

    /// Takes pieces up to a message's end, or a control frame.
    fn take_pieces<R: Role, B: Buffer>(
        &mut self,
        incoming: &mut Incoming<R, B>,
        reply: &mut Reply,
    ) -> Result<Option<(Next, Vec<u8>)>, ProtocolError> {
        loop {
            let peeked = incoming.peek_piece();
            assert_eq!(incoming.peek_piece(), peeked, "looking changes nothing");
            let event = match incoming.next_piece(reply) {
                Ok(event) => event,
                Err(error) => {
                    let is_text = peeked == Some(Next::Message(MessageKind::Text));
                    assert!(peeked == Some(Next::Failure) || is_text && error == ProtocolError::NotUtf8);
                    return Err(error);
                }
            };
            let Some(event) = event else {
                assert_eq!(peeked, None);
                return Ok(None);
            };
            let piece = match event {
                Event::Ping(payload) => return Ok(Some(owned(Message::Ping(payload)))),
                Event::Pong(payload) => return Ok(Some(owned(Message::Pong(payload)))),
                Event::Close(close) => return Ok(Some(owned(Message::Close(close)))),
                Event::Data(piece) => piece,
            };
            assert_eq!(peeked, Some(Next::Message(piece.kind)));
            assert_eq!(piece.is_first, self.cut.is_none());
            assert!(!piece.is_compressed);
            assert!(piece.is_last || !piece.payload.is_empty());
            let message = self.cut.get_or_insert_default();
            message.extend(piece.payload);
            if piece.is_last {
                return Ok(Some((Next::Message(piece.kind), self.cut.take().unwrap_or_default())));
            }
        }
    }
}

/// The frame that a reply becomes at a server that knows of nothing else.
fn sent(reply: &mut Reply) -> Vec<u8> {
    let mut dst = [0; 131];
    let n = Sender::new(Server).encode_reply(reply.take(), &mut dst).unwrap();
    dst[..n].to_vec()
}

/// A message as its kind and bytes.
pub fn owned(message: Message<'_>) -> (Next, Vec<u8>) {
    match message {
        Message::Text(text) => (Next::Message(MessageKind::Text), text.into()),
        Message::Binary(bytes) => (Next::Message(MessageKind::Binary), bytes.into()),
        Message::Ping(payload) => (Next::Ping, payload.into()),
        Message::Pong(payload) => (Next::Pong, payload.into()),
        Message::Close(close) => {
            let code = close.map(|close| close.code().get().to_be_bytes());
            let reason = close.map_or("", |close| close.reason());
            (Next::Close, [code.as_ref().map_or(&[][..], |code| code), reason.as_bytes()].concat())
        }
    }
}
