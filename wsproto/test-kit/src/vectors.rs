//! The table of cases: what an endpoint does with given bytes.
//!
//! The README beside the table, `wsproto/tests/vectors` in the repository, says what the fields mean.
//! [`check_frames`] runs those of frames; requests, responses and offers are read by [`cases`] and compared by whoever has a handshake.

use std::fmt;
use std::ops::Deref;

use serde_json::{Map, Value};

use crate::Frame;

const FILES: [&str; 11] = [
    include_str!("../vectors/close.json"),
    include_str!("../vectors/control.json"),
    include_str!("../vectors/deflate-answers.json"),
    include_str!("../vectors/deflate-offers.json"),
    include_str!("../vectors/fragmentation.json"),
    include_str!("../vectors/framing.json"),
    include_str!("../vectors/handshake-client.json"),
    include_str!("../vectors/handshake-server.json"),
    include_str!("../vectors/limits.json"),
    include_str!("../vectors/masking.json"),
    include_str!("../vectors/utf8.json"),
];

/// A case, as the table has it: by its fields.
#[derive(Debug, Clone, PartialEq)]
pub struct Case(Map<String, Value>);

/// An event, as `events` lists them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A whole message.
    Text(String),
    /// A whole message.
    Binary(Vec<u8>),
    /// A Ping.
    Ping(Vec<u8>),
    /// A Pong.
    Pong(Vec<u8>),
    /// A Close frame: its code and reason, if it has any.
    Close(Option<(u16, String)>),
}

/// What an echo endpoint made of a case's bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Told {
    /// What it took from them, in order.
    pub events: Vec<Entry>,
    /// Whether it failed the connection.
    pub fails: bool,
    /// The bytes that it sent, masked with any key if it is a client.
    pub out: Vec<u8>,
}

/// A case that went otherwise than the table says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    name: String,
    about: String,
    pieces: usize,
    what: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, about, pieces, what } = self;
        write!(f, "{name} ({about}), in {pieces} pieces: {what}")
    }
}

impl std::error::Error for Mismatch {}

/// Returns all cases.
pub fn cases() -> Vec<Case> {
    FILES.iter().flat_map(|file| file_cases(file)).collect()
}

fn file_cases(file: &str) -> Vec<Case> {
    let file: Value = serde_json::from_str(file).unwrap_or_default();
    let with_group = |case: &Value| {
        let mut case = case.as_object().cloned().unwrap_or_default();
        case.insert("group".to_owned(), file["group"].clone());
        Case(case)
    };
    file["cases"].as_array().into_iter().flatten().map(with_group).collect()
}

