//! How it starts and how it ends.

use std::time::{Duration, Instant};

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
