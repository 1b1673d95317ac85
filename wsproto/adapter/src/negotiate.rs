//! What a server makes of a handshake, whatever HTTP it came over.

use wsproto::handshake::{Choice, Fields, Origin, ServerHandshake, permessage_deflate, subprotocol};

use crate::options::Origins;
use crate::{AcceptError, Agreed, Options};

/// What a server accepts a handshake with: subprotocols, header fields, options of this connection.
///
/// # Examples
///
/// ```
/// # use wsproto_adapter::{Accept, Options};
/// let strict = Options::new().with_max_message_size(1024);
/// let accept = Accept::new().with_subprotocols(&["json"]).with_header("Set-Cookie", "seen=1").with_options(&strict);
/// # let _ = accept;
/// ```
#[derive(Debug, Clone, Default)]
pub struct Accept<'a> {
    subprotocols: &'a [&'a str],
    headers: Vec<(&'a str, &'a [u8])>,
    options: Option<&'a Options>,
}

impl<'a> Accept<'a> {
    /// Starts with no subprotocol, no header fields, and the options that the request was read with.
    pub const fn new() -> Self {
        Self { subprotocols: &[], headers: Vec::new(), options: None }
    }

    /// Sets the subprotocols that the server speaks, the best first. The first that the client offers is
    /// chosen; if there is none, the connection goes without.
    #[must_use]
    pub const fn with_subprotocols(mut self, preference: &'a [&'a str]) -> Self {
        self.subprotocols = preference;
        self
    }

    /// Adds a header field to the answer. Those of the handshake itself are not the caller's.
    #[must_use]
    pub fn with_header(mut self, name: &'a str, value: &'a (impl AsRef<[u8]> + ?Sized)) -> Self {
        self.headers.push((name, value.as_ref()));
        self
    }

    /// Sets options for this connection alone.
    #[must_use]
    pub const fn with_options(mut self, options: &'a Options) -> Self {
        self.options = Some(options);
        self
    }

    /// Returns the options, which are `others` unless some were set.
    #[doc(hidden)]
    pub fn options<'o>(&self, others: &'o Options) -> &'o Options
    where
        'a: 'o,
    {
        self.options.unwrap_or(others)
    }
}

/// What was made of a handshake.
#[derive(Debug)]
pub struct Negotiated<'a> {
    subprotocol: Option<&'a str>,
    deflate: Option<permessage_deflate::Agreement>,
    headers: &'a [(&'a str, &'a [u8])],
}

impl Negotiated<'_> {
    /// Returns what [`ServerHandshake::accept`] takes.
    pub fn choice(&self) -> Choice<'_> {
        Choice { subprotocol: self.subprotocol, extensions: self.deflate.as_deref(), headers: self.headers }
    }

    /// Returns what both ends agree on once the answer is sent.
    pub fn agreed(&self) -> Agreed {
        let deflate = self.deflate.as_ref().map(permessage_deflate::Agreement::parameters);
        Agreed::new().with_subprotocol(self.subprotocol).with_deflate(deflate)
    }
}

/// Checks the Origin, and chooses the subprotocol and how messages are compressed. `options` are those of
/// [`Accept::options`].
///
/// # Errors
///
/// [`AcceptError::Origin`], to be answered 403.
pub fn negotiate<'a, 'b, F: Fields<'b>>(
    handshake: &ServerHandshake<'b, F>,
    accept: &'a Accept<'_>,
    options: &Options,
) -> Result<Negotiated<'a>, AcceptError> {
    if let Some(origin) = handshake.origin() {
        if !is_allowed(origin, handshake.host(), options) {
            return Err(AcceptError::Origin(origin.as_str().into()));
        }
    }
    Ok(Negotiated {
        subprotocol: subprotocol::select(accept.subprotocols, handshake.subprotocols()),
        deflate: options
            .deflate()
            .and_then(|policy| permessage_deflate::accept(handshake.extensions(), policy)),
        headers: &accept.headers,
    })
}

/// [RFC 6455 §10.2]: a browser sends its user's cookies along, whoever's page asks it to connect.
fn is_allowed(origin: Origin<'_>, host: &str, options: &Options) -> bool {
    match options.origins() {
        Origins::Any => true,
        Origins::SameHost => origin.is_same_host(host),
        Origins::Listed(listed) => {
            origin.is_same_host(host) || listed.iter().any(|allowed| **allowed == *origin.as_str())
        }
    }
}
