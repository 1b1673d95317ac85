//! An echo endpoint over `connection`, and one over `session`: what each tells of a case, however it was cut.

use serde_json::Value;
use wsproto::connection::{Client, Config, Connection, Event, FrameEncoder, MessageKind, Role, Server};
use wsproto::session::{Message, Session};
use wsproto::{CloseCode, CloseFrame, MaskingKey, ProtocolError};

use super::table::{Entry, all_bytes, entries, string};
use super::{Case, cuts};

/// Room for a message of the default limit, and a control frame inside of it.
const MEMORY: usize = (1 << 20) + 131;
/// A client under test masks with zeros, so that the table can tell its bytes.
const NO_KEY: MaskingKey = MaskingKey::new([0; 4]);

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
        "server" => check(case, |chunks| connection::<Server>(case, chunks)),
        "client" => check(case, |chunks| connection::<Client>(case, chunks)),
        role => panic!("{role}"),
    }
}

pub fn through_session(case: &Case) {
    let mut memory = vec![0; MEMORY];
    let memory: &mut [u8; MEMORY] = memory.as_mut_slice().try_into().unwrap();
    match string(case, "role") {
        "server" => check(case, |chunks| session::<Server>(case, memory, chunks)),
        "client" => check(case, |chunks| session::<Client>(case, memory, chunks)),
        role => panic!("{role}"),
    }
}

