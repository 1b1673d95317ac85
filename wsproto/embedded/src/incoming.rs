//! What is received: whole messages, over the memory for it, or pieces of larger ones.

use embedded_io_async::Read;
use wsproto::connection::{Data, Event, ReceiveState, Reply, Role, Sender, should_close_transport};
use wsproto::deadlines::Moment;
use wsproto::error::AbnormalClosure;
use wsproto::session::{Buffer, Incoming, Next, Session};
use wsproto::{CloseCode, CloseFrame, Limits, Message, ProtocolError};

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

/// What is waited for. A type, so that a program takes no flash for what it does not wait for.
pub(crate) trait Unit {
    /// What came, borrowed.
    type Taken<'m>;

    fn peek<R: Role, I: Buffer>(incoming: &mut Incoming<R, I>) -> Option<Next>;

    fn next<'m, R: Role, I: Buffer>(
        incoming: &'m mut Incoming<R, I>,
        reply: &mut Reply,
    ) -> Result<Option<Came<'m, Self::Taken<'m>>>, ProtocolError>;
}

/// What came.
pub(crate) enum Came<'m, U> {
    Wanted(U),
    Pong(&'m [u8]),
    Close(Option<CloseFrame<'m>>),
    Ping,
}

/// Whole messages.
pub(crate) struct Whole;

impl Unit for Whole {
    type Taken<'m> = Message<'m>;

    fn peek<R: Role, I: Buffer>(incoming: &mut Incoming<R, I>) -> Option<Next> {
        incoming.peek()
    }

    fn next<'m, R: Role, I: Buffer>(
        incoming: &'m mut Incoming<R, I>,
        reply: &mut Reply,
    ) -> Result<Option<Came<'m, Message<'m>>>, ProtocolError> {
        Ok(incoming.next(reply)?.map(|message| match message {
            Message::Pong(payload) => Came::Pong(payload),
            Message::Close(close) => Came::Close(close),
            Message::Ping(_) => Came::Ping,
            message => Came::Wanted(message),
        }))
    }
}

/// What is there of a message, of any size.
pub(crate) struct Pieces;

impl Unit for Pieces {
    type Taken<'m> = Data<'m>;

    fn peek<R: Role, I: Buffer>(incoming: &mut Incoming<R, I>) -> Option<Next> {
        incoming.peek_piece()
    }

    fn next<'m, R: Role, I: Buffer>(
        incoming: &'m mut Incoming<R, I>,
        reply: &mut Reply,
    ) -> Result<Option<Came<'m, Data<'m>>>, ProtocolError> {
        Ok(incoming.next_piece(reply)?.map(|event| match event {
            Event::Data(piece) => Came::Wanted(piece),
            Event::Pong(payload) => Came::Pong(payload),
            Event::Close(close) => Came::Close(close),
            Event::Ping(_) => Came::Ping,
        }))
    }
}

/// What to do next, until there is a message.
pub(crate) enum Step {
    /// A message or a piece is there.
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
    pub(crate) fn step<U: Unit, E, O: AsRef<[u8]> + AsMut<[u8]>>(
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
            match U::peek(&mut self.incoming) {
                None => break,
                Some(Next::Message(_)) => return Ok(Step::Take),
                Some(_) => {}
            }
            match U::next(&mut self.incoming, &mut self.reply) {
                Ok(Some(Came::Pong(payload))) => outgoing.deadlines.pong(now, payload),
                Ok(Some(Came::Close(close))) => {
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
        let n = match in_time(until(clock, at, transport.read(self.incoming.buffer())).await, at) {
            Ok(None) => return Ok(false),
            Ok(Some(n)) => n,
            // Behind the closing handshake only the end is waited for, and this is one: TLS has no other.
            Err(_) if self.is_closed() => 0,
            Err(error) => return Err(error),
        };
        if n == 0 {
            let _ = self.incoming.receive_eof(); // it is told by `step`
        } else {
            self.incoming.filled(n);
        }
        Ok(true)
    }

    /// Takes what is there. If it is text that turns out not to be UTF-8, gives the error and the reply that tells the
    /// peer, which is to be [written](Outgoing::tell).
    pub(crate) fn take<U: Unit>(&mut self) -> Result<U::Taken<'_>, Option<(ProtocolError, &mut Reply)>> {
        let Self { incoming, reply, failed, .. } = self;
        match U::next(incoming, reply) {
            Ok(Some(Came::Wanted(taken))) => Ok(taken),
            Ok(_) => Err(None), // one was there
            Err(error) => Err(Some((*failed.insert(error), reply))),
        }
    }

    fn end<E>(&mut self) -> Result<Step, Error<E>> {
        match self.incoming.receive_eof() {
            Ok(()) => Ok(Step::Closed),
            Err(closure @ AbnormalClosure { .. }) => Err(Error::Disconnected(closure)),
        }
    }

    /// Tells whether a message or a piece is the next thing, so that nothing is to be written before.
    pub(crate) fn has_next<U: Unit>(&mut self) -> bool {
        self.is_quiet() && matches!(U::peek(&mut self.incoming), Some(Next::Message(_)))
    }

    /// Tells whether there is nothing to do but to read.
    pub(crate) fn needs_more<U: Unit>(&mut self) -> bool {
        self.is_quiet()
            && U::peek(&mut self.incoming).is_none()
            && self.incoming.state() == ReceiveState::Open
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
