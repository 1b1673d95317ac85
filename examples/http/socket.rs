//! Drives a session over anything that reads and writes: a socket, TLS, an upgraded connection, a stream of HTTP/2.

use std::cell::RefCell;
use std::io::ErrorKind;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use wsproto::connection::{ConnectionState, FrameEncoder, SendState};
use wsproto::deadlines::{Deadlines, Due, Moment, Timeouts};
use wsproto::deflate::{Compressor, Level, WindowBits};
use wsproto::{CloseCode, Message, Misuse};

use crate::{Error, Session};

/// While more bytes than these are unsent, no further message is looked at.
const UNSENT: usize = 64 * 1024;

thread_local! {
    /// It takes some 320 KB, so all connections of a thread share one; none leaves anything in it between messages.
    static COMPRESSOR: RefCell<Compressor> = RefCell::new(Compressor::new(Level::FAST, WindowBits::MAX));
}

/// Answers a message with itself.
///
/// # Errors
///
/// None while the connection is open.
pub fn echo(message: Message<'_>, frame: FrameEncoder<'_>, out: &mut Vec<u8>) -> Result<(), Misuse> {
    // What a control frame asks for, the session does.
    if message.is_data() { frame.append(message, out) } else { Ok(()) }
}

/// Drives a connection to its end; `handle` may append one frame to what is written. When `stop` is cancelled, the closing
/// handshake begins. Dropped at any await, it leaves nothing behind.
///
/// # Errors
///
/// The peer broke a rule, missed a deadline, or was gone without a closing handshake.
pub async fn converse(
    transport: impl AsyncRead + AsyncWrite + Unpin,
    session: Session,
    stop: CancellationToken,
    mut handle: impl FnMut(Message<'_>, FrameEncoder<'_>, &mut Vec<u8>) -> Result<(), Misuse>,
) -> Result<(), Error> {
    let deadlines = Deadlines::new(Timeouts::new(), Moment::since_origin(Duration::ZERO));
    let mut peer = Peer { transport, session, out: Vec::new(), deadlines, began: Instant::now() };
    peer.deadlines.opened(peer.now());
    loop {
        let answered = peer.answer(&mut handle);
        // After what came: it may have been the sign of life.
        peer.look_at_the_clock()?;
        // Also after an error: the Close frame that tells the peer is in there.
        peer.write().await?;
        if answered.is_err() || peer.session.should_close_transport() {
            peer.end().await;
            return answered.map(drop);
        }
        if answered.is_ok_and(|all| !all) {
            continue;
        }
        let wake_up = peer.wake_up(0);
        let is_open = peer.session.state() == ConnectionState::Open;
        tokio::select! {
            // Late: something is due.
            read = timeout_at(wake_up, peer.transport.read(peer.session.buffer())) => if let Ok(read) = read {
                match read? {
                    0 => peer.session.receive_eof()?,
                    n => {
                        peer.session.filled(n);
                        peer.deadlines.received(peer.now());
                    }
                }
            },
            () = stop.cancelled(), if is_open => {
                peer.session.frame().append(CloseCode::GOING_AWAY, &mut peer.out)?;
                peer.deadlines.close_queued();
            }
        }
    }
}

struct Peer<T> {
    transport: T,
    session: Session,
    /// What is to be written.
    out: Vec<u8>,
    deadlines: Deadlines,
    /// What [`Moment`]s count from.
    began: Instant,
}

impl<T: AsyncRead + AsyncWrite + Unpin> Peer<T> {
    /// Answers the messages that are whole, until there is enough to be written; gives `true` if that was all of them. A
    /// turn of the session would take them all, however much a few compressed bytes become.
    fn answer(
        &mut self,
        handle: &mut impl FnMut(Message<'_>, FrameEncoder<'_>, &mut Vec<u8>) -> Result<(), Misuse>,
    ) -> Result<bool, Error> {
        let now = self.now();
        let received = loop {
            match self.session.next() {
                Ok(Some((message, sender))) => {
                    match message {
                        Message::Pong(payload) => self.deadlines.pong(now, payload),
                        Message::Close(_) => self.deadlines.close_received(now),
                        _ => {}
                    }
                    // Behind our Close frame nothing can be answered any more.
                    if sender.state() == SendState::Open {
                        COMPRESSOR.with_borrow_mut(|compressor| {
                            handle(message, sender.frame().with_compressor(compressor), &mut self.out)
                        })?;
                    }
                }
                Ok(None) => break Ok(true),
                Err(error) => break Err(error.into()),
            }
            if self.out.len() > UNSENT {
                break Ok(false);
            }
        };
        self.session.append_reply(&mut self.out);
        if self.session.state() != ConnectionState::Open {
            self.deadlines.close_queued();
        }
        received
    }

    /// Writes all that there is.
    async fn write(&mut self) -> Result<(), Error> {
        let mut written = 0;
        while written < self.out.len() {
            let rest = self.out.len() - written;
            match timeout_at(self.wake_up(rest), self.transport.write(&self.out[written..])).await {
                Ok(taken) => match taken? {
                    0 => return Err(ErrorKind::WriteZero.to_string().into()),
                    taken => {
                        self.deadlines.wrote(self.now(), taken, rest);
                        written += taken;
                    }
                },
                Err(_) => self.look_at_the_clock()?,
            }
        }
        self.out.clear();
        // What the transport itself holds back is unsent too.
        loop {
            match timeout_at(self.wake_up(1), self.transport.flush()).await {
                Ok(flushed) => return Ok(flushed?),
                Err(_) => self.look_at_the_clock()?,
            }
        }
    }

    /// Does what is due.
    fn look_at_the_clock(&mut self) -> Result<(), Error> {
        match self.deadlines.due(self.now()) {
            Some(Due::Ping(payload)) => {
                Ok(self.session.frame().append(Message::Ping(&payload), &mut self.out)?)
            }
            Some(Due::GiveUp(why)) => Err(why.into()),
            None => Ok(()),
        }
    }

    /// Ends our side of the transport, and waits for the peer's: a socket that is closed with bytes unread may destroy
    /// our Close frame on its way. All is said by then: whatever happens here is no error.
    async fn end(&mut self) {
        self.deadlines.shut_down(self.now());
        let end = self.wake_up(0);
        let _ = timeout_at(end, async {
            let _ = self.transport.shutdown().await;
            let mut ignored = [0; 1024];
            while self.transport.read(&mut ignored).await.is_ok_and(|n| n > 0) {}
        })
        .await;
    }

    fn now(&self) -> Moment {
        Moment::since_origin(self.began.elapsed())
    }

    /// When to look at the clock next, while so many bytes are unsent.
    fn wake_up(&mut self, unsent: usize) -> Instant {
        // There is always a deadline but behind the end.
        let wake_up = self.deadlines.wake_up(self.now(), unsent);
        self.began + wake_up.map_or(Duration::ZERO, Moment::to_duration)
    }
}
