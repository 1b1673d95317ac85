//! What a client asks for.

use super::error::ResponseError;
use crate::deflate::Parameters;
use crate::handshake::extensions::{self, Extension};
use crate::handshake::http::authority::Authority;
use crate::handshake::http::fields::{Fields, at_most_one};
use crate::handshake::http::tokens::{is_token, is_visible_ascii};
use crate::handshake::http::write::{check_fields, check_http2_fields, is_reserved};
use crate::handshake::misuse::HandshakeMisuse;
use crate::handshake::permessage_deflate;
use crate::handshake::subprotocol;

/// Says what a client asks for, and what it offers.
///
/// A [`ClientHandshake`](super::ClientHandshake) sends it, and holds the server to it.
///
/// # Examples
///
/// ```
/// use wsproto::handshake::Offer;
///
/// let offer = Offer { subprotocols: &["json"], ..Offer::new("example.com:8080", "/chat") };
/// assert!(offer.origin.is_none() && offer.headers.is_empty());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer<'a> {
    /// The server: a host, and a port unless it is the scheme's own. An IPv6 address is in brackets.
    pub host: &'a str,
    /// The resource: an absolute path and, after `?`, the query; percent-encoded. Over HTTP/1.1 the query alone stands
    /// for the path `/` with it, as in `ws://host?query` ([RFC 6455 §3]).
    ///
    /// [RFC 6455 §3]: https://www.rfc-editor.org/rfc/rfc6455#section-3
    pub target: &'a str,
    /// The origin of the script that asks: a browser must give it, other programs may.
    pub origin: Option<&'a str>,
    /// The subprotocols that the client can speak, the preferred one first.
    pub subprotocols: &'a [&'a str],
    /// The extensions that the client offers, as the value of `Sec-WebSocket-Extensions`.
    /// [`permessage_deflate::offer`] gives that of permessage-deflate.
    pub extensions: Option<&'a str>,
    /// More header fields, such as `authorization` or `cookie`: names and values. HTTP/2 and HTTP/3 require names in
    /// lower case.
    pub headers: &'a [(&'a str, &'a [u8])],
}

impl<'a> Offer<'a> {
    /// Asks `host` for `target`, and offers nothing.
    pub const fn new(host: &'a str, target: &'a str) -> Self {
        Self { host, target, origin: None, subprotocols: &[], extensions: None, headers: &[] }
    }

    /// Checks that all of this may be sent.
    pub(super) fn check(&self, is_http2: bool) -> Result<(), HandshakeMisuse> {
        if Authority::parse(self.host).is_none() {
            return Err(HandshakeMisuse::Host);
        }
        let target = self.target;
        // [RFC 6455 §3]: "/" is implied where the path is empty, and HTTP/1.1's request line has room to write it.
        let is_absolute = target.starts_with('/') || (target.starts_with('?') && !is_http2);
        if !is_absolute || !is_visible_ascii(target.as_bytes()) || target.contains('#') {
            return Err(HandshakeMisuse::Target);
        }
        if self.origin.is_some_and(|origin| !is_visible_ascii(origin.as_bytes())) {
            return Err(HandshakeMisuse::Origin);
        }
        for (index, name) in self.subprotocols.iter().enumerate() {
            if !is_token(name.as_bytes()) {
                return Err(HandshakeMisuse::Subprotocol);
            }
            if self.subprotocols.iter().take(index).any(|other| other == name) {
                return Err(HandshakeMisuse::RepeatedSubprotocol);
            }
        }
        if self.extensions.is_some_and(|list| extensions::list(list).is_none()) {
            return Err(HandshakeMisuse::Extensions);
        }
        check_fields(self.headers, is_reserved)?;
        if is_http2 {
            check_http2_fields(self.headers)?;
        }
        Ok(())
    }

    /// Checks what the server chose of all this, and returns the subprotocol and what holds for permessage-deflate.
    pub(super) fn check_choice<'b>(
        &self,
        fields: impl Fields<'b>,
    ) -> Result<(Option<&'b str>, Option<Parameters>), ResponseError> {
        self.check_extensions(fields)?;
        let deflate = permessage_deflate::verify(self.offered(), extensions::named(fields))?;
        let subprotocol = self.check_subprotocol(fields)?;
        Ok((subprotocol, deflate))
    }

    /// Item 5. Only names are compared here: what parameters mean is for the extension to say.
    fn check_extensions<'b>(&self, fields: impl Fields<'b>) -> Result<(), ResponseError> {
        at_most_one(fields, extensions::FIELD).map_err(|_| ResponseError::RepeatedExtensions)?;
        if !extensions::are_well_formed(fields) {
            return Err(ResponseError::MalformedExtensions);
        }
        let is_offered = |chosen: Extension<'_>| self.offered().any(|offer| offer.name() == chosen.name());
        if extensions::named(fields).all(is_offered) {
            Ok(())
        } else {
            Err(ResponseError::UnexpectedExtension)
        }
    }

    fn offered(&self) -> impl Iterator<Item = Extension<'a>> + use<'a> {
        self.extensions.and_then(extensions::list).into_iter().flatten()
    }

    /// Item 6.
    fn check_subprotocol<'b>(&self, fields: impl Fields<'b>) -> Result<Option<&'b str>, ResponseError> {
        let value = at_most_one(fields, subprotocol::FIELD);
        let Some(value) = value.map_err(|_| ResponseError::RepeatedSubprotocol)? else {
            return Ok(None);
        };
        core::str::from_utf8(value)
            .ok()
            .filter(|name| self.subprotocols.contains(name))
            .map(Some)
            .ok_or(ResponseError::UnexpectedSubprotocol)
    }
}
