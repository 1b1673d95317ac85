//! A certificate that was made for a test.

use std::path::PathBuf;
use std::sync::Arc;

use base64::prelude::{BASE64_STANDARD, Engine};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::program::Program;

/// Files in PEM, which go with the test.
pub struct Files {
    folder: PathBuf,
    certificate: CertificateDer<'static>,
}

impl Files {
    pub fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("wsproto-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        let key = signing_key.serialize_der();
        for (name, label, der) in
            [("certificate", "CERTIFICATE", &cert.der()[..]), ("key", "PRIVATE KEY", &key)]
        {
            let body = BASE64_STANDARD.encode(der);
            let pem = format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n");
            std::fs::write(folder.join(format!("{name}.pem")), pem).unwrap();
        }
        Self { folder, certificate: cert.der().clone() }
    }

    pub fn path(&self, name: &str) -> String {
        self.folder.join(name).to_str().unwrap().to_owned()
    }

    /// Starts a server with them.
    pub fn serve(&self, path: &str) -> Program {
        Program::start_with(path, &[&self.path("certificate.pem"), &self.path("key.pem")])
    }

    /// A client's configuration, which trusts this certificate alone.
    pub fn client(&self, protocol: &[u8]) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        let mut config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![protocol.to_vec()];
        config.into()
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
