//! Connections over HTTP/2 ([RFC 8441]), by the h2 crate: each is a stream, and a TCP connection has many of them.
//!
//! A server makes its connections with
//! [`enable_connect_protocol`](h2::server::Builder::enable_connect_protocol). A client opens a stream with
//! [`Connect::over_http2`](crate::Connect::over_http2).
//!
//! [RFC 8441]: https://www.rfc-editor.org/rfc/rfc8441

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::ext::Protocol;
use h2::server::SendResponse;
use h2::{RecvStream, SendStream};
use http::{Method, Request, Response};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::decide::Head;
use crate::{Accept, AcceptError, Options, Server, WebSocket};

/// Tells whether a request is the opening handshake of a WebSocket: an extended CONNECT of this protocol
/// ([RFC 8441 §5]).
///
/// [RFC 8441 §5]: https://www.rfc-editor.org/rfc/rfc8441#section-5
pub fn is_websocket<B>(request: &Request<B>) -> bool {
    let protocol = request.extensions().get().map(Protocol::as_str);
    request.method() == Method::CONNECT && protocol.is_some_and(|name| name.eq_ignore_ascii_case("websocket"))
}

/// Accepts an opening handshake: checks it and its Origin, chooses of what it offers, and answers.
///
/// # Errors
///
/// [`AcceptError`]; the client was answered: a request that is no handshake with 400, or 501 for another
/// protocol, a page of a foreign Origin with 403.
///
/// # Examples
///
/// ```no_run
/// use tokio_wsproto::{Accept, Options, http2};
///
/// # async fn serve(stream: tokio::net::TcpStream) -> Result<(), Box<dyn std::error::Error>> {
/// let mut builder = h2::server::Builder::new();
/// let mut connection = builder.enable_connect_protocol().handshake(stream).await?;
/// while let Some(request) = connection.accept().await {
///     let (request, respond) = request?;
///     let Ok(mut socket) = http2::accept(request, respond, &Accept::new(), &Options::new()) else { continue };
///     tokio::spawn(async move {
///         while let Ok(Some(message)) = socket.recv().await {
///             let _ = socket.feed(message);
///         }
///     });
/// }
/// # Ok(())
/// # }
/// ```
pub fn accept(
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    accept: &Accept<'_>,
    options: &Options,
) -> Result<WebSocket<Stream>, AcceptError> {
    let head = Head {
        method: request.method(),
        uri: request.uri(),
        version: request.version(),
        headers: request.headers(),
        protocol: request.extensions().get().map(Protocol::as_str),
    };
    match head.accept(accept, options) {
        Ok((response, agreed)) => {
            let send = respond.send_response(response.map(drop), false).map_err(of_stream)?;
            let stream = Stream::new(request.into_body(), send);
            Ok(WebSocket::from_upgraded(stream, Server, b"", agreed, accept.options(options)))
        }
        Err(refusal) => {
            let (error, response) = refusal.into_parts();
            let (head, body) = response.into_parts();
            let mut send =
                respond.send_response(Response::from_parts(head, ()), body.is_empty()).map_err(of_stream)?;
            if !body.is_empty() {
                send.send_data(body.into(), true).map_err(of_stream)?;
            }
            Err(error)
        }
    }
}

/// A stream of HTTP/2 as a transport: bytes in, bytes out.
///
/// Its end is `END_STREAM`. If it is dropped before, h2 resets it with CANCEL, as [RFC 8441 §5] wants it.
///
/// [RFC 8441 §5]: https://www.rfc-editor.org/rfc/rfc8441#section-5
pub struct Stream {
    receive: RecvStream,
    /// What came and is not read yet.
    received: Bytes,
    send: SendStream<Bytes>,
}

impl Stream {
    pub(crate) const fn new(receive: RecvStream, send: SendStream<Bytes>) -> Self {
        Self { receive, received: Bytes::new(), send }
    }

    /// Returns the stream's number ([RFC 9113 §5.1.1]).
    ///
    /// [RFC 9113 §5.1.1]: https://www.rfc-editor.org/rfc/rfc9113#section-5.1.1
    pub fn id(&self) -> u32 {
        self.send.stream_id().into()
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // Not `if`: an empty DATA frame is not the end.
        while self.received.is_empty() {
            match ready!(self.receive.poll_data(cx)) {
                Some(data) => self.received = data.map_err(of_stream)?,
                None => return Poll::Ready(Ok(())),
            }
        }
        let n = self.received.len().min(buf.remaining());
        buf.put_slice(&self.received.split_to(n));
        // Only what the connection has taken may be sent anew.
        Poll::Ready(self.receive.flow_control().release_capacity(n).map_err(of_stream))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.send.reserve_capacity(bytes.len());
        while self.send.capacity() == 0 && !bytes.is_empty() {
            match ready!(self.send.poll_capacity(cx)) {
                Some(more) => drop(more.map_err(of_stream)?),
                None => return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
            }
        }
        let n = self.send.capacity().min(bytes.len());
        let sent = self.send.send_data(Bytes::copy_from_slice(&bytes[..n]), false);
        Poll::Ready(sent.map(|()| n).map_err(of_stream))
    }

    /// The task of the connection does it.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.send.send_data(Bytes::new(), true).map_err(of_stream))
    }
}

/// A stream that is reset is to HTTP/2 what a connection that is reset is to TCP ([RFC 8441 §5]).
///
/// [RFC 8441 §5]: https://www.rfc-editor.org/rfc/rfc8441#section-5
pub(crate) fn of_stream(error: h2::Error) -> io::Error {
    if error.is_io() {
        return error.into_io().unwrap_or_else(|| io::ErrorKind::BrokenPipe.into());
    }
    let kind = if error.is_reset() { io::ErrorKind::ConnectionReset } else { io::ErrorKind::Other };
    io::Error::new(kind, error)
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream").field("id", &self.id()).finish_non_exhaustive()
    }
}
