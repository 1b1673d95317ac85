//! What is received: whole messages, over the memory for it.

use embedded_io_async::Read;
use wsproto::connection::{ReceiveState, Reply, Role, Sender, should_close_transport};
use wsproto::deadlines::Moment;
use wsproto::error::AbnormalClosure;
use wsproto::session::{Buffer, Incoming, Next, Session};
use wsproto::{CloseCode, Limits, Message, ProtocolError};

use crate::clock::until;
use crate::error::IoError;
use crate::outgoing::{Outgoing, in_time};
use crate::{Clock, Error};

pub(crate) struct Inbox<R: Role, I> {
    incoming: Incoming<R, I>,
    reply: Reply,
    failed: Option<ProtocolError>,
    close_code: Option<CloseCode>,
}

/// What to do next, until there is a message.
pub(crate) enum Step {
    /// A message is there.
    Take,
    /// A frame was made: write it.
    Write,
    Read,
    /// The closing handshake is over.
    Closed,
}

impl<R: Role, I: Buffer> Inbox<R, I> {
    /// Starts with the bytes that came behind the opening handshake; they lie at the start of the memory.
    pub(crate) fn new(role: R, limits: Limits, memory: I, received: usize) -> (Self, Sender<R>) {
        let (mut incoming, sender) = Session::new(role, limits, memory).split();
        incoming.filled(received);
        (Self { incoming, reply: Reply::new(), failed: None, close_code: None }, sender)
    }

    /// Takes all that is no message. Behind [`Outgoing::flush`]: a reply needs the memory for sending.
    pub(crate) fn step<E, O: AsRef<[u8]> + AsMut<[u8]>>(
        &mut self,
        outgoing: &mut Outgoing<R, O>,
        now: Moment,
        has_clock: bool,
    ) -> Result<Step, Error<E>> {
        loop {
            if self.reply.is_due() {
                outgoing.reply(&mut self.reply);
                return Ok(Step::Write);
            }
            if let Some(error) = self.failed {
                return Err(Error::Protocol(error));
            }
            match self.incoming.peek() {
                None => break,
                Some(Next::Message(_)) => return Ok(Step::Take),
                Some(_) => {}
            }
            match self.incoming.next(&mut self.reply) {
                Ok(Some(Message::Pong(payload))) => outgoing.deadlines.pong(now, payload),
                Ok(Some(Message::Close(close))) => {
                    self.close_code = close.map(|close| close.code());
                    outgoing.deadlines.close_received(now);
                }
                Ok(_) => {}
                Err(error) => self.failed = Some(error),
            }
        }
        let state = self.incoming.state();
        if state == ReceiveState::Ended {
            return self.end();
        }
        // A client waits for the server to end the transport, as long as a deadline allows. Without one it does not: a
        // serial port has no end.
        let is_over = should_close_transport::<R>(state, outgoing.sender.state())
            || (!has_clock && state == ReceiveState::CloseReceived);
        Ok(if is_over { Step::Closed } else { Step::Read })
    }

    /// Reads once, or until the deadline.
    pub(crate) async fn read<T: Read, C: Clock>(
        &mut self,
        transport: &mut T,
        clock: &C,
        at: Option<Moment>,
    ) -> Result<bool, IoError<T::Error>> {
        match in_time(until(clock, at, transport.read(self.incoming.buffer())).await, at)? {
            None => return Ok(false),
            Some(0) => {
                let _ = self.incoming.receive_eof(); // it is told by `step`
            }
            Some(n) => self.incoming.filled(n),
        }
        Ok(true)
    }

    /// Takes the message that is there.
    pub(crate) fn take<E>(&mut self) -> Result<Message<'_>, Error<E>> {
        match self.incoming.next(&mut self.reply) {
            Ok(Some(message)) => Ok(message),
            Ok(None) => Err(Error::Closed), // one was there
            Err(error) => {
                self.failed = Some(error);
                Err(Error::Protocol(error))
            }
        }
    }

    fn end<E>(&mut self) -> Result<Step, Error<E>> {
        match self.incoming.receive_eof() {
            Ok(()) => Ok(Step::Closed),
            Err(closure @ AbnormalClosure { .. }) => Err(Error::Disconnected(closure)),
        }
    }

    /// Tells whether a message is the next thing, so that nothing is to be written before.
    pub(crate) fn has_message(&mut self) -> bool {
        self.is_quiet() && matches!(self.incoming.peek(), Some(Next::Message(_)))
    }

    /// Tells whether there is nothing to do but to read.
    pub(crate) fn needs_more(&mut self) -> bool {
        self.is_quiet() && self.incoming.peek().is_none() && self.incoming.state() == ReceiveState::Open
    }

    fn is_quiet(&self) -> bool {
        !self.reply.is_due() && self.failed.is_none()
    }

    /// Tells whether the peer's Close frame has come.
    pub(crate) fn is_closed(&self) -> bool {
        self.incoming.state() == ReceiveState::CloseReceived
    }

    pub(crate) const fn close_code(&self) -> Option<CloseCode> {
        self.close_code
    }
}
