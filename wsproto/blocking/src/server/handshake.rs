use wsproto::handshake::{Answer, Origin, Request, ServerHandshake};
use wsproto_adapter::shared::negotiate;

use super::Plain;
use super::head::{self, Head};
use crate::{Accept, AcceptError, Input, Options, Output, Server, WebSocket};

/// Accepts a WebSocket connection over a stream, with the default [`Options`].
///
/// Pages of the same host and programs that are not browsers are let in. All others are answered 403; a plain HTTP request 426.
///
/// # Errors
///
/// [`AcceptError`]; the client was answered.
///
/// # Examples
///
/// ```no_run
/// # fn serve(stream: std::net::TcpStream) -> Result<(), Box<dyn std::error::Error>> {
/// let mut socket = wsproto_blocking::accept(stream)?;
/// while let Some(message) = socket.recv()? {
///     socket.feed(message)?; // written when `recv` waits, many at once
/// }
/// # Ok(())
/// # }
/// ```
pub fn accept<T>(stream: T) -> Result<WebSocket<T>, AcceptError>
where
    T: Input + Output,
{
    accept_with(stream, &Options::new())
}

/// Accepts a WebSocket connection over a stream; see [`accept`].
///
/// # Errors
///
/// [`AcceptError`]; the client was answered.
pub fn accept_with<T>(stream: T, options: &Options) -> Result<WebSocket<T>, AcceptError>
where
    T: Input + Output,
{
    Handshake::read(stream, options)?.accept(Accept::new())
}

/// A client's opening handshake, to be looked at, and accepted or refused.
///
/// # Examples
///
/// ```no_run
/// use wsproto_blocking::{Accept, AcceptError, Handshake, Options};
///
/// # fn is_known(_token: Option<&str>) -> bool { true }
/// fn serve(stream: std::net::TcpStream) -> Result<(), AcceptError> {
///     let handshake = Handshake::read(stream, &Options::new())?;
///     if !is_known(handshake.query()) {
///         return handshake.refuse(401, "who are you?\n");
///     }
///     let socket = handshake.accept(Accept::new().with_subprotocols(&["json"]))?;
///     # let _ = socket;
///     Ok(())
/// }
/// ```
#[derive(Debug)]
pub struct Handshake<T> {
    stream: T,
    head: Head,
    options: Options,
}

/// A request: an opening handshake, or one of plain HTTP, so that pages can live on the same port.
#[derive(Debug)]
pub enum Opening<T> {
    /// An opening handshake.
    WebSocket(Handshake<T>),
    /// A request of plain HTTP.
    Http(Plain<T>),
}

impl<T: Input + Output> Opening<T> {
    /// Reads a request, within the time of [`Timeouts::opening`](crate::Timeouts::opening). One that is malformed or late is
    /// answered.
    ///
    /// # Errors
    ///
    /// [`AcceptError::Request`], [`Deadline`](AcceptError::Deadline), [`Disconnected`](AcceptError::Disconnected) or
    /// [`Io`](AcceptError::Io).
    pub fn read(mut stream: T, options: &Options) -> Result<Self, AcceptError> {
        let head = head::read(&mut stream, options)?;
        Ok(match head.head.request(&head.bytes) {
            Request::WebSocket(_) => Self::WebSocket(Handshake { stream, head, options: options.clone() }),
            Request::Http(_) => Self::Http(Plain::new(stream, head, options)),
        })
    }
}

impl<T: Input + Output> Handshake<T> {
    /// Reads an opening handshake, as [`Opening::read`] does. A request of plain HTTP is answered 426, with a word on proxies that
    /// drop `Upgrade` where it looks like that.
    ///
    /// # Errors
    ///
    /// As of `Opening::read`, and [`AcceptError::Http`].
    pub fn read(stream: T, options: &Options) -> Result<Self, AcceptError> {
        match Opening::read(stream, options)? {
            Opening::WebSocket(handshake) => Ok(handshake),
            Opening::Http(plain) => {
                plain.require_upgrade()?;
                Err(AcceptError::Http)
            }
        }
    }

