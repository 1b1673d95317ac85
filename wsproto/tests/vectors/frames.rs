//! An echo endpoint over `connection`, and one over `session`: what each tells of a case, however it was cut.

use serde_json::Value;
use wsproto::connection::{Client, Connection, Event, Limits, Message, MessageKind, Role, Server};
use wsproto::session::Session;
use wsproto::{CloseCode, CloseFrame, MaskingKey, ProtocolError};

use super::table::string;
use wsproto_test::vectors::{Case, Entry, all_bytes, entries, in_pieces};

/// Room for a message of the default limit, and a control frame inside of it.
pub const MEMORY: usize = (1 << 20) + 131;
/// A client under test masks with zeros, so that the table can tell its bytes.
pub const CLIENT: Client = Client::new(|| MaskingKey::new([0; 4]));

/// What came of a case.
#[derive(Debug, PartialEq)]
struct Told {
    events: Vec<Entry>,
    error: Option<ProtocolError>,
    out: Vec<u8>,
    closes_transport: bool,
    /// Whether the transport's end is a clean one, if it comes now.
    is_clean: bool,
}

pub fn through_connection(case: &Case) {
    match string(case, "role") {
        "server" => check(case, |chunks| connection(case, Server, chunks)),
        "client" => check(case, |chunks| connection(case, CLIENT, chunks)),
        role => panic!("{role}"),
    }
}

pub fn through_session(case: &Case) {
    let mut memory = vec![0; MEMORY];
    let memory: &mut [u8; MEMORY] = memory.as_mut_slice().try_into().unwrap();
    match string(case, "role") {
        "server" => check(case, |chunks| session(case, Server, memory, chunks)),
        "client" => check(case, |chunks| session(case, CLIENT, memory, chunks)),
        role => panic!("{role}"),
    }
}

/// Runs a case whole and cut, and compares with what is expected.
fn check(case: &Case, mut run: impl FnMut(&[&[u8]]) -> Told) {
    let name = string(case, "name");
    let (input, out, events) = (all_bytes(&case["in"]), all_bytes(&case["out"]), entries(&case["events"]));
    for chunks in in_pieces(&input) {
        let told = run(&chunks);
        let how = format!("{} pieces, {} bytes first", chunks.len(), chunks[0].len());

        assert!(told.events == events, "{name}, {how}: {:?}", told.events);
        assert!(told.out == out, "{name}, {how}: {:02x?}", told.out);
        let fails = case.get("fails").is_some();
        assert_eq!(told.error.is_some(), fails, "{name}, {how}: {:?}", told.error);
        if let (Some(error), None) = (told.error, case.get("starts")) {
            assert_eq!(case["close"], error.close_code().get(), "{name}, {how}");
        }
        // The rules of the README for what the table does not say case by case.
        let is_closed = told.events.iter().any(|event| matches!(event, Entry::Close(_)));
        assert_eq!(told.is_clean, is_closed, "{name}, {how}");
        let closes_transport = fails || is_closed && string(case, "role") == "server";
        assert_eq!(told.closes_transport, closes_transport, "{name}, {how}");
    }
    close_is_told(case, &out);
}

/// Checks that `close` is the code of the Close frame in `out`.
fn close_is_told(case: &Case, out: &[u8]) {
    let key: &[u8] = if string(case, "role") == "server" { &[] } else { &[0; 4] };
    let mask = if key.is_empty() { 0 } else { 0x80 };
    let frame = case.get("close").map(|close| match close.as_u64() {
        None => [&[0x88, mask], key].concat(),
        Some(code) => [&[0x88, mask | 2], key, &u16::try_from(code).unwrap().to_be_bytes()].concat(),
    });
    let name = string(case, "name");
    match frame {
        Some(frame) => assert!(out.windows(frame.len()).any(|bytes| bytes == frame), "{name}"),
        None => {
            assert!(
                !out.windows(2).any(|bytes| bytes == [0x88, mask] || bytes == [0x88, mask | 2]),
                "{name}"
            );
        }
    }
}

fn connection<R: Role>(case: &Case, role: R, chunks: &[&[u8]]) -> Told {
    let mut connection = Connection::new(role, limits(case));
    let mut log = Log::start(case, |close, out| connection.frame().encode(close, out).unwrap());
    let (mut buffer, mut message) = (Vec::new(), Vec::new());
    let mut error = None;
    'input: for chunk in chunks {
        buffer.extend_from_slice(chunk);
        loop {
            let received = match connection.receive(&mut buffer) {
                Ok(received) => received,
                Err(failure) => {
                    log.fail(|out| connection.encode_reply(failure, out).unwrap());
                    error = Some(failure);
                    break 'input;
                }
            };
            let consumed = received.consumed;
            match received.event {
                None => {}
                Some(Event::Data(data)) => {
                    message.extend_from_slice(data.payload);
                    if data.is_last {
                        let whole = match data.kind {
                            MessageKind::Text => Message::Text(std::str::from_utf8(&message).unwrap()),
                            MessageKind::Binary => Message::Binary(&message),
                        };
                        log.message(whole, |out| connection.frame().encode(whole, out).unwrap());
                        message.clear();
                    }
                }
                Some(event) => {
                    log.control(&event, |out| connection.encode_reply(&event, out).unwrap());
                }
            }
            if consumed == 0 {
                break;
            }
            buffer.drain(..consumed);
        }
    }
    // Nothing is processed behind a failure, and it stays the same.
    if let Some(error) = error {
        assert_eq!(connection.receive(&mut buffer), Err(error));
    }
    let closes_transport = connection.should_close_transport();
    let is_clean = connection.receive_eof().is_ok();
    assert!(connection.should_close_transport(), "whose transport has ended");
    Told { events: log.events, error, out: log.out, closes_transport, is_clean }
}

