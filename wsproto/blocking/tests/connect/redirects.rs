use wsproto_blocking::{Connect, ConnectError, Fault, RedirectError};

use crate::support::{ACCEPT, scripted};

fn redirect(status: u16, location: &str) -> String {
    format!("HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n")
}

#[test]
fn redirects_are_followed_with_all_fields_on_the_same_server() {
    let answers = [redirect(301, "/b?c"), redirect(307, "d"), ACCEPT.to_owned()];
    let (address, requests) = scripted(answers);
    // The name is not resolved: this address stands for it, after each redirect as well.
    let url = format!("ws://chat.example:{}/a", address.port());
    let client = Connect::new(url).address(address).header("Cookie", "a=b").redirects(2);
    drop(client.connect().unwrap());
    let requests = requests.join().unwrap();
    for (request, target) in requests.iter().zip(["/a", "/b?c", "/d"]) {
        assert!(
            request.starts_with(&format!("GET {target} ")) && request.contains("Cookie: a=b"),
            "{request}"
        );
    }
    let keys: std::collections::HashSet<_> = requests
        .iter()
        .map(|request| request.lines().find(|line| line.starts_with("Sec-WebSocket-Key")))
        .collect();
    assert_eq!(keys.len(), 3, "each attempt has a nonce of its own");
}

#[test]
fn another_server_is_told_no_secret() {
    let (second, requests) = scripted([ACCEPT]);
    let (first, _requests) = scripted([redirect(308, &format!("http://{second}/x"))]);
    let client = Connect::new(format!("ws://{first}"))
        .header("authorization", "a")
        .header("Cookie", "b")
        .header("Proxy-Authorization", "c")
        .header("X-Other", "d")
        .redirects(1);
    drop(client.connect().unwrap());
    let request = &requests.join().unwrap()[0];
    assert!(
        request.contains("X-Other: d") && !request.contains("ookie") && !request.contains("uthorization"),
        "{request}"
    );
    assert!(request.contains(&format!("Host: {second}")), "{request}");
}

#[test]
fn one_redirect_too_many_is_an_error() {
    let (address, _requests) = scripted([redirect(302, "/"), redirect(302, "/")]);
    let error = Connect::new(format!("ws://{address}")).redirects(1).connect().unwrap_err();
    assert!(matches!(error, ConnectError::Redirect(RedirectError::TooMany)), "{error:?}");
    assert_eq!(error.fault(), Fault::Peer);
}

#[test]
fn a_redirect_to_nowhere_is_an_error() {
    for location in ["ftp://a/", "ws://", "/a b"] {
        let (address, _requests) = scripted([redirect(303, location)]);
        let error = Connect::new(format!("ws://{address}")).redirects(9).connect().unwrap_err();
        assert!(matches!(error, ConnectError::Redirect(RedirectError::Location)), "{location}: {error:?}");
    }
}

#[test]
fn what_is_no_redirect_is_a_refusal() {
    for answer in [
        "HTTP/1.1 304 Not Modified\r\nLocation: /\r\n\r\n",
        "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n",
    ] {
        let (address, _requests) = scripted([answer]);
        let error = Connect::new(format!("ws://{address}")).redirects(9).connect().unwrap_err();
        assert!(error.refused().is_some(), "{error:?}");
    }
}
