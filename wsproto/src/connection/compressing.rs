//! What a program says of compression to a sender, and of one frame.

use alloc::boxed::Box;

use super::compression::write_message;
use super::{FrameEncoder, MessageKind, Role, Sender};
use crate::deflate::{Compressor, Outbound, Parameters, Policy, WindowBits};
use crate::error::{BufferTooSmall, Misuse};
use crate::wire::FrameHeader;

impl<R: Role> Sender<R> {
    /// Compresses outgoing messages with the negotiated parameters, subject to `policy`: those in one frame that have
    /// [`threshold`](Policy::threshold) bytes or more, and those in fragments.
    ///
    /// No frame of a whole message needs more space than without: one that does not shrink goes as it is. With context
    /// takeover it is still compressed where there is space for [`Compressor::bound`] bytes and a header, so that
    /// later messages can refer to it. And since they can, each frame that was encoded has to be sent, in that order.
    ///
    /// `agreed` is a [`Parameters`], or an `Option` of it, as a handshake has it: with `None` nothing is compressed.
    #[must_use]
    pub fn with_deflate(mut self, agreed: impl Into<Option<Parameters>>, policy: Policy) -> Self {
        self.compression.0 = agreed.into().map(|agreed| {
            let (window, has_takeover) = R::own_context(&agreed);
            Box::new(Outbound::new(window, has_takeover, policy))
        });
        self
    }

    /// Checks that a message which [`encode_shared_message`] wrote for `window` may be sent now, and takes note that
    /// it is: the next message begins with nothing to refer to, since what the peer remembers is no longer what was
    /// remembered here.
    ///
    /// # Errors
    ///
    /// [`Misuse::NotAgreed`] if the peer does not take compressed messages, or keeps a smaller window: it gets the
    /// message as it is. Or what [`check_message`](Self::check_message) says.
    pub fn begin_shared_message(&mut self, window: WindowBits) -> Result<(), Misuse> {
        self.check_message()?;
        match &mut self.compression.0 {
            Some(deflate) if window <= deflate.agreed() => {
                deflate.forget();
                Ok(())
            }
            _ => Err(Misuse::NotAgreed),
        }
    }

    /// Gives back the memory of the compressor, and of what it remembers. The next message begins with nothing to
    /// refer to.
    pub fn shrink(&mut self) {
        if let Some(deflate) = &mut self.compression.0 {
            deflate.shrink();
        }
    }
}

/// Writes a server's message once, for all connections whose agreed window for the server is `window` or larger, and
/// returns the frame's length: at the most 10 bytes more than the message's.
///
/// Such a message refers to nothing before it, so it is valid with context takeover and without. Each connection is
/// asked with [`Sender::begin_shared_message`] before it is written there. A message that does not shrink is written
/// as it is.
///
/// # Errors
///
/// [`BufferTooSmall`] if `dst` has less than the message and its header.
///
/// # Examples
///
/// ```
/// use wsproto::connection::{MessageKind, Sender, Server, encode_shared_message};
/// use wsproto::deflate::{Compressor, Level, Parameters, Policy, WindowBits};
///
/// let mut compressor = Compressor::new(Level::FAST, WindowBits::MAX); // one a thread
/// let news = "news ".repeat(100);
/// let mut shared = [0; 510];
/// let n = encode_shared_message(MessageKind::Text, news.as_bytes(), WindowBits::MAX, &mut compressor, &mut shared)?;
///
/// let compressing = Sender::new(Server).with_deflate(Parameters::default(), Policy::new());
/// for mut sender in [compressing, Sender::new(Server)] {
///     if sender.begin_shared_message(WindowBits::MAX).is_ok() {
///         // write &shared[..n]
///     } else if sender.check_message().is_ok() {
///         // write the message as it is, encoded once too
///     }
/// }
/// # assert!(n < 50);
/// # Ok::<(), wsproto::error::BufferTooSmall>(())
/// ```
pub fn encode_shared_message(
    kind: MessageKind,
    message: &[u8],
    window: WindowBits,
    compressor: &mut Compressor,
    dst: &mut [u8],
) -> Result<usize, BufferTooSmall> {
    let plain = FrameHeader::of(kind.into(), true, message.len());
    compressor.forget();
    let compress = |space: &mut [u8]| compressor.compress_message(message, true, window, space);
    write_message(plain, message, compress, dst)
}

impl<'s> FrameEncoder<'s> {
    /// Compresses the frame with a compressor that many connections share: one a thread is enough. The connection then
    /// holds none of its own: with context takeover its window, up to 32 KiB, otherwise nothing.
    ///
    /// Without effect where nothing is compressed; [`compresses`](Self::compresses) tells.
    pub fn with_compressor(mut self, compressor: &'s mut Compressor) -> Self {
        self.compression.compressor = Some(compressor);
        self
    }

    /// Leaves the frame uncompressed: for a message with a secret in it that stands beside what someone else has
    /// chosen, since the length of the two compressed together would tell of the secret. A message that was begun
    /// compressed stays compressed.
    pub fn uncompressed(mut self) -> Self {
        self.compression.is_plain = true;
        self
    }

    /// Tells whether a message of `len` bytes will be compressed: whether [`with_compressor`](Self::with_compressor)
    /// is worth making a compressor for.
    pub fn compresses(&self, len: usize) -> bool {
        self.compression.compresses(len)
    }

    /// Tells whether a fragment, or a message whose length is not known yet, may be compressed; see
    /// [`compresses`](Self::compresses).
    pub fn may_compress(&self) -> bool {
        self.compression.may_compress()
    }
}
