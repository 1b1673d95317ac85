//! Connections behind hyper (version 1), over HTTP/1.1, and with the feature `h2` over HTTP/2.
//!
//! Over HTTP/1.1 serve with `with_upgrades`, over HTTP/2 with `enable_connect_protocol`.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{Extensions, Request, Response};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Refusal;
use super::decide::Head;
use crate::{Accept, AcceptError, Agreed, Options, Server, WebSocket};

/// Accepts an opening handshake that hyper read: checks it and its Origin, and chooses of what it offers.
///
/// Returns the response to send, 101 or over HTTP/2 200, and a future of the connection that is ready once
/// hyper has sent that. Await it in a task of its own: hyper sends the response when the service has returned
/// it.
///
/// # Errors
///
/// [`Refusal`], which has the response to send: for a request of plain HTTP 426, for a page of a foreign Origin 403.
///
/// # Examples
///
/// ```
/// use hyper::body::Incoming;
/// use hyper::{Request, Response};
/// use tokio_wsproto::{Accept, Error, Options, upgrade};
///
/// async fn serve(mut request: Request<Incoming>) -> Result<Response<String>, std::convert::Infallible> {
///     if request.uri().path() != "/chat" {
///         return Ok(Response::new("<h1>Hello</h1>".to_owned()));
///     }
///     let accept = Accept::new().with_subprotocols(&["json"]);
///     match upgrade::accept(&mut request, &accept, &Options::new()) {
///         Ok((response, upgrade)) => {
///             tokio::spawn(async {
///                 let Ok(mut socket) = upgrade.await else { return Ok(()) };
///                 while let Some(message) = socket.recv().await? {
///                     socket.feed(message)?;
///                 }
///                 Ok::<_, Error>(())
///             });
///             Ok(response)
///         }
///         Err(refusal) => Ok(refusal.into_response()),
///     }
/// }
/// ```
pub fn accept<B>(
    request: &mut Request<B>,
    accept: &Accept<'_>,
    options: &Options,
) -> Result<(Response<String>, Upgrade), Refusal> {
    let on_upgrade = request.extensions_mut().remove::<OnUpgrade>();
    let head = Head {
        method: request.method(),
        uri: request.uri(),
        version: request.version(),
        headers: request.headers(),
        protocol: protocol(request.extensions()),
    };
    accept_head(&head, on_upgrade, accept, options)
}

pub(super) fn accept_head(
    head: &Head<'_>,
    on_upgrade: Option<OnUpgrade>,
    accept: &Accept<'_>,
    options: &Options,
) -> Result<(Response<String>, Upgrade), Refusal> {
    let (response, agreed) = head.accept(accept, options)?;
    let Some(on_upgrade) = on_upgrade else {
        let error =
            io::Error::new(io::ErrorKind::Unsupported, "hyper serves this connection without upgrades");
        return Err(Refusal::text(AcceptError::Io(error), 500, "the server is at fault\n"));
    };
    Ok((response, Upgrade { ready: on_upgrade, agreed, options: accept.options(options).clone() }))
}

#[cfg(feature = "h2")]
pub(super) fn protocol(extensions: &Extensions) -> Option<&str> {
    extensions.get().map(hyper::ext::Protocol::as_str)
}

#[cfg(not(feature = "h2"))]
pub(super) const fn protocol(_: &Extensions) -> Option<&str> {
    None
}

/// A connection that hyper is about to hand over; await it.
///
/// **Cancel safety**: a future that is dropped drops the connection.
///
/// # Errors
///
/// [`AcceptError::Io`] if hyper could not send the response.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Upgrade {
    ready: OnUpgrade,
    agreed: Agreed,
    options: Options,
}

impl Future for Upgrade {
    type Output = Result<WebSocket<Upgraded>, AcceptError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let upgraded = ready!(Pin::new(&mut self.ready).poll(cx)).map_err(io::Error::other)?;
        let stream = Upgraded(TokioIo::new(upgraded));
        let agreed = std::mem::take(&mut self.agreed);
        Poll::Ready(Ok(WebSocket::from_upgraded(stream, Server, b"", agreed, &self.options)))
    }
}

/// A connection that was hyper's, or over HTTP/2 a stream of one.
#[derive(Debug)]
pub struct Upgraded(TokioIo<hyper::upgrade::Upgraded>);

impl Upgraded {
    /// Returns what hyper handed over.
    pub fn get_ref(&self) -> &hyper::upgrade::Upgraded {
        self.0.inner()
    }
}

impl AsyncRead for Upgraded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Upgraded {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
