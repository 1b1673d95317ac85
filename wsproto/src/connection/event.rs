use crate::wire::{CloseFrame, Opcode};

/// What [`receive`](super::Receiver::receive) found at the start of the buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
#[must_use = "the bytes consumed have to be dropped from the buffer"]
pub struct Received<'b> {
    /// How many bytes at the start of the buffer are done with. All others are presented again, first. 0 asks for more
    /// bytes; there is no event then.
    pub consumed: usize,
    /// What they meant, if that is an event.
    pub event: Option<Event<'b>>,
}

/// Something the peer sent. It borrows the buffer, not the connection: a reply can be encoded while it is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event<'b> {
    /// A piece of a message.
    Data(Data<'b>),
    /// A Ping and its payload, 0 to 125 bytes. A Pong with the same payload is due ([RFC 6455 §5.5.2]).
    ///
    /// [RFC 6455 §5.5.2]: https://www.rfc-editor.org/rfc/rfc6455#section-5.5.2
    Ping(&'b [u8]),
    /// A Pong and its payload, 0 to 125 bytes.
    Pong(&'b [u8]),
    /// The peer's Close frame, the last event. Ours is due, if it was not sent ([RFC 6455 §5.5.1]).
    ///
    /// [RFC 6455 §5.5.1]: https://www.rfc-editor.org/rfc/rfc6455#section-5.5.1
    Close(Option<CloseFrame<'b>>),
}

/// The kind and the length, never what was said; of a Close frame the code.
#[cfg(feature = "defmt")]
impl defmt::Format for Event<'_> {
    #[expect(clippy::match_same_arms, reason = "their texts differ, which the macro hides")]
    fn format(&self, f: defmt::Formatter<'_>) {
        match self {
            Self::Data(data) => {
                let Data { kind, payload, is_last, .. } = data;
                defmt::write!(f, "Data({}, {=usize} bytes, last: {=bool})", kind, payload.len(), *is_last);
            }
            Self::Ping(payload) => defmt::write!(f, "Ping({=usize} bytes)", payload.len()),
            Self::Pong(payload) => defmt::write!(f, "Pong({=usize} bytes)", payload.len()),
            Self::Close(close) => defmt::write!(f, "Close({})", close.map(|close| close.code())),
        }
    }
}

/// A piece of a message: as much of a frame's payload as was in the buffer.
///
/// Where pieces begin and end depends on how the bytes came, what they say together doesn't. The pieces of a text are
/// together a valid prefix of UTF-8 at any time, though one may end inside a character; the last one completes it.
///
/// Nor do pieces say where the peer's frames ended, which means nothing to a receiver. Who passes each piece on as a
/// fragment makes as many as it had reads: the next one's [`max_fragments`](super::Limits::max_fragments) has to allow
/// for that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Data<'b> {
    /// What the message is.
    pub kind: MessageKind,
    /// The piece, unmasked. Empty only for an empty frame.
    pub payload: &'b [u8],
    /// Whether it is a piece of a compressed message, so that text is not text yet ([RFC 7692 §6.2]). Never, unless
    /// the receiver was made `with_deflate`.
    ///
    /// [RFC 7692 §6.2]: https://www.rfc-editor.org/rfc/rfc7692#section-6.2
    pub is_compressed: bool,
    /// Whether this is the message's first piece.
    pub is_first: bool,
    /// Whether the message ends with this piece.
    pub is_last: bool,
}

/// Text or binary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum MessageKind {
    /// UTF-8.
    Text,
    /// Any bytes.
    Binary,
}

/// The opcode of a message's first frame.
impl From<MessageKind> for Opcode {
    fn from(kind: MessageKind) -> Self {
        match kind {
            MessageKind::Text => Self::Text,
            MessageKind::Binary => Self::Binary,
        }
    }
}
