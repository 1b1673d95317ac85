//! What is said inside of the WebSocket messages: JSON, in two subprotocols, and its limits.

use std::collections::VecDeque;
use std::fmt;

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value};
use wsproto::connection::{Sender, Server};
use wsproto::wire::MAX_HEADER_LEN;

/// In Unicode scalar values, as a person would count letters, not in bytes.
pub(crate) const MAX_USER: usize = 32;
pub(crate) const MAX_TEXT: usize = 500;

/// In bytes. The longest valid post has 532 characters, of at most 12 bytes each when all are escaped (`\ud83d\ude00`).
pub(crate) const MAX_MESSAGE: u64 = 8 * 1024;

/// How many messages a newcomer is shown.
pub(crate) const HISTORY: usize = 50;

/// What a client and we have agreed to speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subprotocol {
    /// The whole history after each post.
    Json,
    /// The whole history once, then only what is new, and how many are online.
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
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Post {
    user: String,
    text: String,
}

/// A post with the time at which it came.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Message {
    user: String,
    text: String,
    /// Milliseconds since 1970.
    time: u64,
}

/// What is wrong with something that a client sent, in words for the person who wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    NotJson,
    Binary,
    NoUser,
    NoText,
    UserTooLong,
    TextTooLong,
}

/// What we send.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Outgoing<'a> {
    /// Newest first; with how many are online for those who speak [`Subprotocol::JsonDelta`].
    History {
        msg: &'a VecDeque<Message>,
        #[serde(skip_serializing_if = "Option::is_none")]
        online: Option<usize>,
    },
    /// Oldest first.
    New {
        new: Vec<&'a Message>,
    },
    Online {
        online: usize,
    },
    Error {
        error: String,
    },
}

impl Post {
    pub(crate) fn parse(json: &str) -> Result<Self, Fault> {
        let mut object: Map<String, Value> = serde_json::from_str(json).map_err(|_| Fault::NotJson)?;
        let user = take_text(&mut object, "user").ok_or(Fault::NoUser)?;
        let text = take_text(&mut object, "text").ok_or(Fault::NoText)?;
        if user.chars().count() > MAX_USER {
            return Err(Fault::UserTooLong);
        }
        if text.chars().count() > MAX_TEXT {
            return Err(Fault::TextTooLong);
        }
        Ok(Self { user, text })
    }

    pub(crate) fn at(self, time: u64) -> Message {
        Message { user: self.user, text: self.text, time }
    }
}

/// Takes a text out that is there and not blank.
fn take_text(object: &mut Map<String, Value>, field: &str) -> Option<String> {
    match object.remove(field) {
        Some(Value::String(text)) if !text.trim().is_empty() => Some(text),
        _ => None,
    }
}

impl Outgoing<'_> {
    /// Encodes it into a whole frame, which any number of connections can share: a server's frames are not masked, and
    /// one that is a whole message depends on nothing before it.
    ///
    /// A connection asks its own [`Sender`] whether a message may be sent now.
    pub(crate) fn to_frame(&self) -> Bytes {
        let json = serde_json::to_string(self).expect("texts and numbers are JSON");
        let mut frame = vec![0; MAX_HEADER_LEN + json.len()];
        let len =
            Sender::<Server>::new().frame().encode_text(&json, &mut frame).expect("there is room for it");
        frame.truncate(len);
        frame.into()
    }
}

impl From<Fault> for Outgoing<'_> {
    fn from(fault: Fault) -> Self {
        Self::Error { error: fault.to_string() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJson => f.write_str("That was not a JSON object with a \"user\" and a \"text\"."),
            Self::Binary => f.write_str("Only text is understood here, not binary messages."),
            Self::NoUser => f.write_str("Please give your name (\"user\")."),
            Self::NoText => f.write_str("Please write something (\"text\")."),
            Self::UserTooLong => write!(f, "The name is too long: {MAX_USER} characters are the most."),
            Self::TextTooLong => write!(f, "The text is too long: {MAX_TEXT} characters are the most."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(user: &str, text: &str) -> Result<Post, Fault> {
        Post::parse(&serde_json::json!({ "user": user, "text": text }).to_string())
    }

    #[test]
    fn lengths_are_counted_in_characters() {
        assert!(post(&"😀".repeat(MAX_USER), &"😀".repeat(MAX_TEXT)).is_ok());
        assert_eq!(post(&"a".repeat(MAX_USER + 1), "b"), Err(Fault::UserTooLong));
        assert_eq!(post("a", &"b".repeat(MAX_TEXT + 1)), Err(Fault::TextTooLong));
    }

    #[test]
    fn the_longest_valid_post_fits_into_a_message() {
        let escaped = |n| "\\ud83d\\ude00".repeat(n);
        let json = format!("{{\"user\":\"{}\",\"text\":\"{}\"}}", escaped(MAX_USER), escaped(MAX_TEXT));
        assert!(Post::parse(&json).is_ok());
        assert!(json.len() as u64 <= MAX_MESSAGE);
    }

    #[test]
    fn blank_is_missing() {
        assert_eq!(post(" \t\n", "b"), Err(Fault::NoUser));
        assert_eq!(post("a", "\u{a0}\u{2003}"), Err(Fault::NoText));
        assert_eq!(Post::parse("{\"text\":\"b\"}"), Err(Fault::NoUser));
        assert_eq!(Post::parse("{\"user\":\"a\",\"text\":7}"), Err(Fault::NoText));
    }

    #[test]
    fn only_an_object_is_a_post() {
        for json in ["", "{", "null", "7", "\"a\"", "[\"a\",\"b\"]", "{\"user\":\"a\",\"text\":\"b\"}x"] {
            assert_eq!(Post::parse(json), Err(Fault::NotJson), "{json}");
        }
        assert_eq!(Post::parse(&"[".repeat(8000)), Err(Fault::NotJson), "deep, but no deeper than the stack");
    }
}
