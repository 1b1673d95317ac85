//! What is sent: one frame at a time through the memory for it, and the deadlines, which it shares with what is received.

use core::fmt;

use embedded_io_async::{ErrorKind, Read, Write};
use wsproto::connection::{Fragment, Reply, Role, SendState, Sender};
use wsproto::deadlines::{Deadlines, Due, Moment, Timeouts};
use wsproto::error::SendError;
use wsproto::{Message, MessageKind, Misuse, ProtocolError};

use crate::clock::until;
use crate::error::IoError;
use crate::{Clock, Error};

/// The longest header of a frame.
const MAX_HEADER: usize = 14;

pub(crate) struct Outgoing<R: Role, O> {
    pub(crate) sender: Sender<R>,
    pub(crate) deadlines: Deadlines,
    out: O,
    /// Of the frame in `out`, `out[written..made]` are to be written.
    made: usize,
    written: usize,
    is_flushed: bool,
    /// A Ping that is due, and for which `out` has to be free.
    ping: Option<[u8; 4]>,
}

impl<R: Role, O: AsRef<[u8]> + AsMut<[u8]>> Outgoing<R, O> {
    pub(crate) const fn new(sender: Sender<R>, out: O, deadlines: Deadlines) -> Self {
        Self { sender, deadlines, out, made: 0, written: 0, is_flushed: true, ping: None }
    }

    /// Writes all that waits, Pings that are due too. Dropped, it goes on where it was.
    pub(crate) async fn flush<T: Write, C: Clock>(
        &mut self,
        transport: &mut T,
        clock: &C,
    ) -> Result<(), IoError<T::Error>> {
        loop {
            let rest = self.out.as_ref().get(self.written..self.made).unwrap_or_default();
            let at = look(&mut self.deadlines, &mut self.ping, clock, rest.len())?;
            if !rest.is_empty() {
                let taken = write(transport, clock, at, rest).await?;
                self.deadlines.wrote(clock.now(), taken, rest.len());
                self.written = self.written.saturating_add(taken);
                self.is_flushed = false;
                continue;
            }
            if !self.is_flushed {
                self.is_flushed = in_time(until(clock, at, transport.flush()).await, at)?.is_some();
                continue;
            }
            (self.made, self.written) = (0, 0);
            let Some(payload) = self.ping.take() else {
                return Ok(());
            };
            // Where there is no more to ping, there are no deadlines for the answer either.
            self.made = self.sender.frame().encode(Message::Ping(&payload), self.out.as_mut()).unwrap_or(0);
        }
    }

    /// Encodes the frame that is due, behind [`flush`](Self::flush).
    pub(crate) fn reply(&mut self, reply: &mut Reply) {
        debug_assert!(self.made == 0, "the one before was written");
        // The longest control frame fits.
        self.made = self.sender.encode_reply(reply.take(), self.out.as_mut()).unwrap_or(0);
        if self.sender.state() != SendState::Open {
            self.deadlines.close_queued();
        }
    }

    /// Tells the peer of its fault, as well as the transport allows, and gives what the caller is told.
    pub(crate) async fn tell<T: Write, C: Clock>(
        &mut self,
        error: ProtocolError,
        reply: &mut Reply,
        transport: &mut T,
        clock: &C,
    ) -> Error<T::Error> {
        if self.flush(transport, clock).await.is_ok() {
            self.reply(reply);
            let _ = self.flush(transport, clock).await; // the fault is what counts
        }
        Error::Protocol(error)
    }

    pub(crate) fn ping(&mut self) {
        if let Some(payload) = self.deadlines.ping() {
            self.ping = Some(payload);
        }
    }

    pub(crate) async fn send<T: Write, C: Clock>(
        &mut self,
        message: Message<'_>,
        transport: &mut T,
        clock: &C,
    ) -> Result<(), Error<T::Error>> {
        self.flush(transport, clock).await?;
        match self.sender.frame().encode(message, self.out.as_mut()) {
            Ok(made) => self.made = made,
            Err(SendError::BufferTooSmall(_)) => {
                let (kind, payload) = match message {
                    Message::Text(text) => (MessageKind::Text, text.as_bytes()),
                    Message::Binary(payload) => (MessageKind::Binary, payload),
                    // Those fit.
                    _ => return Err(Error::Misuse(Misuse::ControlTooLong { len: message.len() })),
                };
                self.send_in_fragments(kind, payload, transport, clock).await?;
            }
            Err(error) => return Err(error.into()),
        }
        if let Message::Close(_) = message {
            self.deadlines.close_queued();
        }
        Ok(self.flush(transport, clock).await?)
    }

