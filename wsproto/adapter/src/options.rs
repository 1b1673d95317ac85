use std::sync::Arc;

use wsproto::Limits;
use wsproto::deadlines::Timeouts;
use wsproto::deflate::Policy;

/// Limits, deadlines, compression and Origins of connections: these defaults, and `with_*` for each.
///
/// | option | default | |
/// |---|---|---|
/// | [message size](Self::with_max_message_size) | 1 MiB | more is refused with code 1009 |
/// | [opening handshake](Timeouts::with_opening) | 10 s | TLS included where this crate makes it |
/// | [Ping](Timeouts::with_silence) | after 30 s of silence | any byte that comes is a sign of life |
/// | [its answer](Timeouts::with_pong) | 30 s | then the connection is given up |
/// | [writing](Timeouts::with_write) | 30 s without progress | then the connection is given up |
/// | [Close frame](Timeouts::with_closing) | 5 s | for the peer to answer ours |
/// | [transport's end](Timeouts::with_end) | 1 s | behind both Close frames |
/// | [compression](Self::with_deflate) | where the peer does it too | without context takeover |
/// | [high water](Self::with_high_water) | 64 KiB unsent | above, `recv` gives no message before some are written |
/// | [most unsent](Self::with_max_unsent) | 4 MiB | above, nothing more is queued |
/// | Origin | pages of the same host | [`allow_origins`](Self::allow_origins), [`any_origin`](Self::any_origin) |
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// # use wsproto::deadlines::Timeouts;
/// # use wsproto_adapter::Options;
///
/// let options = Options::new()
///     .with_max_message_size(64 * 1024)
///     .with_timeouts(Timeouts::new().with_silence(Some(Duration::from_secs(15))).with_write(None))
///     .with_deflate(None);
/// assert_eq!(options.timeouts().write(), None);
/// ```
#[derive(Debug, Clone)]
pub struct Options {
    limits: Limits,
    timeouts: Timeouts,
    deflate: Option<Policy>,
    high_water: u32,
    max_unsent: u32,
    origins: Origins,
}

/// Which pages may open a connection.
#[derive(Debug, Clone)]
pub(crate) enum Origins {
    SameHost,
    Any,
    Listed(Arc<[Box<str>]>),
}

impl Options {
    /// Starts from the defaults.
    pub const fn new() -> Self {
        Self {
            limits: Limits::new(),
            timeouts: Timeouts::new(),
            deflate: Some(Policy::new()),
            high_water: 64 * 1024,
            max_unsent: 4 * 1024 * 1024,
            origins: Origins::SameHost,
        }
    }

    /// Sets the most bytes that a received message may have, in one frame or in many.
    #[must_use]
    pub fn with_max_message_size(self, bytes: u64) -> Self {
        let limits = self.limits.with_max_message_size(bytes).with_max_frame_payload(bytes);
        Self { limits, ..self }
    }

    /// Sets all of the engine's limits.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Sets the deadlines. Each may be turned off with `None`.
    #[must_use]
    pub fn with_timeouts(self, timeouts: Timeouts) -> Self {
        Self { timeouts, ..self }
    }

    /// Sets how messages are compressed (permessage-deflate, [RFC 7692]), or that they are not.
    ///
    /// [RFC 7692]: https://www.rfc-editor.org/rfc/rfc7692
    #[must_use]
    pub fn with_deflate(self, policy: Option<Policy>) -> Self {
        Self { deflate: policy, ..self }
    }

    /// Sets how many bytes may wait to be written before receiving stops until some of them are written.
    ///
    /// So a peer that sends and doesn't read is not answered without bound. At most 4 GiB.
    #[must_use]
    pub fn with_high_water(self, bytes: usize) -> Self {
        Self { high_water: saturate(bytes), ..self }
    }

    /// Sets how many bytes may wait to be written before nothing more is queued ([`Error::Full`](crate::Error::Full)).
    ///
    /// At most 4 GiB.
    #[must_use]
    pub fn with_max_unsent(self, bytes: usize) -> Self {
        Self { max_unsent: saturate(bytes), ..self }
    }

    /// Lets pages of these Origins open a connection, such as `https://example.com`, and those of the
    /// server's own host.
    ///
    /// Programs that are not browsers send no Origin and are let in always ([RFC 6455 §10.2]).
    ///
    /// [RFC 6455 §10.2]: https://www.rfc-editor.org/rfc/rfc6455#section-10.2
    #[must_use]
    pub fn allow_origins<'a>(self, origins: impl IntoIterator<Item = &'a str>) -> Self {
        Self { origins: Origins::Listed(origins.into_iter().map(Box::from).collect()), ..self }
    }

    /// Lets pages of any Origin open a connection, with the cookies that a browser sends along: for servers
    /// to which these mean nothing.
    #[must_use]
    pub fn any_origin(self) -> Self {
        Self { origins: Origins::Any, ..self }
    }

    /// Returns the limits.
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Returns the deadlines.
    pub const fn timeouts(&self) -> &Timeouts {
        &self.timeouts
    }

    /// Returns how messages are compressed, if they are.
    pub const fn deflate(&self) -> Option<&Policy> {
        self.deflate.as_ref()
    }

    pub(crate) const fn origins(&self) -> &Origins {
        &self.origins
    }

    /// Returns how many bytes may wait to be written before receiving stops.
    pub const fn high_water(&self) -> usize {
        self.high_water as usize
    }

    /// Returns how many bytes may wait to be written before nothing more is queued.
    pub const fn max_unsent(&self) -> usize {
        self.max_unsent as usize
    }
}

#[allow(clippy::cast_possible_truncation)] // compared before; `u32::try_from` is not const
const fn saturate(bytes: usize) -> u32 {
    if bytes < u32::MAX as usize { bytes as u32 } else { u32::MAX }
}

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}
