use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::thread;
use std::time::Duration;

use std::net::TcpStream;
use std::thread::JoinHandle;
use wsproto_blocking::backoff::Lost;
use wsproto_blocking::{Connect, ConnectError, Fault, Message, Options, ProxyError, Step, Timeouts};

use crate::support::{echo_server, read_head, scripted, tunnel};

/// An HTTP proxy for one tunnel to `server`; returns the request.
fn http_proxy(server: SocketAddr) -> (SocketAddr, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let request = thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        let request = read_head(&mut client);
        client
            .write_all(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200 Connection established\r\n\r\n")
            .unwrap();
        tunnel(client, server);
        request
    });
    (address, request)
}

/// A SOCKS proxy for one tunnel to `server`, which wants this user and password, if any; returns the request.
fn socks_proxy(
    server: SocketAddr,
    user: Option<(&'static str, &'static str)>,
    code: u8,
) -> (SocketAddr, JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let request = thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        assert_eq!(byte(&mut client), 5);
        let methods = take(&mut client);
        match user {
            None => client.write_all(&[5, 0]).unwrap(),
            Some(_) if !methods.contains(&2) => {
                client.write_all(&[5, 0xff]).unwrap();
                return Vec::new();
            }
            Some((name, password)) => {
                client.write_all(&[5, 2]).unwrap();
                assert_eq!(byte(&mut client), 1);
                let given = (take(&mut client), take(&mut client));
                let is_known = given == (name.into(), password.into());
                client.write_all(&[1, u8::from(!is_known)]).unwrap();
                if !is_known {
                    return Vec::new();
                }
            }
        }
        let mut request = vec![0; 4];
        client.read_exact(&mut request).unwrap();
        let len = match request[3] {
            1 => 4,
            4 => 16,
            _ => usize::from(byte(&mut client)),
        };
        request.resize(4 + len + 2, 0);
        client.read_exact(&mut request[4..]).unwrap();
        // With each kind of address.
        let bound: &[u8] = match request[3] {
            1 => &[1, 127, 0, 0, 1],
            4 => &[4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
            _ => b"\x03\x05proxy",
        };
        client.write_all(&[&[5, code, 0], bound, &[0, 80]].concat()).unwrap();
        tunnel(client, server);
        request
    });
    (address, request)
}

fn byte(client: &mut TcpStream) -> u8 {
    let mut byte = [0];
    client.read_exact(&mut byte).unwrap();
    byte[0]
}

/// The bytes behind their number.
fn take(client: &mut TcpStream) -> Vec<u8> {
    let mut bytes = vec![0; usize::from(byte(client))];
    client.read_exact(&mut bytes).unwrap();
    bytes
}

fn talk(client: &Connect) {
    let mut socket = client.connect().unwrap();
    socket.send("through").unwrap();
    assert_eq!(socket.recv().unwrap(), Some(Message::from("through")));
}

#[test]
fn an_http_proxy_is_asked_for_a_tunnel() {
    let (proxy, request) = http_proxy(echo_server());
    talk(&Connect::new("ws://chat.example/x").proxy(format!("http://Aladdin:open%20sesame@{proxy}")));
    let expected = "CONNECT chat.example:80 HTTP/1.1\r\nHost: chat.example:80\r\n\
        Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n";
    assert_eq!(request.join().unwrap(), expected);

    let (proxy, request) = http_proxy(echo_server());
    talk(
        &Connect::new("ws://chat.example/x").address("[::1]:8080".parse().unwrap()).proxy(proxy.to_string()),
    );
    assert_eq!(request.join().unwrap(), "CONNECT [::1]:8080 HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n");
}

#[test]
fn an_http_proxy_that_refuses_is_told_from_a_server_that_does() {
    let (proxy, _requests) = scripted(["HTTP/1.1 407 Who?\r\nContent-Length: 2\r\n\r\nno"]);
    let error = Connect::new("ws://chat.example").proxy(format!("http://{proxy}")).connect().unwrap_err();
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
        let (proxy, _requests) = scripted([answer]);
        let error = Connect::new("ws://a").proxy(format!("http://{proxy}")).connect().unwrap_err();
        assert!(
            matches!(error, ConnectError::Proxy(ProxyError::Malformed(_))) != is_disconnected,
            "{error:?}"
        );
    }
}

#[test]
fn a_socks_proxy_resolves_the_name() {
    let (proxy, request) = socks_proxy(echo_server(), None, 0);
    talk(&Connect::new("ws://chat.example/x").proxy(format!("socks5://{proxy}")));
    assert_eq!(request.join().unwrap(), b"\x05\x01\x00\x03chat.example\x00\x50");
}

