use core::fmt;

/// Gives the size of an LZ77 window as its base-2 logarithm: 8 to 15 ([RFC 7692 §7.1.2]).
///
/// # Examples
///
/// ```
/// use wsproto::deflate::WindowBits;
///
/// let bits = WindowBits::new(10).unwrap();
/// assert_eq!(bits.window_size(), 1024);
/// assert_eq!(WindowBits::new(7), None);
/// assert_eq!(WindowBits::MAX.window_size(), 32 * 1024);
/// ```
///
/// [RFC 7692 §7.1.2]: https://www.rfc-editor.org/rfc/rfc7692#section-7.1.2
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WindowBits(u8);

impl WindowBits {
    /// 8: a window of 256 bytes.
    pub const MIN: Self = Self(8);
    /// 15: a window of 32 KiB, the largest in DEFLATE, and the one that applies if nothing else was agreed on.
    pub const MAX: Self = Self(15);

    /// Returns the window of `bits`, or `None` if that is not 8 to 15.
    pub const fn new(bits: u8) -> Option<Self> {
        match bits {
            8..=15 => Some(Self(bits)),
            _ => None,
        }
    }

    /// Returns the number of bits.
    pub const fn get(self) -> u8 {
        self.0
    }

    /// Returns the window's size in bytes: 256 to 32,768.
    pub const fn window_size(self) -> usize {
        1_usize.wrapping_shl(self.0 as u32)
    }
}

impl From<WindowBits> for u8 {
    fn from(bits: WindowBits) -> Self {
        bits.get()
    }
}

impl Default for WindowBits {
    fn default() -> Self {
        Self::MAX
    }
}

impl fmt::Display for WindowBits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Holds what both ends agreed on, which is the same value at either end ([RFC 7692 §7.1]).
///
/// The default is that of `permessage-deflate` without parameters.
///
/// # Examples
///
/// ```
/// use wsproto::deflate::{Parameters, WindowBits};
///
/// let agreed = Parameters::default();
/// assert!(!agreed.server_no_context_takeover);
/// assert_eq!(agreed.client_max_window_bits, WindowBits::MAX);
/// ```
///
/// [RFC 7692 §7.1]: https://www.rfc-editor.org/rfc/rfc7692#section-7.1
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Parameters {
    /// Whether the server begins each message with an empty window ([RFC 7692 §7.1.1.1]).
    ///
    /// [RFC 7692 §7.1.1.1]: https://www.rfc-editor.org/rfc/rfc7692#section-7.1.1.1
    pub server_no_context_takeover: bool,
    /// Whether the client begins each message with an empty window ([RFC 7692 §7.1.1.2]).
    ///
    /// [RFC 7692 §7.1.1.2]: https://www.rfc-editor.org/rfc/rfc7692#section-7.1.1.2
    pub client_no_context_takeover: bool,
    /// The largest window that the server compresses with ([RFC 7692 §7.1.2.1]).
    ///
    /// [RFC 7692 §7.1.2.1]: https://www.rfc-editor.org/rfc/rfc7692#section-7.1.2.1
    pub server_max_window_bits: WindowBits,
    /// The largest window that the client compresses with ([RFC 7692 §7.1.2.2]).
    ///
    /// [RFC 7692 §7.1.2.2]: https://www.rfc-editor.org/rfc/rfc7692#section-7.1.2.2
    pub client_max_window_bits: WindowBits,
}

impl Parameters {
    /// Returns the server's window, and whether its messages may refer to earlier ones.
    pub(crate) const fn server_context(&self) -> (WindowBits, bool) {
        (self.server_max_window_bits, !self.server_no_context_takeover)
    }

    /// Returns the client's window, and whether its messages may refer to earlier ones.
    pub(crate) const fn client_context(&self) -> (WindowBits, bool) {
        (self.client_max_window_bits, !self.client_no_context_takeover)
    }
}
