use std::fmt::Debug;

use crate::plan::Action;
use crate::{Closed, Connection, Incoming, Message, Peer, Plan, Result};

/// Does the steps of one connection; the first that fails is the last.
pub(crate) fn check(peer: &mut impl Peer, plan: &Plan, connection: &Connection) -> Result<()> {
    for step in &connection.steps {
        let label = format!("{}: {}", connection.name, step.label);
        if let Err(error) = act(peer, plan, &step.action) {
            println!("not ok {label}: {error}");
            return Err(error);
        }
        println!("ok {label}");
    }
    Ok(())
}

fn act(peer: &mut impl Peer, plan: &Plan, action: &Action) -> Result<()> {
    match action {
        Action::Open => {
            let is_compressed = peer.extensions().contains("permessage-deflate");
            expect(&is_compressed, &plan.compress, "compression as the library sees it")
        }
        Action::Echo { message } => {
            let message = plan.message(message)?;
            peer.send(message)?;
            expect_message(peer, message)
        }
        Action::Fragments { message, cuts, ping } => {
            let message = plan.message(message)?;
            peer.send_fragments(&message.cut(cuts), message.is_text(), Some(ping))?;
            expect_message(peer, message)
        }
        Action::Ping { payload } => expect(&peer.ping(payload)?, &payload.clone().into_bytes(), "the Pong"),
        Action::Burst { messages } => {
            let messages = messages.iter().map(|name| plan.message(name)).collect::<Result<Vec<_>>>()?;
            messages.iter().try_for_each(|message| peer.send(message))?;
            messages.iter().try_for_each(|message| expect_message(peer, message))
        }
        Action::AskPing { payload } => {
            peer.send(&Message::Text(format!("ask ping {payload}")))?;
            expect_message(peer, &Message::Text(format!("pong {payload}")))
        }
        Action::AskFragments { message, count } => {
            let message = plan.message(message)?;
            peer.send(&Message::Text(format!("ask fragments {count}")))?;
            peer.send(message)?;
            expect_message(peer, message)
        }
        Action::AskClose { code, reason } => {
            let code_text = code.map(|code| code.to_string()).unwrap_or_default();
            peer.send(&Message::Text(format!("ask close {code_text} {reason}").trim_end().to_owned()))?;
            let closed = Closed { code: code.unwrap_or(1005), reason: reason.clone() };
            expect(&peer.receive()?, &Incoming::Closed(closed), "the Close frame")
        }
        Action::Close { code, reason, answer } => {
            let closed = peer.close(*code, reason)?;
            expect(&closed.code, &answer.or(*code).unwrap_or(1005), "the code of the answer")
        }
        Action::TooBig { message, code } => {
            // The other end need not read all of it.
            let _ = peer.send(plan.message(message)?);
            match peer.receive()? {
                Incoming::Closed(closed) => expect(&closed.code, code, "the code"),
                Incoming::Message(_) => Err("it was taken".into()),
            }
        }
    }
}

/// Sends back what comes, and does what it is asked for.
pub(crate) fn echo(peer: &mut impl Peer) -> Result<()> {
    let mut fragments = None;
    loop {
        let Incoming::Message(message) = peer.receive()? else { return Ok(()) };
        let asked = match &message {
            Message::Text(text) => {
                text.strip_prefix("ask ").map(|asked| asked.split_once(' ').unwrap_or((asked, "")))
            }
            Message::Binary(_) => None,
        };
        match (asked, fragments) {
            (Some(("ping", payload)), _) => {
                let pong = String::from_utf8(peer.ping(payload)?)?;
                peer.send(&Message::Text(format!("pong {pong}")))?;
            }
            (Some(("fragments", count)), _) => fragments = Some(count.parse()?),
            (Some(("close", close)), _) => {
                let (code, reason) = close.split_once(' ').unwrap_or((close, ""));
                let code = if code.is_empty() { None } else { Some(code.parse()?) };
                peer.close(code, reason)?;
                return Ok(());
            }
            (_, Some(count)) => {
                let len = message.payload().len();
                let at: Vec<_> = (1..count).map(|n: usize| n * len / count).collect();
                peer.send_fragments(&message.cut(&at), message.is_text(), None)?;
                fragments = None;
            }
            (_, None) => peer.send(&message)?,
        }
    }
}

impl Message {
    fn is_text(&self) -> bool {
        matches!(self, Self::Text(_))
    }

    fn payload(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(payload) => payload,
        }
    }

    /// Cuts the bytes, so that an end may fall inside of a character.
    fn cut(&self, at: &[usize]) -> Vec<&[u8]> {
        let payload = self.payload();
        let starts = [0].iter().chain(at);
        let ends = at.iter().chain([payload.len()].iter()).copied().collect::<Vec<_>>();
        starts.zip(ends).map(|(&start, end)| &payload[start..end]).collect()
    }
}

fn expect_message(peer: &mut impl Peer, expected: &Message) -> Result<()> {
    expect(&peer.receive()?, &Incoming::Message(expected.clone()), "what came")
}

fn expect<T: PartialEq + Debug>(actual: &T, expected: &T, what: &str) -> Result<()> {
    if actual == expected {
        return Ok(());
    }
    Err(format!("{what} is {}, not {}", shorten(actual), shorten(expected)).into())
}

fn shorten(value: &impl Debug) -> String {
    let text = format!("{value:?}");
    match text.char_indices().nth(100) {
        Some((end, _)) => format!("{}… ({} long)", &text[..end], text.len()),
        None => text,
    }
}
