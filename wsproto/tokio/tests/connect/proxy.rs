use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_wsproto::backoff::Lost;
use tokio_wsproto::{Connect, ConnectError, Fault, Message, Options, ProxyError, Step, Timeouts};

use crate::support::{echo_server, read_head, scripted};

/// An HTTP proxy for one tunnel to `server`; returns the request.
async fn http_proxy(server: SocketAddr) -> (SocketAddr, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let request = tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let request = read_head(&mut client).await;
        client
            .write_all(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200 Connection established\r\n\r\n")
            .await
            .unwrap();
        tunnel(client, server);
        request
    });
    (address, request)
}

fn tunnel(mut client: TcpStream, server: SocketAddr) {
    tokio::spawn(async move {
        let mut server = TcpStream::connect(server).await.unwrap();
        let _ = copy_bidirectional(&mut client, &mut server).await;
    });
}

/// A SOCKS proxy for one tunnel to `server`, which wants this user and password, if any; returns the request.
async fn socks_proxy(
    server: SocketAddr,
    user: Option<(&'static str, &'static str)>,
    code: u8,
) -> (SocketAddr, JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let request = tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        assert_eq!(client.read_u8().await.unwrap(), 5);
        let methods = take(&mut client).await;
        match user {
            None => client.write_all(&[5, 0]).await.unwrap(),
            Some(_) if !methods.contains(&2) => {
                client.write_all(&[5, 0xff]).await.unwrap();
                return Vec::new();
            }
            Some((name, password)) => {
                client.write_all(&[5, 2]).await.unwrap();
                assert_eq!(client.read_u8().await.unwrap(), 1);
                let given = (take(&mut client).await, take(&mut client).await);
                let is_known = given == (name.into(), password.into());
                client.write_all(&[1, u8::from(!is_known)]).await.unwrap();
                if !is_known {
                    return Vec::new();
                }
            }
        }
        let mut request = vec![0; 4];
        client.read_exact(&mut request).await.unwrap();
        let len = match request[3] {
            1 => 4,
            4 => 16,
            _ => usize::from(client.read_u8().await.unwrap()),
        };
        request.resize(4 + len + 2, 0);
        client.read_exact(&mut request[4..]).await.unwrap();
        // With each kind of address.
        let bound: &[u8] = match request[3] {
            1 => &[1, 127, 0, 0, 1],
            4 => &[4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
            _ => b"\x03\x05proxy",
        };
        client.write_all(&[&[5, code, 0], bound, &[0, 80]].concat()).await.unwrap();
        tunnel(client, server);
        request
    });
    (address, request)
}

/// The bytes behind their number.
async fn take(client: &mut TcpStream) -> Vec<u8> {
    let mut bytes = vec![0; usize::from(client.read_u8().await.unwrap())];
    client.read_exact(&mut bytes).await.unwrap();
    bytes
}

async fn talk(client: &Connect) {
    let mut socket = client.connect().await.unwrap();
    socket.send("through").await.unwrap();
    assert_eq!(socket.recv().await.unwrap(), Some(Message::from("through")));
}

#[tokio::test]
async fn an_http_proxy_is_asked_for_a_tunnel() {
    let (proxy, request) = http_proxy(echo_server()).await;
    talk(&Connect::new("ws://chat.example/x").proxy(format!("http://Aladdin:open%20sesame@{proxy}"))).await;
    let expected = "CONNECT chat.example:80 HTTP/1.1\r\nHost: chat.example:80\r\n\
        Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n";
    assert_eq!(request.await.unwrap(), expected);

    let (proxy, request) = http_proxy(echo_server()).await;
    talk(
        &Connect::new("ws://chat.example/x").address("[::1]:8080".parse().unwrap()).proxy(proxy.to_string()),
    )
    .await;
    assert_eq!(request.await.unwrap(), "CONNECT [::1]:8080 HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n");
}

