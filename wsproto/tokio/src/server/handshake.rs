use std::future::Future;

use tokio::io::{AsyncRead, AsyncWrite};
use wsproto::handshake::{Answer, Origin, Request, ServerHandshake};
use wsproto_adapter::shared::negotiate;

use super::Plain;
use super::head::{self, Head};
use super::stop::Stop;
use crate::{Accept, AcceptError, Options, Server, WebSocket};

/// Accepts a WebSocket connection over a stream, with the default [`Options`].
///
/// Pages of the same host and programs that are not browsers are let in. All others are answered 403; a plain
/// HTTP request 426.
///
/// **Cancel safe** in the sense that nothing is left behind: the stream is dropped.
///
/// # Errors
///
/// [`AcceptError`]; the client was answered.
///
/// # Examples
///
/// ```no_run
/// # async fn serve(stream: tokio::net::TcpStream) -> Result<(), Box<dyn std::error::Error>> {
/// let mut socket = tokio_wsproto::accept(stream).await?;
/// while let Some(message) = socket.recv().await? {
///     socket.feed(message)?; // written when `recv` waits, many at once
/// }
/// # Ok(())
/// # }
/// ```
pub fn accept<T>(stream: T) -> impl Future<Output = Result<WebSocket<T>, AcceptError>>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    // Such futures are boxed, before they are polled: a task is as large as the largest of its futures, for
    // all its life.
    Box::pin(async { accept_with(stream, &Options::new()).await })
}

/// Accepts a WebSocket connection over a stream; see [`accept`].
///
/// **Cancel safe** in the sense that nothing is left behind: the stream is dropped.
///
/// # Errors
///
/// [`AcceptError`]; the client was answered.
pub fn accept_with<T>(stream: T, options: &Options) -> impl Future<Output = Result<WebSocket<T>, AcceptError>>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    Box::pin(async { Handshake::read(stream, options).await?.open(Accept::new()).await })
}

/// A client's opening handshake, to be looked at, and accepted or refused. Meanwhile await what you like.
///
/// # Examples
///
/// ```no_run
/// use tokio_wsproto::{Accept, AcceptError, Handshake, Options};
///
/// # async fn is_known(_token: Option<&str>) -> bool { true }
/// async fn serve(stream: tokio::net::TcpStream) -> Result<(), AcceptError> {
///     let handshake = Handshake::read(stream, &Options::new()).await?;
///     if !is_known(handshake.query()).await {
///         return handshake.refuse(401, "who are you?\n").await;
///     }
///     let socket = handshake.accept(Accept::new().with_subprotocols(&["json"])).await?;
///     # let _ = socket;
///     Ok(())
/// }
/// ```
#[derive(Debug)]
pub struct Handshake<T> {
    stream: T,
    head: Box<Head>,
    stop: Option<Stop>,
}

/// A request: an opening handshake, or one of plain HTTP, so that pages can live on the same port.
#[derive(Debug)]
pub enum Opening<T> {
    /// An opening handshake.
    WebSocket(Handshake<T>),
    /// A request of plain HTTP.
    Http(Plain<T>),
}

impl<T: AsyncRead + AsyncWrite + Unpin> Opening<T> {
    /// Reads a request, within the time of [`Timeouts::opening`](crate::Timeouts::opening). One that is
    /// malformed or late is answered.
    ///
    /// **Cancel safe** in the sense that nothing is left behind: the stream is dropped.
    ///
    /// # Errors
    ///
    /// [`AcceptError::Request`], [`Deadline`](AcceptError::Deadline), [`Disconnected`](AcceptError::Disconnected) or
    /// [`Io`](AcceptError::Io).
    pub fn read(mut stream: T, options: &Options) -> impl Future<Output = Result<Self, AcceptError>> {
        Box::pin(async {
            let head = head::read(&mut stream, options).await?;
            Ok(match head.parsed.request(&head.bytes) {
                Request::WebSocket(_) => Self::WebSocket(Handshake { stream, head, stop: None }),
                Request::Http(_) => Self::Http(Plain::new(stream, head)),
            })
        })
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> Handshake<T> {
    /// Reads an opening handshake, as [`Opening::read`] does. A request of plain HTTP is answered 426, with a
    /// word on proxies that drop `Upgrade` where it looks like that.
    ///
    /// **Cancel safe** in the sense that nothing is left behind: the stream is dropped.
    ///
    /// # Errors
    ///
    /// As of `Opening::read`, and [`AcceptError::Http`].
    pub fn read(stream: T, options: &Options) -> impl Future<Output = Result<Self, AcceptError>> {
        Box::pin(async {
            match Opening::read(stream, options).await? {
                Opening::WebSocket(handshake) => Ok(handshake),
                Opening::Http(plain) => {
                    plain.require_upgrade().await?;
                    Err(AcceptError::Http)
                }
            }
        })
    }

    /// Accepts the handshake, and returns the connection. What the client sent behind its request is not lost.
    ///
    /// **Cancel safe** in the sense that nothing is left behind: the stream is dropped.
    ///
    /// # Errors
    ///
    /// [`AcceptError::Origin`] for a foreign page; [`Misuse`](AcceptError::Misuse) for header fields that
    /// can't be sent. The client was answered. [`Deadline`](AcceptError::Deadline) and
    /// [`Io`](AcceptError::Io) if the answer can't be written.
    pub fn accept(self, accept: Accept<'_>) -> impl Future<Output = Result<WebSocket<T>, AcceptError>> {
        Box::pin(self.open(accept))
    }

    async fn open(mut self, accept: Accept<'_>) -> Result<WebSocket<T>, AcceptError> {
        let options = accept.options(&self.head.options);
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
                self.refuse(status, body).await?;
                return Err(error);
            }
        };
        head::send(&mut self.stream, &bytes, options).await?;
        let received = self.head.bytes.get(self.head.parsed.end()..).unwrap_or_default();
        let mut socket = WebSocket::from_upgraded(self.stream, Server, received, agreed, options);
        socket.inner.way.stop = self.stop;
        Ok(socket)
    }

    /// Refuses the handshake with a status and a body of text, and ends the stream.
    ///
    /// **Cancel safe** in the sense that nothing is left behind: the stream is dropped.
    ///
    /// # Errors
    ///
    /// [`AcceptError::Misuse`] for a status that refuses nothing: it is 300 to 599.
    /// [`Deadline`](AcceptError::Deadline) and [`Io`](AcceptError::Io) if the answer can't be written.
    pub async fn refuse(self, status: u16, body: impl AsRef<[u8]>) -> Result<(), AcceptError> {
        let headers: &[(&str, &[u8])] = &[("Content-Type", b"text/plain")];
        self.answer(Answer::new(status, headers, body.as_ref()).map_err(AcceptError::Misuse)?).await
    }

    /// Sends another answer, with fields of its own: a redirect, a challenge. Ends the stream.
    ///
    /// **Cancel safe** in the sense that nothing is left behind: the stream is dropped.
    ///
    /// # Errors
    ///
    /// [`AcceptError::Deadline`] and [`Io`](AcceptError::Io) if the answer can't be written.
    pub async fn answer(mut self, answer: Answer<'_>) -> Result<(), AcceptError> {
        Box::pin(head::answer(&mut self.stream, answer, &self.head.options)).await
    }
}

impl<T> Handshake<T> {
    /// Returns the engine's view of the handshake, which has all that was read.
    pub fn request(&self) -> ServerHandshake<'_> {
        match self.head.parsed.request(&self.head.bytes) {
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

    pub(super) fn stop_with(&mut self, stop: Stop) {
        self.stop = Some(stop);
    }
}
