use std::fmt;
use std::net::SocketAddr;

use wsproto::handshake::permessage_deflate::{self, OfferText};
use wsproto::handshake::{ClientHandshake, HeadLimits, Offer, Url, random_nonce};

use super::ConnectError;
use super::redirect::{self, RedirectError};
use crate::Options;
use crate::proxy::Route;

/// Cookies and policies make the heads of some servers' answers long.
pub const HEAD: HeadLimits = HeadLimits::DEFAULT.with_bytes(32 * 1024);

/// What a client asks for, and which way it goes: what a `Connect` is filled with.
#[derive(Clone)]
#[expect(missing_docs, reason = "each is what the method of the same name of `Connect` sets")]
pub struct Plan {
    pub url: String,
    pub headers: Vec<(String, Vec<u8>)>,
    pub subprotocols: Vec<String>,
    pub origin: Option<String>,
    pub options: Options,
    pub addresses: Vec<SocketAddr>,
    pub redirects: u8,
    pub route: Route,
}

impl Plan {
    /// Starts with the URL, which was not looked at yet, and the defaults.
    pub fn new(url: String) -> Self {
        Self {
            url,
            headers: Vec::new(),
            subprotocols: Vec::new(),
            origin: None,
            options: Options::new(),
            addresses: Vec::new(),
            redirects: 0,
            route: Route::default(),
        }
    }

    /// Returns the lists of a request to this URL, which is the plan's own or one that a redirect led to.
    pub fn request(&self, url: &Url<'_>) -> Request<'_> {
        let is_own = self.is_own(url);
        let headers = self.headers.iter().filter(|(name, _)| is_own || !is_secret(name));
        Request {
            origin: self.origin.as_deref(),
            subprotocols: self.subprotocols.iter().map(String::as_str).collect(),
            extensions: self.options.deflate().map(permessage_deflate::offer),
            headers: headers.map(|(name, value)| (name.as_str(), value.as_slice())).collect(),
        }
    }

    /// Returns the addresses to go to instead of those that the URL's host has.
    pub fn addresses(&self, url: &Url<'_>) -> &[SocketAddr] {
        if self.is_own(url) { &self.addresses } else { &[] }
    }

    /// Returns where to go on after `error`, which came of going to `from` as the attempt behind so many redirects.
    ///
    /// # Errors
    ///
    /// Why not to go on: the same error, or that of a redirect.
    pub fn next_url(
        &self,
        error: ConnectError,
        from: &Url<'_>,
        followed: u8,
    ) -> Result<String, ConnectError> {
        let refused = match error {
            ConnectError::Refused(refused) if self.redirects > 0 => refused,
            error => return Err(error),
        };
        match redirect::target(&refused, from) {
            None => Err(ConnectError::Refused(refused)),
            Some(_) if followed >= self.redirects => Err(RedirectError::TooMany.into()),
            Some(next) => Ok(next?),
        }
    }

    /// Tells whether a URL has the server that the plan was made for.
    fn is_own(&self, url: &Url<'_>) -> bool {
        Url::parse(&self.url).is_ok_and(|own| redirect::is_same_server(url, &own))
    }
}

/// The lists that a [`ClientHandshake`] borrows.
#[derive(Debug)]
pub struct Request<'a> {
    origin: Option<&'a str>,
    subprotocols: Vec<&'a str>,
    extensions: Option<OfferText>,
    headers: Vec<(&'a str, &'a [u8])>,
}

impl Request<'_> {
    /// Checks what is to be sent, and draws the nonce.
    ///
    /// # Errors
    ///
    /// [`ConnectError::Request`] and [`ConnectError::Randomness`].
    pub fn handshake<'a>(&'a self, url: &Url<'a>) -> Result<ClientHandshake<'a>, ConnectError> {
        let nonce = random_nonce().ok_or(ConnectError::Randomness)?;
        Ok(ClientHandshake::new(self.offer(url.authority(), url.target()), nonce)?)
    }

    /// Returns the offer to a host.
    pub fn offer<'a>(&'a self, host: &'a str, target: &'a str) -> Offer<'a> {
        Offer {
            origin: self.origin,
            subprotocols: &self.subprotocols,
            extensions: self.extensions.as_deref(),
            headers: &self.headers,
            ..Offer::new(host, target)
        }
    }
}

/// Tells whether a field is for one server's eyes only ([RFC 9110 §15.4]).
///
/// [RFC 9110 §15.4]: https://www.rfc-editor.org/rfc/rfc9110#section-15.4
fn is_secret(name: &str) -> bool {
    ["authorization", "cookie", "proxy-authorization"].iter().any(|secret| name.eq_ignore_ascii_case(secret))
}

/// Shows no value of a header field, and no proxy: there may be a password in it.
impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connect")
            .field("url", &self.url)
            .field("headers", &self.headers.iter().map(|(name, _)| name).collect::<Vec<_>>())
            .field("subprotocols", &self.subprotocols)
            .field("origin", &self.origin)
            .field("options", &self.options)
            .field("addresses", &self.addresses)
            .field("redirects", &self.redirects)
            .finish_non_exhaustive()
    }
}
