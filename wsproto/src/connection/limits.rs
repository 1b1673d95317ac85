use crate::error::ProtocolError;

/// Limits what a peer can make this end spend. The defaults are small.
///
/// Each limit is checked on a frame's header, before its payload has come. Nothing is ever reserved because a header
/// announced it: these are limits, not sizes of buffers.
///
/// # Examples
///
/// ```
/// use wsproto::connection::Limits;
///
/// const LIMITS: Limits = Limits::new().with_max_message_size(64 * 1024).with_max_fragments(16);
/// assert_eq!(LIMITS.max_message_size, 65_536);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Limits {
    /// The payload of one data frame, in bytes. Default: 1 MiB. A frame that announces more fails the connection
    /// with 1009. `u64::MAX` is no limit; [`max_message_size`](Self::max_message_size) holds too.
    pub max_frame_payload: u64,
    /// The payload of all frames of one message together, in bytes. Default: 1 MiB. A frame whose header takes the
    /// message over the limit fails the connection with 1009. `u64::MAX` is no limit.
    pub max_message_size: u64,
    /// The frames of one message, empty ones included. Default: 1,024. One more fails the connection with 1008.
    /// An unfragmented message is one frame: 0 is taken as 1.
    pub max_fragments: u32,
    /// The control frames between two fragments of a message. Default: 128. One more fails the connection with 1008.
    ///
    /// Between messages control frames are not limited: without a clock, a flood can't be told from the heartbeat of a
    /// connection that was idle for a week. They cost what their bytes cost, and the caller can limit the rate of
    /// those.
    pub max_control_frames: u32,
}

impl Limits {
    /// Starts from the defaults.
    pub const fn new() -> Self {
        Self {
            max_frame_payload: 1024 * 1024,
            max_message_size: 1024 * 1024,
            max_fragments: 1024,
            max_control_frames: 128,
        }
    }

    /// Sets [`max_frame_payload`](Self::max_frame_payload), in bytes.
    #[must_use]
    pub const fn with_max_frame_payload(self, bytes: u64) -> Self {
        Self { max_frame_payload: bytes, ..self }
    }

    /// Sets [`max_message_size`](Self::max_message_size), in bytes.
    #[must_use]
    pub const fn with_max_message_size(self, bytes: u64) -> Self {
        Self { max_message_size: bytes, ..self }
    }

    /// Sets [`max_fragments`](Self::max_fragments), in frames.
    #[must_use]
    pub const fn with_max_fragments(self, frames: u32) -> Self {
        Self { max_fragments: frames, ..self }
    }

    /// Sets [`max_control_frames`](Self::max_control_frames), in frames.
    #[must_use]
    pub const fn with_max_control_frames(self, frames: u32) -> Self {
        Self { max_control_frames: frames, ..self }
    }
}

impl Limits {
    /// Checks a frame of `frame` bytes that takes its message to `message` bytes, of which `most` are allowed.
    #[inline]
    pub(super) const fn check(&self, frame: u64, message: u64, most: u64) -> Result<(), ProtocolError> {
        if frame > self.max_frame_payload {
            return Err(ProtocolError::FrameTooBig { len: frame });
        }
        if message > most {
            return Err(ProtocolError::MessageTooBig { len: message });
        }
        Ok(())
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}
