use std::collections::HashMap;
use std::path::Path;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde::Deserialize;

use crate::{Message, Result, Tls};

/// See `driver/plan.py`.
#[derive(Debug)]
pub struct Plan {
    pub compress: bool,
    pub tls: Option<Tls>,
    pub connections: Vec<Connection>,
    pub messages: HashMap<String, Message>,
}

#[derive(Debug, Deserialize)]
pub struct Connection {
    pub name: String,
    /// Parameters of permessage-deflate, by name: `true`, or a number.
    pub offer: HashMap<String, serde_json::Value>,
    pub(crate) steps: Vec<Step>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Step {
    pub label: String,
    #[serde(flatten)]
    pub action: Action,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "do", rename_all = "lowercase")]
pub(crate) enum Action {
    Open,
    Echo {
        message: String,
    },
    Fragments {
        message: String,
        cuts: Vec<usize>,
        ping: String,
    },
    Ping {
        payload: String,
    },
    Burst {
        messages: Vec<String>,
    },
    #[serde(rename = "ask ping")]
    AskPing {
        payload: String,
    },
    #[serde(rename = "ask fragments")]
    AskFragments {
        message: String,
        count: usize,
    },
    #[serde(rename = "ask close")]
    AskClose {
        code: Option<u16>,
        reason: String,
    },
    Close {
        code: Option<u16>,
        reason: String,
        answer: Option<u16>,
    },
    #[serde(rename = "too big")]
    TooBig {
        message: String,
        code: u16,
    },
}

#[derive(Deserialize)]
struct Written {
    compress: bool,
    tls: Option<Tls>,
    connections: Vec<Connection>,
    messages: HashMap<String, Pieces>,
}

#[derive(Deserialize)]
struct Pieces {
    text: bool,
    unit: String,
    times: usize,
    tail: String,
}

impl Plan {
    pub(crate) fn read(path: impl AsRef<Path>) -> Result<Self> {
        let Written { compress, tls, connections, messages } = serde_json::from_slice(&std::fs::read(path)?)?;
        let messages = messages.into_iter().map(|(name, pieces)| Ok((name, pieces.build()?)));
        Ok(Self { compress, tls, connections, messages: messages.collect::<Result<_>>()? })
    }

    pub(crate) fn message(&self, name: &str) -> Result<&Message> {
        self.messages.get(name).ok_or_else(|| format!("the plan has no message {name}").into())
    }
}

impl Pieces {
    fn build(self) -> Result<Message> {
        let mut payload = BASE64_STANDARD.decode(self.unit)?.repeat(self.times);
        payload.extend(BASE64_STANDARD.decode(self.tail)?);
        Ok(if self.text { Message::Text(String::from_utf8(payload)?) } else { Message::Binary(payload) })
    }
}
