//! Certificates for `localhost`.

use std::net::TcpStream;
use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use wsproto_blocking::rustls::crypto::ring;
use wsproto_blocking::rustls::pki_types::PrivateKeyDer;
use wsproto_blocking::rustls::{ClientConfig, RootCertStore, ServerConfig, ServerConnection, StreamOwned};

pub type Tls = StreamOwned<ServerConnection, TcpStream>;

/// A server's configuration, and that of a client which trusts it. Both would speak h2.
pub fn configs() -> (Arc<ServerConfig>, Arc<ClientConfig>) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let provider = Arc::new(ring::default_provider());
    let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap();
    let mut server = server.with_no_client_auth().with_single_cert(vec![cert.der().clone()], key).unwrap();
    server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let mut roots = RootCertStore::empty();
    roots.add(cert.der().clone()).unwrap();
    let client = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut client = client.with_root_certificates(roots).with_no_client_auth();
    client.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    (Arc::new(server), Arc::new(client))
}

/// The server's side of a connection.
pub fn server(config: &Arc<ServerConfig>, stream: TcpStream) -> Tls {
    StreamOwned::new(ServerConnection::new(Arc::clone(config)).unwrap(), stream)
}
