//! wsproto-embedded over TLS by embedded-tls, against rustls below wsproto-blocking: TLS 1.3, the certificate verified.
//!
//! Here and not beside wsproto-embedded's other tests, since embedded-tls brings a generation of cryptography of its own.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use embedded_io::ErrorType;
use embedded_tls::pki::CertVerifier;
use embedded_tls::{
    Aes128GcmSha256, Certificate, CryptoProvider, CryptoRngCore, TlsClock, TlsConfig, TlsConnection,
    TlsContext, TlsError, TlsVerifier,
};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use wsproto_embedded::blocking::{Blocking, block_on};
use wsproto_embedded::rand_core::UnwrapErr;
use wsproto_embedded::{BlockingClock, CloseCode, Connect, Error, Message, Moment};

/// A TLS record has 16 KiB at most, and what encryption adds.
const RECORD: usize = 16_640;

type Tls<'b> = TlsConnection<'b, Blocking<Tcp>, Aes128GcmSha256>;

#[test]
fn a_conversation_in_messages_of_all_sizes() {
    let (certificate, address, serving) = serve(|mut socket| {
        while let Some(message) = socket.recv().unwrap() {
            socket.feed(message).unwrap();
        }
        assert_eq!(socket.close_reason(), Some("bye"));
    });
    block_on(async {
        let (mut read, mut write) = (vec![0; RECORD], vec![0; RECORD]);
        let tls = open(address, &certificate, &mut read, &mut write).await.unwrap();
        let mut memory: Box<[u8; 1 << 17]> = vec![0; 1 << 17].try_into().unwrap();
        let memory = (&mut *memory, [0; 300]);
        let random = UnwrapErr(getrandom::SysRng);
        let mut socket = Connect::new("localhost", "/").connect(tls, memory, clock(), random).await.unwrap();
        for len in [0, 1, 125, 126, 286, 287, 16_384, 16_385, 100_000] {
            let bytes: Vec<u8> = (0..=250).cycle().take(len).collect();
            socket.send(&bytes[..]).await.unwrap();
            let (message, _) = socket.read().await.unwrap().unwrap();
            assert_eq!(message, Message::Binary(&bytes));
        }
        socket.ping().await.unwrap();
        socket.send_fmt(format_args!("{}°", 21.5)).await.unwrap();
        assert_eq!(socket.read().await.unwrap().unwrap().0, Message::Text("21.5°"));
        assert!(socket.latency().is_some());
        // The server ends TLS and then TCP, and this waits for it.
        socket.close(CloseCode::NORMAL, "bye").await.unwrap();
        assert_eq!(socket.close_code(), Some(CloseCode::NORMAL));
    });
    serving.join().unwrap();
}

/// embedded-tls has an error for it, where other transports have an end.
#[test]
fn an_end_of_tls_without_a_close_frame_is_an_error_of_the_transport() {
    let (certificate, address, serving) = serve(|mut socket| {
        let tls = socket.get_mut();
        tls.conn.send_close_notify();
        tls.flush().unwrap();
    });
    block_on(async {
        let (mut read, mut write) = (vec![0; RECORD], vec![0; RECORD]);
        let tls = open(address, &certificate, &mut read, &mut write).await.unwrap();
        let random = UnwrapErr(getrandom::SysRng);
        let mut socket =
            Connect::new("localhost", "/").connect(tls, [0; 512], clock(), random).await.unwrap();
        let error = socket.read().await.map(|_| ()).unwrap_err();
        assert!(matches!(error, Error::Io(TlsError::ConnectionClosed)), "{error}");
    });
    serving.join().unwrap();
}

#[test]
fn a_server_whose_certificate_is_another_is_not_talked_to() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let serving = thread::spawn(move || {
        let (config, _) = config();
        let mut tls = StreamOwned::new(ServerConnection::new(config).unwrap(), accept(&listener));
        tls.read(&mut [0]).unwrap_err()
    });
    let (_, certificate) = config();
    block_on(async {
        let (mut read, mut write) = (vec![0; RECORD], vec![0; RECORD]);
        let Err(error) = open(address, &certificate, &mut read, &mut write).await else {
            panic!("it was trusted")
        };
        assert!(matches!(error, TlsError::InvalidCertificate | TlsError::InvalidSignature), "{error}");
    });
    serving.join().unwrap();
}

type Socket = wsproto_blocking::WebSocket<StreamOwned<ServerConnection, TcpStream>>;

/// Has a thread serve one connection. Returns what certificate it has, and where it is.
fn serve(handler: impl FnOnce(Socket) + Send + 'static) -> (Vec<u8>, SocketAddr, JoinHandle<()>) {
    let (config, certificate) = config();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let serving = thread::spawn(move || {
        let tls = StreamOwned::new(ServerConnection::new(config).unwrap(), accept(&listener));
        handler(wsproto_blocking::accept(tls).unwrap());
    });
    (certificate, address, serving)
}

fn accept(listener: &TcpListener) -> TcpStream {
    let stream = listener.accept().unwrap().0;
    wsproto_interop::set_up(&stream).unwrap();
    stream
}

/// A server's configuration, and its certificate in DER, which is signed by itself.
fn config() -> (Arc<ServerConfig>, Vec<u8>) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder().with_no_client_auth();
    let config = config.with_single_cert(vec![cert.der().clone()], key).unwrap();
    (Arc::new(config), cert.der().to_vec())
}

/// Opens TLS to `localhost`, whose certificate has to be this one.
async fn open<'b>(
    address: SocketAddr,
    certificate: &[u8],
    read: &'b mut [u8],
    write: &'b mut [u8],
) -> Result<Tls<'b>, TlsError> {
    let stream = TcpStream::connect(address).unwrap();
    wsproto_interop::set_up(&stream).unwrap();
    let mut tls = TlsConnection::new(Blocking(Tcp(stream)), read, write);
    let config = TlsConfig::new().with_server_name("localhost");
    let provider = Provider { verifier: CertVerifier::new(Certificate::X509(certificate)) };
    tls.open(TlsContext::new(&config, provider)).await?;
    Ok(tls)
}

/// What `embedded-tls` asks for: randomness by the traits of `rand_core` 0.6, and whom to trust.
struct Provider<'c> {
    verifier: CertVerifier<'c, Aes128GcmSha256, Now, 4096>,
}

impl CryptoProvider for Provider<'_> {
    type CipherSuite = Aes128GcmSha256;
    type Signature = [u8; 0]; // of a client's certificate, which there is none of

    fn rng(&mut self) -> impl CryptoRngCore {
        rand_core::OsRng
    }

    fn verifier(&mut self) -> Result<&mut impl TlsVerifier<Aes128GcmSha256>, TlsError> {
        Ok(&mut self.verifier)
    }
}

/// The time that certificates are valid at.
struct Now;

impl TlsClock for Now {
    fn now() -> Option<u64> {
        Some(SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs())
    }
}

/// The time that deadlines are kept by. No read is dropped, which embedded-tls would not forgive.
fn clock() -> BlockingClock<impl Fn() -> Moment> {
    let begun = Instant::now();
    BlockingClock(move || Moment::since_origin(begun.elapsed()))
}

/// A socket of this machine, with the traits of `embedded-io`.
struct Tcp(TcpStream);

impl ErrorType for Tcp {
    type Error = std::io::Error;
}

impl embedded_io::Read for Tcp {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(buf)
    }
}

impl embedded_io::Write for Tcp {
    fn write(&mut self, buf: &[u8]) -> std::io::Result<usize> {
        self.0.write(buf)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}
