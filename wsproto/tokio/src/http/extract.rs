//! An extractor of axum, with the methods of `axum::extract::ws`.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;

use axum_core::extract::FromRequestParts;
use axum_core::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, Method, Uri, Version};
use hyper::upgrade::OnUpgrade;
use wsproto::handshake::subprotocol;

use super::Refusal;
use super::decide::Head;
use super::upgrade::{accept_head, protocol};
use crate::{Accept, AcceptError, Options, WebSocket};

pub use super::upgrade::Upgraded;

/// An opening handshake, extracted from a request; every other request is refused.
///
/// Not as axum's own: pages of foreign Origins are refused, unless [`options`](Self::options) say otherwise,
/// and heartbeat, deadlines and compression are on. Route it with `any`, so that it works over HTTP/2 as
/// well.
///
/// | `axum::extract::ws` | here |
/// |---|---|
/// | `protocols`, `max_message_size`, `on_upgrade`, `on_failed_upgrade` | the same |
/// | `max_frame_size`, `max_write_buffer_size` | the same |
/// | `requested_protocols`, `selected_protocol` | the same, names and not header values |
/// | `set_selected_protocol` | `protocols` with this name alone |
/// | `read_buffer_size`, `write_buffer_size` | not there: buffers are the thread's; [`Options::with_high_water`] |
/// | `accept_unmasked_frames` | not there: [RFC 6455 §5.1] |
///
/// [RFC 6455 §5.1]: https://www.rfc-editor.org/rfc/rfc6455#section-5.1
///
/// # Examples
///
/// ```
/// use axum::response::Response;
/// use axum::{Router, routing::any};
/// use tokio_wsproto::extract::{Upgraded, WebSocketUpgrade};
/// use tokio_wsproto::{Error, WebSocket};
///
/// async fn chat(upgrade: WebSocketUpgrade) -> Response {
///     upgrade.protocols(["json"]).on_upgrade(async |socket| drop(echo(socket).await))
/// }
///
/// async fn echo(mut socket: WebSocket<Upgraded>) -> Result<(), Error> {
///     while let Some(message) = socket.recv().await? {
///         socket.feed(message)?;
///     }
///     Ok(())
/// }
///
/// let app: Router = Router::new().route("/chat", any(chat));
/// # let _ = app;
/// ```
pub struct WebSocketUpgrade {
    method: Method,
    uri: Uri,
    version: Version,
    headers: HeaderMap,
    protocol: Option<Box<str>>,
    on_upgrade: Option<OnUpgrade>,
    options: Options,
    subprotocols: Vec<Cow<'static, str>>,
    response_headers: Vec<(Cow<'static, str>, Vec<u8>)>,
    on_failed: Option<OnFailed>,
}

type OnFailed = Box<dyn FnOnce(AcceptError) + Send>;

impl WebSocketUpgrade {
    /// Sets the subprotocols that the server speaks, the preferred one first: of those, the first that the
    /// client offers is chosen.
    #[must_use]
    pub fn protocols<I>(mut self, protocols: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<Cow<'static, str>>,
    {
        self.subprotocols = protocols.into_iter().map(Into::into).collect();
        self
    }

    /// Iterates over the subprotocols that the client offers, its best first.
    pub fn requested_protocols(&self) -> impl Iterator<Item = &str> {
        let lists =
            self.headers.get_all("sec-websocket-protocol").iter().filter_map(|list| list.to_str().ok());
        // They are names with commas between, or this would have been refused.
        lists.flat_map(|list| list.split(',')).map(str::trim).filter(|name| !name.is_empty())
    }

    /// Sets the most bytes that a received message may have. Default: 1 MiB.
    #[must_use]
    pub fn max_message_size(mut self, bytes: usize) -> Self {
        self.options = self.options.with_max_message_size(u64::try_from(bytes).unwrap_or(u64::MAX));
        self
    }

    /// Returns the subprotocol that is chosen of those set and offered, if there is one.
    pub fn selected_protocol(&self) -> Option<&str> {
        let preferred: Vec<&str> = self.subprotocols.iter().map(|name| &**name).collect();
        let selected = subprotocol::select(&preferred, self.requested_protocols())?;
        self.subprotocols.iter().map(|name| &**name).find(|name| *name == selected)
    }

    /// Sets the most bytes that a received frame may have. Default: as a message.
    #[must_use]
    pub fn max_frame_size(mut self, bytes: usize) -> Self {
        let limits = self.options.limits().with_max_frame_payload(u64::try_from(bytes).unwrap_or(u64::MAX));
        self.options = self.options.with_limits(limits);
        self
    }

    /// Sets how many bytes may wait to be written before nothing more is queued. Default: 4 MiB.
    #[must_use]
    pub fn max_write_buffer_size(mut self, bytes: usize) -> Self {
        self.options = self.options.with_max_unsent(bytes);
        self
    }

    /// Sets limits, deadlines, compression and Origins.
    #[must_use]
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// Adds a header field to the response.
    #[must_use]
    pub fn header(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Vec<u8>>) -> Self {
        self.response_headers.push((name.into(), value.into()));
        self
    }

    /// Sets what is called if there is no connection after all, since the client went before it had its
    /// response. Default: nothing.
    #[must_use]
    pub fn on_failed_upgrade(mut self, callback: impl FnOnce(AcceptError) + Send + 'static) -> Self {
        self.on_failed = Some(Box::new(callback));
        self
    }

    /// Accepts, and returns the response. `callback` runs in a task of its own once that is sent.
    ///
    /// The response is a refusal if the page's Origin is foreign (403), or for a subprotocol or a header
    /// field that can't be sent (500).
    pub fn on_upgrade<C, F>(mut self, callback: C) -> Response
    where
        C: FnOnce(WebSocket<Upgraded>) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let on_upgrade = self.on_upgrade.take();
        let on_failed = self.on_failed.take();
        let subprotocols: Vec<&str> = self.subprotocols.iter().map(|name| &**name).collect();
        let headers = self.response_headers.iter();
        let accept = headers.fold(Accept::new().with_subprotocols(&subprotocols), |accept, (name, value)| {
            accept.with_header(name, value)
        });
        match accept_head(&self.head(), on_upgrade, &accept, &self.options) {
            Ok((response, upgrade)) => {
                tokio::spawn(async move {
                    match (upgrade.await, on_failed) {
                        (Ok(socket), _) => callback(socket).await,
                        (Err(error), Some(on_failed)) => on_failed(error),
                        (Err(_), None) => {}
                    }
                });
                response.into_response()
            }
            Err(refusal) => refusal.into_response().into_response(),
        }
    }

    fn head(&self) -> Head<'_> {
        Head {
            method: &self.method,
            uri: &self.uri,
            version: self.version,
            headers: &self.headers,
            protocol: self.protocol.as_deref(),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for WebSocketUpgrade {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let upgrade = Self {
            method: parts.method.clone(),
            uri: parts.uri.clone(),
            version: parts.version,
            headers: parts.headers.clone(),
            protocol: protocol(&parts.extensions).map(Box::from),
            on_upgrade: parts.extensions.remove(),
            options: Options::new(),
            subprotocols: Vec::new(),
            response_headers: Vec::new(),
            on_failed: None,
        };
        // What is no handshake is refused here; its Origin is not looked at before the options are known.
        upgrade.head().accept(&Accept::new(), &Options::new().any_origin())?;
        Ok(upgrade)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        Self::into_response(self).into_response()
    }
}

impl fmt::Debug for WebSocketUpgrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocketUpgrade")
            .field("uri", &self.uri)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
