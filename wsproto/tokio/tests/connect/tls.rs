use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::TcpStream;
use tokio_wsproto::rustls::crypto::ring;
use tokio_wsproto::rustls::pki_types::PrivateKeyDer;
use tokio_wsproto::rustls::{ClientConfig, RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use tokio_wsproto::{
    CloseCode, Connect, ConnectError, Fault, Message, Options, ProxyError, RedirectError, Step, Timeouts,
};

use crate::support::{PATIENCE, echo, read_head, scripted};

/// An echo by tungstenite behind TLS, for `localhost`, and a client that trusts it.
fn echo_server() -> (SocketAddr, Arc<ClientConfig>) {
    serve(|tls| {
        let mut tls = tls;
        tls.conn.complete_io(&mut tls.sock).map_err(|_| ()).ok();
        assert_eq!(tls.conn.alpn_protocol(), Some(&b"http/1.1"[..]));
        echo(tls);
    })
}

type Tls = StreamOwned<ServerConnection, std::net::TcpStream>;

fn serve(talk: impl Fn(Tls) + Send + Sync + Copy + 'static) -> (SocketAddr, Arc<ClientConfig>) {
    let (server, client) = localhost();
    (serve_as(server, talk), client)
}

/// A server's certificate for `localhost`, and a client that trusts it.
fn localhost() -> (Arc<ServerConfig>, Arc<ClientConfig>) {
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
    // It would be h2 then.
    client.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    (Arc::new(server), Arc::new(client))
}

fn serve_as(server: Arc<ServerConfig>, talk: impl Fn(Tls) + Send + Sync + Copy + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = ServerConnection::new(Arc::clone(&server)).unwrap();
            let stream = StreamOwned::new(connection, stream.unwrap());
            thread::spawn(move || talk(stream));
        }
    });
    address
}

#[tokio::test]
async fn a_client_talks_over_tls() {
    let (address, config) = echo_server();
    let url = format!("wss://localhost:{}/chat", address.port());
    let client = Connect::new(url).address(address).tls(config);
    let mut socket = client.connect().await.unwrap();
    assert!(socket.get_ref().is_tls());
    assert_eq!(socket.get_ref().get_ref().peer_addr().unwrap(), address);
    assert!(socket.get_ref().tls_connection().unwrap().peer_certificates().is_some());
    // Many records each way, and many in one read.
    for n in 0..100 {
        socket.feed(n.to_string()).unwrap();
    }
    socket.feed(vec![0x55; 300_000]).unwrap();
    for n in 0..100 {
        assert_eq!(socket.recv().await.unwrap(), Some(Message::from(n.to_string())));
    }
    assert_eq!(socket.recv().await.unwrap().unwrap().len(), 300_000);
    socket.close(CloseCode::NORMAL, "bye").await.unwrap();
    assert_eq!(socket.recv().await.unwrap(), None);
}

#[cfg(any(feature = "rustls-webpki-roots", feature = "rustls-native-roots"))]
#[tokio::test]
async fn a_server_that_nobody_vouches_for_is_refused() {
    let (address, _config) = echo_server();
    let url = format!("wss://localhost:{}/", address.port());
    let error = Connect::new(url).address(address).connect().await.unwrap_err();
    match &error {
        ConnectError::Tls(inner) => assert_eq!(inner.kind(), ErrorKind::InvalidData),
        // A machine without certificates of authorities.
        ConnectError::Roots if cfg!(not(feature = "rustls-webpki-roots")) => return,
        error => panic!("{error:?}"),
    }
    assert!(error.to_string().contains("UnknownIssuer"), "{error}");
    assert_eq!(error.fault(), Fault::Peer);
}

#[cfg(not(any(feature = "rustls-webpki-roots", feature = "rustls-native-roots")))]
#[tokio::test]
async fn without_authorities_and_configuration_wss_is_an_error() {
    let error = Connect::new("wss://127.0.0.1:1/").connect().await.unwrap_err();
    assert!(matches!(error, ConnectError::TlsMissing), "{error:?}");
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let (address, config) = echo_server();
    let client = Connect::new("wss://example.com/").address(address).tls(config);
    let error = client.connect().await.unwrap_err();
    assert!(matches!(error, ConnectError::Tls(_)), "{error:?}");
    assert!(error.to_string().contains("not valid for name"), "{error}");
}