#[test]
fn a_socks_proxy_is_told_addresses_as_such() {
    let (proxy, request) = socks_proxy(echo_server(), None, 0);
    talk(&Connect::new("ws://10.1.2.3:258/").proxy(format!("socks5://{proxy}")));
    assert_eq!(request.join().unwrap(), b"\x05\x01\x00\x01\x0a\x01\x02\x03\x01\x02");

    let (proxy, request) = socks_proxy(echo_server(), None, 0);
    talk(&Connect::new("ws://[::1]/").proxy(format!("socks5h://{proxy}")));
    assert_eq!(request.join().unwrap(), b"\x05\x01\x00\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x00\x50");
}

#[test]
fn a_socks_proxy_may_want_to_know_its_user() {
    let user = Some(("me", "p:w"));
    let (proxy, _request) = socks_proxy(echo_server(), user, 0);
    talk(&Connect::new("ws://chat.example").proxy(format!("socks5://me:p%3aw@{proxy}")));

    // A user for a proxy that doesn't ask.
    let (proxy, _request) = socks_proxy(echo_server(), None, 0);
    talk(&Connect::new("ws://chat.example").proxy(format!("socks5://me:x@{proxy}")));

    let (proxy, _request) = socks_proxy(echo_server(), user, 0);
    let error = Connect::new("ws://a").proxy(format!("socks5://me:x@{proxy}")).connect().unwrap_err();
    assert!(matches!(error, ConnectError::Proxy(ProxyError::UserUnknown)), "{error:?}");

    let (proxy, _request) = socks_proxy(echo_server(), user, 0);
    let error = Connect::new("ws://a").proxy(format!("socks5://{proxy}")).connect().unwrap_err();
    assert!(matches!(error, ConnectError::Proxy(ProxyError::UserNeeded)), "{error:?}");

    let (proxy, _request) = socks_proxy(echo_server(), user, 0);
    let error = Connect::new("ws://a").proxy(format!("socks5://me@{proxy}")).connect().unwrap_err();
    assert!(matches!(error, ConnectError::Proxy(ProxyError::Length)), "{error:?}");
}

#[test]
fn a_socks_proxy_says_why_there_is_no_connection() {
    let (proxy, _request) = socks_proxy(echo_server(), None, 5);
    let error = Connect::new("ws://a").proxy(format!("socks5://{proxy}")).connect().unwrap_err();
    assert_eq!(error.to_string(), "the proxy makes no connection to the server: the connection was refused");
    assert!(matches!(error, ConnectError::Proxy(ProxyError::Socks(reply)) if reply.code() == 5), "{error:?}");
}

#[test]
fn a_proxy_that_is_not_there_or_silent_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let options = Options::new().with_timeouts(Timeouts::new().with_opening(Some(Duration::from_millis(50))));
    for scheme in ["http", "socks5"] {
        let client = Connect::new("ws://a").options(options.clone()).proxy(format!("{scheme}://{address}"));
        let error = client.connect().unwrap_err();
        assert!(matches!(error, ConnectError::Deadline(Step::Proxy)), "{error:?}");
    }
    drop(listener);
    let error = Connect::new("ws://a").proxy(format!("http://{address}")).connect().unwrap_err();
    assert!(matches!(error, ConnectError::Proxy(ProxyError::Unreachable(_))), "{error:?}");

    let error = Connect::new("ws://a").proxy("ftp://proxy").connect().unwrap_err();
    assert!(matches!(error, ConnectError::Proxy(ProxyError::Url)), "{error:?}");
    assert_eq!((error.fault(), error.lost()), (Fault::Caller, None));
}

/// A test can't change its environment, so it runs itself in another.
#[test]
fn the_environment_names_the_proxy_when_asked() {
    const NAME: &str = "proxy::the_environment_names_the_proxy_when_asked";
    if std::env::var_os("WSPROTO_TEST_INNER").is_some() {
        talk(&Connect::new("ws://chat.example/").proxy_from_env());
        // Not unless asked.
        let direct = echo_server();
        talk(&Connect::new("ws://chat.example/").address(direct));
        // Not for this host.
        talk(&Connect::new("ws://direct.example/").address(direct).proxy_from_env());
        return;
    }
    let (proxy, request) = http_proxy(echo_server());
    let mut inner = std::process::Command::new(std::env::current_exe().unwrap());
    inner
        .args([NAME, "--exact"])
        .env("WSPROTO_TEST_INNER", "1")
        .env("NO_PROXY", "direct.example")
        .env_remove("no_proxy");
    inner.env_remove("ws_proxy").env_remove("WS_PROXY").env("http_proxy", format!("http://{proxy}"));
    let output = inner.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(request.join().unwrap().starts_with("CONNECT chat.example:80 HTTP/1.1\r\n"));
}
