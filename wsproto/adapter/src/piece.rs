use bytes::Bytes;
use wsproto::MessageKind;
use wsproto::connection::{Data, Fragment};

/// A piece of a received message; a socket's `recv_piece` returns it. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Piece {
    /// What the message is.
    pub kind: MessageKind,
    /// The piece's bytes: at most 64 KiB, but for what `recv` has joined before. Those of a text are UTF-8
    /// together with those of the other pieces; one may end inside a character. Empty only where the message
    /// ends.
    pub payload: Bytes,
    /// Whether the message begins with this piece.
    pub is_first: bool,
    /// Whether the message ends with this piece.
    pub is_last: bool,
}

impl Piece {
    #[doc(hidden)]
    pub fn copied(data: Data<'_>) -> Self {
        let Data { kind, payload, is_first, is_last, .. } = data;
        Self { kind, payload: Bytes::copy_from_slice(payload), is_first, is_last }
    }
}

/// Passes a received piece on as a fragment.
impl<'a> From<&'a Piece> for Fragment<'a> {
    fn from(piece: &'a Piece) -> Self {
        Self { kind: piece.kind, payload: &piece.payload, is_last: piece.is_last }
    }
}