    async fn send_in_fragments<T: Write, C: Clock>(
        &mut self,
        kind: MessageKind,
        payload: &[u8],
        transport: &mut T,
        clock: &C,
    ) -> Result<(), Error<T::Error>> {
        let most = self.out.as_ref().len().saturating_sub(MAX_HEADER).max(1);
        let mut pieces = payload.chunks(most).peekable();
        while let Some(payload) = pieces.next() {
            let is_last = pieces.peek().is_none();
            self.send_fragment(Fragment { kind, payload, is_last }, transport, clock).await?;
        }
        Ok(())
    }

    pub(crate) async fn send_fragment<T: Write, C: Clock>(
        &mut self,
        fragment: Fragment<'_>,
        transport: &mut T,
        clock: &C,
    ) -> Result<(), Error<T::Error>> {
        self.flush(transport, clock).await?;
        self.made = self.sender.frame().encode_fragment(fragment, self.out.as_mut())?;
        Ok(self.flush(transport, clock).await?)
    }

    pub(crate) async fn send_fmt<T: Write, C: Clock>(
        &mut self,
        text: fmt::Arguments<'_>,
        transport: &mut T,
        clock: &C,
    ) -> Result<(), Error<T::Error>> {
        self.flush(transport, clock).await?;
        self.made = self.sender.frame().encode_fmt(text, self.out.as_mut())?;
        Ok(self.flush(transport, clock).await?)
    }

    pub(crate) fn wake_up(&mut self, now: Moment) -> Option<Moment> {
        self.deadlines.wake_up(now, 0)
    }
}

/// Starts the deadlines of a connection that is being opened.
pub(crate) fn opening<C: Clock>(timeouts: &Timeouts, clock: &C) -> Deadlines {
    Deadlines::new(if C::RUNS { *timeouts } else { Timeouts::none() }, clock.now())
}

/// Looks at the clock. Returns how long to wait at most.
fn look<E>(
    deadlines: &mut Deadlines,
    ping: &mut Option<[u8; 4]>,
    clock: &impl Clock,
    unsent: usize,
) -> Result<Option<Moment>, IoError<E>> {
    let now = clock.now();
    match deadlines.due(now) {
        Some(Due::Ping(payload)) => *ping = Some(payload),
        Some(Due::GiveUp(why)) => return Err(IoError::Late(why)),
        None => {}
    }
    Ok(deadlines.wake_up(now, unsent))
}

/// Writes all of some bytes that are no frame: a head of the opening handshake.
pub(crate) async fn write_all<T: Write, C: Clock>(
    mut bytes: &[u8],
    transport: &mut T,
    clock: &C,
    deadlines: &mut Deadlines,
) -> Result<(), IoError<T::Error>> {
    while !bytes.is_empty() {
        let at = look(deadlines, &mut None, clock, bytes.len())?;
        let taken = write(transport, clock, at, bytes).await?;
        deadlines.wrote(clock.now(), taken, bytes.len());
        bytes = bytes.get(taken..).unwrap_or_default();
    }
    loop {
        let at = look(deadlines, &mut None, clock, 0)?;
        if in_time(until(clock, at, transport.flush()).await, at)?.is_some() {
            return Ok(());
        }
    }
}

/// Reads some bytes of a head; none is the end.
pub(crate) async fn read_some<T: Read, C: Clock>(
    space: &mut [u8],
    transport: &mut T,
    clock: &C,
    deadlines: &mut Deadlines,
) -> Result<usize, IoError<T::Error>> {
    loop {
        let at = look(deadlines, &mut None, clock, 0)?;
        match in_time(until(clock, at, transport.read(space)).await, at)? {
            Some(0) => return Err(IoError::Ended),
            Some(n) => return Ok(n.min(space.len())),
            None => {}
        }
    }
}

/// Writes some bytes, or none where time runs out.
async fn write<T: Write, C: Clock>(
    transport: &mut T,
    clock: &C,
    at: Option<Moment>,
    bytes: &[u8],
) -> Result<usize, IoError<T::Error>> {
    match in_time(until(clock, at, transport.write(bytes)).await, at)? {
        // The trait excludes it; a loop without an end would follow.
        Some(0) => Err(IoError::Ended),
        Some(taken) => Ok(taken.min(bytes.len())),
        None => Ok(0),
    }
}

/// Takes a transport's own timeout for what it is where there are deadlines: a look at the clock.
pub(crate) fn in_time<V, E: embedded_io_async::Error>(
    result: Option<Result<V, E>>,
    at: Option<Moment>,
) -> Result<Option<V>, IoError<E>> {
    match result {
        None => Ok(None),
        Some(Ok(value)) => Ok(Some(value)),
        Some(Err(error)) if at.is_some() && error.kind() == ErrorKind::TimedOut => Ok(None),
        Some(Err(error)) => Err(IoError::Io(error)),
    }
}
