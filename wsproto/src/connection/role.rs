use core::fmt;

#[cfg(feature = "deflate")]
use crate::deflate::{Parameters, WindowBits};
use crate::error::ProtocolError;
use crate::wire::FrameHeader;

/// Which end of the connection this is: [`Server`] or [`Client`]. Costs no byte.
pub trait Role: sealed::Rules + Copy + fmt::Debug + 'static {}

/// The end that was connected to: sends unmasked frames, takes only masked ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Server;

/// The end that connected: sends masked frames, takes only unmasked ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Client;

impl Role for Server {}
impl Role for Client {}

pub(crate) mod sealed {
    use super::{FrameHeader, ProtocolError};
    #[cfg(feature = "deflate")]
    use super::{Parameters, WindowBits};

    /// All that the roles differ in.
    pub trait Rules {
        /// Whether this end closes the transport once both Close frames have passed.
        const CLOSES_TRANSPORT: bool;

        /// Checks that the peer masked its frame if and only if it is the client.
        fn check_masking(header: &FrameHeader) -> Result<(), ProtocolError>;

        /// What this end may compress with: the window, and whether messages may refer to those before them.
        #[cfg(feature = "deflate")]
        fn own_context(agreed: &Parameters) -> (WindowBits, bool);

        /// What the peer may compress with.
        #[cfg(feature = "deflate")]
        fn peer_context(agreed: &Parameters) -> (WindowBits, bool);
    }
}

impl sealed::Rules for Server {
    // [RFC 6455 §5.5.1]: the server MUST close the underlying TCP connection immediately.
    const CLOSES_TRANSPORT: bool = true;

    // [RFC 6455 §5.1]: the server MUST close the connection upon receiving a frame that is not masked.
    #[inline]
    fn check_masking(header: &FrameHeader) -> Result<(), ProtocolError> {
        match header.masking_key() {
            Some(_) => Ok(()),
            None => Err(ProtocolError::UnmaskedFrame),
        }
    }

    #[cfg(feature = "deflate")]
    fn own_context(agreed: &Parameters) -> (WindowBits, bool) {
        agreed.server_context()
    }

    #[cfg(feature = "deflate")]
    fn peer_context(agreed: &Parameters) -> (WindowBits, bool) {
        agreed.client_context()
    }
}

impl sealed::Rules for Client {
    // [RFC 6455 §5.5.1]: the client SHOULD wait for the server to close the connection.
    const CLOSES_TRANSPORT: bool = false;

    // [RFC 6455 §5.1]: a client MUST close a connection if it detects a masked frame.
    #[inline]
    fn check_masking(header: &FrameHeader) -> Result<(), ProtocolError> {
        match header.masking_key() {
            Some(_) => Err(ProtocolError::MaskedFrame),
            None => Ok(()),
        }
    }

    #[cfg(feature = "deflate")]
    fn own_context(agreed: &Parameters) -> (WindowBits, bool) {
        agreed.client_context()
    }

    #[cfg(feature = "deflate")]
    fn peer_context(agreed: &Parameters) -> (WindowBits, bool) {
        agreed.server_context()
    }
}
