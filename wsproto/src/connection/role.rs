use core::fmt;

use crate::deflate::{Parameters, WindowBits};
use crate::error::ProtocolError;
use crate::wire::{FrameHeader, MaskingKey};

/// One end of a connection: [`Server`] or [`Client`].
pub trait Role: sealed::Rules + fmt::Debug {}

/// The end that was connected to: sends unmasked frames, takes only masked ones. A value of no size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Server;

/// The end that connected: sends masked frames, takes only unmasked ones.
///
/// A client owns the source of its masking keys and asks it for each frame ([RFC 6455 §5.3]), so that no key is used
/// twice by accident. A source that is a function takes no memory.
///
/// # Examples
///
/// ```
/// use wsproto::{Client, Limits, MaskingKey, Session};
///
/// // In a program: from the operating system, as `wsproto::RandomKeys` of feature `getrandom` draws them.
/// let keys = || MaskingKey::new([0x37, 0xfa, 0x21, 0x3d]);
/// let mut session = Session::new(Client::new(keys), Limits::new(), [0; 1024]);
///
/// let mut dst = [0; 64];
/// let n = session.frame().encode("Hello", &mut dst)?;
/// assert_eq!(dst[..n], *b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"); // [RFC 6455 §5.7]
/// # Ok::<(), wsproto::SendError>(())
/// ```
///
/// [RFC 6455 §5.3]: https://www.rfc-editor.org/rfc/rfc6455#section-5.3
#[derive(Clone, Copy)]
pub struct Client<K = fn() -> MaskingKey> {
    keys: K,
}

impl<K: MaskingKeys> Client<K> {
    /// Takes the source of the masking keys.
    pub const fn new(keys: K) -> Self {
        Self { keys }
    }
}

impl<K> fmt::Debug for Client<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

/// A source of masking keys, one for each frame that a [`Client`] sends ([RFC 6455 §5.3]).
///
/// Keys come from a strong source of entropy; a peer or the author of a payload must not be able to predict them. A
/// closure that returns a [`MaskingKey`], or an `Option` of one, is a source; `RandomKeys` of feature `getrandom` is
/// one that asks the operating system.
///
/// [RFC 6455 §5.3]: https://www.rfc-editor.org/rfc/rfc6455#section-5.3
pub trait MaskingKeys {
    /// Returns a fresh key, or `None` if there is no randomness to be had: the frame is then refused, with
    /// [`Misuse::NoMaskingKey`](crate::Misuse::NoMaskingKey).
    fn next_key(&mut self) -> Option<MaskingKey>;
}

impl<F, T> MaskingKeys for F
where
    F: FnMut() -> T,
    T: Into<Option<MaskingKey>>,
{
    #[inline]
    fn next_key(&mut self) -> Option<MaskingKey> {
        self().into()
    }
}

impl Role for Server {}
impl<K: MaskingKeys> Role for Client<K> {}

/// How a frame that is about to be sent is masked.
#[derive(Debug, Clone, Copy)]
pub enum Masking {
    /// Not at all: the frame is a server's.
    Off,
    /// With a fresh key.
    On(MaskingKey),
    /// With a key that could not be had.
    NoKey,
}

pub(crate) mod sealed {
    use super::{FrameHeader, Masking, Parameters, ProtocolError, WindowBits};

    /// All that the roles differ in.
    pub trait Rules {
        /// Whether this end closes the transport once both Close frames have passed.
        const CLOSES_TRANSPORT: bool;

        /// Whether this end masks what it sends.
        const MASKS: bool;

        /// How the next frame is masked.
        fn masking(&mut self) -> Masking;

        /// Checks that the peer masked its frame if and only if it is the client.
        fn check_masking(header: &FrameHeader) -> Result<(), ProtocolError>;

        /// What this end may compress with: the window, and whether messages may refer to those before them.
        fn own_context(agreed: &Parameters) -> (WindowBits, bool);

        /// What the peer may compress with.
        fn peer_context(agreed: &Parameters) -> (WindowBits, bool);
    }
}

impl sealed::Rules for Server {
    // [RFC 6455 §5.5.1]: the server MUST close the underlying TCP connection immediately.
    const CLOSES_TRANSPORT: bool = true;
    const MASKS: bool = false;

    // [RFC 6455 §5.1]: a server MUST NOT mask any frames that it sends to the client.
    #[inline]
    fn masking(&mut self) -> Masking {
        Masking::Off
    }

    // [RFC 6455 §5.1]: the server MUST close the connection upon receiving a frame that is not masked.
    #[inline]
    fn check_masking(header: &FrameHeader) -> Result<(), ProtocolError> {
        match header.masking_key() {
            Some(_) => Ok(()),
            None => Err(ProtocolError::UnmaskedFrame),
        }
    }

    fn own_context(agreed: &Parameters) -> (WindowBits, bool) {
        agreed.server_context()
    }

    fn peer_context(agreed: &Parameters) -> (WindowBits, bool) {
        agreed.client_context()
    }
}

impl<K: MaskingKeys> sealed::Rules for Client<K> {
    // [RFC 6455 §5.5.1]: the client SHOULD wait for the server to close the connection.
    const CLOSES_TRANSPORT: bool = false;
    const MASKS: bool = true;

    // [RFC 6455 §5.1]: a client MUST mask all frames that it sends to the server.
    #[inline]
    fn masking(&mut self) -> Masking {
        self.keys.next_key().map_or(Masking::NoKey, Masking::On)
    }

    // [RFC 6455 §5.1]: a client MUST close a connection if it detects a masked frame.
    #[inline]
    fn check_masking(header: &FrameHeader) -> Result<(), ProtocolError> {
        match header.masking_key() {
            Some(_) => Err(ProtocolError::MaskedFrame),
            None => Ok(()),
        }
    }

    fn own_context(agreed: &Parameters) -> (WindowBits, bool) {
        agreed.client_context()
    }

    fn peer_context(agreed: &Parameters) -> (WindowBits, bool) {
        agreed.server_context()
    }
}
