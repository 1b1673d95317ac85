//! What is said inside of the WebSocket messages: JSON, in two subprotocols, and its limits.

use std::cell::OnceCell;
use std::fmt::{self, Display, Formatter};

use bytes::Bytes;
use serde_json::{Map, Value, json};
use wsproto::connection::{MessageKind, Sender, Server, encode_shared_message};
use wsproto::deflate::{Compressor, Parameters, Policy};
use wsproto::wire::MAX_HEADER_LEN;

/// In Unicode scalar values, as a person would count letters, not in bytes.
pub(crate) const MAX_USER: usize = 32;
pub(crate) const MAX_TEXT: usize = 500;
const MAX_KEY: usize = 64;

/// In bytes. The longest valid post has 596 characters, of at most 12 bytes each when all are escaped (`\ud83d\ude00`).
pub(crate) const MAX_MESSAGE: u64 = 8 * 1024;

/// Without context takeover: an idle connection holds no window, and what all are told is compressed once.
pub(crate) const COMPRESSION: Policy = Policy::new();

/// How many messages a newcomer is shown.
pub(crate) const HISTORY: usize = 50;

/// What a client and we have agreed to speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subprotocol {
    /// The whole history after each post.
    Json,
    /// The whole history once, then only what is new; and how many are online.
    JsonDelta,
}

impl Subprotocol {
    pub(crate) const PREFERENCE: [&str; 2] = ["json-delta", "json"];

    /// A client that has agreed to none is taken to be as simple as can be.
    pub(crate) fn named(name: Option<&str>) -> Self {
        match name {
            Some("json-delta") => Self::JsonDelta,
            _ => Self::Json,
        }
    }
}

/// What a client posts.
#[derive(Debug)]
pub(crate) struct Post {
    pub(crate) user: String,
    pub(crate) text: String,
    /// What the client calls it by: it comes back with the message, so that nobody has to guess which one is theirs, and
    /// what was sent twice is posted once.
    pub(crate) key: Option<String>,
}

/// A message's place in the room's order: when it came, in milliseconds since 1970, and a number among those of that
/// time. It is what a Redis Stream numbers its entries by.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct At {
    pub(crate) time: u64,
    pub(crate) number: u64,
}

/// A post that has its place.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) at: At,
    pub(crate) post: Post,
}

/// What is told to the author of something that was not posted.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// For the person who wrote it.
    pub(crate) error: String,
    /// The post's, if it has one.
    pub(crate) key: Option<String>,
}

impl Post {
    pub(crate) fn parse(json: &str) -> Result<Self, Refusal> {
        let Ok(mut object) = serde_json::from_str::<Map<String, Value>>(json) else {
            return Err("That was not a JSON object with a \"user\" and a \"text\".".into());
        };
        let key = match object.remove("key") {
            None => None,
            Some(Value::String(key)) if (1..=MAX_KEY).contains(&key.chars().count()) => Some(key),
            Some(_) => {
                return Err(format!("The \"key\" has to be a text of 1 to {MAX_KEY} characters.").into());
            }
        };
        // Not blank, and not too long.
        let mut take = |field, what, most, ask: &str| match object.remove(field) {
            Some(Value::String(text)) if text.chars().count() > most => {
                Err(format!("The {what} is too long: {most} characters are the most."))
            }
            Some(Value::String(text)) if !text.trim().is_empty() => Ok(text),
            _ => Err(format!("{ask} (\"{field}\").")),
        };
        let user = take("user", "name", MAX_USER, "Please give your name");
        let text = take("text", "text", MAX_TEXT, "Please write something");
        match (user, text) {
            (Ok(user), Ok(text)) => Ok(Self { user: harmless(&user), text, key }),
            (Err(error), _) | (_, Err(error)) => Err(Refusal { error, key }),
        }
    }

    /// Gives it back with a reason.
    pub(crate) fn refused(self, reason: &str) -> Refusal {
        Refusal { error: reason.to_owned(), key: self.key }
    }
}

impl<T: Into<String>> From<T> for Refusal {
    fn from(error: T) -> Self {
        Self { error: error.into(), key: None }
    }
}

