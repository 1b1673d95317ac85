//! What one client may cost the others: nothing.

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::rig::{Client, Server, frame, read_frame, read_to_end, until, wait_for_end};

const JSON: &str = "Sec-WebSocket-Protocol: json\r\n";

#[test]
fn who_does_not_keep_up_is_put_out_and_slows_nobody() {
    let server = Server::start(&["--rate", "1000", "--burst", "1000", "--queue", "16"]);
    let mut slow = server.raw(JSON);
    read_frame(&mut slow); // it is in the room
    let (mut fast, _) = server.join("json-delta");
    let text = "😀".repeat(500);
    // A whole list is some 100 KB for it; how many of them the sockets' buffers hold is the system's affair.
    until("the slow one is put out", || {
        fast.post("Ada", &text);
        loop {
            let heard = fast.next();
            assert!(heard.get("error").is_none(), "{heard}");
            if heard["online"] == 1 {
                return Some(());
            }
            if heard["new"].is_array() {
                return None;
            }
        }
    });
    server.wait_for_log("does not keep up");
    fast.post("Ada", "still here");
    // In a frame of its own, or with the last one before it.
    let newest =
        |fast: &mut Client| fast.next_with("new")["new"].as_array().and_then(|new| new.last().cloned());
    while newest(&mut fast).expect("a message")["text"] != "still here" {}
    wait_for_end(&mut slow);
}

#[test]
fn who_takes_no_answers_is_dropped() {
    let server = Server::start(&["--write-timeout", "0.2"]);
    let mut stream = server.raw(JSON);
    // Pings without end, and no Pong is read: once the sockets' buffers are full, the server waits no longer than told.
    let pings = frame(0x89, &[b'x'; 125]).repeat(100);
    while stream.write_all(&pings).is_ok() {}
    server.wait_for_log("took nothing of what was sent");
}

