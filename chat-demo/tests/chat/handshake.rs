//! Who may connect, where, and how slowly.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::rig::{Server, frame, read_frame, read_head, read_to_end};

fn assert_status(answer: &str, status: u16) {
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{status} expected: {answer}");
}

fn assert_origin(server: &Server, origin: &str, status: u16) {
    assert_status(&server.upgrade("/", &format!("Origin: {origin}\r\n")), status);
}

#[test]
fn upgrades_are_for_two_paths() {
    let server = Server::start(&[]);
    for path in ["/", "/ws", "/?room=1", "/ws?room=1"] {
        assert_status(&server.upgrade(path, ""), 101);
    }
    for path in ["/healthz", "/chat.js", "/ws/", "/WS", "//"] {
        assert_status(&server.upgrade(path, ""), 404);
    }
}

#[test]
fn pages_of_our_own_may_connect_and_programs_too() {
    let server = Server::start(&[]);
    assert_status(&server.upgrade("/", ""), 101);
    assert_origin(&server, &format!("http://localhost:{}", server.port()), 101);
}

#[test]
fn on_loopback_its_names_are_one_host() {
    let server = Server::start(&[]);
    assert_origin(&server, &format!("http://127.0.0.1:{}", server.port()), 101);
    assert_origin(&server, &format!("http://[::1]:{}", server.port()), 101);
    assert_origin(&server, "http://127.0.0.1", 403);
    assert_origin(&server, &format!("http://127.0.0.1:{}", server.port() ^ 1), 403);
    assert_origin(&server, &format!("http://localhost.evil.test:{}", server.port()), 403);
}

#[test]
fn on_loopback_any_other_host_is_another() {
    let server = Server::start(&[]);
    let head = server.upgrade_head("/", &format!("Origin: http://localhost:{}\r\n", server.port()));
    assert_status(&server.request(&head.replacen("Host: localhost", "Host: chat.test", 1)), 403);
}

#[test]
fn foreign_pages_may_not_unless_they_are_allowed() {
    let server = Server::start(&[]);
    for origin in ["https://chat.test", "null", "file://"] {
        assert_origin(&server, origin, 403);
    }
    let server =
        Server::start(&["--allow-origin", "https://chat.test", "--allow-origin", "https://two.test"]);
    for origin in ["https://chat.test", "https://two.test"] {
        assert_origin(&server, origin, 101);
    }
    for origin in ["http://chat.test", "https://chat.test:8443", "https://chat.test.evil.test", "null"] {
        assert_origin(&server, origin, 403);
    }
    let server = Server::start(&["--allow-origin", "file://"]);
    assert_origin(&server, "file://", 101);
    assert_origin(&server, "null", 403);
    let server = Server::start(&["--allow-origin", "*"]);
    for origin in ["https://chat.test", "null"] {
        assert_origin(&server, origin, 101);
    }
}

#[test]
fn the_engine_s_refusals_are_passed_on() {
    let server = Server::start(&[]);
    let head = server.upgrade_head("/", "");
    let other_version = server.request(&head.replace("Version: 13", "Version: 8"));
    assert_status(&other_version, 426);
    assert!(other_version.contains("\r\nSec-WebSocket-Version: 13\r\n"));
    assert_status(&server.request(&head.replace("GET", "POST")), 405);
    assert_status(&server.request(&head.replace("Host:", "Guest:")), 400);
    assert_status(&server.request("nonsense\r\n\r\n"), 400);
    assert_status(&server.request(&format!("GET / HTTP/1.1\r\nA: {}", "a".repeat(8192))), 431);
}

