use super::{Data, MessageKind};
use crate::wire::{CloseCode, CloseFrame};

/// A whole message or control frame, as it comes and as it goes.
///
/// A session gives received ones out; a control frame among them needs no answer, since the reply is kept ready. What
/// is to be sent converts into one: text from `&str`, binary data from bytes, a Close frame from a [`CloseFrame`] or
/// [`CloseCode`].
///
/// # Examples
///
/// ```
/// use wsproto::{CloseCode, Limits, Message, Server, Session};
///
/// let mut session = Session::new(Server, Limits::new(), [0; 1024]);
/// let mut dst = [0; 64];
/// let n = session.frame().encode("Hello", &mut dst)?;
/// assert_eq!(dst[..n], *b"\x81\x05Hello");
/// let n = session.frame().encode(Message::Ping(b"?"), &mut dst)?;
/// assert_eq!(dst[..n], *b"\x89\x01?");
/// let n = session.frame().encode(CloseCode::NORMAL, &mut dst)?;
/// assert_eq!(dst[..n], *b"\x88\x02\x03\xe8");
/// # Ok::<(), wsproto::SendError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message<'a> {
    /// A text message.
    Text(&'a str),
    /// A binary message.
    Binary(&'a [u8]),
    /// A Ping and its payload, 0 to 125 bytes ([RFC 6455 §5.5.2]).
    ///
    /// [RFC 6455 §5.5.2]: https://www.rfc-editor.org/rfc/rfc6455#section-5.5.2
    Ping(&'a [u8]),
    /// A Pong and its payload, 0 to 125 bytes ([RFC 6455 §5.5.3]).
    ///
    /// [RFC 6455 §5.5.3]: https://www.rfc-editor.org/rfc/rfc6455#section-5.5.3
    Pong(&'a [u8]),
    /// A Close frame, the last thing in its direction ([RFC 6455 §5.5.1]).
    ///
    /// [RFC 6455 §5.5.1]: https://www.rfc-editor.org/rfc/rfc6455#section-5.5.1
    Close(Option<CloseFrame<'a>>),
}

impl Message<'_> {
    /// Tells whether this is a text or binary message, and not a control frame.
    pub const fn is_data(&self) -> bool {
        matches!(self, Self::Text(_) | Self::Binary(_))
    }

    /// Returns the message's length or the control frame's payload length in bytes; of a Close frame 0 to 125.
    pub const fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(payload) | Self::Ping(payload) | Self::Pong(payload) => payload.len(),
            Self::Close(None) => 0,
            Self::Close(Some(close)) => close.payload_len(),
        }
    }

    /// Tells whether [`len`](Self::len) is 0.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The kind and the length, never what was said; of a Close frame the code.
#[cfg(feature = "defmt")]
impl defmt::Format for Message<'_> {
    fn format(&self, f: defmt::Formatter<'_>) {
        let name = match self {
            Self::Text(_) => "Text",
            Self::Binary(_) => "Binary",
            Self::Ping(_) => "Ping",
            Self::Pong(_) => "Pong",
            Self::Close(None) => "Close",
            Self::Close(Some(close)) => return defmt::write!(f, "Close({})", close.code()),
        };
        defmt::write!(f, "{=str}({=usize} bytes)", name, self.len());
    }
}

impl<'a> From<&'a str> for Message<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a [u8]> for Message<'a> {
    fn from(payload: &'a [u8]) -> Self {
        Self::Binary(payload)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Message<'a> {
    fn from(payload: &'a [u8; N]) -> Self {
        Self::Binary(payload)
    }
}

#[cfg(feature = "alloc")]
impl<'a> From<&'a alloc::string::String> for Message<'a> {
    fn from(text: &'a alloc::string::String) -> Self {
        Self::Text(text)
    }
}

#[cfg(feature = "alloc")]
impl<'a> From<&'a alloc::vec::Vec<u8>> for Message<'a> {
    fn from(payload: &'a alloc::vec::Vec<u8>) -> Self {
        Self::Binary(payload)
    }
}

impl<'a> From<CloseFrame<'a>> for Message<'a> {
    fn from(close: CloseFrame<'a>) -> Self {
        Self::Close(Some(close))
    }
}

impl From<CloseCode> for Message<'_> {
    fn from(code: CloseCode) -> Self {
        Self::Close(Some(code.into()))
    }
}

/// One fragment of a message that is to be sent ([RFC 6455 §5.4]).
///
/// The first fragment after a message's end begins a new message; `is_last` ends it. Text may be cut anywhere, also
/// inside a character. Control frames may be sent between fragments.
///
/// # Examples
///
/// ```
/// use wsproto::connection::{Fragment, MessageKind, Sender, Server};
///
/// let mut sender = Sender::new(Server);
/// let mut dst = [0; 16];
/// let hel = Fragment { kind: MessageKind::Text, payload: b"Hel", is_last: false };
/// let lo = Fragment { payload: b"lo", is_last: true, ..hel };
/// let n = sender.frame().encode_fragment(hel, &mut dst)?;
/// let m = sender.frame().encode_fragment(lo, &mut dst[n..])?;
/// assert_eq!(dst[..n + m], *b"\x01\x03Hel\x80\x02lo"); // [RFC 6455 §5.7]
/// # Ok::<(), wsproto::error::SendError>(())
/// ```
///
/// [RFC 6455 §5.4]: https://www.rfc-editor.org/rfc/rfc6455#section-5.4
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fragment<'a> {
    /// Text or binary: the same in all fragments of a message.
    pub kind: MessageKind,
    /// The fragment's payload, which may be empty.
    pub payload: &'a [u8],
    /// Whether the message ends with this fragment.
    pub is_last: bool,
}

/// Passes a received piece on as a fragment.
impl<'a> From<Data<'a>> for Fragment<'a> {
    fn from(data: Data<'a>) -> Self {
        Self { kind: data.kind, payload: data.payload, is_last: data.is_last }
    }
}
