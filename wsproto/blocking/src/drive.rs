//! What drives a connection, whatever it is driven for.

use std::io::ErrorKind;
use std::net::Shutdown;

use wsproto::ProtocolError;
use wsproto::connection::{Event, ReceiveState, Reply, Role};
use wsproto::session::{Incoming, Next};
use wsproto_adapter::shared::Closed;

use crate::link::{self, Access, Came, Link, Wait, act_if_due, is_untimed};
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

/// What is given of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// They are joined.
    Whole,
    /// What is there.
    Piece,
}

/// Drives the connection until a message or a piece of one is there (`true`, never if they are dropped) or it is over by a closing
/// handshake (`false`).
///
/// In each turn: take what has come, write what waits, read. Only then see what is due, since what was read may be a sign of
/// life.
pub(crate) fn drive<R: Role, L: Link<R>>(
    incoming: &mut Incoming<R, Vec<u8>>,
    link: &mut L,
    wanted: Messages,
    unit: Unit,
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
        let next = match unit {
            Unit::Whole if wanted != Messages::Dropped => incoming.peek(),
            _ => incoming.peek_piece(),
        };
        match next {
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

/// Takes what came, and does what it asks for. Of a message a piece is dropped.
fn take_control<R: Role, L: Link<R>>(incoming: &mut Incoming<R, Vec<u8>>, link: &mut L) {
    let mut reply = Reply::new();
    let outcome = incoming.next_piece(&mut reply);
    link.with(|way| match outcome {
        Ok(Some(Event::Pong(payload))) => way.answered(payload),
        Ok(Some(Event::Close(close))) => {
            let now = way.now();
            way.deadlines.close_received(now);
            way.closed = Some(Closed::of(close));
            way.reply(reply);
        }
        Ok(Some(Event::Ping(_))) => way.pong(reply),
        Ok(Some(Event::Data(data))) => way.counters.received.messages += u64::from(data.is_last),
        Ok(None) => {}
        Err(error) => way.fail(error, reply),
    });
}

/// Takes the message that [`drive`] found. An error is that of a text that is not UTF-8, after all.
pub(crate) fn take_message<'m, R: Role>(
    incoming: &'m mut Incoming<R, Vec<u8>>,
    link: &mut impl Access<R>,
) -> Result<Option<wsproto::Message<'m>>, ProtocolError> {
    let mut reply = Reply::new();
    let taken = incoming.next(&mut reply);
    link.with(|way| match taken {
        Ok(_) => way.counters.received.messages += 1,
        Err(error) => way.fail(error, reply),
    });
    taken
}

/// Receives a message of its own.
pub(crate) fn recv<R: Role, L: Link<R>>(
    incoming: &mut Incoming<R, Vec<u8>>,
    link: &mut L,
    wanted: Messages,
) -> Result<Option<Message>, Error> {
    while drive(incoming, link, wanted, Unit::Whole)? {
        if let Some(message) = take_message(incoming, link).ok().flatten().and_then(Message::copied) {
            return Ok(Some(message));
        }
    }
    Ok(None)
}

/// Receives a message where it lies.
pub(crate) fn read<'m, R: Role, L: Link<R>>(
    incoming: &'m mut Incoming<R, Vec<u8>>,
    link: &mut L,
    wanted: Messages,
) -> Result<Option<wsproto::Message<'m>>, Error> {
    if !drive(incoming, link, wanted, Unit::Whole)? {
        return Ok(None);
    }
    take_message(incoming, link).map_err(|error| failed(link, error))
}

/// Ends what a fault of the peer has ended.
pub(crate) fn failed<R: Role, L: Link<R>>(link: &mut L, error: ProtocolError) -> Error {
    let _ = end(link);
    Error::Protocol(error)
}

/// Reads once, and sees what is due.
fn receive<R: Role, L: Link<R>>(incoming: &mut Incoming<R, Vec<u8>>, link: &mut L) -> Result<(), Error> {
    let came = link::read(link, incoming.buffer());
    match came {
        Ok(Came::Bytes(n)) if n > 0 => {
            incoming.filled(n);
            link.with(|way| {
                let now = way.now();
                way.deadlines.received(now);
                way.counters.received.bytes += n as u64;
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
            match link::read(link, &mut [0; 4096]).map_err(Error::Io)? {
                Came::Bytes(n) if n > 0 => {}
                Came::Nothing => {}
                Came::Bytes(_) | Came::Failure(_) => link.with(|way| way.advance_end(false, true)),
            }
            act_if_due(link);
        }
    }
    Ok(())
}
