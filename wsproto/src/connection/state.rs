//! Where each direction stands. All transitions of the connection are in this file, each under the title of its
//! section.

use super::inbound::{InboundMessage, InboundPayload};
use super::{MessageKind, Role};
use crate::error::{AbnormalClosure, Misuse, ProtocolError};
use crate::wire::{MAX_CONTROL_PAYLOAD, Opcode, Utf8Validator};

/// How far the peer's side of the connection has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum ReceiveState {
    /// Frames come.
    Open,
    /// The peer's Close frame came. All bytes after it are discarded.
    CloseReceived,
    /// The peer broke a rule. No event comes any more.
    Failed,
    /// The transport has ended.
    Ended,
}

/// How far our side of the connection has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum SendState {
    /// Anything may be sent.
    Open,
    /// Our Close frame was sent: no more data. Pings are still answered, until the peer's Close frame comes.
    CloseSent,
    /// Our Close frame was sent, and the peer's came or will not: nothing more to send.
    Done,
}

/// Where the connection stands ([RFC 6455 §7.1]): what follows from its two directions.
///
/// ```text
///              we send Close              the peer's comes
///       Open ────────────────▶ CloseSent ────────────────▶ Closed
///        │ ╲  the peer's comes               we answer     ▲  ▲
///        │  ╰───────────────▶ CloseReceived ───────────────╯  │
///        ╰─ the peer broke a rule ▶ Failed ─ we send Close ───╯     the transport ended: Closed, from anywhere
/// ```
///
/// [RFC 6455 §7.1]: https://www.rfc-editor.org/rfc/rfc6455#section-7.1
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum ConnectionState {
    /// Messages may pass in both directions.
    Open,
    /// We have begun the closing handshake and wait for the peer's Close frame.
    CloseSent,
    /// The peer has begun the closing handshake and waits for our Close frame.
    CloseReceived,
    /// The peer broke a rule; our Close frame is due. Once it is encoded the state is [`Closed`](Self::Closed). The
    /// receiver returns the error again at each call.
    Failed,
    /// Nothing will pass any more, in either direction.
    Closed,
}

impl ConnectionState {
    /// Combines the states of the two directions, for a program that holds the halves apart.
    pub const fn of(receive: ReceiveState, send: SendState) -> Self {
        match (receive, send) {
            (ReceiveState::Open, SendState::Open) => Self::Open,
            (ReceiveState::Open, SendState::CloseSent | SendState::Done) => Self::CloseSent,
            (ReceiveState::CloseReceived, SendState::Open) => Self::CloseReceived,
            (ReceiveState::Failed, SendState::Open) => Self::Failed,
            (ReceiveState::CloseReceived | ReceiveState::Failed | ReceiveState::Ended, _) => Self::Closed,
        }
    }
}

/// Tells whether this end has to close the transport now, for a program that holds the halves apart; see
/// [`Connection::should_close_transport`](super::Connection::should_close_transport).
pub fn should_close_transport<R: Role>(receive: ReceiveState, send: SendState) -> bool {
    match receive {
        ReceiveState::Open => false,
        ReceiveState::Ended => true,
        // [RFC 6455 §7.1.7] Fail the WebSocket Connection: the endpoint closes it, after its Close frame.
        ReceiveState::Failed => send != SendState::Open,
        // [RFC 6455 §7.1.1] Close the WebSocket Connection: once both Close frames have passed, the server closes the
        // transport, and the client waits.
        ReceiveState::CloseReceived => send != SendState::Open && R::CLOSES_TRANSPORT,
    }
}

/// The receiving direction: what the next byte is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Receiving {
    /// The first of a frame; no message is under way.
    Idle,
    /// The first of a frame that comes between two fragments of this message.
    InMessage(InboundMessage),
    /// One of a data frame's payload.
    InPayload(InboundMessage, InboundPayload),
    /// One behind the peer's Close frame.
    CloseReceived,
    /// One behind an error.
    Failed { error: ProtocolError, inside_message: bool },
    /// One behind the transport's end.
    Ended(Result<(), AbnormalClosure>),
}

impl Receiving {
    pub(super) const fn state(&self) -> ReceiveState {
        match self {
            Self::Idle | Self::InMessage(_) | Self::InPayload(..) => ReceiveState::Open,
            Self::CloseReceived => ReceiveState::CloseReceived,
            Self::Failed { .. } => ReceiveState::Failed,
            Self::Ended(_) => ReceiveState::Ended,
        }
    }

    /// [RFC 6455 §5.4] Fragmentation: what follows a piece of a message.
    #[inline]
    pub(super) fn piece_received(&mut self, message: InboundMessage, payload: InboundPayload) {
        *self = match (payload.remaining, payload.fin) {
            (0, true) => Self::Idle,
            (0, false) => Self::InMessage(message),
            _ => Self::InPayload(message, payload),
        };
    }

    /// [RFC 6455 §5.5.1] Close: what comes after a Close frame is not looked at.
    pub(super) fn close_received(&mut self) {
        *self = Self::CloseReceived;
    }

    /// [RFC 6455 §7.1.7] Fail the WebSocket Connection.
    #[cold]
    pub(super) fn fail(&mut self, error: ProtocolError) {
        let inside_message = match self {
            Self::Failed { inside_message, .. } => *inside_message,
            _ => matches!(self, Self::InMessage(_) | Self::InPayload(..)),
        };
        *self = Self::Failed { error, inside_message };
    }

