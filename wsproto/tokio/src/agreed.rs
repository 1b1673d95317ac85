use crate::Message;

/// What [`recv_or_drained`](crate::WebSocket::recv_or_drained) returns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// A message.
    Message(Message),
    /// All that waited is written.
    Drained,
    /// The connection is closed.
    Closed,
}
