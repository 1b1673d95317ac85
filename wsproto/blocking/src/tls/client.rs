//! The client's side of TLS' handshake, by rustls.

use std::sync::Arc;
use std::{fmt, io};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use wsproto::handshake::{Url, UrlError};

use super::MaybeTls;
use crate::connect::Progress;
use crate::patience::Until;
use crate::{ConnectError, Input, Output};

/// The protocol that is spoken within TLS ([RFC 7301 §6]).
///
/// [RFC 7301 §6]: https://www.rfc-editor.org/rfc/rfc7301#section-6
const ALPN: &[u8] = b"http/1.1";

/// A configuration of the program's own, or that of the features.
#[derive(Clone, Default)]
pub(crate) struct Tls(Option<Arc<ClientConfig>>);

/// What TLS' handshake takes.
pub(crate) struct TlsClient {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

impl Tls {
    pub(crate) fn new(mut config: Arc<ClientConfig>) -> Self {
        if config.alpn_protocols != [ALPN] {
            Arc::make_mut(&mut config).alpn_protocols = vec![ALPN.to_vec()];
        }
        Self(Some(config))
    }

    /// Returns what TLS' handshake takes, or `None` if the URL asks for none.
    pub(crate) fn client(&self, url: &Url<'_>) -> Result<Option<TlsClient>, ConnectError> {
        if !url.is_secure() {
            return Ok(None);
        }
        let name = ServerName::try_from(url.server_name()).map_err(|_| UrlError::Host)?.to_owned();
        let config = match &self.0 {
            Some(config) => Arc::clone(config),
            None => default_config()?,
        };
        Ok(Some(TlsClient { config, name }))
    }
}

impl TlsClient {
    pub(crate) fn connect<T: Input + Output>(
        self,
        stream: T,
        progress: &Progress,
    ) -> Result<MaybeTls<T>, ConnectError> {
        let of_tls = |error| ConnectError::Tls(io::Error::other(error));
        let connection = ClientConnection::new(self.config, self.name).map_err(of_tls)?;
        let mut stream = StreamOwned::new(connection, stream);
        let shaken = stream.conn.complete_io(&mut Until::new(&mut stream.sock, progress.deadline));
        shaken.map_err(|error| {
            if is_of_tls(&error) { ConnectError::Tls(error) } else { progress.of_stream(error) }
        })?;
        Ok(MaybeTls::tls(stream))
    }
}

fn is_of_tls(error: &io::Error) -> bool {
    error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<rustls::Error>)
}

#[cfg(not(any(feature = "rustls-webpki-roots", feature = "rustls-native-roots")))]
fn default_config() -> Result<Arc<ClientConfig>, ConnectError> {
    Err(ConnectError::TlsMissing)
}

/// Returns the configuration of the features, which is made once.
#[cfg(any(feature = "rustls-webpki-roots", feature = "rustls-native-roots"))]
fn default_config() -> Result<Arc<ClientConfig>, ConnectError> {
    static CONFIG: std::sync::OnceLock<Arc<ClientConfig>> = std::sync::OnceLock::new();
    if let Some(config) = CONFIG.get() {
        return Ok(Arc::clone(config));
    }
    let mut roots = rustls::RootCertStore::empty();
    #[cfg(feature = "rustls-native-roots")]
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    #[cfg(feature = "rustls-webpki-roots")]
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    if roots.is_empty() {
        return Err(ConnectError::Roots);
    }
    // Named, since with two providers in a program rustls doesn't choose and panics.
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let builder = builder
        .with_safe_default_protocol_versions()
        .map_err(|error| ConnectError::Tls(io::Error::other(error)))?;
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok(Arc::clone(CONFIG.get_or_init(|| Arc::new(config))))
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Tls(own)" } else { "Tls(default)" })
    }
}
