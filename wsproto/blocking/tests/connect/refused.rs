use std::time::{Duration, Instant};

use wsproto_blocking::backoff::{Backoff, Lost};
use wsproto_blocking::{Connect, ConnectError, Fault, Options, Response, Timeouts, connect};

use crate::support::scripted;

fn refused(answer: &str) -> Response {
    let (address, _requests) = scripted([answer]);
    match connect(&format!("ws://{address}")) {
        Err(ConnectError::Refused(refused)) => *refused,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_refusal_has_status_fields_and_body() {
    let refused = refused(
        "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer\r\nRetry-After: 7\r\nContent-Length: 5\r\n\r\nlog inXXX",
    );
    assert_eq!((refused.status(), refused.reason(), refused.body()), (401, "Unauthorized", &b"log i"[..]));
    assert_eq!(refused.header("www-authenticate"), Some(&b"Bearer"[..]));
    assert_eq!(refused.headers().count(), 3);
    assert_eq!(refused.retry_after(), Some(Duration::from_secs(7)));

    let error = ConnectError::Refused(Box::new(refused));
    assert_eq!(error.to_string(), "the server answered 401 Unauthorized");
    assert_eq!((error.fault(), error.lost()), (Fault::Peer, Some(Lost::Refused { status: 401 })));
    assert_eq!(Backoff::new().retry_in(error.lost().unwrap(), 0), None);
}

#[test]
fn a_body_in_chunks_is_given_without_their_sizes() {
    let refused =
        refused("HTTP/1.1 503 \r\nTransfer-Encoding: chunked\r\n\r\n3\r\nfu\r\r\n2;a=b\r\nll\r\n0\r\n\r\n");
    assert_eq!((refused.status(), refused.reason(), refused.body()), (503, "", &b"fu\rll"[..]));
}

#[test]
fn of_a_long_body_the_start_is_kept() {
    for head in ["Content-Length: 100000", "Transfer-Encoding: chunked", "Connection: close"] {
        let chunks = if head.contains("chunked") { "186a0\r\n" } else { "" };
        let answer = format!("HTTP/1.1 500 Oops\r\n{head}\r\n\r\n{chunks}{}", "x".repeat(100_000));
        let refused = refused(&answer);
        assert_eq!(refused.body(), "x".repeat(4096).as_bytes(), "{head}");
    }
}

#[test]
fn a_body_that_does_not_end_holds_up_nothing_for_long() {
    let start = Instant::now();
    let late = refused("HTTP/1.1 403 Forbidden\r\nContent-Length: 10\r\n\r\nno");
    assert_eq!(late.body(), b"no");
    assert!(start.elapsed() < Duration::from_secs(5));
    // One without a body isn't waited for.
    let start = Instant::now();
    let empty = refused("HTTP/1.1 204 No Content\r\n\r\n");
    assert_eq!(empty.body(), b"");
    assert!(start.elapsed() < Duration::from_millis(900));
}

#[test]
fn nothing_of_the_servers_gets_to_a_terminal_as_it_is() {
    let refused = refused("HTTP/1.1 400 Bad\tRequest\r\nX: a\ttab\r\nContent-Length: 5\r\n\r\n\x1b[31m");
    let shown = format!("{refused} {refused:?}");
    assert!(!shown.contains(['\x1b', '\x7f', '\t']), "{shown}");
}

#[test]
fn a_redirect_is_a_refusal_where_none_is_followed() {
    let refused = refused("HTTP/1.1 302 Found\r\nLocation: /chat\r\nContent-Length: 0\r\n\r\n");
    assert_eq!((refused.status(), refused.header("Location")), (302, Some(&b"/chat"[..])));
    assert_eq!(refused.retry_after(), None);
}

#[test]
fn a_body_that_is_late_does_not_make_a_refusal_a_deadline() {
    let answer = "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 10\r\n\r\nslow";
    let (address, _requests) = scripted([answer]);
    let options =
        Options::new().with_timeouts(Timeouts::new().with_opening(Some(Duration::from_millis(300))));
    let error = Connect::new(format!("ws://{address}")).options(options).connect().unwrap_err();
    let refused = error.refused().expect("a refusal");
    assert_eq!((refused.status(), refused.body()), (429, &b"slow"[..]));
}
