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
use wsproto::connection::{self, Config};
use wsproto::handshake::{ClientHandshake, ClientRequest, Response, ResponseDecoder};
use wsproto::session::{Message, Session};
use wsproto::wire::{CloseCode, CloseFrame, MAX_CONTROL_FRAME, MaskingKey};

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
    session: Session<connection::Client, Vec<u8>>,
}

impl Client {
    /// Connects, and waits until it is in the room: for the history.
    pub(crate) async fn join(address: SocketAddr) -> Result<Self> {
        timeout(PATIENCE, async {
            let mut stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            let host = address.to_string();
            let mut request = ClientRequest::new(&host, "/ws");
            request.subprotocols = &["json-delta"];
            let handshake = ClientHandshake::new(request, random().to_be_bytes())?;
            let mut head = [0; 1024];
            let len = handshake.encode(&mut head)?;
            stream.write_all(&head[..len]).await?;
            let mut decoder = ResponseDecoder::new(handshake);
            let mut received = Vec::new();
            let head_len = loop {
                match decoder.decode(&received)? {
                    Some((Response::Upgraded(_), head_len)) => break head_len,
                    Some((Response::Http(answer), _)) => {
                        return Err(format!("refused with {}", answer.status()).into());
                    }
                    None => {}
                }
                if stream.read_buf(&mut received).await? == 0 {
                    return Err("refused".into());
                }
            };
            let mut session = Session::new(Config::new(), Vec::new());
            let mut rest = &received[head_len..];
            while !rest.is_empty() {
                let pushed = session.push(rest);
                rest = &rest[pushed..];
            }
            let mut client = Self { stream, session };
            while !client.take(|text| text.contains("\"msg\":")).await? {
                client.read().await?;
            }
            client.session.incoming.shrink();
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
        let said = match self.session.next()? {
            Some(Message::Text(text)) => look(text),
            Some(Message::Close(_)) => return Err("the server closed".into()),
            Some(_) => true,
            None => false,
        };
        let mut reply = [0; MAX_CONTROL_FRAME];
        let len = self.session.encode_reply(key(), &mut reply)?;
        self.stream.write_all(&reply[..len]).await?;
        Ok(said)
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
        let mut frame = vec![0; text.len() + MAX_CONTROL_FRAME];
        let len = self.session.frame(key()).encode_text(text, &mut frame)?;
        Ok(self.stream.write_all(&frame[..len]).await?)
    }

    async fn leave(mut self) -> Result<()> {
        let mut frame = [0; MAX_CONTROL_FRAME];
        let close = CloseFrame::new(CloseCode::NORMAL, "")?;
        let len = self.session.frame(key()).encode_close(Some(close), &mut frame)?;
        Ok(self.stream.write_all(&frame[..len]).await?)
    }
}

/// Unforeseeable enough for our own server, on loopback. Real clients ask the system.
fn random() -> u128 {
    let state = RandomState::new();
    u128::from(state.hash_one(0)) * (1 << 64) + u128::from(state.hash_one(1))
}

fn key() -> MaskingKey {
    let [a, b, c, d, ..] = random().to_be_bytes();
    MaskingKey::new([a, b, c, d])
}
