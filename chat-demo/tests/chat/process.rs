//! How it starts and how it ends.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::{Duration, Instant};

use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::coding::CloseCode;

use crate::rig::{Server, chat_demo, read_frame, wait_for_end};

#[cfg(unix)]
#[test]
fn a_signal_says_goodbye_to_all_and_ends_with_0() {
    for signal in ["TERM", "INT"] {
        let mut server = Server::start(&[]);
        let mut clients = [server.join("json").0, server.join("json-delta").0];
        // A browser's spare connection, which never asks anything, keeps nobody waiting.
        let mut spare = server.connect();
        let start = Instant::now();
        server.signal(signal);
        for client in &mut clients {
            assert_eq!(client.close_code(), 1001);
        }
        wait_for_end(&mut spare);
        assert_eq!(server.wait().code(), Some(0));
        assert!(start.elapsed() < Duration::from_secs(3), "not at the end of its patience");
    }
}

#[cfg(unix)]
#[test]
fn who_does_not_answer_the_goodbye_is_not_waited_for_long() {
    let mut server = Server::start(&["--close-timeout", "0.2"]);
    let mut stream = server.raw("");
    read_frame(&mut stream);
    server.signal("TERM");
    assert_eq!(read_frame(&mut stream).1[..2], 1001_u16.to_be_bytes());
    assert_eq!(server.wait().code(), Some(0));
}

#[cfg(unix)]
#[test]
fn it_can_start_again_at_once_on_the_same_port() {
    let mut server = Server::start(&[]);
    let address = server.address.to_string();
    let mut client = server.join("json").0;
    server.signal("TERM");
    assert_eq!(client.close_code(), 1001);
    assert!(server.wait().success());
    Server::spawn(chat_demo().args(["--listen", &address])).join("json");
}

#[test]
fn a_port_in_use_is_explained() {
    let server = Server::start(&[]);
    let port = server.port();
    let output = chat_demo().args(["--listen", &server.address.to_string()]).output().expect("it runs");
    assert_eq!(output.status.code(), Some(1));
    let next = port.checked_add(1).unwrap_or(8080);
    let expected = format!("port {port} is in use; try --listen 127.0.0.1:{next}");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains(&expected), "{said}");
}

#[test]
fn the_environment_names_the_port_and_a_flag_wins() {
    let server = Server::spawn(chat_demo().env("PORT", "0"));
    assert!(server.address.ip().is_loopback(), "never open to the network by accident");
    let server = Server::spawn(chat_demo().env("PORT", "1").args(["--listen", "127.0.0.1:0"]));
    assert_ne!(server.port(), 1);
    let output = chat_demo().env("PORT", "many").output().expect("it runs");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_folder_that_is_not_there_is_explained() {
    let output = chat_demo().args(["--assets", "no/such/folder"]).output().expect("it runs");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no/such/folder"));
}

#[cfg(not(feature = "redis"))]
#[test]
fn what_is_not_built_in_says_how_to_get_it() {
    let output = chat_demo().args(["--redis", "redis://127.0.0.1:6379"]).output().expect("it runs");
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("cargo run -p chat-demo --features redis"), "{said}");
}

#[test]
fn flags_that_make_no_sense_are_explained() {
    for (arguments, words) in [
        (["--ping-interval", "0"], "seconds between"),
        (["--ping-interval", "NaN"], "seconds between"),
        (["--pong-timeout", "5s"], "seconds between"),
        (["--allow-origin", "chat.test"], "scheme://host"),
        (["--allow-origin", "https://chat.test/"], "scheme://host"),
        (["--rate", "0"], "1..="),
        (["--queue", "0"], "1..="),
        (["--log", "loud"], "\"warn\", \"info\""),
    ] {
        let output = chat_demo().args(arguments).output().expect("it runs");
        assert_eq!(output.status.code(), Some(2));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(words), "{arguments:?}: {said}");
    }
}

/// The flags in the README: their names, values and defaults.
fn flags_in_readme() -> BTreeMap<&'static str, (&'static str, &'static str)> {
    let chapter = include_str!("../../README.md").split("## Flags").nth(1).expect("a chapter");
    let rows = chapter.lines().filter_map(|line| line.strip_prefix("| `--"));
    rows.map(|row| {
        let mut cells = row.split('|');
        let flag = cells.next().and_then(|cell| cell.split('`').next()).expect("a flag");
        let (name, value) = flag.split_once(' ').unwrap_or((flag, ""));
        (name, (value, cells.next().expect("a default").trim()))
    })
    .collect()
}

#[test]
fn the_readme_has_the_flags_of_the_help() {
    let output = chat_demo().arg("--help").output().expect("it runs");
    let help = String::from_utf8(output.stdout).expect("UTF-8");
    let mut flags = BTreeMap::new();
    for line in help.split("Options:").nth(1).expect("options").lines() {
        let Some((_, flag)) = line.split_once("--") else { continue };
        let flag = flag.split("  ").next().unwrap_or_default();
        let (name, value) = flag.split_once(' ').unwrap_or((flag, ""));
        let default = line.split_once("[default: ").and_then(|(_, default)| default.split_once(']'));
        let value = value.trim_matches(|c: char| !c.is_ascii_uppercase());
        if !matches!(name, "help" | "version") {
            flags.insert(name, (value, default.map_or("", |(default, _)| default)));
        }
    }
    let mut told = flags_in_readme();
    if cfg!(not(feature = "redis")) {
        told.remove("redis");
    }
    assert_eq!(flags, told);
}

#[test]
fn each_connection_s_end_is_one_line() {
    let server = Server::start(&[]);
    let (mut ada, _) = server.join("json");
    ada.post("Ada", "one");
    ada.send("nonsense");
    ada.next_with("error");
    ada.socket
        .close(Some(CloseFrame { code: CloseCode::Library(3000), reason: "bye".into() }))
        .expect("sent");
    let line = server.log_line("left");
    for part in ["INFO", "peer=127.0.0.1:", "code=3000", "received=2", "posted=1", "after=", "left: closed"] {
        assert!(line.contains(part), "{part:?} is missing: {line}");
    }
    drop(server.join("json"));
    assert!(server.log_line("code=1006").contains("gone without a Close frame"));
}

#[cfg(unix)]
#[test]
fn the_limit_of_open_files_is_raised_as_far_as_it_goes() {
    let limited = |limits: &str, arguments: &[&str]| {
        let script = format!("{limits}; exec \"$0\" --listen 127.0.0.1:0 \"$@\"");
        Server::spawn(
            Command::new("sh").arg("-c").arg(script).arg(env!("CARGO_BIN_EXE_chat-demo")).args(arguments),
        )
    };
    let server = limited("ulimit -Sn 64", &["--max-connections", "200"]);
    let crowd: Vec<_> = (0..150).map(|_| server.join("json")).collect();
    assert_eq!(crowd.len(), 150);

    let server = limited("ulimit -n 200", &["--max-connections", "300"]);
    let line = server.log_line("files");
    assert!(
        line.contains("only 200 files may be open: 72 connections at a time, not 300; try `ulimit -n 428`"),
        "{line}"
    );
    let crowd: Vec<_> = (0..72).map(|_| server.join("json")).collect();
    assert!(server.upgrade("/", "").starts_with("HTTP/1.1 503 "));
    drop(crowd);
}
