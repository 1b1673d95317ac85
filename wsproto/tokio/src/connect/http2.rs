//! A connection as a stream of HTTP/2 ([RFC 8441]).
//!
//! [RFC 8441]: https://www.rfc-editor.org/rfc/rfc8441

use std::future::poll_fn;

use bytes::Bytes;
use h2::client::SendRequest;
use h2::ext::Protocol;
use wsproto::handshake::{self, ClientHandshake, HandshakeMisuse, Offer};

use super::progress::{Progress, limit};
use super::{Connect, ConnectError, Response, Step, Url, read_body};
use crate::http2::{Stream, of_stream};
use crate::{Agreed, Client, ThreadKeys, WebSocket};

impl Connect {
    /// Opens a stream of an HTTP/2 connection as a WebSocket ([RFC 8441 §5]), within
    /// [`Timeouts::opening`](crate::Timeouts::opening).
    ///
    /// The URL's scheme is told to the server, which is that of `client`; addresses, proxies, redirects and
    /// TLS mean nothing here. The server has to allow it in its settings: wait for these first.
    ///
    /// **Cancel safety**: a future that is dropped resets the stream.
    ///
    /// # Errors
    ///
    /// [`ConnectError::Http2`] if the server's settings, as far as they came, don't allow it, and as of
    /// [`connect`](Self::connect).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use tokio_wsproto::Connect;
    ///
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let stream = tokio::net::TcpStream::connect("localhost:8080").await?;
    /// let (client, mut connection) = h2::client::handshake(stream).await?;
    /// let mut ping = connection.ping_pong().ok_or("it is taken once")?;
    /// tokio::spawn(connection);
    /// // The server's settings come before its answer to this.
    /// ping.ping(h2::Ping::opaque()).await?;
    ///
    /// let mut socket = Connect::new("ws://localhost:8080/chat").over_http2(client).await?;
    /// socket.send("Hello").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// [RFC 8441 §5]: https://www.rfc-editor.org/rfc/rfc8441#section-5
    #[cfg_attr(docsrs, doc(cfg(feature = "h2")))]
    pub async fn over_http2(
        &self,
        client: SendRequest<Bytes>,
    ) -> Result<WebSocket<Stream, Client>, ConnectError> {
        self.over_http2_with_response(client).await.map(|(socket, _)| socket)
    }

    /// Opens a stream as [`over_http2`](Self::over_http2) does, and also returns the response that opened it.
    ///
    /// **Cancel safety**: a future that is dropped resets the stream.
    ///
    /// # Errors
    ///
    /// As of [`over_http2`](Self::over_http2).
    #[cfg_attr(docsrs, doc(cfg(feature = "h2")))]
    pub async fn over_http2_with_response(
        &self,
        client: SendRequest<Bytes>,
    ) -> Result<(WebSocket<Stream, Client>, Response), ConnectError> {
        let progress = Progress::new(Step::Handshake, &self.plan.options);
        let opened = limit(progress.deadline, Box::pin(self.open_stream(client, &progress))).await;
        opened.unwrap_or(Err(ConnectError::Deadline(Step::Handshake)))
    }

    async fn open_stream(
        &self,
        mut client: SendRequest<Bytes>,
        progress: &Progress,
    ) -> Result<(WebSocket<Stream, Client>, Response), ConnectError> {
        let url = Url::parse(&self.plan.url)?;
        let lists = self.plan.request(&url);
        let offer = lists.offer(url.authority(), "/");
        let target = if url.target().starts_with('?') {
            format!("/{}", url.target())
        } else {
            url.target().to_owned()
        };
        // HTTP/2 has names in lower case.
        let names: Vec<String> = offer.headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
        let values = offer.headers.iter().map(|(_, value)| *value);
        let headers: Vec<_> = names.iter().map(String::as_str).zip(values).collect();
        let offer = Offer { headers: &headers, ..lists.offer(url.authority(), &target) };
        let handshake = ClientHandshake::over_http2(offer)?;
        poll_fn(|cx| client.poll_ready(cx)).await.map_err(of_http2)?;
        if !client.is_extended_connect_protocol_enabled() {
            return Err(ConnectError::Http2);
        }

        let scheme = if url.is_secure() { "https" } else { "http" };
        let mut request = http::Request::builder()
            .method(handshake.method())
            .uri(format!("{scheme}://{}{target}", url.authority()))
            .extension(Protocol::from_static("websocket"));
        for (name, value) in handshake.headers() {
            request = request.header(name, value);
        }
        let request = request.body(()).map_err(|_| HandshakeMisuse::Target)?;
        let (response, send) = client.send_request(request, false).map_err(of_http2)?;
        let (head, receive) = response.await.map_err(of_http2)?.into_parts();
        let mut stream = Stream::new(receive, send);
        let fields = || head.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
        let response = handshake.verify(head.status.as_u16(), fields)?;
        let kept = Response::of(response.http());
        match response {
            handshake::Response::WebSocket(accepted) => {
                let agreed =
                    Agreed::new().with_subprotocol(accepted.subprotocol()).with_deflate(accepted.deflate());
                let keys = ThreadKeys::client();
                Ok((WebSocket::from_upgraded(stream, keys, b"", agreed, &self.plan.options), kept))
            }
            handshake::Response::Http(_) => {
                let refused = read_body(kept, &mut stream, Vec::new(), progress.deadline).await;
                Err(ConnectError::Refused(Box::new(refused)))
            }
        }
    }
}

fn of_http2(error: h2::Error) -> ConnectError {
    ConnectError::Io(of_stream(error))
}
