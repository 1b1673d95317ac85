use alloc::vec::Vec;

use super::FrameEncoder;
use crate::error::SendError;
use crate::wire::Opcode;

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

    fn append(self, opcode: Opcode, payload: &[u8], out: &mut Vec<u8>) -> Result<(), SendError> {
        self.check_message()?;
        #[cfg(feature = "deflate")]
        if self.compresses(payload.len()) {
            return self.append_compressed(opcode, payload, out);
        }
        let header = self.header(opcode, true, payload.len()).encode();
        out.reserve(header.len().saturating_add(payload.len()));
        out.extend_from_slice(&header);
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
