/// How much went over a connection; a socket's `counters` returns it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Counters {
    /// What came.
    pub received: Traffic,
    /// What was sent. Messages count once they are queued, bytes once the transport has taken them.
    pub sent: Traffic,
}

/// How much went in one direction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Traffic {
    /// Bytes of the transport, behind the opening handshake: frames with their headers, control frames included.
    pub bytes: u64,
    /// Text and binary messages, those included that nobody took.
    pub messages: u64,
}
