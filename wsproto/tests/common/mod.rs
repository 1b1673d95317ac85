//! What the tests share: a naive frame writer, independent of the crate's, and a log of events that does not depend
//! on how the input was cut.

#![expect(clippy::cast_possible_truncation, reason = "the length forms of the RFC are casts behind a check")]

use proptest::prelude::*;
use wsproto::connection::{Data, Event, Fragment, MessageKind, Receiver, Role};
use wsproto::error::ProtocolError;

pub const FIN: u8 = 0x80;
pub const CONTINUATION: u8 = 0x0;
pub const TEXT: u8 = 0x1;
pub const BINARY: u8 = 0x2;
pub const CLOSE: u8 = 0x8;
pub const PING: u8 = 0x9;
pub const PONG: u8 = 0xA;

/// Frames as one end would write them, byte by byte from the RFC's figure.
#[derive(Clone, Copy)]
pub struct Peer {
    pub key: Option<[u8; 4]>,
}

/// Masks: what a server receives.
pub const CLIENT: Peer = Peer { key: Some([0x37, 0xfa, 0x21, 0x3d]) };
/// Does not mask: what a client receives.
pub const SERVER: Peer = Peer { key: None };

impl Peer {
    /// A frame whose first byte is `first`.
    pub fn frame(self, first: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = self.header(first, payload.len() as u64);
        let key = self.key.unwrap_or_default();
        bytes.extend(payload.iter().enumerate().map(|(i, byte)| byte ^ key[i % 4]));
        bytes
    }

    /// The header of a frame of `len` bytes, in its shortest form.
    pub fn header(self, first: u8, len: u64) -> Vec<u8> {
        let mask = if self.key.is_some() { 0x80 } else { 0 };
        let mut bytes = vec![first];
        if len < 126 {
            bytes.push(mask | len as u8);
        } else if len < 65_536 {
            bytes.push(mask | 126);
            bytes.extend((len as u16).to_be_bytes());
        } else {
            bytes.push(mask | 127);
            bytes.extend(len.to_be_bytes());
        }
        bytes.extend(self.key.iter().flatten());
        bytes
    }
}

/// A fragment that is to be sent.
pub const fn fragment(kind: MessageKind, payload: &[u8], is_last: bool) -> Fragment<'_> {
    Fragment { kind, payload, is_last }
}

/// An event that owns its bytes; pieces of one message are one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    Data { kind: MessageKind, payload: Vec<u8>, ended: bool },
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<(u16, String)>),
}

pub fn text(payload: &str) -> Entry {
    Entry::Data { kind: MessageKind::Text, payload: payload.into(), ended: true }
}

pub fn binary(payload: &[u8]) -> Entry {
    Entry::Data { kind: MessageKind::Binary, payload: payload.into(), ended: true }
}

pub fn partial_text(payload: &[u8]) -> Entry {
    Entry::Data { kind: MessageKind::Text, payload: payload.into(), ended: false }
}

/// All that came of some bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Log {
    pub entries: Vec<Entry>,
    pub error: Option<ProtocolError>,
}

impl Log {
    fn add(&mut self, event: Event<'_>) {
        self.entries.push(match event {
            Event::Data(data) => return self.add_data(data),
            Event::Ping(payload) => Entry::Ping(payload.into()),
            Event::Pong(payload) => Entry::Pong(payload.into()),
            Event::Close(close) => {
                Entry::Close(close.map(|close| (close.code().get(), close.reason().into())))
            }
        });
    }

    /// Puts the piece to the message under way, wherever that stands between control frames.
    fn add_data(&mut self, data: Data<'_>) {
        let under_way = self.entries.iter_mut().find_map(|entry| match entry {
            Entry::Data { kind, payload, ended } if !*ended => Some((kind, payload, ended)),
            _ => None,
        });
        assert_eq!(data.is_first, under_way.is_none(), "is_first marks the first piece, and no other");
        if let Some((kind, payload, ended)) = under_way {
            assert_eq!(*kind, data.kind);
            payload.extend(data.payload);
            *ended = data.is_last;
        } else {
            let Data { kind, payload, is_last: ended, .. } = data;
            self.entries.push(Entry::Data { kind, payload: payload.into(), ended });
        }
    }
}

/// Receives chunk after chunk, as a socket would give them, and checks on the way what has to hold of every call.
pub fn receive<'c, R: Role>(receiver: &mut Receiver<R>, chunks: impl IntoIterator<Item = &'c [u8]>) -> Log {
    let mut log = Log::default();
    let mut buffer = Vec::new();
    for chunk in chunks {
        buffer.extend(chunk);
        loop {
            let before = buffer.clone();
            let consumed = match receiver.receive(&mut buffer) {
                Ok(received) => {
                    assert!(received.consumed > 0 || received.event.is_none(), "0 asks for more");
                    if let Some(event) = received.event {
                        log.add(event);
                    }
                    received.consumed
                }
                Err(error) => {
                    assert_eq!(receiver.receive(&mut buffer), Err(error), "errors latch");
                    log.error = Some(error);
                    return log;
                }
            };
            assert_eq!(buffer[consumed..], before[consumed..], "bytes not consumed are untouched");
            assert!(consumed <= buffer.len());
            buffer.drain(..consumed);
            if consumed == 0 {
                assert!(buffer.len() < Receiver::<R>::MIN_RECEIVE_BUFFER, "131 bytes always make progress");
                break;
            }
        }
    }
    log
}

/// The bytes cut in two at `at`.
pub fn cut(bytes: &[u8], at: usize) -> [&[u8]; 2] {
    let (front, back) = bytes.split_at(at);
    [front, back]
}

/// Frames that are mostly right, some of them changed in a byte.
pub fn any_frames() -> impl Strategy<Value = Vec<u8>> {
    let first = prop_oneof![
        8 => prop::sample::select(vec![0x00, 0x80, 0x01, 0x81, 0x02, 0x82, 0x89, 0x8A]),
        1 => Just(0x88),
        1 => any::<u8>(),
    ];
    let payload = prop_oneof![
        4 => "\\PC{0,30}".prop_map(String::into_bytes),
        1 => proptest::collection::vec(any::<u8>(), 0..300),
    ];
    let frame = (first, payload, prop_oneof![19 => Just(true), 1 => Just(false)])
        .prop_map(|(first, payload, masked)| if masked { CLIENT } else { SERVER }.frame(first, &payload));
    proptest::collection::vec(frame, 0..10).prop_map(|frames| frames.concat())
}
