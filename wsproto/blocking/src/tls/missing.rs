//! Without the feature `rustls`: `wss` fails, before anything is sent.

use std::convert::Infallible;

use wsproto::handshake::Url;

use super::MaybeTls;
use crate::connect::Progress;
use crate::{ConnectError, Input, Output};

#[derive(Debug, Clone, Default)]
pub(crate) struct Tls(());

#[derive(Debug)]
pub(crate) struct TlsClient(Infallible);

impl Tls {
    /// Returns what TLS' handshake takes, or `None` if the URL asks for none.
    #[expect(clippy::unused_self, reason = "its sibling has a configuration")]
    pub(crate) fn client(&self, url: &Url<'_>) -> Result<Option<TlsClient>, ConnectError> {
        if url.is_secure() { Err(ConnectError::TlsMissing) } else { Ok(None) }
    }
}

impl TlsClient {
    pub(crate) fn connect<T: Input + Output>(self, _: T, _: &Progress) -> Result<MaybeTls<T>, ConnectError> {
        match self.0 {}
    }
}
