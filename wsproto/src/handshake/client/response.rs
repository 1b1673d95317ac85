//! Which of the two a response is: the connection is open, or it isn't.

use crate::deflate::Parameters;
use crate::handshake::extensions::{self, Extension};
use crate::handshake::http::fields::{Fields, HeadFields, value};

/// Holds a server's response: the connection is open, or it isn't.
#[derive(Debug, Clone, Copy)]
pub enum Response<'b, F = HeadFields<'b>> {
    /// The server accepts, and everything in its response was checked: the connection is open.
    WebSocket(Accepted<'b, F>),
    /// Another response: a redirect, a demand for a password, a failure.
    ///
    /// One of 100 to 199, which an HTTP library may give, is not final: the response is still to come. A status of 600
    /// or more is to be treated as a server error ([RFC 9110 §15]).
    ///
    /// [RFC 9110 §15]: https://www.rfc-editor.org/rfc/rfc9110#section-15
    Http(HttpResponse<'b, F>),
}

impl<'b, F: Fields<'b>> Response<'b, F> {
    /// Returns what both kinds have: status and header fields.
    pub const fn http(&self) -> &HttpResponse<'b, F> {
        match self {
            Self::WebSocket(accepted) => accepted.http(),
            Self::Http(response) => response,
        }
    }
}

/// Holds the response that opened the connection ([RFC 6455 §4.1]).
///
/// [RFC 6455 §4.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.1
#[derive(Debug, Clone, Copy)]
pub struct Accepted<'b, F = HeadFields<'b>> {
    pub(super) http: HttpResponse<'b, F>,
    pub(super) subprotocol: Option<&'b str>,
    pub(super) deflate: Option<Parameters>,
}

impl<'b, F: Fields<'b>> Accepted<'b, F> {
    /// Returns the response itself: status and header fields.
    pub const fn http(&self) -> &HttpResponse<'b, F> {
        &self.http
    }

    /// Returns the subprotocol that the server chose of those that were offered, if it chose one.
    pub const fn subprotocol(&self) -> Option<&'b str> {
        self.subprotocol
    }

    /// Returns the parameters that both ends agreed on for permessage-deflate, if the server uses it
    /// ([RFC 7692 §7.1]).
    ///
    /// [RFC 7692 §7.1]: https://www.rfc-editor.org/rfc/rfc7692#section-7.1
    pub const fn deflate(&self) -> Option<Parameters> {
        self.deflate
    }

    /// Iterates over the extensions that the server uses, each of them offered, in order.
    pub fn extensions(&self) -> impl Iterator<Item = Extension<'b>> + use<'b, F> {
        extensions::named(self.http.fields)
    }
}

/// Holds any response, its head well-formed: status, reason and header fields.
#[derive(Debug, Clone, Copy)]
pub struct HttpResponse<'b, F = HeadFields<'b>> {
    pub(super) status: u16,
    pub(super) reason: &'b str,
    pub(super) fields: F,
}

impl<'b, F: Fields<'b>> HttpResponse<'b, F> {
    /// Returns the status: 301 and its like name a `Location`, 401 asks for an `Authorization`.
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// Returns the reason phrase; empty if there is none, or if it is not ASCII.
    pub const fn reason(&self) -> &'b str {
        self.reason
    }

    /// Returns the first value of the header fields of this name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&'b [u8]> {
        value(self.fields, name)
    }

    /// Iterates over all header fields, in order: names and values.
    pub fn headers(&self) -> impl Iterator<Item = (&'b str, &'b [u8])> + use<'b, F> {
        self.fields.pairs()
    }
}
