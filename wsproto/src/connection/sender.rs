use super::compression::SenderCompression;
use super::state::Sending;
use super::{FrameEncoder, ReceiveState, Reply, Role, SendState};
use crate::error::{BufferTooSmall, Misuse, SendError};
use crate::wire::Opcode;
#[cfg(feature = "alloc")]
use crate::wire::{MAX_CONTROL_FRAME, part};

/// The half of a connection that makes bytes. It has no buffer: each frame goes into a slice or `Vec` of the caller's.
///
/// A sender knows what the peer has done as far as it was told: by the [`Connection`](super::Connection) or
/// [`Session`](crate::Session) that it belongs to, or by each [`Reply`] that it sends. After the peer's Close frame or
/// fault it refuses new messages ([RFC 6455 §6.1]).
///
/// [RFC 6455 §6.1]: https://www.rfc-editor.org/rfc/rfc6455#section-6.1
#[derive(Debug, Clone)]
pub struct Sender<R: Role> {
    pub(super) sending: Sending,
    pub(super) compression: SenderCompression,
    role: R,
}

impl<R: Role> Sender<R> {
    /// Starts behind the opening handshake.
    pub const fn new(role: R) -> Self {
        Self { sending: Sending::NEW, compression: SenderCompression::NONE, role }
    }

    /// Returns how far our side of the connection has come.
    pub const fn state(&self) -> SendState {
        self.sending.state()
    }

    /// Begins a frame, which one of [`FrameEncoder`]'s methods writes. A client draws the frame's masking key.
    #[inline]
    pub fn frame(&mut self) -> FrameEncoder<'_> {
        let masking = self.role.masking();
        FrameEncoder::new(&mut self.sending, masking, self.compression.of_frame())
    }

    /// Checks that a whole message may be sent now: before a frame that was encoded elsewhere is written, such as a
    /// broadcast that many connections share.
    ///
    /// # Errors
    ///
    /// [`Misuse`] if a Close frame was sent, the peer is known to have closed or failed, or a fragmented message is
    /// under way.
    ///
    /// # Examples
    ///
    /// ```
    /// use wsproto::connection::{Sender, Server};
    ///
    /// // Encoded once: a server's frames are not masked, and so the same for all.
    /// let mut broadcast = [0; 32];
    /// let n = Sender::new(Server).frame().encode("to everyone", &mut broadcast)?;
    ///
    /// for connection in [Sender::new(Server), Sender::new(Server)] {
    ///     if connection.check_message().is_ok() {
    ///         // write &broadcast[..n]
    ///     }
    /// }
    /// # Ok::<(), wsproto::SendError>(())
    /// ```
    pub const fn check_message(&self) -> Result<(), Misuse> {
        self.sending.check_message()
    }

    /// Takes note of how far the peer's side has come, which [`frame`](Self::frame) goes by. For a program that holds
    /// the halves apart and learns of it before the [`Reply`] comes.
    pub fn peer_is(&mut self, peer: ReceiveState) {
        self.sending.peer_is(peer);
    }

    /// Writes the frame that `reply` says is due, and returns its length in bytes: 0 where none is. A reply is a
    /// [`Reply`], or is made of an event or an error.
    ///
    /// A Ping is answered with a Pong of the same payload ([RFC 6455 §5.5.2]); a Close frame with one of the same
    /// code, unless ours was sent before ([RFC 6455 §5.5.1]); a fault with the Close frame that names it ([RFC 6455
    /// §7.1.7]).
    ///
    /// # Errors
    ///
    /// [`BufferTooSmall`] if `dst` is too small; nothing has changed then. 131 bytes are always enough.
    ///
    /// # Examples
    ///
    /// ```
    /// use wsproto::connection::{Event, Sender, Server};
    ///
    /// let mut dst = [0; 131];
    /// let n = Sender::new(Server).encode_reply(&Event::Ping(b"you there?"), &mut dst)?;
    /// assert_eq!(dst[..n], *b"\x8a\x0ayou there?");
    /// # Ok::<(), wsproto::error::BufferTooSmall>(())
    /// ```
    ///
    /// [RFC 6455 §5.5.1]: https://www.rfc-editor.org/rfc/rfc6455#section-5.5.1
    /// [RFC 6455 §5.5.2]: https://www.rfc-editor.org/rfc/rfc6455#section-5.5.2
    /// [RFC 6455 §7.1.7]: https://www.rfc-editor.org/rfc/rfc6455#section-7.1.7
    pub fn encode_reply(&mut self, reply: impl Into<Reply>, dst: &mut [u8]) -> Result<usize, BufferTooSmall> {
        self.encode_due(&reply.into(), dst)
    }

    /// Appends the frame that `reply` says is due, if any; see [`encode_reply`](Self::encode_reply).
    #[cfg(feature = "alloc")]
    pub fn append_reply(&mut self, reply: impl Into<Reply>, out: &mut alloc::vec::Vec<u8>) {
        let mut frame = [0; MAX_CONTROL_FRAME];
        let written = self.encode_due(&reply.into(), &mut frame);
        debug_assert!(written.is_ok(), "the longest control frame has space");
        out.extend_from_slice(part(&frame, ..written.unwrap_or(0)));
    }

    pub(crate) fn encode_due(&mut self, reply: &Reply, dst: &mut [u8]) -> Result<usize, BufferTooSmall> {
        if reply.is_pong() {
            let is_due = self.sending.check_control(reply.payload()).is_ok();
            return if is_due { self.write_control(Opcode::Pong, reply.payload(), dst) } else { Ok(0) };
        }
        let Some(peer) = reply.peer() else {
            return Ok(0);
        };
        let is_due = peer != ReceiveState::Ended && self.sending.check_close().is_ok();
        let written = if is_due { self.write_control(Opcode::Close, reply.payload(), dst)? } else { 0 };
        self.sending.peer_is(peer);
        if is_due {
            self.sending.close_sent();
        }
        Ok(written)
    }

    /// Without a masking key nothing can be written: the transport's end has to tell the peer then.
    fn write_control(
        &mut self,
        opcode: Opcode,
        payload: &[u8],
        dst: &mut [u8],
    ) -> Result<usize, BufferTooSmall> {
        match self.frame().write_control(opcode, payload, dst) {
            Ok(written) => Ok(written),
            Err(SendError::BufferTooSmall(error)) => Err(error),
            Err(SendError::Misuse(_)) => Ok(0),
        }
    }
}

impl<R: Role + Default> Default for Sender<R> {
    fn default() -> Self {
        Self::new(R::default())
    }
}