impl Case {
    /// Returns a field's text; none if it is missing or something else.
    pub fn str(&self, key: &str) -> &str {
        self.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    /// Returns the bytes of a field that lists them: `in`, `out`.
    pub fn bytes(&self, key: &str) -> Vec<u8> {
        self.get(key).map(all_bytes).unwrap_or_default()
    }

    /// Returns the events that are due.
    pub fn events(&self) -> Vec<Entry> {
        self.get("events").map(entries).unwrap_or_default()
    }

    /// Tells whether the endpoint under test is a client.
    pub fn is_client(&self) -> bool {
        self.str("role") == "client"
    }

    /// Returns one of the limits of `config`, if the case has another one than the default.
    pub fn limit(&self, name: &str) -> Option<u64> {
        self.get("config")?.get(name)?.as_u64()
    }

    /// Returns what the endpoint has sent before: a Close frame of this code, or without one.
    pub fn starts(&self) -> Option<Option<u16>> {
        self.get("starts").map(|code| code.as_u64().and_then(|code| code.try_into().ok()))
    }
}

impl Deref for Case {
    type Target = Map<String, Value>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

/// Runs each case of frames through an echo endpoint: whole, byte by byte, and cut in two at each byte (of long input, at some).
///
/// `run` gets a case, for its [role](Case::is_client), [limits](Case::limit) and [start](Case::starts), and the bytes that come, in
/// pieces. It tells what the endpoint made of them. The reason in the Close frame of a failure is left out of the comparison, and so is a
/// client's masking key. `choose` leaves cases out: those of other limits than an endpoint has, for instance.
///
/// Returns how often an endpoint was run.
///
/// # Errors
///
/// [`Mismatch`] names the first case that went otherwise.
pub fn check_frames(
    mut choose: impl FnMut(&Case) -> bool,
    mut run: impl FnMut(&Case, &[&[u8]]) -> Told,
) -> Result<usize, Mismatch> {
    let mut runs = 0;
    for case in cases().iter().filter(|case| case.contains_key("in")) {
        if !choose(case) {
            continue;
        }
        let input = case.bytes("in");
        for pieces in in_pieces(&input) {
            compare(case, &run(case, &pieces)).map_err(|what| Mismatch {
                name: case.str("name").to_owned(),
                about: case.str("about").to_owned(),
                pieces: pieces.len(),
                what,
            })?;
            runs += 1;
        }
    }
    Ok(runs)
}

fn compare(case: &Case, told: &Told) -> Result<(), String> {
    let due = Told { events: case.events(), fails: case.contains_key("fails"), out: case.bytes("out") };
    if told.events != due.events {
        return Err(format!("told {:?} in place of {:?}", told.events, due.events));
    }
    if told.fails != due.fails {
        return Err(if due.fails { "has not failed" } else { "has failed" }.to_owned());
    }
    let (sent, expected) = (frames(&told.out, due.fails), frames(&due.out, due.fails));
    if sent != expected {
        return Err(format!("sent {sent:?} in place of {expected:?}"));
    }
    match sent.into_iter().flatten().find(|(_, is_masked)| *is_masked != case.is_client()) {
        Some((frame, is_masked)) => {
            Err(format!("sent {frame:?} {}", if is_masked { "masked" } else { "unmasked" }))
        }
        None => Ok(()),
    }
}

/// The frames that were sent, and whether each was masked; of a failure's Close frame, the code alone. `None` for half a frame.
fn frames(mut out: &[u8], fails: bool) -> Option<Vec<(Frame, bool)>> {
    let mut frames = Vec::new();
    while !out.is_empty() {
        let (frame, is_masked, n) = Frame::decode(out)?;
        frames.push((frame, is_masked));
        out = &out[n..];
    }
    if let Some((last, _)) = frames.last_mut().filter(|(frame, _)| fails && frame.opcode == 8) {
        last.payload.truncate(2);
    }
    Some(frames)
}

/// Returns bytes in pieces: whole, byte by byte, and in two, cut at every byte. Long input is cut in two at each of its first and last 20
/// bytes and at every 4,099th between them: all else would cost its square.
pub fn in_pieces(bytes: &[u8]) -> impl Iterator<Item = Vec<&[u8]>> {
    cuts(bytes.len()).into_iter().map(|ends| {
        let mut start = 0;
        let piece = |end| &bytes[std::mem::replace(&mut start, end)..end];
        ends.into_iter().map(piece).collect()
    })
}

/// Returns the ends of the pieces that [`in_pieces`] cuts `len` bytes into, for each way to do so.
pub fn cuts(len: usize) -> Vec<Vec<usize>> {
    let is_long = len > 1000;
    let in_two = (0..=len).filter(|at| !is_long || *at <= 20 || len - at <= 20 || at % 4099 == 0);
    let in_two = in_two.map(|at| vec![at, len]);
    [vec![len], (0..=len).collect()].into_iter().chain(in_two).collect()
}

/// Returns the bytes of a string of hex digits: spaces mean nothing, `ab*100` is 100 times `ab`. What is no digit ends it.
pub fn bytes(notation: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for word in notation.split_whitespace() {
        let (digits, times) = word.split_once('*').unwrap_or((word, "1"));
        let pairs = digits.as_bytes().chunks_exact(2);
        let unit: Vec<u8> =
            pairs.map_while(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect();
        bytes.extend(unit.repeat(times.parse().unwrap_or(0)));
    }
    bytes
}

/// Returns the bytes of a list of such strings, one after the other.
pub fn all_bytes(list: &Value) -> Vec<u8> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).flat_map(bytes).collect()
}

/// Returns the bytes of a head: each character is one.
pub fn latin1(head: &str) -> Vec<u8> {
    head.chars().filter_map(|char| u8::try_from(u32::from(char)).ok()).collect()
}

/// Returns the events of a list; what is none is left out.
pub fn entries(list: &Value) -> Vec<Entry> {
    list.as_array().into_iter().flatten().filter_map(entry).collect()
}

fn entry(event: &Value) -> Option<Entry> {
    let (name, value) = event.as_object()?.iter().next()?;
    let payload = || value.as_str().map(bytes);
    Some(match name.as_str() {
        "text" => Entry::Text(value.as_str()?.to_owned()),
        "binary" => Entry::Binary(payload()?),
        "ping" => Entry::Ping(payload()?),
        "pong" => Entry::Pong(payload()?),
        "close" => Entry::Close(value.as_object().and_then(|close| {
            Some((close.get("code")?.as_u64()?.try_into().ok()?, close.get("reason")?.as_str()?.to_owned()))
        })),
        _ => return None,
    })
}
