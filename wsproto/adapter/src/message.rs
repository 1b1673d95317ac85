use bytes::Bytes;
use bytestring::ByteString;
use wsproto::{CloseCode, CloseFrame, MessageKind};

/// A received message of its own: cheap to clone, kept as long as you like.
///
/// Control frames are not among them: they are answered already.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Message {
    /// A text message. A [`ByteString`] derefs to `str`.
    Text(ByteString),
    /// A binary message.
    Binary(Bytes),
}

impl Message {
    /// Returns the text, of a text message.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Binary(_) => None,
        }
    }

    /// Returns the message's bytes, whatever its kind.
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(payload) => payload,
        }
    }

    /// Returns the message's bytes, whatever its kind, without a copy.
    pub fn into_bytes(self) -> Bytes {
        match self {
            Self::Text(text) => text.into_bytes(),
            Self::Binary(payload) => payload,
        }
    }

    /// Returns whether this is text or binary.
    pub const fn kind(&self) -> MessageKind {
        match self {
            Self::Text(_) => MessageKind::Text,
            Self::Binary(_) => MessageKind::Binary,
        }
    }

    /// Returns the message's length in bytes.
    pub fn len(&self) -> usize {
        self.as_bytes().len()
    }

    /// Tells whether [`len`](Self::len) is 0.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Copies a message to one of its own; `None` of a control frame.
    #[doc(hidden)]
    pub fn copied(message: wsproto::Message<'_>) -> Option<Self> {
        match message {
            wsproto::Message::Text(text) => Some(Self::Text(text.into())),
            wsproto::Message::Binary(payload) => Some(Self::Binary(Bytes::copy_from_slice(payload))),
            wsproto::Message::Ping(_) | wsproto::Message::Pong(_) | wsproto::Message::Close(_) => None,
        }
    }
}

impl From<&str> for Message {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Message {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<ByteString> for Message {
    fn from(text: ByteString) -> Self {
        Self::Text(text)
    }
}

impl From<Vec<u8>> for Message {
    fn from(payload: Vec<u8>) -> Self {
        Self::Binary(payload.into())
    }
}

impl From<Bytes> for Message {
    fn from(payload: Bytes) -> Self {
        Self::Binary(payload)
    }
}

/// What can be sent: text from `str`, `String` and [`ByteString`], binary from `[u8]`, `Vec<u8>` and
/// [`Bytes`], a [`Message`], the engine's [`wsproto::Message`], a Close frame from a [`CloseCode`] or
/// [`CloseFrame`]; and references to these.
pub trait AsMessage {
    /// Returns the message that is sent.
    fn as_message(&self) -> wsproto::Message<'_>;
}

impl AsMessage for Message {
    fn as_message(&self) -> wsproto::Message<'_> {
        match self {
            Self::Text(text) => wsproto::Message::Text(text),
            Self::Binary(payload) => wsproto::Message::Binary(payload),
        }
    }
}

impl AsMessage for wsproto::Message<'_> {
    fn as_message(&self) -> wsproto::Message<'_> {
        *self
    }
}

macro_rules! as_message {
    ($($kind:ident: $($type:ty),*;)*) => {$($(
        impl AsMessage for $type {
            fn as_message(&self) -> wsproto::Message<'_> {
                wsproto::Message::$kind(self)
            }
        }
    )*)*};
}
as_message! {
    Text: str, String, ByteString;
    Binary: [u8], Vec<u8>, Bytes;
}

impl<const N: usize> AsMessage for [u8; N] {
    fn as_message(&self) -> wsproto::Message<'_> {
        wsproto::Message::Binary(self)
    }
}

impl AsMessage for CloseFrame<'_> {
    fn as_message(&self) -> wsproto::Message<'_> {
        (*self).into()
    }
}

impl AsMessage for CloseCode {
    fn as_message(&self) -> wsproto::Message<'_> {
        (*self).into()
    }
}

impl<M: AsMessage + ?Sized> AsMessage for &M {
    fn as_message(&self) -> wsproto::Message<'_> {
        (**self).as_message()
    }
}
