//! Where each direction stands, and what follows from the two for the connection.

use super::Role;

/// How far the peer's side of the connection has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
pub enum ConnectionState {
    /// Messages may pass in both directions.
    Open,
    /// We have begun the closing handshake and wait for the peer's Close frame.
    CloseSent,
    /// The peer has begun the closing handshake and waits for our Close frame.
    CloseReceived,
    /// The peer broke a rule; our Close frame is due. Once it is encoded this is [`Closed`](Self::Closed); what the fault was,
    /// `receive` says again at each call.
    Failed,
    /// Nothing will pass any more, in either direction.
    Closed,
}

impl ConnectionState {
    /// Returns what follows from the two directions: for those who hold the halves apart.
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

/// Tells whether it is for this end to close the transport now: for those who hold the halves apart; see
/// [`Connection::should_close_transport`](super::Connection::should_close_transport).
pub fn should_close_transport<R: Role>(receive: ReceiveState, send: SendState) -> bool {
    match receive {
        ReceiveState::Open => false,
        ReceiveState::Ended => true,
        // [RFC 6455 §7.1.7]: an endpoint that fails the connection closes it, after its Close frame.
        ReceiveState::Failed => send != SendState::Open,
        // [RFC 6455 §5.5.1, §7.1.1]: once both Close frames have passed, the server closes, and the client waits.
        ReceiveState::CloseReceived => send != SendState::Open && R::CLOSES_TRANSPORT,
    }
}
