use super::{FrameEncoder, MessageKind};
use crate::error::{Misuse, SendError};
use crate::wire::{EncodedHeader, from_utf8};

/// A whole message whose kind is known only as the program runs: one that is passed on or sent back.
impl FrameEncoder<'_> {
    /// Writes a message of that kind in one frame. Text is taken as bytes, and checked.
    ///
    /// # Errors
    ///
    /// [`SendError`] if the connection is closing, a fragmented message is under way, the text is not UTF-8, or `dst` is
    /// too small.
    ///
    /// # Examples
    ///
    /// An echo:
    ///
    /// ```
    /// use wsproto::{Config, Connection, Event, Server};
    ///
    /// let mut server = Connection::<Server>::new(Config::new());
    /// let mut wire = *b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
    /// let mut out = [0; 131];
    /// if let Some(Event::Data(data)) = server.receive(&mut wire)?.event {
    ///     let n = server.frame().encode_message(data.kind, data.payload, &mut out)?;
    ///     assert_eq!(out[..n], *b"\x81\x05Hello");
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn encode_message(
        self,
        kind: MessageKind,
        payload: &[u8],
        dst: &mut [u8],
    ) -> Result<usize, SendError> {
        self.check_message()?;
        check_text(kind, payload)?;
        self.write_message(kind.into(), payload, dst)
    }

    /// Returns the header of a message of that kind in one frame, which is not compressed. The payload is taken unmasked,
    /// to check text.
    ///
    /// # Errors
    ///
    /// [`Misuse`] if a Close frame was sent, a fragmented message is under way, or the text is not UTF-8.
    pub fn message_header(self, kind: MessageKind, payload: &[u8]) -> Result<EncodedHeader, Misuse> {
        self.check_message()?;
        check_text(kind, payload)?;
        Ok(self.header(kind.into(), true, payload.len()).encode())
    }
}

/// [RFC 6455 §5.6]: the "Payload data" of text is UTF-8.
pub(super) fn check_text(kind: MessageKind, payload: &[u8]) -> Result<(), Misuse> {
    match kind {
        MessageKind::Text if from_utf8(payload).is_none() => Err(Misuse::NotUtf8),
        MessageKind::Text | MessageKind::Binary => Ok(()),
    }
}