/// A proxy that was not told to pass `Host` or `Upgrade` on makes the page red for ever: the log says why, and not each time.
#[test]
fn what_a_proxy_drops_is_said_once_a_minute() {
    let server = Server::start(&[]);
    for _ in 0..3 {
        assert_origin(&server, "https://chat.test", 403);
        let head = server.upgrade_head("/ws", "").replace("Upgrade: websocket\r\n", "");
        let answer = server.request(&head.replace("Connection: Upgrade", "Connection: close"));
        assert_status(&answer, 426);
        assert!(answer.contains("\r\nUpgrade: websocket\r\n") && answer.contains("proxy"), "{answer}");
    }
    let line = server.log_line("refused a page");
    let host = format!("host=\"localhost:{}\"", server.port());
    assert!(
        line.contains("WARN") && line.contains("origin=\"https://chat.test\"") && line.contains(&host),
        "{line}"
    );
    let line = server.log_line("answered 426");
    assert!(line.contains("WARN") && line.contains("proxy"), "{line}");
    assert_eq!((server.count_in_log("refused a page"), server.count_in_log("answered 426")), (1, 1));
}

#[test]
fn a_head_may_come_a_byte_at_a_time_and_frames_right_behind_it() {
    let server = Server::start(&[]);
    let head = server.upgrade_head("/", "");
    let post = frame(0x81, br#"{"user":"Ada","text":"early"}"#);
    let listens_to_early = |stream: &mut std::net::TcpStream| {
        assert_status(&read_head(stream), 101);
        read_frame(stream);
        let list: Value = serde_json::from_slice(&read_frame(stream).1).expect("JSON");
        assert_eq!(list["msg"][0]["text"], "early");
    };

    let mut stream = server.connect();
    let (slowly, together) = head.split_at(head.len() - 1);
    for byte in slowly.bytes() {
        stream.write_all(&[byte]).expect("sent");
    }
    stream.write_all(&[together.as_bytes(), &post].concat()).expect("sent");
    listens_to_early(&mut stream);

    let mut stream = server.connect();
    stream.write_all(&[head.as_bytes(), &post].concat()).expect("sent");
    listens_to_early(&mut stream);

    let mut stream = server.connect();
    for byte in [head.as_bytes(), &post].concat() {
        stream.write_all(&[byte]).expect("sent");
    }
    listens_to_early(&mut stream);
}

#[test]
fn a_slow_request_is_cut() {
    let server = Server::start(&["--handshake-timeout", "0.2"]);
    let mut silent = server.connect();
    assert_eq!(read_to_end(&mut silent), "");
    let mut slow = server.connect();
    slow.write_all(b"GET / HTTP/1.1\r\nHost:").expect("sent");
    assert_status(&read_to_end(&mut slow), 408);
}

#[test]
fn a_request_that_trickles_in_is_cut_at_the_same_time() {
    let server = Server::start(&["--handshake-timeout", "0.5"]);
    let mut slow = server.connect();
    let start = Instant::now();
    for byte in server.upgrade_head("/", "").bytes() {
        // What was answered shows when it is read; a byte too late only makes the system say so.
        if slow.write_all(&[byte]).is_err() {
            break;
        }
        slow.set_read_timeout(Some(Duration::from_millis(50))).expect("a timeout");
        let mut answer = [0; 12];
        if slow.read_exact(&mut answer).is_ok() {
            assert_eq!(&answer, b"HTTP/1.1 408");
            assert!((400..3000).contains(&start.elapsed().as_millis()), "after {:?}", start.elapsed());
            return;
        }
    }
    panic!("it was borne to its end");
}

#[test]
fn a_hundred_thousand_header_fields_are_not_borne() {
    let server = Server::start(&[]);
    let mut stream = server.connect();
    stream.write_all(b"GET /ws HTTP/1.1\r\n").expect("sent");
    for n in 0..100_000 {
        if stream.write_all(format!("A{n}: b\r\n").as_bytes()).is_err() {
            break;
        }
    }
    // Either the answer, or by now the reset of a connection that went on when it was told.
    let mut answer = Vec::new();
    if stream.read_to_end(&mut answer).is_ok() {
        assert_status(&String::from_utf8(answer).expect("ASCII"), 431);
    }
    assert_status(&server.upgrade("/", ""), 101);
}