fn session<R: Role>(case: &Case, role: R, memory: &mut [u8; MEMORY], chunks: &[&[u8]]) -> Told {
    let mut session = Session::new(role, limits(case), memory);
    let mut log = Log::start(case, |close, out| session.frame().encode(close, out).unwrap());
    let mut error = None;
    'input: for mut chunk in chunks.iter().copied() {
        loop {
            let pushed = session.push_some(chunk);
            chunk = &chunk[pushed..];
            loop {
                let found = match session.next() {
                    Ok(found) => found,
                    Err(failure) => {
                        log.fail(|out| session.encode_reply(out).unwrap());
                        error = Some(failure);
                        break 'input;
                    }
                };
                let Some((message, sender)) = found else { break };
                match message {
                    Message::Text(_) | Message::Binary(_) => {
                        log.message(message, |out| sender.frame().encode(message, out).unwrap());
                        assert!(!session.is_reply_due(), "nothing is due for a message");
                    }
                    Message::Ping(payload) => log.event(&Event::Ping(payload)),
                    Message::Pong(payload) => log.event(&Event::Pong(payload)),
                    Message::Close(close) => log.event(&Event::Close(close)),
                }
                log.send(131, |out| session.encode_reply(out).unwrap());
            }
            if chunk.is_empty() {
                break;
            }
        }
    }
    if let Some(error) = error {
        assert_eq!(session.next().map(|_| ()), Err(error));
    }
    let closes_transport = session.should_close_transport();
    let is_clean = session.receive_eof().is_ok();
    Told { events: log.events, error, out: log.out, closes_transport, is_clean }
}

/// Events in the words of the table, and the bytes that were sent.
struct Log {
    events: Vec<Entry>,
    out: Vec<u8>,
    has_started: bool,
}

impl Log {
    fn start(case: &Case, send: impl FnOnce(Message<'_>, &mut [u8]) -> usize) -> Self {
        let mut log = Self { events: Vec::new(), out: Vec::new(), has_started: case.contains_key("starts") };
        if let Some(code) = case.get("starts") {
            let code = code.as_u64().map(|code| CloseCode::new(u16::try_from(code).unwrap()).unwrap());
            log.send(131, |out| send(Message::Close(code.map(CloseFrame::from)), out));
        }
        log
    }

    fn message(&mut self, message: Message<'_>, echo: impl FnOnce(&mut [u8]) -> usize) {
        self.events.push(match message {
            Message::Text(text) => Entry::Text(text.to_owned()),
            Message::Binary(payload) => Entry::Binary(payload.to_vec()),
            _ => unreachable!("no message"),
        });
        // Behind its own Close frame an endpoint sends no data.
        if !self.has_started {
            self.send(message.len() + 14, echo);
        }
    }

    fn control(&mut self, event: &Event<'_>, answer: impl FnOnce(&mut [u8]) -> usize) {
        self.event(event);
        self.send(131, answer);
    }

    fn event(&mut self, event: &Event<'_>) {
        self.events.push(match event {
            Event::Ping(payload) => Entry::Ping(payload.to_vec()),
            Event::Pong(payload) => Entry::Pong(payload.to_vec()),
            Event::Close(close) => {
                Entry::Close(close.map(|close| (close.code().get(), close.reason().to_owned())))
            }
            Event::Data(_) => unreachable!("no control frame"),
        });
    }

    /// The Close frame of a failure, without its reason, which the table leaves open.
    fn fail(&mut self, tell: impl FnOnce(&mut [u8]) -> usize) {
        let start = self.out.len();
        self.send(131, tell);
        if let [0x88, len, rest @ ..] = &mut self.out[start..] {
            let key_len = if *len & 0x80 == 0 { 0 } else { 4 };
            assert!(usize::from(*len & 0x7F) + key_len == rest.len() && rest.len() >= key_len + 2);
            *len = *len & 0x80 | 2;
            self.out.truncate(start + 2 + key_len + 2);
        }
    }

    fn send(&mut self, space: usize, encode: impl FnOnce(&mut [u8]) -> usize) {
        let start = self.out.len();
        self.out.resize(start + space, 0);
        let written = encode(&mut self.out[start..]);
        self.out.truncate(start + written);
    }
}

pub fn limits(case: &Case) -> Limits {
    let limits = case.get("config").and_then(Value::as_object).into_iter().flatten();
    limits.fold(Limits::new(), |limits, (name, value)| {
        let value = value.as_u64().unwrap();
        let frames = || u32::try_from(value).unwrap();
        match name.as_str() {
            "max_frame_payload" => limits.with_max_frame_payload(value),
            "max_message_size" => limits.with_max_message_size(value),
            "max_fragments" => limits.with_max_fragments(frames()),
            "max_control_frames" => limits.with_max_control_frames(frames()),
            _ => panic!("{name}"),
        }
    })
}
