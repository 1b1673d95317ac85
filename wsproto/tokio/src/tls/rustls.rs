//! TLS by rustls.

use std::fmt;
use std::io;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{self, ClientConfig};
use wsproto::handshake::{Url, UrlError};

use super::Layer;
use crate::ConnectError;

/// The protocol that is spoken within TLS ([RFC 7301 §6]).
///
/// [RFC 7301 §6]: https://www.rfc-editor.org/rfc/rfc7301#section-6
const ALPN: &[u8] = b"http/1.1";

/// A configuration of the program's own, or that of the features.
#[derive(Clone, Default)]
pub(crate) struct Tls(Option<Arc<ClientConfig>>);

/// What TLS' handshake takes.
pub(crate) struct TlsClient {
    connector: TlsConnector,
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
    pub(crate) async fn client(&self, url: &Url<'_>) -> Result<Option<TlsClient>, ConnectError> {
        if !url.is_secure() {
            return Ok(None);
        }
        let name = ServerName::try_from(url.server_name()).map_err(|_| UrlError::Host)?.to_owned();
        let config = match &self.0 {
            Some(config) => Arc::clone(config),
            None => default_config().await?,
        };
        Ok(Some(TlsClient { connector: config.into(), name }))
    }
}

impl TlsClient {
    pub(crate) async fn connect<T>(self, stream: T) -> Result<Layer<T>, ConnectError>
    where
        T: AsyncRead + AsyncWrite + Unpin,
    {
        match self.connector.connect(self.name, stream).await {
            Ok(stream) => Ok(Layer::Tls(Box::new(stream))),
            Err(error) if is_of_tls(&error) => Err(ConnectError::Tls(error)),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(ConnectError::Disconnected),
            Err(error) => Err(ConnectError::Io(error)),
        }
    }
}

fn is_of_tls(error: &io::Error) -> bool {
    error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<rustls::Error>)
}

#[cfg(not(any(feature = "rustls-webpki-roots", feature = "rustls-native-roots")))]
#[allow(clippy::unused_async)] // as its sibling is
async fn default_config() -> Result<Arc<ClientConfig>, ConnectError> {
    Err(ConnectError::TlsMissing)
}

#[cfg(any(feature = "rustls-webpki-roots", feature = "rustls-native-roots"))]
use roots::default_config;

#[cfg(any(feature = "rustls-webpki-roots", feature = "rustls-native-roots"))]
mod roots {
    use std::sync::{Arc, OnceLock};

    use tokio_rustls::rustls::crypto::ring;
    use tokio_rustls::rustls::{ClientConfig, RootCertStore};

    use super::ALPN;
    use crate::ConnectError;

    /// Returns the configuration of the features, which is made once.
    pub(super) async fn default_config() -> Result<Arc<ClientConfig>, ConnectError> {
        static CONFIG: OnceLock<Arc<ClientConfig>> = OnceLock::new();
        if let Some(config) = CONFIG.get() {
            return Ok(Arc::clone(config));
        }
        // Some systems take their time to list the authorities.
        let made = tokio::task::spawn_blocking(make).await;
        let config = made.map_err(|gone| ConnectError::Io(gone.into()))??;
        Ok(Arc::clone(CONFIG.get_or_init(|| config)))
    }

    fn make() -> Result<Arc<ClientConfig>, ConnectError> {
        let mut roots = RootCertStore::empty();
        #[cfg(feature = "rustls-native-roots")]
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        #[cfg(feature = "rustls-webpki-roots")]
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        if roots.is_empty() {
            return Err(ConnectError::Roots);
        }
        // Named, since with two providers in a program rustls doesn't choose and panics.
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder
            .with_safe_default_protocol_versions()
            .map_err(|error| ConnectError::Tls(std::io::Error::other(error)))?;
        let mut config = builder.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![ALPN.to_vec()];
        Ok(Arc::new(config))
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Tls(own)" } else { "Tls(default)" })
    }
}
