//! What is said inside of the WebSocket messages: JSON, in two subprotocols, and its limits.

use std::collections::BTreeSet;
use std::fmt::{self, Display, Formatter};

use serde_json::{Map, Value, json};
use tokio_wsproto::Prepared;

/// In Unicode scalar values, as a person would count letters, not in bytes.
pub(crate) const MAX_USER: usize = 32;
pub(crate) const MAX_TEXT: usize = 500;
const MAX_KEY: usize = 64;

/// In bytes. The longest valid post has 596 characters, of at most 12 bytes each when all are escaped (`\ud83d\ude00`).
pub(crate) const MAX_MESSAGE: u64 = 8 * 1024;

/// How many messages a newcomer is shown.
pub(crate) const HISTORY: usize = 50;

/// How many names everybody is told: of those who are here, and of those who type.
const MOST_NAMES: usize = 50;
pub(crate) const MOST_TYPING: usize = 4;

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
        if name == Some("json-delta") { Self::JsonDelta } else { Self::Json }
    }
}

/// What a client says. Of `json` it is posts alone.
#[derive(Debug)]
pub(crate) enum Said {
    Post(Post),
    /// The name of whoever is here; an empty one is none.
    Here(String),
    Typing(bool),
    /// Whether we are still there, which wants any answer.
    Ping,
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

/// Who is in a room, or in a part of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Presence {
    pub(crate) count: usize,
    /// Of those who have said one; of a crowd, the first.
    pub(crate) names: BTreeSet<String>,
    pub(crate) typing: BTreeSet<String>,
}

impl Said {
    pub(crate) fn parse(json: &str, subprotocol: Subprotocol) -> Result<Self, Refusal> {
        let Ok(object) = serde_json::from_str::<Map<String, Value>>(json) else {
            return Err("That was not a JSON object with a \"user\" and a \"text\".".into());
        };
        let is_delta = subprotocol == Subprotocol::JsonDelta;
        Ok(match (object.get("here"), object.get("typing"), object.get("ping")) {
            (Some(Value::String(name)), ..) if is_delta && name.chars().count() <= MAX_USER => {
                Self::Here(harmless(name.trim()))
            }
            (_, Some(Value::Bool(is_typing)), _) if is_delta => Self::Typing(*is_typing),
            (.., Some(_)) if is_delta => Self::Ping,
            _ => Self::Post(Post::take(object)?),
        })
    }
}

impl Post {
    fn take(mut object: Map<String, Value>) -> Result<Self, Refusal> {
        let key = match object.remove("key") {
            None | Some(Value::Null) => None,
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

/// The history as a whole, newest first (`msg`), or what is new, oldest first (`new`).
pub(crate) fn list<'a>(
    what: &str,
    messages: impl Iterator<Item = &'a Message>,
    subprotocol: Subprotocol,
) -> Prepared {
    let list: Vec<_> = messages.map(|message| message.shown(subprotocol)).collect();
    json!({ (what): list }).to_string().into()
}

impl Presence {
    pub(crate) fn add(&mut self, Self { count, names, typing }: Self) {
        self.count += count;
        for (all, more, most) in
            [(&mut self.names, names, MOST_NAMES), (&mut self.typing, typing, MOST_TYPING)]
        {
            all.extend(more);
            while all.len() > most {
                all.pop_last();
            }
        }
    }

    /// As everybody is told: how many are here, and some of their names.
    pub(crate) fn here(&self) -> Prepared {
        let mut here = json!({ "online": self.count });
        if !self.names.is_empty() {
            here["names"] = json!(self.names);
        }
        here.to_string().into()
    }

    pub(crate) fn typing(&self) -> Prepared {
        json!({ "typing": self.typing }).to_string().into()
    }
}

pub(crate) fn pong() -> String {
    json!({ "pong": true }).to_string()
}

/// What was wrong, beside `list` for a page that knows of nothing else.
pub(crate) fn error(Refusal { error, key }: Refusal, list: Option<&Prepared>) -> String {
    let mut told = json!({ "error": error });
    if let Some(key) = key {
        told["key"] = key.into();
    }
    let told = told.to_string();
    match list.and_then(|list| list.message().as_text()).zip(told.strip_suffix('}')) {
        Some((list, told)) => format!("{told},{}", list.trim_start_matches('{')),
        None => told,
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
