use alloc::vec::Vec;

use super::message::check_text;
use super::{Event, FrameEncoder, MessageKind};
use crate::error::{ProtocolError, SendError};
use crate::wire::{CloseFrame, MAX_CONTROL_FRAME, MAX_HEADER_LEN, Opcode};

impl FrameEncoder<'_> {
    /// Appends a text message in one frame, compressed if that is agreed on and pays. So answers to all that one read
    /// brought can leave in one write.
    ///
    /// # Errors
    ///
    /// [`SendError::Misuse`] if the connection is closing or a fragmented message is under way; nothing was appended then.
    ///
    /// # Examples
    ///
    /// ```
    /// use wsproto::connection::{Sender, Server};
    ///
    /// let (mut sender, mut out) = (Sender::<Server>::new(), Vec::new());
    /// sender.frame().append_text("Hello", &mut out)?;
    /// sender.frame().append_binary(&[1, 2], &mut out)?;
    /// assert_eq!(out, b"\x81\x05Hello\x82\x02\x01\x02");
    /// # Ok::<(), wsproto::error::SendError>(())
    /// ```
    #[inline]
    pub fn append_text(self, text: &str, out: &mut Vec<u8>) -> Result<(), SendError> {
        self.append(Opcode::Text, text.as_bytes(), out)
    }

    /// Appends a binary message in one frame; see [`append_text`](Self::append_text).
    ///
    /// # Errors
    ///
    /// [`SendError::Misuse`] if the connection is closing or a fragmented message is under way; nothing was appended then.
    #[inline]
    pub fn append_binary(self, payload: &[u8], out: &mut Vec<u8>) -> Result<(), SendError> {
        self.append(Opcode::Binary, payload, out)
    }

    /// Appends a message of that kind in one frame; see [`encode_message`](Self::encode_message).
    ///
    /// # Errors
    ///
    /// [`SendError::Misuse`] if the connection is closing, a fragmented message is under way, or the text is not UTF-8; nothing
    /// was appended then.
    pub fn append_message(
        self,
        kind: MessageKind,
        payload: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), SendError> {
        check_text(kind, payload)?;
        self.append(kind.into(), payload, out)
    }

    /// Appends one fragment of a message; see [`encode_fragment`](Self::encode_fragment).
    ///
    /// # Errors
    ///
    /// [`SendError::Misuse`] if a Close frame was sent, a message of the other kind is under way, or the text is not UTF-8;
    /// nothing was appended then.
    pub fn append_fragment(
        self,
        kind: MessageKind,
        payload: &[u8],
        is_last: bool,
        out: &mut Vec<u8>,
    ) -> Result<(), SendError> {
        #[cfg(feature = "deflate")]
        let bound = crate::deflate::Compressor::bound(payload.len());
        #[cfg(not(feature = "deflate"))]
        let bound = payload.len();
        let start = out.len();
        out.resize(start.saturating_add(MAX_HEADER_LEN).saturating_add(bound), 0);
        let written = self.encode_fragment(kind, payload, is_last, out.get_mut(start..).unwrap_or_default());
        out.truncate(start.saturating_add(*written.as_ref().unwrap_or(&0)));
        written.map(drop)
    }

    /// Appends a Ping of at most 125 bytes; see [`encode_ping`](Self::encode_ping).
    ///
    /// # Errors
    ///
    /// [`SendError::Misuse`] if the payload is too long, or the closing handshake is done.
    pub fn append_ping(self, payload: &[u8], out: &mut Vec<u8>) -> Result<(), SendError> {
        append_control(out, |dst| self.encode_ping(payload, dst))
    }

    /// Appends a Pong of at most 125 bytes; see [`encode_pong`](Self::encode_pong).
    ///
    /// # Errors
    ///
    /// [`SendError::Misuse`] if the payload is too long, or the closing handshake is done.
    pub fn append_pong(self, payload: &[u8], out: &mut Vec<u8>) -> Result<(), SendError> {
        append_control(out, |dst| self.encode_pong(payload, dst))
    }

    /// Appends a Close frame, which begins the closing handshake; see [`encode_close`](Self::encode_close).
    ///
    /// # Errors
    ///
    /// [`SendError::Misuse`] if one was sent before.
    pub fn append_close(self, close: Option<CloseFrame<'_>>, out: &mut Vec<u8>) -> Result<(), SendError> {
        append_control(out, |dst| self.encode_close(close, dst))
    }

    /// Appends the reply that `event` asks for, if any; see [`encode_reply`](Self::encode_reply).
    ///
    /// # Errors
    ///
    /// [`SendError::Misuse`] if the event was made by hand, of a Ping over 125 bytes.
    ///
    /// # Examples
    ///
    /// ```
    /// use wsproto::connection::{Event, Sender, Server};
    ///
    /// let (mut sender, mut out) = (Sender::<Server>::new(), Vec::new());
    /// sender.frame().append_reply(&Event::Ping(b"you there?"), &mut out)?;
    /// assert_eq!(out, b"\x8a\x0ayou there?");
    /// # Ok::<(), wsproto::error::SendError>(())
    /// ```
    pub fn append_reply(self, event: &Event<'_>, out: &mut Vec<u8>) -> Result<(), SendError> {
        append_control(out, |dst| self.encode_reply(event, dst))
    }

    /// Appends the Close frame that tells the peer of its fault, if none was sent before; see
    /// [`encode_failure`](Self::encode_failure).
    ///
    /// # Errors
    ///
    /// No case is known: [`encode_failure`](Self::encode_failure) fails only for lack of space.
    pub fn append_failure(self, error: ProtocolError, out: &mut Vec<u8>) -> Result<(), SendError> {
        append_control(out, |dst| self.encode_failure(error, dst))
    }

    fn append(self, opcode: Opcode, payload: &[u8], out: &mut Vec<u8>) -> Result<(), SendError> {
        self.check_message()?;
        #[cfg(feature = "deflate")]
        if self.compresses(payload.len()) {
            return self.append_compressed(opcode, payload, out);
        }
        let header = self.header(opcode, true, payload.len()).encode();
        out.reserve(header.len().saturating_add(payload.len()));
        // A server's shortest is one store; a copy of a length not known beforehand is a call.
        match *header {
            [first, second] => out.extend_from_slice(&[first, second]),
            _ => out.extend_from_slice(&header),
        }
        let start = out.len();
        out.extend_from_slice(payload);
        if let (Some(key), Some(payload)) = (self.masking_key, out.get_mut(start..)) {
            key.apply(payload);
        }
        Ok(())
    }

    /// With so much space the message is compressed in place.
    #[cfg(feature = "deflate")]
    fn append_compressed(self, opcode: Opcode, payload: &[u8], out: &mut Vec<u8>) -> Result<(), SendError> {
        let bound = crate::deflate::Compressor::bound(payload.len());
        let header = self.header(opcode, true, bound).encode();
        let start = out.len();
        out.resize(start.saturating_add(header.len()).saturating_add(bound), 0);
        let written = self.write_message(opcode, payload, out.get_mut(start..).unwrap_or_default());
        out.truncate(start.saturating_add(*written.as_ref().unwrap_or(&0)));
        written.map(drop)
    }
}

/// Appends the control frame that `encode` writes, if it does.
pub(crate) fn append_control(
    out: &mut Vec<u8>,
    encode: impl FnOnce(&mut [u8]) -> Result<usize, SendError>,
) -> Result<(), SendError> {
    let mut frame = [0; MAX_CONTROL_FRAME];
    let written = encode(&mut frame)?;
    out.extend_from_slice(frame.get(..written).unwrap_or_default());
    Ok(())
}
