//! One client: it listens, and some post too.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};
use wsproto::handshake::{ClientHandshake, Offer, Response, ResponseDecoder};
use wsproto::{CloseCode, Limits, Message, RandomKeys, Session};

use crate::Result;
use crate::ledger::{Ledger, Place};

/// How long a server may take to let us in.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Rest,
    Talk,
    End,
}

pub(crate) struct Client {
    stream: TcpStream,
    session: Session<wsproto::Client<RandomKeys>, Vec<u8>>,
}

impl Client {
    /// Connects, and waits until it is in the room: for the history.
    pub(crate) async fn join(address: SocketAddr) -> Result<Self> {
        timeout(PATIENCE, async {
            let mut stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            let host = address.to_string();
            let offer = Offer { subprotocols: &["json-delta"], ..Offer::new(&host, "/ws") };
            let handshake = ClientHandshake::new(offer, nonce())?;
            let mut request = Vec::new();
            handshake.append(&mut request);
            stream.write_all(&request).await?;
            let mut decoder = ResponseDecoder::new(handshake);
            let mut received = Vec::new();
            let head = loop {
                if stream.read_buf(&mut received).await? == 0 {
                    return Err("refused".into());
                }
                if let Some(head) = decoder.decode(&received)? {
                    break head;
                }
            };
            if let Response::Http(answer) = head.response(&received) {
                return Err(format!("refused with {}", answer.status()).into());
            }
            let role = wsproto::Client::new(RandomKeys::new());
            let mut session = Session::new(role, Limits::new(), Vec::new());
            session.push(&received[head.end()..]);
            let mut client = Self { stream, session };
            while !client.take(|text| text.contains("\"msg\":")).await? {
                client.read().await?;
            }
            client.session.shrink();
            Ok(client)
        })
        .await?
    }

    /// Listens, and posts with such pauses, until all is over. That the server ends it before is an error.
    pub(crate) async fn talk(
        mut self,
        ledger: &Ledger,
        pause: Option<Duration>,
        mut phases: watch::Receiver<Phase>,
    ) -> Result<()> {
        let mut place = Place::default();
        let mut posts = interval_at(Instant::now(), pause.unwrap_or(PATIENCE));
        posts.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            while self
                .take(|text| {
                    ledger.hear(&mut place, text);
                    true
                })
                .await?
            {}
            let phase = *phases.borrow_and_update();
            if phase == Phase::End {
                return self.leave().await;
            }
            tokio::select! {
                changed = phases.changed() => changed?,
                ready = self.stream.readable() => {
                    ready?;
                    self.try_read()?;
                }
                _ = posts.tick(), if pause.is_some() && phase == Phase::Talk => {
                    if let Some(post) = ledger.post() {
                        self.send(&post).await?;
                    }
                }
            }
        }
    }

    /// Takes one message, if there is a whole one, and tells what `look` says of it.
    async fn take(&mut self, look: impl FnOnce(&str) -> bool) -> Result<bool> {
        let said = match self.session.next() {
            Ok(Some((Message::Text(text), _))) => Ok(look(text)),
            Ok(Some((Message::Close(_), _))) => Err("the server closed".into()),
            Ok(Some(_)) => Ok(true),
            Ok(None) => Ok(false),
            Err(error) => Err(error.into()),
        };
        // Also the Close frame that tells of an error.
        let mut reply = Vec::new();
        self.session.append_reply(&mut reply);
        self.stream.write_all(&reply).await?;
        said
    }

    async fn read(&mut self) -> Result<()> {
        self.stream.readable().await?;
        self.try_read()
    }

    fn try_read(&mut self) -> Result<()> {
        match self.stream.try_read(self.session.buffer()) {
            Ok(0) => Err("the server is gone".into()),
            Ok(len) => {
                self.session.filled(len);
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    async fn send(&mut self, text: &str) -> Result<()> {
        let mut frame = Vec::new();
        self.session.frame().append(text, &mut frame)?;
        Ok(self.stream.write_all(&frame).await?)
    }

    async fn leave(mut self) -> Result<()> {
        let mut frame = Vec::new();
        self.session.frame().append(CloseCode::NORMAL, &mut frame)?;
        Ok(self.stream.write_all(&frame).await?)
    }
}

/// Unforeseeable enough for our own server, on loopback. Real clients ask the system.
fn nonce() -> [u8; 16] {
    let state = RandomState::new();
    (u128::from(state.hash_one(0)) * (1 << 64) + u128::from(state.hash_one(1))).to_be_bytes()
}
