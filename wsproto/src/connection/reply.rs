use super::{Event, ReceiveState};
use crate::error::ProtocolError;
use crate::wire::{CloseFrame, MAX_CONTROL_PAYLOAD, part};

/// The one control frame that is due: the Pong for the latest Ping, or the Close frame that answers the peer's or
/// tells the peer of its fault. 127 bytes, however many Pings come.
///
/// A later Ping takes an earlier one's place ([RFC 6455 §5.5.3] allows it), a Close frame takes any Pong's ([RFC 6455
/// §5.5.2]). [`Sender::encode_reply`](super::Sender::encode_reply) and `append_reply` write the frame; they also tell
/// the sender what the receiver learned of the peer. So a reply is all that a task that reads has to hand over to the
/// task that writes.
///
/// # Examples
///
/// ```
/// use wsproto::connection::{Event, Reply, Sender, Server};
///
/// let mut reply = Reply::new();
/// for event in [Event::Ping(b"1"), Event::Ping(b"2"), Event::Pong(b"3")] {
///     reply.answer(&event);
/// }
/// let mut dst = [0; 131];
/// let n = Sender::new(Server).encode_reply(reply, &mut dst)?;
/// assert_eq!(dst[..n], *b"\x8a\x012", "the latest");
/// # Ok::<(), wsproto::SendError>(())
/// ```
///
/// [RFC 6455 §5.5.2]: https://www.rfc-editor.org/rfc/rfc6455#section-5.5.2
/// [RFC 6455 §5.5.3]: https://www.rfc-editor.org/rfc/rfc6455#section-5.5.3
#[derive(Debug, Clone)]
#[must_use = "a reply has to be sent"]
pub struct Reply {
    due: Due,
    payload: [u8; MAX_CONTROL_PAYLOAD],
    payload_len: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Due {
    Nothing,
    Pong,
    /// A Close frame, or just word of the transport's end: the peer's side has come so far.
    Close(ReceiveState),
}

impl Reply {
    /// Starts with nothing due.
    pub const fn new() -> Self {
        Self { due: Due::Nothing, payload: [0; MAX_CONTROL_PAYLOAD], payload_len: 0 }
    }

    /// Tells whether a frame may have to be sent, or the sender to be told of the peer.
    pub fn is_due(&self) -> bool {
        self.due != Due::Nothing
    }

    /// Takes the reply out, to be sent elsewhere, such as by the task that writes. Nothing is due here afterwards.
    pub fn take(&mut self) -> Self {
        core::mem::take(self)
    }

    /// Takes note of the reply that `event` asks for, if any. A session does so by itself: this is for a program that
    /// drives a [`Receiver`](super::Receiver). A Ping over 125 bytes, which no receiver gives, is not answered.
    pub fn answer(&mut self, event: &Event<'_>) {
        match event {
            Event::Ping(payload) => self.answer_ping(payload),
            Event::Close(close) => self.answer_close(*close),
            Event::Data(_) | Event::Pong(_) => {}
        }
    }

    /// Takes note that the peer has to be told of its fault ([RFC 6455 §7.1.7]); see [`answer`](Self::answer).
    ///
    /// [RFC 6455 §7.1.7]: https://www.rfc-editor.org/rfc/rfc6455#section-7.1.7
    pub fn tell(&mut self, error: ProtocolError) {
        self.close(ReceiveState::Failed, Some(error.close_frame()));
    }

    /// Takes note that the transport has ended: the sender will refuse new messages.
    pub fn tell_eof(&mut self) {
        self.close(ReceiveState::Ended, None);
    }

    /// [RFC 6455 §5.5.2]: a Pong is due, unless a Close frame has come.
    pub(crate) fn answer_ping(&mut self, payload: &[u8]) {
        // An event made by hand can have any payload, a control frame can't ([RFC 6455 §5.5]).
        if payload.len() <= MAX_CONTROL_PAYLOAD && !matches!(self.due, Due::Close(_)) {
            self.due = Due::Pong;
            self.keep(payload);
        }
    }

    /// [RFC 6455 §5.5.1]: the Close frame that is due echoes the code. The reason is the peer's own.
    pub(crate) fn answer_close(&mut self, close: Option<CloseFrame<'_>>) {
        self.close(ReceiveState::CloseReceived, close.map(CloseFrame::without_reason));
    }

    fn close(&mut self, peer: ReceiveState, close: Option<CloseFrame<'_>>) {
        if let Due::Close(_) = self.due {
            return; // what the peer did first is what counts
        }
        self.due = Due::Close(peer);
        let mut payload = [0; MAX_CONTROL_PAYLOAD];
        let len = close.map_or(0, |close| close.encode(&mut payload).unwrap_or(0));
        self.keep(part(&payload, ..len));
    }

    fn keep(&mut self, payload: &[u8]) {
        debug_assert!(
            payload.len() <= MAX_CONTROL_PAYLOAD,
            "no control frame's payload is longer than the slot"
        );
        for (to, from) in self.payload.iter_mut().zip(payload) {
            *to = *from;
        }
        self.payload_len = u8::try_from(payload.len().min(MAX_CONTROL_PAYLOAD)).unwrap_or(0);
    }

    /// How far the peer has come, as far as this tells.
    pub(super) const fn peer(&self) -> Option<ReceiveState> {
        match self.due {
            Due::Close(peer) => Some(peer),
            Due::Nothing | Due::Pong => None,
        }
    }

    pub(super) fn is_pong(&self) -> bool {
        self.due == Due::Pong
    }

    pub(super) fn payload(&self) -> &[u8] {
        part(&self.payload, ..usize::from(self.payload_len))
    }
}

impl Default for Reply {
    fn default() -> Self {
        Self::new()
    }
}

/// The reply that an event asks for; see [`Reply::answer`].
impl From<&Event<'_>> for Reply {
    fn from(event: &Event<'_>) -> Self {
        let mut reply = Self::new();
        reply.answer(event);
        reply
    }
}

/// The Close frame that tells the peer of its fault; see [`Reply::tell`].
impl From<ProtocolError> for Reply {
    fn from(error: ProtocolError) -> Self {
        let mut reply = Self::new();
        reply.tell(error);
        reply
    }
}