#[tokio::test]
async fn who_speaks_no_tls_is_told_from_who_hangs_up() {
    let (_, config) = echo_server();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let (mut plain, _) = listener.accept().await.unwrap();
        plain.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        drop(listener.accept().await.unwrap());
        // Then it is silent.
        (plain, listener.accept().await.unwrap())
    });
    let client = Connect::new("wss://localhost/").address(address).tls(config);
    let error = client.connect().await.unwrap_err();
    assert!(matches!(error, ConnectError::Tls(_)), "{error:?}");
    let error = client.connect().await.unwrap_err();
    assert!(matches!(error, ConnectError::Disconnected), "{error:?}");
    let options =
        Options::new().with_timeouts(Timeouts::new().with_opening(Some(Duration::from_millis(100))));
    let error = client.options(options).connect().await.unwrap_err();
    assert!(matches!(error, ConnectError::Deadline(Step::Tls)), "{error:?}");
    drop(server.await.unwrap());
}

#[tokio::test]
async fn tls_goes_through_a_tunnel_that_the_program_made() {
    let (address, config) = echo_server();
    let (client_end, mut server_end) = tokio::io::duplex(1000);
    tokio::spawn(async move {
        let mut server = TcpStream::connect(address).await.unwrap();
        let _ = copy_bidirectional(&mut server_end, &mut server).await;
    });
    let mut socket = Connect::new("wss://localhost/").tls(config).over(client_end).await.unwrap();
    socket.send("x".repeat(10_000)).await.unwrap();
    assert_eq!(socket.recv().await.unwrap().unwrap().len(), 10_000);
}

#[tokio::test]
async fn tls_goes_through_a_proxy() {
    let (address, config) = echo_server();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        assert!(read_head(&mut client).await.starts_with("CONNECT localhost:443 "));
        client.write_all(b"HTTP/1.1 200 \r\n\r\n").await.unwrap();
        let mut server = TcpStream::connect(address).await.unwrap();
        let _ = copy_bidirectional(&mut client, &mut server).await;
    });
    let client = Connect::new("wss://localhost/").tls(config).proxy(format!("http://{proxy}"));
    let mut socket = tokio::time::timeout(PATIENCE, client.connect()).await.unwrap().unwrap();
    socket.send("hidden").await.unwrap();
    assert_eq!(socket.recv().await.unwrap(), Some(Message::from("hidden")));
}

/// A proxy behind TLS, for one tunnel to `server`; returns the request.
async fn tls_proxy(
    config: Arc<ServerConfig>,
    server: SocketAddr,
    answer: &'static str,
) -> (SocketAddr, tokio::task::JoinHandle<String>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = listener.local_addr().unwrap();
    let request = tokio::spawn(async move {
        let (client, _) = listener.accept().await.unwrap();
        let accepting = tokio_rustls::TlsAcceptor::from(config).accept(client);
        let Ok(mut client) = accepting.await else { return String::new() };
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(client.read_u8().await.unwrap());
        }
        client.write_all(answer.as_bytes()).await.unwrap();
        client.flush().await.unwrap();
        tokio::spawn(async move {
            let Ok(mut server) = TcpStream::connect(server).await else { return };
            let _ = copy_bidirectional(&mut client, &mut server).await;
        });
        String::from_utf8(head).unwrap()
    });
    (proxy, request)
}

#[tokio::test]
async fn the_way_to_a_proxy_has_tls_whatever_goes_through_it() {
    let (server, client) = localhost();
    for scheme in ["ws", "wss"] {
        let address = match scheme {
            "ws" => crate::support::echo_server(),
            _ => serve_as(Arc::clone(&server), echo),
        };
        let (proxy, request) = tls_proxy(Arc::clone(&server), address, "HTTP/1.1 200 \r\n\r\n").await;
        let client = Connect::new(format!("{scheme}://localhost:1234/"))
            .tls(Arc::clone(&client))
            .proxy(format!("https://me:secret@localhost:{}", proxy.port()));
        let mut socket = tokio::time::timeout(PATIENCE, client.connect()).await.unwrap().unwrap();
        // What is asked for is whether the server is trusted.
        assert_eq!(socket.get_ref().is_tls(), scheme == "wss");
        assert_eq!(socket.get_ref().tls_connection().is_some(), scheme == "wss");
        assert_eq!(socket.get_ref().get_ref().peer_addr().unwrap(), proxy);
        let request = request.await.unwrap();
        assert!(request.starts_with("CONNECT localhost:1234 HTTP/1.1\r\n"), "{request}");
        assert!(request.contains("\r\nProxy-Authorization: Basic bWU6c2VjcmV0\r\n"), "{request}");
        socket.send("x".repeat(100_000)).await.unwrap();
        assert_eq!(socket.recv().await.unwrap().unwrap().len(), 100_000);
        socket.close(CloseCode::NORMAL, "").await.unwrap();
    }
}

