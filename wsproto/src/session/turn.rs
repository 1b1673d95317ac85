use alloc::vec::Vec;
use core::fmt;

use super::{Buffer, Session};
use crate::connection::{Message, Role, Sender};
use crate::error::{Misuse, ProtocolError};
use crate::wire::{part, part_mut};

impl<R: Role, B: Buffer> Session<R, B> {
    /// Takes all messages and control frames that are whole, hands each to `each` together with the sender and `out`,
    /// and appends each reply that is due to `out`: the first two steps of [the turn](super#the-turn). What stands in
    /// `out` afterwards is to be written, **also after an error**, which is the last thing to look at.
    ///
    /// A control frame is shown too, and needs no answer: the reply follows at once, so that every Ping has its Pong,
    /// among the answers to the messages around it.
    ///
    /// # Errors
    ///
    /// [`TurnError::Protocol`] if the peer broke a rule or a limit: the Close frame that tells the peer stands in
    /// `out`. [`TurnError::Misuse`] if `each` returned it: it is not called again, messages behind that one stay for
    /// the next turn, and the reply stands in `out`.
    ///
    /// # Examples
    ///
    /// ```
    /// use wsproto::session::TurnError;
    /// use wsproto::{Limits, Message, ProtocolError, Server, Session};
    ///
    /// let mut session = Session::new(Server, Limits::new(), Vec::new());
    /// let mut out = Vec::new();
    /// session.push(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58\x81\x05Hello"); // the second one is not masked
    ///
    /// let outcome = session.turn(&mut out, |message, sender, out| match message {
    ///     Message::Text(text) => sender.frame().append(text, out),
    ///     _ => Ok(()),
    /// });
    /// assert_eq!(outcome, Err(TurnError::Protocol(ProtocolError::UnmaskedFrame)));
    /// assert!(out.starts_with(b"\x81\x05Hello\x88")); // the echo, and the Close frame
    /// assert!(session.should_close_transport());
    /// ```
    ///
    /// Replies stand where they belong:
    ///
    /// ```
    /// # use wsproto::{Limits, Server, Session};
    /// let mut session = Session::new(Server, Limits::new(), Vec::new());
    /// let mut out = Vec::new();
    /// session.push(b"\x89\x81\0\0\0\0a\x89\x81\0\0\0\0b\x81\x82\0\0\0\0hi");
    /// session.turn(&mut out, |message, sender, out| match message.is_data() {
    ///     true => sender.frame().append(message, out),
    ///     false => Ok(()),
    /// })?;
    /// assert_eq!(out, b"\x8a\x01a\x8a\x01b\x81\x02hi");
    /// # Ok::<(), wsproto::session::TurnError>(())
    /// ```
    pub fn turn(
        &mut self,
        out: &mut Vec<u8>,
        mut each: impl FnMut(Message<'_>, &mut Sender<R>, &mut Vec<u8>) -> Result<(), Misuse>,
    ) -> Result<(), TurnError> {
        let outcome = loop {
            match self.next() {
                Ok(None) => break Ok(()),
                Ok(Some((message, sender))) => {
                    let is_data = message.is_data();
                    if let Err(misuse) = each(message, sender, out) {
                        break Err(misuse.into());
                    }
                    if !is_data {
                        self.append_reply(out);
                    }
                }
                Err(error) => break Err(error.into()),
            }
        };
        self.append_reply(out);
        outcome
    }
}

impl<R: Role> Session<R, Vec<u8>> {
    /// Takes a [`turn`](Self::turn) over bytes that were received into the caller's memory: a thread's buffer, one of
    /// `io_uring`'s, or what rustls has decrypted. Whole messages are handed out where they lie; from the first thing
    /// on that is not whole, the bytes are copied and kept. So a connection holds no memory between turns but for what
    /// is not whole ([`shrink`](Self::shrink) gives back what it once took). The contents of `received` are
    /// unspecified afterwards.
    ///
    /// # Errors
    ///
    /// [`TurnError`] as for [`turn`](Self::turn).
    ///
    /// # Examples
    ///
    /// ```
    /// use wsproto::{Limits, Server, Session};
    ///
    /// let mut session = Session::new(Server, Limits::new(), Vec::new());
    /// let mut of_thread = *b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"; // read from one of many sockets
    /// let mut out = Vec::new();
    /// session.turn_over(&mut of_thread, &mut out, |message, sender, out| sender.frame().append(message, out))?;
    /// assert_eq!(out, b"\x81\x05Hello");
    /// assert_eq!(session.capacity(), 0);
    /// # Ok::<(), wsproto::session::TurnError>(())
    /// ```
    pub fn turn_over(
        &mut self,
        received: &mut [u8],
        out: &mut Vec<u8>,
        mut each: impl FnMut(Message<'_>, &mut Sender<R>, &mut Vec<u8>) -> Result<(), Misuse>,
    ) -> Result<(), TurnError> {
        let mut taken = 0_usize;
        while let Some(whole) = self.incoming.find_whole_in(part(received, taken..)) {
            taken = taken.saturating_add(whole.len());
            let bytes = part_mut(received, ..taken);
            // A text that fails is met again by the turn below: the receiver has failed.
            let Ok(message) = self.incoming.take_whole_of(whole, bytes, &mut self.reply) else { break };
            if let Err(misuse) = each(message, &mut self.sender, out) {
                self.push(part(received, taken..));
                self.append_reply(out);
                return Err(misuse.into());
            }
        }
        let rest = part(received, taken..);
        if !rest.is_empty() {
            self.push(rest);
        }
        self.turn(out, each)
    }
}

/// Why a [`turn`](Session::turn) was the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TurnError {
    /// The peer broke a rule or a limit: write what was appended, which tells the peer, and close the transport.
    Protocol(ProtocolError),
    /// The closure asked for what can't be sent: mend the program.
    Misuse(Misuse),
}

impl From<ProtocolError> for TurnError {
    fn from(error: ProtocolError) -> Self {
        Self::Protocol(error)
    }
}

impl From<Misuse> for TurnError {
    fn from(error: Misuse) -> Self {
        Self::Misuse(error)
    }
}

impl fmt::Display for TurnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Protocol(error) => error.fmt(f),
            Self::Misuse(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for TurnError {}
