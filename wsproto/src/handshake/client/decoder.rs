//! From the bytes of HTTP/1.1 to a response.

use super::error::ResponseError;
use super::handshake::ClientHandshake;
use super::response::{Accepted, HttpResponse, Response};
use crate::deflate::Parameters;
use crate::handshake::http::fields::{HeadFields, value};
use crate::handshake::http::limits::HeadLimits;
use crate::handshake::http::places::Places;
use crate::handshake::http::scanner::{Head, HeadScanner};
use crate::handshake::http::start_line::{HttpVersion, StartLine, status_line};
use crate::handshake::subprotocol;

impl ClientHandshake<'_> {
    /// Decodes and checks the head of the response at the start of `buf`, within [`HeadLimits::DEFAULT`].
    ///
    /// Returns the response and the number of bytes that its head takes, with those of interim responses before it;
    /// what follows belongs to the connection. Returns `None` while the head is incomplete: call again with the same
    /// bytes and more. For a head that arrives in many pieces, a [`ResponseDecoder`] remembers what it has seen.
    ///
    /// # Errors
    ///
    /// [`ResponseError`]: close the transport.
    pub fn decode<'b>(&self, buf: &'b [u8]) -> Result<Option<(Response<'b>, usize)>, ResponseError> {
        let found = ResponseDecoder::new(*self).find(buf)?;
        Ok(found.map(|(response, head)| (response, head.end())))
    }
}

/// Decodes the head of a response that arrives in pieces, and looks at each byte once.
///
/// Pass all bytes that have arrived since the request, each time. Interim responses, of 100 to 199 but 101, are
/// checked and skipped ([RFC 9110 §15.2]); the limits hold for them and the final head together. A first line that no
/// response can have is refused at its first wrong byte, such as that of SSH. After an error, close the connection.
///
/// # Examples
///
/// ```
/// use wsproto::handshake::{ClientHandshake, Offer, Response, ResponseDecoder};
///
/// # let nonce = *b"the sample nonce";
/// let handshake = ClientHandshake::new(Offer::new("example.com", "/"), nonce)?;
/// let mut decoder = ResponseDecoder::new(handshake);
/// let received = b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 302 Found\r\nLocation: /chat\r\n\r\n";
/// assert!(decoder.decode(&received[..40])?.is_none());
///
/// let head = decoder.decode(received)?.expect("all of it is there");
/// // The head borrows nothing: it can be kept, beside the bytes.
/// assert_eq!(head.end(), received.len());
/// let Response::Http(response) = head.response(received) else { panic!("accepted") };
/// assert_eq!((response.status(), response.header("location")), (302, Some(&b"/chat"[..])));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// [RFC 9110 §15.2]: https://www.rfc-editor.org/rfc/rfc9110#section-15.2
#[derive(Debug, Clone)]
pub struct ResponseDecoder<'a> {
    handshake: ClientHandshake<'a>,
    scanner: HeadScanner,
}

impl<'a> ResponseDecoder<'a> {
    /// Makes a decoder with [`HeadLimits::DEFAULT`].
    pub const fn new(handshake: ClientHandshake<'a>) -> Self {
        Self::with_limits(handshake, HeadLimits::DEFAULT)
    }

    /// Makes a decoder with other limits.
    pub const fn with_limits(handshake: ClientHandshake<'a>, limits: HeadLimits) -> Self {
        Self { handshake, scanner: HeadScanner::new(limits, StartLine::response()) }
    }

    /// Looks at what is new in `buf`, and returns what the head is made of once it is complete and valid.
    ///
    /// # Errors
    ///
    /// [`ResponseError`]: close the transport.
    pub fn decode(&mut self, buf: &[u8]) -> Result<Option<ResponseHead>, ResponseError> {
        let found = self.find(buf)?;
        Ok(found.map(|(response, head)| {
            let (accepts, deflate) = match response {
                Response::WebSocket(accepted) => (true, accepted.deflate()),
                Response::Http(_) => (false, None),
            };
            ResponseHead { head, places: response.http().fields.places(), accepts, deflate }
        }))
    }

    fn find<'b>(&mut self, buf: &'b [u8]) -> Result<Option<(Response<'b>, Head)>, ResponseError> {
        while let Some(head) = self.scanner.scan(buf)? {
            let (version, status, reason) = status_line(head.line(buf)).ok_or(ResponseError::StatusLine)?;
            let fields = HeadFields::parse(head.fields(buf))?;
            if matches!(status, 100 | 102..=199) {
                self.scanner.skip(&head);
                continue;
            }
            if status == 101 && version < HttpVersion::Http11 {
                return Err(ResponseError::HttpVersionTooLow);
            }
            let mut response = self.handshake.verify(status, fields)?;
            match &mut response {
                Response::WebSocket(Accepted { http, .. }) | Response::Http(http) => http.reason = reason,
            }
            self.scanner.reset();
            return Ok(Some((response, head)));
        }
        Ok(None)
    }
}

/// Holds what a [`ResponseDecoder`] found, without the bytes: so it can be kept beside them, in one struct.
#[derive(Debug, Clone, Copy)]
pub struct ResponseHead {
    head: Head,
    places: Places,
    accepts: bool,
    deflate: Option<Parameters>,
}

impl ResponseHead {
    /// Returns the length in bytes of the head and all before it; what follows belongs to the connection.
    #[must_use]
    pub const fn end(&self) -> usize {
        self.head.end()
    }

    /// Returns the response that was found. Nothing is decoded again.
    ///
    /// Takes the bytes that the head was found in, from their start; what follows the head need not be there. Of other
    /// bytes the response that is returned means nothing.
    #[must_use]
    pub fn response<'b>(&self, buf: &'b [u8]) -> Response<'b> {
        let (_, status, reason) = status_line(self.head.line(buf)).unwrap_or((HttpVersion::Http11, 0, ""));
        let fields = HeadFields::checked(self.head.fields(buf), self.places);
        let http = HttpResponse { status, reason, fields };
        if !self.accepts {
            return Response::Http(http);
        }
        let subprotocol = value(fields, subprotocol::FIELD).and_then(|name| core::str::from_utf8(name).ok());
        Response::WebSocket(Accepted { http, subprotocol, deflate: self.deflate })
    }
}