#[test]
fn who_does_not_answer_our_close_frame_is_dropped() {
    let server = Server::start(&["--rate", "1", "--burst", "1", "--close-timeout", "0.2"]);
    let mut stream = server.raw(JSON);
    // So many that the server closes, which nobody answers here.
    let posts = frame(0x81, br#"{ "user": "Ada", "text": "Hello" }"#).repeat(5);
    stream.write_all(&posts).expect("sent");
    server.wait_for_log("did not answer the Close frame");
    wait_for_end(&mut stream);
}

#[test]
fn who_answers_no_ping_is_dropped() {
    let server = Server::start(&["--ping-interval", "0.1", "--pong-timeout", "0.1"]);
    let mut stream = server.raw(JSON);
    read_frame(&mut stream);
    assert_eq!(read_frame(&mut stream).0, 0x89);
    // A Pong for no Ping of the server's is a sign of life, as any byte is, and no more: it is asked again.
    stream.write_all(&frame(0x8a, b"??")).expect("sent");
    assert_eq!(read_frame(&mut stream).0, 0x89);
    assert_eq!(read_to_end(&mut stream), "");
    server.wait_for_log("not even an answer to a Ping");
}

#[test]
fn a_message_that_comes_byte_by_byte_is_no_silence() {
    let server = Server::start(&["--ping-interval", "0.3", "--pong-timeout", "0.3"]);
    let mut stream = server.raw(JSON);
    read_frame(&mut stream);
    for byte in frame(0x81, br#"{"user":"Ada","text":"slow"}"#) {
        stream.write_all(&[byte]).expect("sent");
        std::thread::sleep(Duration::from_millis(100));
    }
    let said = loop {
        let (first_byte, payload) = read_frame(&mut stream);
        if first_byte == 0x81 {
            break payload;
        }
    };
    assert!(String::from_utf8_lossy(&said).contains("slow"));
}

/// A Ping waits behind what is queued before it, and its answer for the reader to come to it: one that is slow stays.
#[test]
fn who_reads_slowly_is_asked_and_stays() {
    let flags = "--rate 1000 --burst 1000 --queue 1000 --ping-interval 0.2 --pong-timeout 1.2";
    let server = Server::start(&flags.split(' ').collect::<Vec<_>>());
    let mut slow = server.narrow(JSON);
    let (mut ada, _) = server.join("json-delta");
    // Lists of 100 KB in the end, 20 MB in all: far more than the sockets' buffers hold.
    let poster = std::thread::spawn(move || {
        for n in 0..250 {
            ada.post("Ada", &format!("{n} {}", "😀".repeat(490)));
            ada.next_with("new");
        }
    });
    let begin = Instant::now();
    let mut pings = 0;
    loop {
        let (first_byte, payload) = read_frame(&mut slow);
        if first_byte == 0x89 {
            pings += 1;
            slow.write_all(&frame(0x8a, &payload)).expect("it is dropped");
        }
        // The newest message stands first.
        if String::from_utf8_lossy(&payload[..payload.len().min(60)]).contains("\"249 ") {
            break;
        }
        // Some 2 MB a second once the lists are long, and what is left of them at once.
        if payload.len() > 90_000 && begin.elapsed() < Duration::from_secs(5) {
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    assert!(pings > 0, "it was never silent");
    poster.join().expect("all is posted");
}

#[test]
fn what_others_say_is_no_sign_of_life() {
    let server = Server::start(&[
        "--rate",
        "100",
        "--burst",
        "100",
        "--ping-interval",
        "0.3",
        "--pong-timeout",
        "0.3",
    ]);
    let mut silent = server.raw("Sec-WebSocket-Protocol: json-delta\r\n");
    let (mut ada, _) = server.join("json-delta");
    let begin = Instant::now();
    until("the silent one is dropped", || {
        ada.post("Ada", "news");
        ada.next_with("new");
        std::thread::sleep(Duration::from_millis(50));
        (server.count_in_log("not even an answer to a Ping") == 1).then_some(())
    });
    assert!(begin.elapsed() >= Duration::from_millis(500));
    wait_for_end(&mut silent);
}

#[test]
fn who_answers_pings_stays() {
    // It has nothing to take for longer than it may take nothing of something.
    let server = Server::start(&["--ping-interval", "0.15", "--pong-timeout", "2", "--write-timeout", "0.1"]);
    let (mut client, _) = server.join("json");
    let mut pings = 0;
    while pings < 5 {
        pings += u32::from(client.socket.read().expect("a Ping, answered by itself").is_ping());
    }
    client.post("Ada", "here");
    assert_eq!(client.next()["msg"][0]["text"], "here");
}

#[test]
fn one_connection_too_many_is_told_503() {
    let server = Server::start(&["--max-connections", "2"]);
    let first = server.join("json").0;
    let _idle: TcpStream = server.connect();
    until("the idle one is counted too", || {
        let answer = server.get("/healthz");
        answer.starts_with("HTTP/1.1 503 ").then_some(())
    });
    assert!(server.upgrade("/", "").starts_with("HTTP/1.1 503 "));
    drop(first);
    until("a place is free again", || server.get("/healthz").ends_with("\r\n\r\nok").then_some(()));
}

#[test]
fn pings_between_and_inside_of_messages_are_answered() {
    let server = Server::start(&[]);
    let mut stream = server.raw(JSON);
    read_frame(&mut stream);
    let post = br#"{"user":"Ada","text":"in two"}"#;
    let (one, two) = post.split_at(10);
    stream.write_all(&[frame(0x01, one), frame(0x89, b"still there?")].concat()).expect("sent");
    assert_eq!(read_frame(&mut stream), (0x8a, b"still there?".to_vec()));
    stream.write_all(&frame(0x80, two)).expect("sent");
    assert!(String::from_utf8_lossy(&read_frame(&mut stream).1).contains("in two"));
}

#[test]
fn who_does_not_read_costs_the_others_no_time() {
    let server = Server::start(&["--rate", "1000", "--burst", "1000", "--queue", "8"]);
    let (mut ada, _) = server.join("json-delta");
    let (mut ben, _) = server.join("json-delta");
    let text = "😀".repeat(500);
    let mut post = || {
        let start = Instant::now();
        ada.post("Ada", &text);
        ada.next_with("new");
        ben.next_with("new");
        std::thread::sleep(Duration::from_millis(5));
        start.elapsed()
    };
    let p99 = |mut times: Vec<Duration>| {
        times.sort_unstable();
        times[times.len() * 99 / 100]
    };
    let calm = p99((0..100).map(|_| post()).collect());
    let _stalled: Vec<_> = (0..4).map(|_| server.raw(JSON)).collect();
    let mut times = Vec::new();
    until("all four are put out", || {
        times.push(post());
        (server.count_in_log("put out: it does not keep up") == 4).then_some(())
    });
    let beside = p99(times);
    // Several times as long would be for a test that shares its machine; a stalled socket would be 10 seconds.
    assert!(beside < calm * 4 + Duration::from_millis(100), "{calm:?} alone, {beside:?} beside them");
}

#[test]
fn who_reads_late_gets_every_byte_in_its_order() {
    let server = Server::start(&["--rate", "1000", "--burst", "1000", "--queue", "1000"]);
    let mut late = server.raw(JSON);
    let (mut ada, _) = server.join("json-delta");
    // Lists of 100 KB in the end, 20 MB in all: no socket's buffers hold that, so that writes end in the midst of frames.
    for n in 0..250 {
        ada.post("Ada", &format!("{n} {}", "😀".repeat(490)));
        ada.next_with("new");
    }
    let mut last = String::new();
    while !last.starts_with("249 ") {
        let (_, payload) = read_frame(&mut late);
        let list: Value = serde_json::from_slice(&payload).expect("JSON");
        let newest = list["msg"][0]["text"].as_str().unwrap_or("-1 ").to_owned();
        let number = |text: &str| text.split(' ').next().and_then(|n| n.parse::<i32>().ok()).unwrap_or(-2);
        assert!(number(&newest) > number(&last), "{} after {}", number(&newest), number(&last));
        last = newest;
    }
}
