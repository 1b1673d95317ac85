//! What clients do wrong: each is told, nobody else notices.

use std::io::Write;

use serde_json::json;
use tungstenite::Message;

use crate::rig::{Client, Server, frame, read_frame, wait_for_end};

/// A bad message by one, then a good one: the other sees only the good one, the first its error before it.
fn told_alone(send: impl Fn(&mut Client), words: &str) {
    let server = Server::start(&[]);
    for (earlier, subprotocol) in ["json-delta", "json"].into_iter().enumerate() {
        let (mut bad, _) = server.join(subprotocol);
        let (mut other, _) = server.join("json");
        send(&mut bad);
        let error = bad.next_with("error");
        // A page of the lesson looks for `msg` in whatever comes.
        assert_eq!(
            error["msg"].as_array().map(Vec::len),
            (subprotocol == "json").then_some(earlier),
            "{error}"
        );
        assert_eq!(
            error.as_object().map(serde_json::Map::len),
            Some(if subprotocol == "json" { 2 } else { 1 })
        );
        let said = error["error"].as_str().expect("a text");
        assert!(said.contains(words), "{said:?} lacks {words:?}");
        bad.post("Bad", "good");
        assert_eq!(other.next()["msg"][0]["text"], "good");
        let field = if subprotocol == "json" { "msg" } else { "new" };
        assert_eq!(bad.next_with(field)[field][0]["text"], "good", "and goes on");
    }
}

#[test]
fn malformed_json() {
    told_alone(|client| client.send("{\"user\":"), "JSON");
}

#[test]
fn json_that_is_no_object() {
    told_alone(|client| client.send("[\"Ada\",\"hi\"]"), "JSON");
}

#[test]
fn a_missing_name() {
    told_alone(|client| client.send(r#"{"text":"hi"}"#), "name");
}

#[test]
fn a_blank_text() {
    told_alone(|client| client.post("Ada", " \t "), "write something");
}

#[test]
fn a_name_of_33_characters() {
    told_alone(|client| client.post(&"é".repeat(33), "hi"), "32 characters");
}

#[test]
fn a_text_of_501_characters() {
    told_alone(|client| client.post("Ada", &"é".repeat(501)), "500 characters");
}

#[test]
fn a_binary_message() {
    told_alone(|client| client.socket.send(Message::binary(&b"\0\xff"[..])).expect("sent"), "binary");
}

#[test]
fn limits_are_in_characters_not_in_bytes() {
    let server = Server::start(&[]);
    let (mut ada, _) = server.join("json");
    let (user, text) = ("😀".repeat(32), "😀".repeat(500));
    ada.post(&user, &text);
    let list = ada.next();
    assert_eq!((&list["msg"][0]["user"], &list["msg"][0]["text"]), (&json!(user), &json!(text)));
}

#[test]
fn a_message_over_the_size_limit_closes_with_1009() {
    let server = Server::start(&[]);
    for len in [8 * 1024 + 1, 100_000] {
        let (mut client, _) = server.join("json");
        client.send(&"x".repeat(len));
        assert_eq!(client.close_code(), 1009);
    }
    let (mut client, _) = server.join("json");
    client.send(&"x".repeat(8 * 1024));
    assert!(client.next()["error"].is_string(), "at the limit it is only nonsense");
}

/// Most clients write to the end before they read: a server that stopped reading would reset the connection, and its Close
/// frame with it.
#[test]
fn a_message_of_several_mebibytes_is_read_on_so_that_1009_arrives() {
    let server = Server::start(&[]);
    for pause in [0, 25] {
        let mut stream = server.raw("");
        read_frame(&mut stream);
        let chunk = vec![b'x'; 64 * 1024];
        stream.write_all(&[0x81, 0xff, 0, 0, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0]).expect("sent");
        for _ in 0..128 {
            stream.write_all(&chunk).expect("all of it is taken");
            std::thread::sleep(std::time::Duration::from_millis(pause)); // an uplink of some MiB a second
        }
        let (first_byte, payload) = read_frame(&mut stream);
        assert_eq!((first_byte, &payload[..2]), (0x88, &1009_u16.to_be_bytes()[..]));
        assert_eq!(crate::rig::read_to_end(&mut stream), "");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn what_is_read_on_is_bounded_in_time_bytes_and_memory() {
    let server = Server::start(&["--close-timeout", "1"]);
    let pour = |chunk: usize, pause: u64| {
        let mut stream = server.raw("");
        read_frame(&mut stream);
        stream.write_all(&[0x81, 0xff, 0, 0, 0, 0xff, 0, 0, 0, 0, 0, 0, 0, 0]).expect("sent");
        let (start, mut poured) = (std::time::Instant::now(), 0);
        while stream.write_all(&vec![b'x'; chunk]).is_ok() {
            poured += chunk;
            std::thread::sleep(std::time::Duration::from_millis(pause));
        }
        (start.elapsed(), poured)
    };
    let before = server.memory();
    let (time, _) = pour(1024, 20);
    assert!((900..4000).contains(&time.as_millis()), "{time:?} by who pours slowly");
    let (_, poured) = pour(1024 * 1024, 0);
    assert!(poured < 128 * 1024 * 1024, "{poured} bytes by who pours as fast as can be");
    assert!(server.memory() < before + 8 * 1024, "{} KiB, and {before} before", server.memory());
}

#[test]
fn breaking_the_protocol_closes_with_1002() {
    let server = Server::start(&[]);
    let mut stream = server.raw("");
    assert_eq!(read_frame(&mut stream).1, b"{\"msg\":[]}");
    // Not masked.
    stream.write_all(b"\x81\x02hi").expect("sent");
    let (first_byte, payload) = read_frame(&mut stream);
    assert_eq!((first_byte, &payload[..2]), (0x88, &1002_u16.to_be_bytes()[..]));
    assert_eq!(crate::rig::read_to_end(&mut stream), "");
    server.wait_for_log("failed with 1002");
}

#[test]
fn text_that_is_not_utf8_closes_with_1007() {
    let server = Server::start(&[]);
    let mut stream = server.raw("");
    read_frame(&mut stream);
    stream.write_all(&frame(0x81, b"\xff")).expect("sent");
    let (_, payload) = read_frame(&mut stream);
    assert_eq!(payload[..2], 1007_u16.to_be_bytes());
    wait_for_end(&mut stream);
}

#[test]
fn a_close_frame_is_answered_with_its_code() {
    let server = Server::start(&[]);
    let mut stream = server.raw("");
    read_frame(&mut stream);
    stream.write_all(&frame(0x88, &3000_u16.to_be_bytes())).expect("sent");
    assert_eq!(read_frame(&mut stream), (0x88, 3000_u16.to_be_bytes().to_vec()));
    assert_eq!(crate::rig::read_to_end(&mut stream), "", "and the server ends it");
}
