use core::fmt;

use super::WindowBits;

/// Says what this end, server or client, wants of permessage-deflate: which windows, and how much work.
///
/// **The default keeps nothing between messages.** Context takeover costs a connection the peer's window, up to
/// 32 KiB, for as long as it is open, and a compressor (5 to 61 KB, by the window), or at least the window of its own messages; a
/// server holds that for each connection, idle ones too. Without it a connection holds neither, one compressor serves
/// all, and a message that goes to many is compressed once. The price is in small messages: each has to
/// repeat what the one before has said. Where these are most of what is sent, and connections are few,
/// [`with_takeover`](Self::with_takeover) is for you.
///
/// # Examples
///
/// ```
/// use wsproto::deflate::{Level, Policy, WindowBits};
///
/// // Few connections, many small messages alike, and 4 KiB of memory a connection for those that come.
/// const POLICY: Policy =
///     Policy::new().with_takeover().with_receive_window(WindowBits::new(12).unwrap()).with_level(Level::BALANCED);
/// assert_eq!(POLICY.receive_window.window_size(), 4096);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Policy {
    /// How hard to search for repetitions. Default: [`Level::FAST`].
    pub level: Level,
    /// The length in bytes below which messages are sent uncompressed. Default: 128.
    ///
    /// A short message repeats little. Uncompressed it costs a few dozen bytes at most, of a packet that is needed
    /// either way and has 40 and more bytes of headers. With takeover, a lower threshold may pay.
    pub threshold: usize,
    /// The largest window that this end compresses with. Default: 32 KiB. The peer may ask for a smaller one.
    pub send_window: WindowBits,
    /// The largest window that the peer may compress with, which this end keeps to decompress. Default: 32 KiB.
    pub receive_window: WindowBits,
    /// Whether this end may refer to earlier messages when it compresses. Default: no. The peer may forbid it.
    pub send_takeover: bool,
    /// Whether the peer may refer to earlier messages, so that its window is kept between them. Default: no.
    pub receive_takeover: bool,
    /// Whether a peer that can't be held to [`receive_window`](Self::receive_window) may use 32 KiB. Default: no, its
    /// messages go uncompressed.
    ///
    /// A client that doesn't offer `client_max_window_bits`, such as Firefox, can't be told to use a smaller window,
    /// and some servers don't know `server_max_window_bits`. If this is set, the smaller window is a wish. Otherwise
    /// it is a limit.
    pub accept_full_window: bool,
}

impl Policy {
    /// Starts from the defaults.
    pub const fn new() -> Self {
        Self {
            level: Level::FAST,
            threshold: 128,
            send_window: WindowBits::MAX,
            receive_window: WindowBits::MAX,
            send_takeover: false,
            receive_takeover: false,
            accept_full_window: false,
        }
    }

    /// Sets the [`level`](Self::level).
    #[must_use]
    pub const fn with_level(self, level: Level) -> Self {
        Self { level, ..self }
    }

    /// Sets the [`threshold`](Self::threshold), in bytes.
    #[must_use]
    pub const fn with_threshold(self, bytes: usize) -> Self {
        Self { threshold: bytes, ..self }
    }

    /// Sets [`send_window`](Self::send_window).
    #[must_use]
    pub const fn with_send_window(self, bits: WindowBits) -> Self {
        Self { send_window: bits, ..self }
    }

    /// Sets [`receive_window`](Self::receive_window).
    #[must_use]
    pub const fn with_receive_window(self, bits: WindowBits) -> Self {
        Self { receive_window: bits, ..self }
    }

    /// Allows context takeover in both directions.
    #[must_use]
    pub const fn with_takeover(self) -> Self {
        self.with_send_takeover(true).with_receive_takeover(true)
    }

    /// Sets [`send_takeover`](Self::send_takeover).
    #[must_use]
    pub const fn with_send_takeover(self, allowed: bool) -> Self {
        Self { send_takeover: allowed, ..self }
    }

    /// Sets [`receive_takeover`](Self::receive_takeover).
    #[must_use]
    pub const fn with_receive_takeover(self, allowed: bool) -> Self {
        Self { receive_takeover: allowed, ..self }
    }

    /// Sets [`accept_full_window`](Self::accept_full_window).
    #[must_use]
    pub const fn with_accept_full_window(self, accepted: bool) -> Self {
        Self { accept_full_window: accepted, ..self }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::new()
    }
}

/// Sets how hard a compressor searches for repetitions: 0 to 9, as in zlib.
///
/// The crate's own encoder knows three: 0; 1 to 3, which take a match as soon as there is one; and 4 to 9, which look one byte
/// further for a longer one. With feature `zlib-rs` all ten differ.
///
/// # Examples
///
/// ```
/// use wsproto::deflate::Level;
///
/// assert_eq!(Level::new(6), Some(Level::BALANCED));
/// assert_eq!(Level::new(10), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Level(u8);

impl Level {
    /// 0: nothing is compressed, only wrapped; for tests.
    pub const STORED: Self = Self(0);
    /// 1: the fastest.
    pub const FAST: Self = Self(1);
    /// 6: zlib's default.
    pub const BALANCED: Self = Self(6);
    /// 9: the smallest output, whatever the time.
    pub const BEST: Self = Self(9);

    /// Returns the level of this number, or `None` if it is not 0 to 9.
    pub const fn new(level: u8) -> Option<Self> {
        match level {
            0..=9 => Some(Self(level)),
            _ => None,
        }
    }

    /// Returns the number.
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl Default for Level {
    fn default() -> Self {
        Self::FAST
    }
}

impl From<Level> for u8 {
    fn from(level: Level) -> Self {
        level.get()
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