#[tokio::test]
async fn a_proxy_that_is_not_trusted_or_refuses_is_told_from_the_server() {
    let (server, client) = localhost();
    let (_, stranger) = localhost();
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 1));
    let (proxy, _request) = tls_proxy(Arc::clone(&server), nowhere, "").await;
    let url = format!("https://localhost:{}", proxy.port());
    let error = Connect::new("ws://localhost/").tls(stranger).proxy(url).connect().await.unwrap_err();
    assert!(matches!(error, ConnectError::Proxy(ProxyError::Tls(_))), "{error:?}");
    assert!(error.to_string().starts_with("TLS to the proxy failed: "), "{error}");
    assert_eq!(error.fault(), Fault::Transport);

    let answer = "HTTP/1.1 407 \r\nContent-Length: 0\r\n\r\n";
    let (proxy, _request) = tls_proxy(server, nowhere, answer).await;
    let url = format!("https://localhost:{}", proxy.port());
    let error = Connect::new("wss://localhost/").tls(client).proxy(url).connect().await.unwrap_err();
    assert!(matches!(&error, ConnectError::Proxy(ProxyError::Refused(refused)) if refused.status() == 407));
}

#[cfg(not(any(feature = "rustls-webpki-roots", feature = "rustls-native-roots")))]
#[tokio::test]
async fn without_authorities_and_configuration_a_proxy_behind_tls_is_an_error() {
    let client = Connect::new("ws://localhost/").proxy("https://localhost:1");
    assert!(matches!(client.connect().await, Err(ConnectError::TlsMissing)));
}

#[tokio::test]
async fn no_redirect_leads_out_of_tls() {
    let (address, config) = serve(|mut tls| {
        use std::io::{Read, Write};
        let _ = tls.read(&mut [0; 4096]);
        tls.write_all(b"HTTP/1.1 301 Moved\r\nLocation: ws://localhost/\r\nContent-Length: 0\r\n\r\n")
            .unwrap();
    });
    let client = Connect::new("wss://localhost/").address(address).tls(Arc::clone(&config)).redirects(3);
    let error = client.connect().await.unwrap_err();
    assert!(matches!(error, ConnectError::Redirect(RedirectError::Downgrade)), "{error:?}");

    // Into it is the way to go.
    let (secure, config) = echo_server();
    let location = format!("wss://localhost:{}/", secure.port());
    let (plain, _requests) =
        scripted([format!("HTTP/1.1 301 Moved\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n")]).await;
    let client = Connect::new(format!("ws://{plain}/")).tls(config).redirects(1);
    // `localhost` may be ::1 first, where nobody listens: the second address is tried.
    assert!(client.connect().await.unwrap().get_ref().is_tls());
}

/// Every future is polled once and dropped, and made anew, with TLS between and a pipe that cuts records.
#[tokio::test]
async fn dropped_futures_lose_nothing_over_tls() {
    use std::future::{Future, poll_fn};
    use std::pin::pin;
    use std::task::Poll;

    async fn once<F: Future>(future: F) -> Option<F::Output> {
        let mut future = pin!(future);
        let polled = poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await;
        tokio::task::yield_now().await;
        match polled {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        }
    }

    let (address, config) = echo_server();
    let (client_end, mut server_end) = tokio::io::duplex(300);
    tokio::spawn(async move {
        let mut server = TcpStream::connect(address).await.unwrap();
        let _ = copy_bidirectional(&mut server_end, &mut server).await;
    });
    let mut socket = Connect::new("wss://localhost/").tls(config).over(client_end).await.unwrap();
    let message = |n: usize| format!("{n}-{}", "x".repeat(n * 37 % 1000));
    for n in 0..200 {
        socket.feed(message(n)).unwrap();
        if n % 3 == 0 {
            // Once polled, it is queued whole: not to be sent again.
            drop(once(socket.ping()).await);
            drop(once(socket.flush()).await);
        }
    }
    for n in 0..200 {
        let received = loop {
            if let Some(received) = once(socket.recv()).await {
                break received.unwrap();
            }
        };
        assert_eq!(received, Some(Message::from(message(n))));
    }
    while once(socket.close(CloseCode::NORMAL, "bye")).await.transpose().unwrap().is_none() {}
    assert_eq!(socket.close_code(), Some(CloseCode::NORMAL));
}
