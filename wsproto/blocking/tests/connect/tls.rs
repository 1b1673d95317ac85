use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use wsproto_blocking::rustls::ClientConfig;
use wsproto_blocking::{CloseCode, Connect, ConnectError, Message, Options, RedirectError, Step, Timeouts};

use crate::support::{echo, read_head, scripted, tunnel};
use crate::tls_configs::{Tls, configs};

/// An echo by tungstenite behind TLS, for `localhost`, and a client that trusts it.
fn echo_server() -> (SocketAddr, Arc<ClientConfig>) {
    serve(|tls| {
        let mut tls = tls;
        tls.conn.complete_io(&mut tls.sock).map_err(|_| ()).ok();
        assert_eq!(tls.conn.alpn_protocol(), Some(&b"http/1.1"[..]));
        echo(tls);
    })
}

fn serve(talk: impl Fn(Tls) + Send + Sync + Copy + 'static) -> (SocketAddr, Arc<ClientConfig>) {
    let (server, client) = configs();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = crate::tls_configs::server(&server, stream.unwrap());
            thread::spawn(move || talk(stream));
        }
    });
    (address, client)
}

#[test]
fn a_client_talks_over_tls() {
    let (address, config) = echo_server();
    let url = format!("wss://localhost:{}/chat", address.port());
    let client = Connect::new(url).address(address).tls(config);
    let mut socket = client.connect().unwrap();
    assert!(socket.get_ref().is_tls());
    assert_eq!(socket.get_ref().get_ref().peer_addr().unwrap(), address);
    assert!(socket.get_ref().tls_connection().unwrap().peer_certificates().is_some());
    // Many records each way, and many in one read.
    for n in 0..100 {
        socket.feed(n.to_string()).unwrap();
    }
    socket.feed(vec![0x55; 300_000]).unwrap();
    for n in 0..100 {
        assert_eq!(socket.recv().unwrap(), Some(Message::from(n.to_string())));
    }
    assert_eq!(socket.recv().unwrap().unwrap().len(), 300_000);
    socket.close(CloseCode::NORMAL, "bye").unwrap();
    assert_eq!(socket.recv().unwrap(), None);
}

#[cfg(any(feature = "rustls-webpki-roots", feature = "rustls-native-roots"))]
#[test]
fn a_server_that_nobody_vouches_for_is_refused() {
    let (address, _config) = echo_server();
    let url = format!("wss://localhost:{}/", address.port());
    let error = Connect::new(url).address(address).connect().unwrap_err();
    match &error {
        ConnectError::Tls(inner) => assert_eq!(inner.kind(), std::io::ErrorKind::InvalidData),
        // A machine without certificates of authorities.
        ConnectError::Roots if cfg!(not(feature = "rustls-webpki-roots")) => return,
        error => panic!("{error:?}"),
    }
    assert!(error.to_string().contains("UnknownIssuer"), "{error}");
    assert_eq!(error.fault(), wsproto_blocking::Fault::Peer);
}

#[cfg(not(any(feature = "rustls-webpki-roots", feature = "rustls-native-roots")))]
#[test]
fn without_authorities_and_configuration_wss_is_an_error() {
    let error = Connect::new("wss://127.0.0.1:1/").connect().unwrap_err();
    assert!(matches!(error, ConnectError::TlsMissing), "{error:?}");
}

#[test]
fn a_certificate_for_another_name_is_refused() {
    let (address, config) = echo_server();
    let client = Connect::new("wss://example.com/").address(address).tls(config);
    let error = client.connect().unwrap_err();
    assert!(matches!(error, ConnectError::Tls(_)), "{error:?}");
    assert!(error.to_string().contains("not valid for name"), "{error}");
}

#[test]
fn who_speaks_no_tls_is_told_from_who_hangs_up() {
    let (_, config) = echo_server();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        let (mut plain, _) = listener.accept().unwrap();
        plain.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        drop(listener.accept().unwrap());
        // Then it is silent.
        (plain, listener.accept().unwrap())
    });
    let client = Connect::new("wss://localhost/").address(address).tls(config);
    let error = client.connect().unwrap_err();
    assert!(matches!(error, ConnectError::Tls(_)), "{error:?}");
    let error = client.connect().unwrap_err();
    assert!(matches!(error, ConnectError::Disconnected), "{error:?}");
    let options =
        Options::new().with_timeouts(Timeouts::new().with_opening(Some(Duration::from_millis(100))));
    let error = client.options(options).connect().unwrap_err();
    assert!(matches!(error, ConnectError::Deadline(Step::Tls)), "{error:?}");
    drop(server.join().unwrap());
}

#[test]
fn tls_goes_through_a_tunnel_that_the_program_made() {
    let (address, config) = echo_server();
    let (client_end, server_end) = crate::common::streams();
    tunnel(server_end, address);
    let mut socket = Connect::new("wss://localhost/").tls(config).over(client_end).unwrap();
    socket.send("x".repeat(10_000)).unwrap();
    assert_eq!(socket.recv().unwrap().unwrap().len(), 10_000);
}

#[test]
fn tls_goes_through_a_proxy() {
    let (address, config) = echo_server();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        assert!(read_head(&mut client).starts_with("CONNECT localhost:443 "));
        client.write_all(b"HTTP/1.1 200 \r\n\r\n").unwrap();
        tunnel(client, address);
    });
    let client = Connect::new("wss://localhost/").tls(config).proxy(format!("http://{proxy}"));
    let mut socket = client.connect().unwrap();
    socket.send("hidden").unwrap();
    assert_eq!(socket.recv().unwrap(), Some(Message::from("hidden")));
}

#[test]
fn no_redirect_leads_out_of_tls() {
    let (address, config) = serve(|mut tls| {
        let _ = tls.read(&mut [0; 4096]);
        tls.write_all(b"HTTP/1.1 301 Moved\r\nLocation: ws://localhost/\r\nContent-Length: 0\r\n\r\n")
            .unwrap();
    });
    let client = Connect::new("wss://localhost/").address(address).tls(Arc::clone(&config)).redirects(3);
    let error = client.connect().unwrap_err();
    assert!(matches!(error, ConnectError::Redirect(RedirectError::Downgrade)), "{error:?}");

    // Into it is the way to go.
    let (secure, config) = echo_server();
    let location = format!("wss://localhost:{}/", secure.port());
    let (plain, _requests) =
        scripted([format!("HTTP/1.1 301 Moved\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n")]);
    let client = Connect::new(format!("ws://{plain}/")).tls(config).redirects(1);
    // `localhost` may be ::1 first, where nobody listens: the second address is tried.
    assert!(client.connect().unwrap().get_ref().is_tls());
}
