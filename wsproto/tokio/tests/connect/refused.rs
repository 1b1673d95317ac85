use std::time::Duration;

use tokio::time::{Instant, timeout};
use tokio_wsproto::backoff::{Delays, Lost};
use tokio_wsproto::{Connect, ConnectError, Fault, Options, Response, Timeouts, connect};

use crate::support::{PATIENCE, scripted};

async fn refused(answer: &str) -> Response {
    let (address, _requests) = scripted([answer]).await;
    match timeout(PATIENCE, connect(&format!("ws://{address}"))).await.unwrap() {
        Err(ConnectError::Refused(refused)) => *refused,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_refusal_has_status_fields_and_body() {
    let refused = refused(
        "HTTP/1.1 401 Unauthorized\r\n\
         WWW-Authenticate: Bearer\r\nRetry-After: 7\r\nContent-Length: 5\r\n\r\nlog inXXX",
    )
    .await;
    assert_eq!((refused.status(), refused.reason(), refused.body()), (401, "Unauthorized", &b"log i"[..]));
    assert_eq!(refused.header("www-authenticate"), Some(&b"Bearer"[..]));
    assert_eq!(refused.headers().count(), 3);
    assert_eq!(refused.retry_after(), Some(Duration::from_secs(7)));

    let error = ConnectError::Refused(Box::new(refused));
    assert_eq!(error.to_string(), "the server answered 401 Unauthorized");
    assert_eq!((error.fault(), error.lost()), (Fault::Peer, Some(Lost::Refused { status: 401 })));
    let mut delays = Delays::default();
    delays.failed(&error);
    assert_eq!(delays.next(), None);
}

#[tokio::test]
async fn a_server_is_left_alone_for_as_long_as_it_wants_up_to_the_cap() {
    for (wants, waits) in [("9", 9..=9), ("100000", 60..=60), ("0", 0..=5)] {
        let refused = refused(&format!("HTTP/1.1 503 \r\nRetry-After: {wants}\r\n\r\n")).await;
        let mut delays = Delays::default();
        delays.failed(&ConnectError::Refused(Box::new(refused)));
        let delay = delays.next().expect("a retry");
        assert!(waits.contains(&delay.as_secs()), "{wants}: {delay:?}");
    }
}

#[tokio::test]
async fn a_body_in_chunks_is_given_without_their_sizes() {
    let refused =
        refused("HTTP/1.1 503 \r\nTransfer-Encoding: chunked\r\n\r\n3\r\nfu\r\r\n2;a=b\r\nll\r\n0\r\n\r\n")
            .await;
    assert_eq!((refused.status(), refused.reason(), refused.body()), (503, "", &b"fu\rll"[..]));
}

#[tokio::test]
async fn of_a_long_body_the_start_is_kept() {
    for head in ["Content-Length: 100000", "Transfer-Encoding: chunked", "Connection: close"] {
        let chunks = if head.contains("chunked") { "186a0\r\n" } else { "" };
        let answer = format!("HTTP/1.1 500 Oops\r\n{head}\r\n\r\n{chunks}{}", "x".repeat(100_000));
        let refused = refused(&answer).await;
        assert_eq!(refused.body(), "x".repeat(4096).as_bytes(), "{head}");
    }
}

#[tokio::test]
async fn a_body_that_does_not_end_holds_up_nothing_for_long() {
    let start = Instant::now();
    let late = refused("HTTP/1.1 403 Forbidden\r\nContent-Length: 10\r\n\r\nno").await;
    assert_eq!(late.body(), b"no");
    assert!(start.elapsed() < Duration::from_secs(5));
    // One without a body isn't waited for.
    let start = Instant::now();
    let empty = refused("HTTP/1.1 204 No Content\r\n\r\n").await;
    assert_eq!(empty.body(), b"");
    assert!(start.elapsed() < Duration::from_millis(900));
}

#[tokio::test]
async fn nothing_of_the_servers_gets_to_a_terminal_as_it_is() {
    let refused =
        refused("HTTP/1.1 400 Bad\tRequest\r\nX: a\ttab\r\nContent-Length: 5\r\n\r\n\x1b[31m").await;
    let shown = format!("{refused} {refused:?}");
    assert!(!shown.contains(['\x1b', '\x7f', '\t']), "{shown}");
}

#[tokio::test]
async fn a_redirect_is_a_refusal_where_none_is_followed() {
    let refused = refused("HTTP/1.1 302 Found\r\nLocation: /chat\r\nContent-Length: 0\r\n\r\n").await;
    assert_eq!((refused.status(), refused.header("Location")), (302, Some(&b"/chat"[..])));
    assert_eq!(refused.retry_after(), None);
}

#[tokio::test]
async fn a_body_that_is_late_does_not_make_a_refusal_a_deadline() {
    let answer = "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 10\r\n\r\nslow";
    let (address, _requests) = scripted([answer]).await;
    let options =
        Options::new().with_timeouts(Timeouts::new().with_opening(Some(Duration::from_millis(300))));
    let error = Connect::new(format!("ws://{address}")).options(options).connect().await.unwrap_err();
    let refused = error.refused().expect("a refusal");
    assert_eq!((refused.status(), refused.body()), (429, &b"slow"[..]));
}