/// Makes visible what would break a line, hide, or turn around the text beside a name. (Joiners stay: emoji need them.)
fn harmless(name: &str) -> String {
    let is_harmful = |c: char| {
        c.is_control()
            || matches!(c, '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    name.chars().map(|c| if is_harmful(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

impl Message {
    /// As it is shown: `json` stays as simple as can be.
    fn shown(&self, subprotocol: Subprotocol) -> Value {
        let Self { at, post: Post { user, text, key } } = self;
        let mut shown = json!({ "user": user, "text": text, "time": at.time });
        if subprotocol == Subprotocol::JsonDelta {
            shown["id"] = at.to_string().into();
            if let Some(key) = key {
                shown["key"] = key.as_str().into();
            }
        }
        shown
    }
}

/// The history.
pub(crate) fn history<'a>(
    newest_first: impl Iterator<Item = &'a Message>,
    subprotocol: Subprotocol,
) -> Shared {
    let list: Vec<_> = newest_first.map(|message| message.shown(subprotocol)).collect();
    Shared::new(&json!({ "msg": list }))
}

/// What is new.
pub(crate) fn new<'a>(oldest_first: impl Iterator<Item = &'a Message>) -> Shared {
    let list: Vec<_> = oldest_first.map(|message| message.shown(Subprotocol::JsonDelta)).collect();
    Shared::new(&json!({ "new": list }))
}

pub(crate) fn online(count: usize) -> Bytes {
    Shared::new(&json!({ "online": count })).plain()
}

pub(crate) fn error(Refusal { error, key }: Refusal) -> Bytes {
    let error = key.map_or_else(|| json!({ "error": error }), |key| json!({ "error": error, "key": key }));
    Shared::new(&error).plain()
}

/// What many are told, in one frame that they share: a server's frames are not masked, and one that is a whole message
/// depends on nothing before it. It is encoded once as it is, and once compressed, if somebody gets it so.
///
/// A connection asks its own [`Sender`] whether a message may be sent now.
pub(crate) struct Shared {
    json: String,
    plain: OnceCell<Bytes>,
    compressed: OnceCell<Bytes>,
}

/// Whether what is compressed for all may be sent to somebody who agreed to that.
pub(crate) fn is_for_all(agreed: Option<Parameters>) -> bool {
    agreed.is_some_and(|agreed| agreed.server_max_window_bits >= COMPRESSION.send_window)
}

impl Shared {
    fn new(outgoing: &Value) -> Self {
        Self { json: outgoing.to_string(), plain: OnceCell::new(), compressed: OnceCell::new() }
    }

    /// The frame for somebody who takes compressed messages, or not. Short ones stay as they are.
    pub(crate) fn frame(&self, is_compressed: bool, compressor: &mut Option<Compressor>) -> Bytes {
        if !is_compressed || self.json.len() < COMPRESSION.threshold {
            return self.plain();
        }
        let Policy { level, send_window: window, .. } = COMPRESSION;
        let compressor = compressor.get_or_insert_with(|| Compressor::new(level, window));
        let json = self.json.as_bytes();
        let compress = || {
            let mut frame = vec![0; MAX_HEADER_LEN + json.len()];
            let len = encode_shared_message(MessageKind::Text, json, window, compressor, &mut frame);
            frame.truncate(len.expect("there is room for it as it is"));
            frame.into()
        };
        self.compressed.get_or_init(compress).clone()
    }

    fn plain(&self) -> Bytes {
        let encode = || {
            let mut frame = Vec::new();
            Sender::new(Server).frame().append(&self.json, &mut frame).expect("nothing forbids it");
            frame.into()
        };
        self.plain.get_or_init(encode).clone()
    }
}

impl At {
    /// The place of a message that comes now, after all others also if the clock was set back.
    pub(crate) fn after(self, now: u64) -> Self {
        if now > self.time { Self { time: now, number: 0 } } else { Self { number: self.number + 1, ..self } }
    }
}

impl Display for At {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.time, self.number)
    }
}