    /// Accepts the handshake, and returns the connection. What the client sent behind its request is not lost.
    ///
    /// # Errors
    ///
    /// [`AcceptError::Origin`] for a foreign page; [`Misuse`](AcceptError::Misuse) for header fields that can't be sent. The
    /// client was answered. [`Deadline`](AcceptError::Deadline) and [`Io`](AcceptError::Io) if the answer can't be written.
    #[expect(clippy::needless_pass_by_value, reason = "it is made for this call")]
    pub fn accept(mut self, accept: Accept<'_>) -> Result<WebSocket<T>, AcceptError> {
        let options = accept.options(&self.options);
        let request = self.request();
        let negotiated = negotiate(&request, &accept, options);
        let mut bytes = Vec::new();
        let agreed = negotiated.and_then(|negotiated| {
            let answer = request.accept(negotiated.choice()).map_err(AcceptError::Misuse)?;
            answer.append(&mut bytes);
            Ok(negotiated.agreed())
        });
        let agreed = match agreed {
            Ok(agreed) => agreed,
            Err(error) => {
                let (status, body) = match &error {
                    AcceptError::Origin(_) => (403, "pages of this origin may not connect\n"),
                    _ => (500, "the server is at fault\n"),
                };
                self.refuse(status, body)?;
                return Err(error);
            }
        };
        head::send(&mut self.stream, &bytes, options)?;
        let received = self.head.bytes.get(self.head.head.end()..).unwrap_or_default();
        Ok(WebSocket::from_upgraded(self.stream, Server, received, agreed, options))
    }

    /// Refuses the handshake with a status and a body of text, and ends the stream.
    ///
    /// # Errors
    ///
    /// [`AcceptError::Misuse`] for a status that refuses nothing: it is 300 to 599, and not 304.
    /// [`Deadline`](AcceptError::Deadline) and [`Io`](AcceptError::Io) if the answer can't be written.
    pub fn refuse(self, status: u16, body: impl AsRef<[u8]>) -> Result<(), AcceptError> {
        let headers: &[(&str, &[u8])] = &[("Content-Type", b"text/plain")];
        self.answer(Answer::new(status, headers, body.as_ref()).map_err(AcceptError::Misuse)?)
    }

    /// Sends another answer, with fields of its own: a redirect, a challenge. Ends the stream.
    ///
    /// # Errors
    ///
    /// [`AcceptError::Deadline`] and [`Io`](AcceptError::Io) if the answer can't be written.
    pub fn answer(mut self, answer: Answer<'_>) -> Result<(), AcceptError> {
        head::answer(&mut self.stream, answer, &self.options)
    }
}

impl<T> Handshake<T> {
    /// Returns the engine's view of the handshake, which has all that was read.
    pub fn request(&self) -> ServerHandshake<'_> {
        match self.head.head.request(&self.head.bytes) {
            Request::WebSocket(handshake) => handshake,
            Request::Http(_) => unreachable!("a head that is no handshake's makes none"),
        }
    }

    /// Returns the target's path, such as `/chat`.
    pub fn path(&self) -> &str {
        self.request().http().path()
    }

    /// Returns what stands behind the target's `?`, if there is one.
    pub fn query(&self) -> Option<&str> {
        self.request().http().query()
    }

    /// Returns the first header field of this name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.request().http().header(name)
    }

    /// Iterates over all header fields.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.request().http().headers()
    }

    /// Returns the server's name, as the client knows it: a host, or a host and a port.
    pub fn host(&self) -> &str {
        self.request().host()
    }

    /// Returns the Origin of the page that wants to connect, if a browser sent one.
    pub fn origin(&self) -> Option<Origin<'_>> {
        self.request().origin()
    }

    /// Iterates over the subprotocols that the client offers, its best first.
    pub fn subprotocols(&self) -> impl Iterator<Item = &str> {
        self.request().subprotocols()
    }

    /// Returns the stream, such as for the peer's address.
    pub const fn get_ref(&self) -> &T {
        &self.stream
    }

    /// Returns the stream and all that was read of it, the request's head included.
    pub fn into_parts(self) -> (T, Vec<u8>) {
        (self.stream, self.head.bytes)
    }
}
