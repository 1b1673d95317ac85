use wsproto::Limits;
use wsproto::deadlines::Timeouts;
use wsproto::handshake::ServerHandshake;

/// What may be chosen of a connection. `Options::new()` is a good choice.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    limits: Limits,
    timeouts: Timeouts,
    origins: Origins<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Origins<'a> {
    SameHost,
    Any,
    Listed(&'a [&'a str]),
}

impl<'a> Options<'a> {
    /// Starts from the defaults: the engine's [`Limits`] and [`Timeouts`], and pages of the server's own host only.
    pub const fn new() -> Self {
        Self { limits: Limits::new(), timeouts: Timeouts::new(), origins: Origins::SameHost }
    }

    /// Limits messages, in bytes. Default: 1 MiB, and in any case what the memory holds.
    #[must_use]
    pub const fn with_max_message_size(self, bytes: u64) -> Self {
        let limits = self.limits.with_max_message_size(bytes).with_max_frame_payload(bytes);
        Self { limits, ..self }
    }

    /// Sets all limits of the engine.
    #[must_use]
    pub const fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Sets the deadlines. They need a [`Clock`](crate::Clock).
    #[must_use]
    pub const fn with_timeouts(self, timeouts: Timeouts) -> Self {
        Self { timeouts, ..self }
    }

    /// Has a server accept pages of these origins, such as `https://example.com`, instead of its own host's. Programs that are
    /// no browsers name no origin, and are accepted.
    #[must_use]
    pub const fn allow_origins(self, origins: &'a [&'a str]) -> Self {
        Self { origins: Origins::Listed(origins), ..self }
    }

    /// Has a server accept pages of any origin: for one that knows nobody by a cookie or by an address.
    #[must_use]
    pub const fn any_origin(self) -> Self {
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

    /// Tells whether the page that opens a connection may do so ([RFC 6455 §10.2]).
    ///
    /// [RFC 6455 §10.2]: https://www.rfc-editor.org/rfc/rfc6455#section-10.2
    pub(crate) fn allows(&self, request: &ServerHandshake<'_>) -> bool {
        let Some(origin) = request.origin() else {
            return true;
        };
        match self.origins {
            Origins::Any => true,
            Origins::SameHost => origin.is_same_host(request.host()),
            Origins::Listed(origins) => origin.is_one_of(origins),
        }
    }
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self::new()
    }
}
