//! rustls' configurations, for the certificate of a plan: it is the server's, and all that the client trusts.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use serde::Deserialize;

use crate::Result;

/// Files in PEM.
#[derive(Debug, Deserialize)]
pub struct Tls {
    certificate: PathBuf,
    key: PathBuf,
}

impl Tls {
    /// # Errors
    ///
    /// If the certificate can't be read.
    pub fn client(&self) -> Result<Arc<ClientConfig>> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(&self.certificate)?)?;
        Ok(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth().into())
    }

    /// # Errors
    ///
    /// If the certificate or its key can't be read.
    pub fn server(&self) -> Result<Arc<ServerConfig>> {
        let chain = vec![CertificateDer::from_pem_file(&self.certificate)?];
        let key = PrivateKeyDer::from_pem_file(&self.key)?;
        Ok(ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key)?.into())
    }
}
