//! One WebSocket connection: a socket on one side, the room on the other.
//!
//! All that it waits for stands in one `select!`. Whatever comes first, nothing is lost of the rest: it is in the socket
//! and in the queue, and not in a future that is dropped.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_wsproto::{CloseCode, CloseFrame, Error, Message, Received, WebSocket};
use tracing::{debug, info};

use crate::message::{self, Post, Refusal, Said, Subprotocol};
use crate::room::{Membership, Room};
use crate::server::Context;

/// How many frames are taken from the queue at once.
const BATCH: usize = 16;

const TOO_FAST: &str = "That was too fast, and was not sent. Please wait a moment.";
const FLOOD: &str = "Too many messages at once. Please wait a little.";

pub(crate) struct Connection {
    socket: WebSocket<TcpStream>,
    peer: SocketAddr,
    member: Membership,
    context: Arc<Context>,
    /// When its allowance of messages is whole again.
    full_at: Instant,
    began: Instant,
    /// Text and binary messages that came.
    received: u64,
    /// Those that everybody got.
    posted: u64,
    /// Of our own Close frame.
    closed_with: Option<CloseCode>,
}

impl Connection {
    /// Starts behind the opening handshake.
    pub(crate) fn new(socket: WebSocket<TcpStream>, peer: SocketAddr, context: Arc<Context>) -> Self {
        let subprotocol = Subprotocol::named(socket.subprotocol());
        let member = Room::join(&context.room, subprotocol);
        debug!(%peer, ?subprotocol, online = context.room.online(), "joined");
        Self {
            socket,
            peer,
            member,
            context,
            full_at: Instant::now(),
            began: Instant::now(),
            received: 0,
            posted: 0,
            closed_with: None,
        }
    }

    /// Talks until the end, and logs why it was that.
    pub(crate) async fn run(&mut self) {
        let end = self.talk().await;
        // [RFC 6455 §7.1.5]: 1005 stands for a Close frame without a code, 1006 for none at all.
        let code = self.closed_with.or(self.socket.close_code()).map(CloseCode::get);
        let (code, why) = match end {
            Ok(()) => (code.unwrap_or(1005), "closed".to_owned()),
            Err(Some(Error::Protocol(error))) => {
                let code = error.close_code().get();
                (code, format!("failed with {code}: {error}"))
            }
            Err(Some(Error::Disconnected(_))) => (1006, "gone without a Close frame".to_owned()),
            Err(Some(error)) => (code.unwrap_or(1006), error.to_string()),
            Err(None) => (1006, "put out: it does not keep up".to_owned()),
        };
        let Self { peer, received, posted, .. } = self;
        info!(%peer, code, received, posted, after = ?self.began.elapsed(), "left: {why}");
    }

    /// Gives why the peer was given up, if it was: for no error of its connection when the room has put it out.
    async fn talk(&mut self) -> Result<(), Option<Error>> {
        loop {
            // What waits for the peer waits in its queue, which is bounded.
            let is_idle = self.socket.unsent() == 0 && !self.socket.is_closing();
            tokio::select! {
                _ = &mut self.member.put_out => return Err(None),
                received = self.socket.recv_or_drained() => match received? {
                    // Words after our goodbye are for nobody.
                    Received::Message(message) if !self.socket.is_closing() => self.take(&message)?,
                    Received::Message(_) | Received::Drained => {}
                    Received::Closed => return Ok(()),
                },
                news = self.member.queue.receive(BATCH), if is_idle => for news in news {
                    match self.socket.feed_prepared(&news) {
                        // It has begun to close meanwhile.
                        Ok(()) | Err(Error::Closed) => {}
                        Err(error) => return Err(Some(error)),
                    }
                }
            }
        }
    }

    fn take(&mut self, message: &Message) -> Result<(), Error> {
        self.received += 1;
        let debt = self.debt();
        let subprotocol = Subprotocol::named(self.socket.subprotocol());
        let said = match message.as_text() {
            Some(text) => Said::parse(text, subprotocol),
            None => Err("Only text is understood here, not binary messages.".into()),
        };
        let refusal = match said {
            Err(refusal) => refusal,
            Ok(Said::Post(post)) if debt > 1.0 => post.refused(TOO_FAST),
            Ok(_) if debt > 1.0 => TOO_FAST.into(),
            Ok(Said::Post(post)) => match self.post(post) {
                Ok(()) => return Ok(()),
                Err(refusal) => refusal,
            },
            Ok(Said::Here(name)) => {
                self.member.is_called(name);
                return Ok(());
            }
            Ok(Said::Typing(is_typing)) => {
                self.member.types(is_typing);
                return Ok(());
            }
            Ok(Said::Ping) => return self.socket.feed(message::pong()),
        };
        self.socket.feed(message::error(refusal, self.context.room.whole(subprotocol).as_ref()))?;
        // Those beyond the burst are refused, and as many more are too many.
        if debt > 2.0 {
            self.closed_with = Some(CloseCode::POLICY_VIOLATION);
            self.socket.feed(CloseFrame::new(CloseCode::POLICY_VIOLATION, FLOOD)?)?;
        }
        Ok(())
    }

    fn post(&mut self, post: Post) -> Result<(), Refusal> {
        #[cfg(debug_assertions)]
        assert_ne!(self.context.flags.panic_on.as_ref(), Some(&post.text), "as told");
        self.context.room.post(post)?;
        self.posted += 1;
        self.member.types(false);
        Ok(())
    }

    /// A token bucket: so many messages at once, and one more whenever some time has passed. Takes one, and tells how much
    /// of the burst is used up: 1.0 is all of it. Those taken beyond that count too, so that who goes on and on is seen to
    /// do so.
    fn debt(&mut self) -> f64 {
        let each = Duration::from_secs(1) / self.context.flags.rate;
        let now = Instant::now();
        self.full_at = self.full_at.max(now) + each;
        (self.full_at - now).div_duration_f64(each.saturating_mul(self.context.flags.burst))
    }
}
