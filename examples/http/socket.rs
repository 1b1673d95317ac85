//! Drives a session over anything that reads and writes: a socket, TLS, an upgraded connection, a stream of HTTP/2.

use std::cell::RefCell;
use std::io::ErrorKind;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use wsproto::connection::{FrameEncoder, SendState};
use wsproto::deflate::{Compressor, Level, WindowBits};
use wsproto::{CloseCode, CloseFrame, Message, SendError};

use crate::{Error, Session};

/// After so long without a byte the peer is sent a Ping; after as long again it is taken for dead.
const SILENCE: Duration = Duration::from_secs(30);
/// So long the peer may take nothing of what is written.
const STALL: Duration = Duration::from_secs(30);
/// So long the peer may take for its part of the closing handshake, and again to end the transport.
const CLOSING: Duration = Duration::from_secs(5);
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
pub fn echo(message: Message<'_>, frame: FrameEncoder<'_>, out: &mut Vec<u8>) -> Result<(), SendError> {
    match message {
        Message::Text(text) => frame.append_text(text, out),
        Message::Binary(bytes) => frame.append_binary(bytes, out),
        // What a control frame asks for, the session does.
        _ => Ok(()),
    }
}

/// Drives a connection to its end; `handle` may append one frame to what is written. When `stop` is cancelled, the closing
/// handshake begins. Dropped at any await, it leaves nothing behind.
///
/// # Errors
///
/// The peer broke a rule, was silent, did not read, or was gone without a closing handshake.
pub async fn converse(
    mut transport: impl AsyncRead + AsyncWrite + Unpin,
    mut session: Session,
    stop: CancellationToken,
    mut handle: impl FnMut(Message<'_>, FrameEncoder<'_>, &mut Vec<u8>) -> Result<(), SendError>,
) -> Result<(), Error> {
    let mut out = Vec::new();
    let (mut pinged, mut closing) = (false, None);
    loop {
        let answered = answer(&mut session, &mut handle, &mut out);
        // Also after an error: the Close frame that tells the peer is in there.
        write(&mut transport, &out).await?;
        out.clear();
        if answered.is_err() || session.should_close_transport() {
            end(&mut transport).await;
            return answered.map(drop);
        }
        if answered.is_ok_and(|all| !all) {
            continue;
        }

        let deadline = closing.unwrap_or_else(|| Instant::now() + SILENCE);
        tokio::select! {
            read = timeout_at(deadline, transport.read(session.buffer())) => match read {
                Ok(read) => match read? {
                    0 => session.receive_eof()?,
                    n => {
                        session.filled(n);
                        pinged = false;
                    }
                },
                Err(_) if closing.is_none() && !pinged => {
                    session.frame().append_ping(b"", &mut out)?;
                    pinged = true;
                }
                Err(_) => return Err("the peer was silent".into()),
            },
            () = stop.cancelled(), if closing.is_none() => {
                let close = CloseFrame::of_code(CloseCode::GOING_AWAY);
                session.frame().append_close(Some(close), &mut out)?;
                closing = Some(Instant::now() + CLOSING);
            }
        }
    }
}

/// Answers the messages that are whole, until there is enough to be written; gives `true` if that was all of them.
fn answer(
    session: &mut Session,
    handle: &mut impl FnMut(Message<'_>, FrameEncoder<'_>, &mut Vec<u8>) -> Result<(), SendError>,
    out: &mut Vec<u8>,
) -> Result<bool, Error> {
    let Session { incoming, reply, sender } = session;
    let received = loop {
        match incoming.next(reply) {
            Ok(Some(message)) if sender.state() == SendState::Open => {
                COMPRESSOR.with_borrow_mut(|compressor| {
                    handle(message, sender.frame().with_compressor(compressor), out)
                })?;
            }
            // Behind our Close frame nothing can be answered any more.
            Ok(Some(_)) => {}
            Ok(None) => break Ok(true),
            Err(error) => break Err(error.into()),
        }
        if out.len() > UNSENT {
            break Ok(false);
        }
    };
    reply.append(sender.frame(), out)?;
    received
}

async fn write(transport: &mut (impl AsyncWrite + Unpin), mut bytes: &[u8]) -> Result<(), Error> {
    while !bytes.is_empty() {
        match timeout(STALL, transport.write(bytes)).await.map_err(|_| "the peer does not read")?? {
            0 => return Err(ErrorKind::WriteZero.to_string().into()),
            n => bytes = &bytes[n..],
        }
    }
    Ok(timeout(STALL, transport.flush()).await??)
}

/// Ends our side of the transport, and waits for the peer's: a socket that is closed with bytes unread may destroy our
/// Close frame on its way. All is said by then: whatever happens here is no error.
async fn end(transport: &mut (impl AsyncRead + AsyncWrite + Unpin)) {
    let end = async {
        let _ = transport.shutdown().await;
        let mut ignored = [0; 1024];
        while transport.read(&mut ignored).await.is_ok_and(|n| n > 0) {}
    };
    let _ = timeout(CLOSING, end).await;
}
