use core::fmt;

use crate::wire::CloseCode;

/// What has become due; [`Deadlines::due`](super::Deadlines::due) returns it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[must_use]
pub enum Due {
    /// Send a Ping with this payload: the peer was silent.
    Ping([u8; 4]),
    /// End the transport without waiting any longer: this deadline has passed.
    GiveUp(Deadline),
}

/// Why a peer was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Deadline {
    /// The opening handshake was not completed in time. A server may answer 408 to a request that has begun
    /// ([RFC 9110 §15.5.9]).
    ///
    /// [RFC 9110 §15.5.9]: https://www.rfc-editor.org/rfc/rfc9110#section-15.5.9
    Opening,
    /// Nothing came from the peer, not even after a Ping ([RFC 6455 §5.5.2]).
    ///
    /// [RFC 6455 §5.5.2]: https://www.rfc-editor.org/rfc/rfc6455#section-5.5.2
    Pong,
    /// The peer took nothing of what waits to be written.
    Write,
    /// The peer did not answer our Close frame ([RFC 6455 §7.1.3]).
    ///
    /// [RFC 6455 §7.1.3]: https://www.rfc-editor.org/rfc/rfc6455#section-7.1.3
    Closing,
    /// The peer did not end the transport after both Close frames. The closing handshake is complete, so the
    /// connection was closed cleanly ([RFC 6455 §7.1.4]).
    ///
    /// [RFC 6455 §7.1.4]: https://www.rfc-editor.org/rfc/rfc6455#section-7.1.4
    End,
}

impl Deadline {
    /// Returns the code of a Close frame that may be written once, without waiting, before the transport is ended.
    ///
    /// 1011 for [`Pong`](Self::Pong): a peer that hears without being heard, or that was suspended, learns why it is
    /// gone. `None` for the others: there is no connection yet, no room for a frame, or a Close frame was sent
    /// already.
    pub const fn close_code(self) -> Option<CloseCode> {
        match self {
            Self::Pong => Some(CloseCode::INTERNAL_ERROR),
            Self::Opening | Self::Write | Self::Closing | Self::End => None,
        }
    }
}

impl fmt::Display for Deadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Opening => "the opening handshake took too long",
            Self::Pong => "nothing came from the peer, not even an answer to a Ping",
            Self::Write => "the peer took nothing of what was sent for too long",
            Self::Closing => "the peer did not answer the Close frame in time",
            Self::End => "the peer did not end the transport after the closing handshake",
        })
    }
}

impl core::error::Error for Deadline {}
