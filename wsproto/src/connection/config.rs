/// What the peer may make this end spend. Small by default; each is checked on a frame's header, before its payload.
///
/// Nothing is ever reserved because a header announced it: these are limits, not sizes of buffers.
///
/// # Examples
///
/// ```
/// use wsproto::connection::Config;
///
/// const CONFIG: Config = Config::new().with_max_message_size(64 * 1024).with_max_fragments(16);
/// assert_eq!(CONFIG.max_message_size, 65_536);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(clippy::struct_field_names)] // what they have in common is what they are: limits
pub struct Config {
    /// The payload of one data frame, in bytes; 1 MiB unless told. A frame that announces more fails the connection
    /// with 1009. `u64::MAX` is no limit; [`max_message_size`](Self::max_message_size) holds too.
    pub max_frame_payload: u64,
    /// The payload of all frames of one message together, in bytes; 1 MiB unless told. A frame whose header takes the
    /// message over it fails the connection with 1009. `u64::MAX` is no limit.
    pub max_message_size: u64,
    /// The frames of one message, empty ones included; 1,024 unless told. One more fails the connection with 1008.
    /// An unfragmented message is one frame: 0 is taken as 1.
    pub max_fragments: u32,
    /// The control frames between two fragments of a message; 128 unless told. One more fails the connection with 1008.
    ///
    /// Between messages they are not limited: without a clock, a flood can't be told from the heartbeat of a
    /// connection that was idle for a week. They cost what their bytes cost, whose rate is the caller's to limit.
    pub max_control_frames: u32,
}

impl Config {
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

impl Default for Config {
    fn default() -> Self {
        Self::new()
    }
}
