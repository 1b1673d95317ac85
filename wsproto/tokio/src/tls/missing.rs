//! Without the feature `rustls`: `wss` fails, before anything is sent.

use std::convert::Infallible;

use wsproto::handshake::Url;

use super::Layer;
use crate::ConnectError;

#[derive(Debug, Clone, Default)]
pub(crate) struct Tls(());

#[derive(Debug)]
pub(crate) struct TlsClient(Infallible);

impl Tls {
    /// Returns what TLS' handshake takes, or `None` if the URL asks for none.
    #[allow(clippy::unused_async, clippy::unused_self)] // as its sibling is
    pub(crate) async fn client(&self, url: &Url<'_>) -> Result<Option<TlsClient>, ConnectError> {
        if url.is_secure() { Err(ConnectError::TlsMissing) } else { Ok(None) }
    }
}

impl TlsClient {
    #[allow(clippy::unused_async)]
    pub(crate) async fn connect<T>(self, _: T) -> Result<Layer<T>, ConnectError> {
        match self.0 {}
    }
}
