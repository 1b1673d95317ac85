//! Drives a session over anything that reads and writes: a socket, TLS, an upgraded connection, a stream of HTTP/2.

use std::cell::RefCell;
use std::io::ErrorKind;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, sleep_until, timeout_at};
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
    mut transport: impl AsyncRead + AsyncWrite + Unpin,
    mut session: Session,
    stop: CancellationToken,
    mut handle: impl FnMut(Message<'_>, FrameEncoder<'_>, &mut Vec<u8>) -> Result<(), Misuse>,
) -> Result<(), Error> {
    let began = Instant::now();
    let now = || Moment::since_origin(began.elapsed());
    let mut deadlines = Deadlines::new(Timeouts::new(), now());
    deadlines.opened(now());
    let mut out = Vec::new();
    let mut outcome = Ok(());
    loop {
        // Nothing is looked at while an answer is unsent.
        if out.is_empty() && outcome.is_ok() {
            outcome = answer(&mut session, &mut handle, &mut deadlines, now(), &mut out);
        }
        // Also after an error: the Close frame that tells the peer is in there.
        if out.is_empty() && (outcome.is_err() || session.should_close_transport()) {
            break;
        }
        // After what came: it may have been the sign of life.
        match deadlines.due(now()) {
            Some(Due::Ping(payload)) => session.frame().append(Message::Ping(&payload), &mut out)?,
            Some(Due::GiveUp(why)) => return Err(why.into()),
            None => {}
        }
        let wake_up = deadlines.wake_up(now(), out.len()).map_or(Duration::ZERO, Moment::to_duration);
        let is_open = session.state() == ConnectionState::Open;
        let is_read = out.is_empty();
        let step = async {
            if is_read {
                transport.flush().await?;
                transport.read(session.buffer()).await
            } else {
                transport.write(&out).await
            }
        };
        tokio::select! {
            n = step => match n? {
                0 if is_read => session.receive_eof()?,
                0 => return Err(ErrorKind::WriteZero.to_string().into()),
                n if is_read => {
                    session.filled(n);
                    deadlines.received(now());
                }
                n => {
                    deadlines.wrote(now(), n, out.len());
                    out.drain(..n);
                }
            },
            () = sleep_until(began + wake_up) => {} // something is due
            () = stop.cancelled(), if is_open => {
                session.frame().append(CloseCode::GOING_AWAY, &mut out)?;
                deadlines.close_queued();
            }
        }
    }
    // Our side of the transport ends, then the peer's: a socket that is closed with bytes unread may destroy our Close
    // frame on its way. All is said by now: whatever happens here is no error.
    deadlines.shut_down(now());
    let wake_up = deadlines.wake_up(now(), 0).map_or(Duration::ZERO, Moment::to_duration);
    let _ = timeout_at(began + wake_up, async {
        let _ = transport.shutdown().await;
        let mut ignored = [0; 1024];
        while transport.read(&mut ignored).await.is_ok_and(|n| n > 0) {}
    })
    .await;
    outcome
}

/// Answers the messages that are whole, until there is enough to be written. A turn of the session would take them all,
/// however much a few compressed bytes become.
fn answer(
    session: &mut Session,
    handle: &mut impl FnMut(Message<'_>, FrameEncoder<'_>, &mut Vec<u8>) -> Result<(), Misuse>,
    deadlines: &mut Deadlines,
    now: Moment,
    out: &mut Vec<u8>,
) -> Result<(), Error> {
    let mut outcome = Ok(());
    while out.len() <= UNSENT {
        match session.next() {
            Ok(Some((message, sender))) => {
                match message {
                    Message::Pong(payload) => deadlines.pong(now, payload),
                    Message::Close(_) => deadlines.close_received(now),
                    _ => {}
                }
                // Behind our Close frame nothing can be answered any more.
                if sender.state() == SendState::Open {
                    COMPRESSOR.with_borrow_mut(|compressor| {
                        handle(message, sender.frame().with_compressor(compressor), out)
                    })?;
                }
            }
            Ok(None) => break,
            Err(error) => {
                outcome = Err(error.into());
                break;
            }
        }
    }
    session.append_reply(out);
    if session.state() != ConnectionState::Open {
        deadlines.close_queued();
    }
    outcome
}
