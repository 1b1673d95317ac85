//! What drives a connection, whatever it is driven for.

use std::io::ErrorKind;
use std::net::Shutdown;

use wsproto::connection::{ReceiveState, Reply, Role};
use wsproto::session::{Incoming, Next};
use wsproto_adapter::shared::Closed;

use crate::link::{Came, Link, Wait, act_if_due, is_untimed, read};
use crate::way::{Cause, Stage};
use crate::{Error, Message};

/// What is done with messages while a connection is driven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Messages {
    /// They are waited for; the next one only when no more than the high water waits to be written.
    Paced,
    /// They are waited for, whatever waits to be written: that is for another thread to bound. Would both ends stop reading
    /// because their output stands still, it would stand still for ever.
    Wanted,
    /// They are dropped: something else is waited for, which may stand behind them.
    Dropped,
}

/// Drives the connection until a message is there (`true`, never if they are dropped) or it is over by a closing handshake
/// (`false`).
///
/// In each turn: take what has come, write what waits, read. Only then see what is due, since what was read may be a sign of
/// life.
pub(crate) fn drive<R: Role, L: Link<R>>(
    incoming: &mut Incoming<R, Vec<u8>>,
    link: &mut L,
    wanted: Messages,
) -> Result<bool, Error> {
    loop {
        match link.with(|way| way.stage) {
            Stage::Open => {}
            Stage::Ending { .. } => {
                end(link)?;
                continue;
            }
            Stage::Over(cause) => return cause.outcome().map(|()| false),
        }
        match incoming.peek() {
            Some(Next::Message(_)) if wanted != Messages::Dropped => {
                let (has_room, owes_reply) = link.with(|way| (way.has_room(), way.owes_reply));
                if wanted == Messages::Paced && !has_room {
                    make_room(link)?;
                    continue;
                }
                if owes_reply {
                    // The program may take its time with the message.
                    let _ = link.write(Wait::Brief);
                }
                return Ok(true);
            }
            Some(_) => {
                take_control(incoming, link);
                continue;
            }
            None => {}
        }
        if incoming.state() == ReceiveState::CloseReceived {
            // No more is read: the transport's end would hide that the reply is not written yet.
            link.with(|way| way.begin_end(Cause::Closed, false));
            continue;
        }
        match wanted {
            Messages::Paced => make_room(link)?,
            // What the transport does not take now waits for the next turn.
            Messages::Wanted => drop(link.write(Wait::Brief)),
            Messages::Dropped => drop(link.write(Wait::Long)),
        }
        if matches!(link.with(|way| way.stage), Stage::Open) {
            receive(incoming, link)?;
        }
    }
}

/// Writes what waits. An error is that of a transport that does not block, if too much is left.
fn make_room<R: Role, L: Link<R>>(link: &mut L) -> Result<(), Error> {
    match link.write(Wait::Long) {
        Err(error) if !link.with(|way| way.has_room()) => Err(Error::Io(error)),
        _ => Ok(()),
    }
}

/// Takes what came, and does what it asks for. A message is dropped.
fn take_control<R: Role, L: Link<R>>(incoming: &mut Incoming<R, Vec<u8>>, link: &mut L) {
    let mut reply = Reply::new();
    let outcome = incoming.next(&mut reply);
    link.with(|way| match outcome {
        Ok(Some(wsproto::Message::Pong(payload))) => {
            let now = way.now();
            way.deadlines.pong(now, payload);
        }
        Ok(Some(wsproto::Message::Close(close))) => {
            let now = way.now();
            way.deadlines.close_received(now);
            way.closed = Some(Closed::of(close));
            way.reply(reply);
        }
        Ok(Some(wsproto::Message::Ping(_))) => way.pong(reply),
        Ok(_) => {}
        Err(error) => way.fail(error, reply),
    });
}

/// Takes the message that [`drive`] found, as one of its own. `None` if it was none after all.
pub(crate) fn take_message<R: Role, L: Link<R>>(
    incoming: &mut Incoming<R, Vec<u8>>,
    link: &mut L,
) -> Option<Message> {
    let mut reply = Reply::new();
    match incoming.next(&mut reply) {
        Ok(message) => message.and_then(Message::copied),
        Err(error) => {
            link.with(|way| way.fail(error, reply));
            None
        }
    }
}

/// Receives a message of its own.
pub(crate) fn recv<R: Role, L: Link<R>>(
    incoming: &mut Incoming<R, Vec<u8>>,
    link: &mut L,
    wanted: Messages,
) -> Result<Option<Message>, Error> {
    while drive(incoming, link, wanted)? {
        if let Some(message) = take_message(incoming, link) {
            return Ok(Some(message));
        }
    }
    Ok(None)
}

/// Reads once, and sees what is due.
fn receive<R: Role, L: Link<R>>(incoming: &mut Incoming<R, Vec<u8>>, link: &mut L) -> Result<(), Error> {
    let came = read(link, incoming.buffer());
    match came {
        Ok(Came::Bytes(n)) if n > 0 => {
            incoming.filled(n);
            link.with(|way| {
                let now = way.now();
                way.deadlines.received(now);
            });
        }
        Ok(Came::Bytes(_)) => link.with(|way| way.end_of_transport(incoming.receive_eof(), None)),
        Ok(Came::Failure(kind)) => link.with(|way| way.end_of_transport(incoming.receive_eof(), Some(kind))),
        Ok(Came::Nothing) => {
            // What a large message took, of a connection that is idle.
            incoming.shrink();
        }
        Err(_) => {}
    }
    match (act_if_due(link), came) {
        (false, Err(error)) => Err(Error::Io(error)),
        _ => Ok(()),
    }
}

/// Writes what waits and ends the transport, up to [`Stage::Over`].
///
/// What comes meanwhile is read and dropped: unread bytes would reset the connection, and destroy the Close frame.
pub(crate) fn end<R: Role, L: Link<R>>(link: &mut L) -> Result<(), Error> {
    while let Stage::Ending { cause, is_shut, is_read } = link.with(|way| way.stage) {
        link.write(Wait::Long).map_err(Error::Io)?;
        if !is_shut && (is_read || R::CLOSES_TRANSPORT || !matches!(cause, Cause::Closed)) {
            // [RFC 6455 §7.1.1]: the server ends the transport first, and a client whose peer failed.
            match link.shutdown(Shutdown::Write) {
                Err(error) if error.kind() == ErrorKind::Unsupported => link.with(|way| way.finish(cause)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Err(Error::Io(error)),
                _ => link.with(|way| way.advance_end(true, false)),
            }
        } else if is_read || is_untimed(link) {
            link.with(|way| way.finish(cause));
        } else {
            match read(link, &mut [0; 4096]).map_err(Error::Io)? {
                Came::Bytes(n) if n > 0 => {}
                Came::Nothing => {}
                Came::Bytes(_) | Came::Failure(_) => link.with(|way| way.advance_end(false, true)),
            }
            act_if_due(link);
        }
    }
    Ok(())
}