/// Runs a case whole and cut, and compares with what is expected.
fn check(case: &Case, mut run: impl FnMut(&[&[u8]]) -> Told) {
    let name = string(case, "name");
    let (input, out, events) = (all_bytes(&case["in"]), all_bytes(&case["out"]), entries(&case["events"]));
    for ends in cuts(input.len()) {
        let mut start = 0;
        let mut chunks = Vec::new();
        for end in ends {
            chunks.push(&input[start..end]);
            start = end;
        }
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

fn connection<R: End>(case: &Case, chunks: &[&[u8]]) -> Told {
    let mut connection = Connection::<R>::new(config(case));
    let mut log = Log::start(case, |close, out| R::frame(&mut connection).encode_close(close, out).unwrap());
    let (mut buffer, mut message) = (Vec::new(), Vec::new());
    let mut error = None;
    'input: for chunk in chunks {
        buffer.extend_from_slice(chunk);
        loop {
            let received = match connection.receive(&mut buffer) {
                Ok(received) => received,
                Err(failure) => {
                    log.fail(|out| R::frame(&mut connection).encode_failure(failure, out).unwrap());
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
                        let mut echo = |out: &mut [u8]| match data.kind {
                            MessageKind::Text => {
                                let text = std::str::from_utf8(&message).unwrap();
                                R::frame(&mut connection).encode_text(text, out)
                            }
                            MessageKind::Binary => R::frame(&mut connection).encode_binary(&message, out),
                        };
                        log.message(data.kind, &message, |out| echo(out).unwrap());
                        message.clear();
                    }
                }
                Some(event) => {
                    log.control(&event, |out| R::frame(&mut connection).encode_reply(&event, out).unwrap());
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

fn session<R: End>(case: &Case, memory: &mut [u8; MEMORY], chunks: &[&[u8]]) -> Told {
    let mut session = Session::<R, _>::new(config(case), memory);
    let mut log =
        Log::start(case, |close, out| R::frame_of(&mut session.sender).encode_close(close, out).unwrap());
    let mut error = None;
    'input: for mut chunk in chunks.iter().copied() {
        loop {
            let pushed = session.push(chunk);
            chunk = &chunk[pushed..];
            let Session { incoming, reply, sender } = &mut session;
            loop {
                let found = match incoming.next(reply) {
                    Ok(found) => found,
                    Err(failure) => {
                        log.fail(|out| reply.encode(R::frame_of(sender), out).unwrap());
                        error = Some(failure);
                        break 'input;
                    }
                };
                let Some(message) = found else { break };
                let mut answer = |out: &mut [u8]| reply.encode(R::frame_of(sender), out).unwrap();
                match message {
                    Message::Ping(payload) => log.control(&Event::Ping(payload), answer),
                    Message::Pong(payload) => log.control(&Event::Pong(payload), answer),
                    Message::Close(close) => log.control(&Event::Close(close), answer),
                    Message::Text(text) => {
                        assert_eq!(answer(&mut [0; 131]), 0, "nothing is due for a message");
                        let echo = |out: &mut [u8]| R::frame_of(sender).encode_text(text, out).unwrap();
                        log.message(MessageKind::Text, text.as_bytes(), echo);
                    }
                    Message::Binary(payload) => {
                        let echo = |out: &mut [u8]| R::frame_of(sender).encode_binary(payload, out).unwrap();
                        log.message(MessageKind::Binary, payload, echo);
                    }
                }
            }
            if chunk.is_empty() {
                break;
            }
        }
    }
    if let Some(error) = error {
        assert_eq!(session.next(), Err(error));
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
    fn start(case: &Case, send: impl FnOnce(Option<CloseFrame<'_>>, &mut [u8]) -> usize) -> Self {
        let mut log = Self { events: Vec::new(), out: Vec::new(), has_started: case.contains_key("starts") };
        if let Some(code) = case.get("starts") {
            let code = code.as_u64().map(|code| CloseCode::new(u16::try_from(code).unwrap()).unwrap());
            log.send(131, |out| send(code.map(|code| CloseFrame::new(code, "").unwrap()), out));
        }
        log
    }

    fn message(&mut self, kind: MessageKind, payload: &[u8], echo: impl FnOnce(&mut [u8]) -> usize) {
        self.events.push(match kind {
            MessageKind::Text => Entry::Text(String::from_utf8(payload.to_vec()).unwrap()),
            MessageKind::Binary => Entry::Binary(payload.to_vec()),
        });
        // Behind its own Close frame an endpoint sends no data.
        if !self.has_started {
            self.send(payload.len() + 14, echo);
        }
    }

    fn control(&mut self, event: &Event<'_>, answer: impl FnOnce(&mut [u8]) -> usize) {
        self.events.push(match event {
            Event::Ping(payload) => Entry::Ping(payload.to_vec()),
            Event::Pong(payload) => Entry::Pong(payload.to_vec()),
            Event::Close(close) => {
                Entry::Close(close.map(|close| (close.code().get(), close.reason().to_owned())))
            }
            Event::Data(_) => unreachable!("no control frame"),
        });
        self.send(131, answer);
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

fn config(case: &Case) -> Config {
    let limits = case.get("config").and_then(Value::as_object).into_iter().flatten();
    limits.fold(Config::new(), |config, (name, value)| {
        let value = value.as_u64().unwrap();
        let frames = || u32::try_from(value).unwrap();
        match name.as_str() {
            "max_frame_payload" => config.with_max_frame_payload(value),
            "max_message_size" => config.with_max_message_size(value),
            "max_fragments" => config.with_max_fragments(frames()),
            "max_control_frames" => config.with_max_control_frames(frames()),
            _ => panic!("{name}"),
        }
    })
}

/// Either role, each with its way to begin a frame.
trait End: Role + Sized {
    fn frame(connection: &mut Connection<Self>) -> FrameEncoder<'_>;
    fn frame_of(sender: &mut wsproto::connection::Sender<Self>) -> FrameEncoder<'_>;
}

impl End for Server {
    fn frame(connection: &mut Connection<Self>) -> FrameEncoder<'_> {
        connection.frame()
    }

    fn frame_of(sender: &mut wsproto::connection::Sender<Self>) -> FrameEncoder<'_> {
        sender.frame()
    }
}

impl End for Client {
    fn frame(connection: &mut Connection<Self>) -> FrameEncoder<'_> {
        connection.frame(NO_KEY)
    }

    fn frame_of(sender: &mut wsproto::connection::Sender<Self>) -> FrameEncoder<'_> {
        sender.frame(NO_KEY)
    }
}
