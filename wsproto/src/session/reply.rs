use crate::connection::{Event, FrameEncoder};
use crate::error::{ProtocolError, SendError};
use crate::wire::{CloseFrame, MAX_CONTROL_PAYLOAD};

/// The one control frame that is due: the Pong for the latest Ping, or the Close frame that answers the peer's or tells it
/// of its fault. A fixed 130 bytes or so, however many Pings come.
///
/// A later Ping takes an earlier one's place ([RFC 6455 §5.5.3] allows it), a Close frame takes any Pong's
/// ([RFC 6455 §5.5.2]).
///
/// [RFC 6455 §5.5.2]: https://www.rfc-editor.org/rfc/rfc6455#section-5.5.2
/// [RFC 6455 §5.5.3]: https://www.rfc-editor.org/rfc/rfc6455#section-5.5.3
#[derive(Debug, Clone)]
pub struct Reply {
    to: Option<Cause>,
    payload: [u8; MAX_CONTROL_PAYLOAD],
    payload_len: u8,
}

#[derive(Debug, Clone, Copy)]
enum Cause {
    Ping,
    Close,
    Failure(ProtocolError),
}

impl Reply {
    /// Starts with nothing due.
    pub const fn new() -> Self {
        Self { to: None, payload: [0; MAX_CONTROL_PAYLOAD], payload_len: 0 }
    }

    /// Tells whether [`encode`](Self::encode) has something to do.
    pub const fn is_due(&self) -> bool {
        self.to.is_some()
    }

    /// Takes the reply out, to be encoded elsewhere, such as in the task that writes. Nothing is due here then.
    #[must_use = "it is due to be sent"]
    pub fn take(&mut self) -> Self {
        core::mem::take(self)
    }

    /// Writes the reply, if any is due, and returns its length in bytes: 0 if none is.
    ///
    /// # Errors
    ///
    /// [`SendError::BufferTooSmall`] if `dst` is too small; the reply stays due. 131 bytes are always enough.
    pub fn encode(&mut self, frame: FrameEncoder<'_>, dst: &mut [u8]) -> Result<usize, SendError> {
        let payload = self.payload.get(..usize::from(self.payload_len)).unwrap_or_default();
        let written = match self.to {
            None => 0,
            Some(Cause::Ping) => frame.encode_reply(&Event::Ping(payload), dst)?,
            Some(Cause::Close) => {
                // It was decoded once, so it can be again.
                let close = CloseFrame::decode(payload).ok().flatten();
                frame.encode_reply(&Event::Close(close), dst)?
            }
            Some(Cause::Failure(error)) => frame.encode_failure(error, dst)?,
        };
        self.to = None;
        Ok(written)
    }

    /// Appends the reply, if any is due.
    ///
    /// # Errors
    ///
    /// No case is known: [`encode`](Self::encode) fails only for lack of space.
    #[cfg(feature = "alloc")]
    pub fn append(
        &mut self,
        frame: FrameEncoder<'_>,
        out: &mut alloc::vec::Vec<u8>,
    ) -> Result<(), SendError> {
        if !self.is_due() {
            return Ok(());
        }
        crate::connection::append_control(out, |dst| self.encode(frame, dst))
    }

    /// Takes note of the reply that an event asks for, if any: for those who drive a
    /// [`Connection`](crate::connection::Connection) and can't write at once. A session does it by itself.
    ///
    /// # Examples
    ///
    /// ```
    /// use wsproto::connection::{Event, Sender, Server};
    /// use wsproto::session::Reply;
    ///
    /// let mut reply = Reply::new();
    /// for event in [Event::Ping(b"1"), Event::Ping(b"2"), Event::Pong(b"3")] {
    ///     reply.answer(&event);
    /// }
    /// let mut out = [0; 131];
    /// let n = reply.encode(Sender::<Server>::new().frame(), &mut out)?;
    /// assert_eq!(out[..n], *b"\x8a\x012", "the latest");
    /// # Ok::<(), wsproto::SendError>(())
    /// ```
    pub fn answer(&mut self, event: &Event<'_>) {
        match event {
            Event::Ping(payload) => self.answer_ping(payload),
            Event::Close(close) => {
                let mut payload = [0; MAX_CONTROL_PAYLOAD];
                // A Close frame's payload always fits.
                let len = close.map_or(0, |close| close.encode(&mut payload).unwrap_or(0));
                self.answer_close(payload.get(..len).unwrap_or_default());
            }
            Event::Data(_) | Event::Pong(_) => {}
        }
    }

    /// Takes note that the peer is to be told of its fault; see [`answer`](Self::answer).
    pub fn tell(&mut self, error: ProtocolError) {
        self.keep(Cause::Failure(error), &[]);
    }

    pub(super) fn answer_ping(&mut self, payload: &[u8]) {
        if matches!(self.to, None | Some(Cause::Ping)) {
            self.keep(Cause::Ping, payload);
        }
    }

    pub(super) fn answer_close(&mut self, payload: &[u8]) {
        self.keep(Cause::Close, payload);
    }

    fn keep(&mut self, cause: Cause, payload: &[u8]) {
        self.to = Some(cause);
        for (to, from) in self.payload.iter_mut().zip(payload) {
            *to = *from;
        }
        // No control frame's payload is longer than the slot.
        self.payload_len = u8::try_from(payload.len().min(MAX_CONTROL_PAYLOAD)).unwrap_or(0);
    }
}

impl Default for Reply {
    fn default() -> Self {
        Self::new()
    }
}