#[tokio::test]
async fn an_http_proxy_that_refuses_is_told_from_a_server_that_does() {
    let (proxy, _requests) = scripted(["HTTP/1.1 407 Who?\r\nContent-Length: 2\r\n\r\nno"]).await;
    let error =
        Connect::new("ws://chat.example").proxy(format!("http://{proxy}")).connect().await.unwrap_err();
    assert_eq!(error.to_string(), "the proxy answered 407 Who?");
    assert_eq!(error.lost(), Some(Lost::Refused { status: 407 }));
    assert_eq!(error.fault(), Fault::Transport);
    match error {
        ConnectError::Proxy(ProxyError::Refused(refused)) => {
            assert_eq!((refused.status(), refused.body()), (407, &b"no"[..]));
        }
        error => panic!("{error:?}"),
    }
    for (answer, is_disconnected) in [("HTTP/1.1 200 OK\r\n\r\nearly", false), ("SSH-2.0", false)] {
        let (proxy, _requests) = scripted([answer]).await;
        let error = Connect::new("ws://a").proxy(format!("http://{proxy}")).connect().await.unwrap_err();
        assert!(
            matches!(error, ConnectError::Proxy(ProxyError::Malformed(_))) != is_disconnected,
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_socks_proxy_resolves_the_name() {
    let (proxy, request) = socks_proxy(echo_server(), None, 0).await;
    talk(&Connect::new("ws://chat.example/x").proxy(format!("socks5://{proxy}"))).await;
    assert_eq!(request.await.unwrap(), b"\x05\x01\x00\x03chat.example\x00\x50");
}

#[tokio::test]
async fn a_socks_proxy_is_told_addresses_as_such() {
    let (proxy, request) = socks_proxy(echo_server(), None, 0).await;
    talk(&Connect::new("ws://10.1.2.3:258/").proxy(format!("socks5://{proxy}"))).await;
    assert_eq!(request.await.unwrap(), b"\x05\x01\x00\x01\x0a\x01\x02\x03\x01\x02");

    let (proxy, request) = socks_proxy(echo_server(), None, 0).await;
    talk(&Connect::new("ws://[::1]/").proxy(format!("socks5h://{proxy}"))).await;
    assert_eq!(request.await.unwrap(), b"\x05\x01\x00\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x00\x50");
}

#[tokio::test]
async fn a_socks_proxy_may_want_to_know_its_user() {
    let user = Some(("me", "p:w"));
    let (proxy, _request) = socks_proxy(echo_server(), user, 0).await;
    talk(&Connect::new("ws://chat.example").proxy(format!("socks5://me:p%3aw@{proxy}"))).await;

    // A user for a proxy that doesn't ask.
    let (proxy, _request) = socks_proxy(echo_server(), None, 0).await;
    talk(&Connect::new("ws://chat.example").proxy(format!("socks5://me:x@{proxy}"))).await;

    let (proxy, _request) = socks_proxy(echo_server(), user, 0).await;
    let error = Connect::new("ws://a").proxy(format!("socks5://me:x@{proxy}")).connect().await.unwrap_err();
    assert!(matches!(error, ConnectError::Proxy(ProxyError::UserUnknown)), "{error:?}");

    let (proxy, _request) = socks_proxy(echo_server(), user, 0).await;
    let error = Connect::new("ws://a").proxy(format!("socks5://{proxy}")).connect().await.unwrap_err();
    assert!(matches!(error, ConnectError::Proxy(ProxyError::UserNeeded)), "{error:?}");

    let (proxy, _request) = socks_proxy(echo_server(), user, 0).await;
    let error = Connect::new("ws://a").proxy(format!("socks5://me@{proxy}")).connect().await.unwrap_err();
    assert!(matches!(error, ConnectError::Proxy(ProxyError::Length)), "{error:?}");
}

#[tokio::test]
async fn a_socks_proxy_says_why_there_is_no_connection() {
    let (proxy, _request) = socks_proxy(echo_server(), None, 5).await;
    let error = Connect::new("ws://a").proxy(format!("socks5://{proxy}")).connect().await.unwrap_err();
    assert_eq!(error.to_string(), "the proxy makes no connection to the server: the connection was refused");
    assert!(matches!(error, ConnectError::Proxy(ProxyError::Socks(reply)) if reply.code() == 5), "{error:?}");
}

#[tokio::test]
async fn a_proxy_that_is_not_there_or_silent_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let options = Options::new().with_timeouts(Timeouts::new().with_opening(Some(Duration::from_millis(50))));
    for scheme in ["http", "socks5"] {
        let client = Connect::new("ws://a").options(options.clone()).proxy(format!("{scheme}://{address}"));
        let error = client.connect().await.unwrap_err();
        assert!(matches!(error, ConnectError::Deadline(Step::Proxy)), "{error:?}");
    }
    drop(listener);
    let error = Connect::new("ws://a").proxy(format!("http://{address}")).connect().await.unwrap_err();
    assert!(matches!(error, ConnectError::Proxy(ProxyError::Unreachable(_))), "{error:?}");

    let error = Connect::new("ws://a").proxy("socks4://proxy").connect().await.unwrap_err();
    assert!(matches!(error, ConnectError::Proxy(ProxyError::Url)), "{error:?}");
    assert_eq!((error.fault(), error.lost()), (Fault::Caller, None));
}

/// A test can't change its environment, so it runs itself in another.
#[tokio::test]
async fn the_environment_names_the_proxy_when_asked() {
    const NAME: &str = "proxy::the_environment_names_the_proxy_when_asked";
    if std::env::var_os("WSPROTO_TEST_INNER").is_some() {
        talk(&Connect::new("ws://chat.example/").proxy_from_env()).await;
        // Not unless asked.
        let direct = echo_server();
        talk(&Connect::new("ws://chat.example/").address(direct)).await;
        // Not for this host.
        talk(&Connect::new("ws://direct.example/").address(direct).proxy_from_env()).await;
        return;
    }
    let (proxy, request) = http_proxy(echo_server()).await;
    let mut inner = std::process::Command::new(std::env::current_exe().unwrap());
    inner
        .args([NAME, "--exact"])
        .env("WSPROTO_TEST_INNER", "1")
        .env("NO_PROXY", "direct.example")
        .env_remove("no_proxy");
    inner.env_remove("ws_proxy").env_remove("WS_PROXY").env("http_proxy", format!("http://{proxy}"));
    let output = tokio::task::spawn_blocking(move || inner.output().unwrap()).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(request.await.unwrap().starts_with("CONNECT chat.example:80 HTTP/1.1\r\n"));
}