    /// The same, for the payload of a message.
    #[cold]
    pub(super) fn fail_in_message(&mut self, error: ProtocolError) -> ProtocolError {
        *self = Self::Failed { error, inside_message: true };
        error
    }

    /// [RFC 6455 §7.1.4] The WebSocket Connection is Closed: cleanly, if the peer's Close frame came before.
    pub(super) fn end(&mut self) -> Result<(), AbnormalClosure> {
        let closure = match *self {
            Self::CloseReceived => Ok(()),
            Self::Ended(closure) => closure,
            Self::Idle => Err(AbnormalClosure { inside_message: false }),
            Self::InMessage(_) | Self::InPayload(..) => Err(AbnormalClosure { inside_message: true }),
            Self::Failed { inside_message, .. } => Err(AbnormalClosure { inside_message }),
        };
        *self = Self::Ended(closure);
        closure
    }
}

/// The sending direction, and what is known of the other one, as far as they rule what may be sent. It knows no role.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sending {
    state: SendState,
    /// How far the peer's side has come, as far as this direction was told.
    peer: ReceiveState,
    /// The fragmented message that is being sent, and its text so far.
    message: Option<(MessageKind, Utf8Validator)>,
}

/// A fragment's opcode, and the message that is being sent after it.
pub(super) type NextFragment = (Opcode, Option<(MessageKind, Utf8Validator)>);

impl Sending {
    pub(super) const NEW: Self = Self { state: SendState::Open, peer: ReceiveState::Open, message: None };

    pub(super) const fn state(&self) -> SendState {
        self.state
    }

    /// [RFC 6455 §6.1] Sending Data: the connection is open in both directions, and [RFC 6455 §5.4] no fragmented
    /// message is under way.
    #[inline]
    pub(super) const fn check_message(&self) -> Result<(), Misuse> {
        match (self.state, self.peer, self.message) {
            (SendState::Open, ReceiveState::Open, None) => Ok(()),
            (SendState::Open, ReceiveState::Open, Some(_)) => Err(Misuse::MessageUnderWay),
            (SendState::Open, _, _) => Err(Misuse::NotOpen),
            (SendState::CloseSent | SendState::Done, _, _) => Err(Misuse::CloseSent),
        }
    }

    /// [RFC 6455 §5.4] Fragmentation: the fragments of one message are not mixed with those of another. A message may
    /// be finished after the peer's Close frame has come ([RFC 6455 §5.5.1]), not begun.
    pub(super) fn next_fragment(
        &self,
        kind: MessageKind,
        payload: &[u8],
        is_last: bool,
    ) -> Result<NextFragment, Misuse> {
        let (opcode, mut utf8) = match self.message {
            _ if self.state != SendState::Open => return Err(Misuse::CloseSent),
            Some((begun, utf8)) if begun == kind => (Opcode::Continuation, utf8),
            Some(_) => return Err(Misuse::MessageUnderWay),
            None if self.peer != ReceiveState::Open => return Err(Misuse::NotOpen),
            None => (kind.into(), Utf8Validator::new()),
        };
        if kind == MessageKind::Text {
            utf8.validate(payload).map_err(|_| Misuse::NotUtf8)?;
            if is_last && !utf8.is_complete() {
                return Err(Misuse::NotUtf8);
            }
        }
        Ok((opcode, (!is_last).then_some((kind, utf8))))
    }

    pub(super) fn fragment_sent(&mut self, (_, message): NextFragment) {
        self.message = message;
    }

    /// [RFC 6455 §5.5] Control Frames: 125 bytes at most. Only data has to end with our Close frame: a Ping is
    /// answered until the peer's Close frame has come.
    pub(super) const fn check_control(&self, payload: &[u8]) -> Result<(), Misuse> {
        if payload.len() > MAX_CONTROL_PAYLOAD {
            return Err(Misuse::ControlTooLong { len: payload.len() });
        }
        match (self.state, self.peer) {
            (SendState::Done, _) => Err(Misuse::CloseSent),
            (_, ReceiveState::Open) => Ok(()),
            _ => Err(Misuse::NotOpen),
        }
    }

    /// [RFC 6455 §5.5.1] Close: one Close frame in each direction.
    pub(super) const fn check_close(&self) -> Result<(), Misuse> {
        match self.state {
            SendState::Open => Ok(()),
            SendState::CloseSent | SendState::Done => Err(Misuse::CloseSent),
        }
    }

    /// [RFC 6455 §7.1.2] Start the WebSocket Closing Handshake; or [RFC 6455 §7.1.3] The WebSocket Closing Handshake
    /// is Started, by the peer, and this ends it.
    pub(super) fn close_sent(&mut self) {
        self.state = match self.peer {
            ReceiveState::Open => SendState::CloseSent,
            ReceiveState::CloseReceived | ReceiveState::Failed | ReceiveState::Ended => SendState::Done,
        };
    }

    /// Takes note of how far the peer's side has come. It never goes back.
    pub(super) fn peer_is(&mut self, peer: ReceiveState) {
        if self.peer == ReceiveState::Open || peer == ReceiveState::Ended {
            self.peer = peer;
        }
        // Our Close frame was before the peer's, or before its fault: there is none to answer.
        if self.peer != ReceiveState::Open && self.state == SendState::CloseSent {
            self.state = SendState::Done;
        }
    }
}
