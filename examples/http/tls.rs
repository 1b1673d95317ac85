//! TLS for a server, by rustls.

use std::path::Path;

use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, pem};

use crate::Error;

/// Makes the configuration of a server that speaks `protocol` alone ([RFC 7301]). `certificate` is a file in
/// PEM with a certificate and its chain, `key` one with its key.
///
/// # Errors
///
/// Which of the files can't be read, or that they don't belong together.
///
/// [RFC 7301]: https://www.rfc-editor.org/rfc/rfc7301
pub fn server(certificate: &str, key: &str, protocol: &[u8]) -> Result<ServerConfig, Error> {
    let chain = CertificateDer::pem_file_iter(certificate).and_then(Iterator::collect);
    let chain = chain.map_err(|error| unreadable(certificate, &error))?;
    let secret = PrivateKeyDer::from_pem_file(Path::new(key)).map_err(|error| unreadable(key, &error))?;
    let mut config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, secret)?;
    config.alpn_protocols = vec![protocol.to_vec()];
    Ok(config)
}

fn unreadable(file: &str, error: &pem::Error) -> Error {
    format!("{file}: {error}").into()
}
