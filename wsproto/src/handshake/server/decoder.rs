//! From the bytes of HTTP/1.1 to a request.

use super::error::{RequestError, RequestFault};
use super::handshake::ServerHandshake;
use super::http_request::HttpRequest;
use super::request::Request;
use crate::handshake::http::fields::HeadFields;
use crate::handshake::http::limits::HeadLimits;
use crate::handshake::http::places::Places;
use crate::handshake::http::scanner::{Head, HeadScanner};
use crate::handshake::http::start_line::{HttpVersion, StartLine, request_version};

impl<'b> Request<'b> {
    /// Decodes and checks the head of the request at the start of `buf`, within [`HeadLimits::DEFAULT`].
    ///
    /// Returns the request and the number of bytes that its head takes; what follows belongs to the connection.
    /// Returns
    /// `None` while the head is incomplete: call again with the same bytes and more. For a head that arrives in many
    /// pieces, a [`RequestDecoder`] remembers what it has seen.
    ///
    /// # Errors
    ///
    /// [`RequestError`]: send its [`answer`](RequestError::answer), and close the transport.
    pub fn decode(buf: &'b [u8]) -> Result<Option<(Self, usize)>, RequestError> {
        let found = RequestDecoder::new().find(buf)?;
        Ok(found.map(|(request, head)| (request, head.end())))
    }
}

/// Decodes the head of a request that arrives in pieces, and looks at each byte once.
///
/// Pass all bytes of the head that have arrived, each time. A first line that no request can have is refused at its
/// first wrong byte, such as that of TLS. After a complete request the decoder resets itself. After an error, close
/// the connection.
///
/// # Examples
///
/// ```
/// use wsproto::handshake::RequestDecoder;
///
/// let pieces = [&b"GET / HTTP/1.1\r\nHost: exam"[..], b"ple.com\r\n\r\n"];
/// let (mut decoder, mut received) = (RequestDecoder::new(), Vec::new());
/// for piece in pieces {
///     received.extend(piece);
///     if let Some(head) = decoder.decode(&received)? {
///         // The head borrows nothing: it can be kept, beside the bytes.
///         assert_eq!(head.request(&received).http().header("host"), Some(&b"example.com"[..]));
///         assert_eq!(head.end(), received.len());
///     }
/// }
/// # Ok::<(), wsproto::handshake::RequestError>(())
/// ```
#[derive(Debug, Clone)]
pub struct RequestDecoder(HeadScanner);

impl RequestDecoder {
    /// Makes a decoder with [`HeadLimits::DEFAULT`].
    pub const fn new() -> Self {
        Self::with_limits(HeadLimits::DEFAULT)
    }

    /// Makes a decoder with other limits.
    pub const fn with_limits(limits: HeadLimits) -> Self {
        Self(HeadScanner::new(limits, StartLine::request()))
    }

    /// Looks at what is new in `buf`, and returns what the head is made of once it is complete and valid.
    ///
    /// # Errors
    ///
    /// [`RequestError`]: send its [`answer`](RequestError::answer), and close the transport.
    pub fn decode(&mut self, buf: &[u8]) -> Result<Option<RequestHead>, RequestError> {
        let found = self.find(buf)?;
        Ok(found.map(|(request, head)| {
            let http = request.http();
            let (version, places) = (http.version(), http.fields.places());
            let accept = match request {
                Request::WebSocket(handshake) => Some(handshake.accept),
                Request::Http(_) => None,
            };
            RequestHead { head, version, places, accept }
        }))
    }

    fn find<'b>(&mut self, buf: &'b [u8]) -> Result<Option<(Request<'b>, Head)>, RequestError> {
        let refuse = |fault: RequestFault, is_head| RequestError::new(fault, HttpVersion::Http11, is_head);
        let head = match self.0.scan(buf) {
            Ok(Some(head)) => head,
            Ok(None) => return Ok(None),
            Err(error) => return Err(refuse(error.into(), self.0.begins_with(buf, b"HEAD "))),
        };
        self.0.reset();
        let (method, is_head) = (text(head.method(buf)), head.method(buf) == b"HEAD");
        let parts = method.zip(text(head.target(buf))).ok_or(RequestFault::RequestLine);
        let (method, target) = parts.map_err(|fault| refuse(fault, is_head))?;
        let version = request_version(head.line(buf));
        let fields = HeadFields::parse(head.fields(buf)).map_err(|error| refuse(error.into(), is_head))?;
        Request::from_parts(method, target, version, fields).map(|request| Some((request, head)))
    }
}

impl Default for RequestDecoder {
    fn default() -> Self {
        Self::new()
    }
}

/// Holds what a [`RequestDecoder`] found, without the bytes: so it can be kept beside them, in one struct.
#[derive(Debug, Clone, Copy)]
pub struct RequestHead {
    head: Head,
    version: HttpVersion,
    places: Places,
    /// The answer to the key, if the request is for WebSocket.
    accept: Option<[u8; 28]>,
}

impl RequestHead {
    /// Returns the length of the head in bytes; what follows belongs to the connection.
    #[must_use]
    pub const fn end(&self) -> usize {
        self.head.end()
    }

    /// Returns the request that was found. Nothing is decoded again.
    ///
    /// Takes the bytes that the head was found in, from their start; what follows the head need not be there. Of other
    /// bytes the request that is returned means nothing.
    #[must_use]
    pub fn request<'b>(&self, buf: &'b [u8]) -> Request<'b> {
        let http = HttpRequest {
            method: text(self.head.method(buf)).unwrap_or_default(),
            target: text(self.head.target(buf)).unwrap_or_default(),
            version: self.version,
            fields: HeadFields::checked(self.head.fields(buf), self.places),
        };
        match self.accept {
            Some(accept) => Request::WebSocket(ServerHandshake::checked(http, accept)),
            None => Request::Http(http),
        }
    }
}

fn text(bytes: &[u8]) -> Option<&str> {
    core::str::from_utf8(bytes).ok()
}
