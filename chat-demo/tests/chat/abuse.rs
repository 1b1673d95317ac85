//! What the internet does to a server: nobody else notices, and the memory comes back.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::rig::{Client, Server, frame, read_frame, until, wait_for_end};

/// What memory may be more after many rounds than after the first, in KiB: allocators keep some for the next time.
const TOLERANCE: u64 = 6 * 1024;

/// Abuses a server again and again; somebody else is heard all the while, and the memory returns to where it was.
fn survived(arguments: &[&str], abuse: impl Fn(&Server)) {
    let server = Server::start(arguments);
    let (mut ada, _) = server.join("json");
    let mut round = |n: usize| {
        abuse(&server);
        ada.post("Ada", &format!("round {n}"));
        while ada.next_with("msg")["msg"][0]["text"] != format!("round {n}") {}
        until("all others are gone", || (server.online() == 2).then_some(()));
    };
    (0..2).for_each(&mut round);
    #[cfg(target_os = "linux")]
    let floor = server.memory();
    (2..8).for_each(&mut round);
    #[cfg(target_os = "linux")]
    until("the memory returns to its floor", || (server.memory() <= floor + TOLERANCE).then_some(()));
}

/// Reads to the Close frame, and gives its code.
fn close_code(stream: &mut TcpStream) -> u16 {
    loop {
        let (first_byte, payload) = read_frame(stream);
        if first_byte == 0x88 {
            return u16::from_be_bytes([payload[0], payload[1]]);
        }
    }
}

/// Writes it again and again until nobody takes it, or often enough.
fn pour(stream: &mut TcpStream, bytes: &[u8], times: usize) {
    for _ in 0..times {
        if stream.write_all(bytes).is_err() {
            return;
        }
    }
}

/// Whether it says so: in a flood, some are not even told that it is full.
fn is_healthy(server: &Server) -> bool {
    let mut stream = server.connect();
    let mut answer = String::new();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").is_ok()
        && stream.read_to_string(&mut answer).is_ok()
        && answer.ends_with("\r\n\r\nok")
}

#[test]
fn a_flood_of_connections() {
    survived(&["--max-connections", "20", "--handshake-timeout", "0.3"], |server| {
        let flood: Vec<_> = (0..300).map(|_| server.connect()).collect();
        drop(flood);
        until("there is room again", || is_healthy(server).then_some(()));
    });
}

#[test]
fn a_flood_of_connections_that_stay() {
    survived(&[], |server| {
        let mut crowd: Vec<_> = (0..300).map(|_| server.raw("")).collect();
        for stream in &mut crowd {
            assert_eq!(read_frame(stream).0, 0x81);
        }
    });
}

#[test]
fn a_flood_of_messages_is_refused_then_closed_with_1008() {
    let server = Server::start(&[]);
    let (mut ada, _) = server.join("json-delta");
    let mut flooder: Client = server.join("json").0;
    for n in 0..30 {
        flooder.post("Flood", &n.to_string());
    }
    let mut refused = 0;
    let code = loop {
        match flooder.socket.read().expect("a message") {
            tungstenite::Message::Text(text) if text.contains("too fast") => refused += 1,
            tungstenite::Message::Close(close) => break close.expect("a code").code,
            _ => {}
        }
    };
    assert_eq!(u16::from(code), 1008);
    assert!((9..=11).contains(&refused), "as many are warned of as are let pass, not {refused}");
    let line = server.log_line("code=1008");
    assert!(line.contains("posted=10 ") || line.contains("posted=11 "), "{line}");
    let mut heard = 0;
    ada.post("Ada", "hello");
    until("Ada is heard", || {
        let new = ada.next_with("new");
        heard += new["new"].as_array().map_or(0, Vec::len);
        new["new"].as_array()?.iter().any(|message| message["user"] == "Ada").then_some(())
    });
    assert!((11..=12).contains(&heard), "all that was let pass, and no more: {heard}");
}

#[test]
fn who_was_too_fast_and_waits_is_heard_again() {
    let server = Server::start(&["--rate", "20", "--burst", "2"]);
    let (mut ada, _) = server.join("json");
    for n in 0..3 {
        ada.post("Ada", &n.to_string());
    }
    ada.next_with("error");
    std::thread::sleep(std::time::Duration::from_millis(200));
    ada.post("Ada", "patient");
    while ada.next_with("msg")["msg"][0]["text"] != "patient" {}
}

#[test]
fn floods_of_messages() {
    survived(&[], |server| {
        let mut stream = server.raw("");
        pour(&mut stream, &frame(0x81, b"{\"user\":\"a\",\"text\":\"b\"}"), 5000);
        wait_for_end(&mut stream);
    });
}

#[test]
fn a_flood_of_pings() {
    survived(&[], |server| {
        let mut stream = server.raw("");
        let mut answers = stream.try_clone().expect("a second handle");
        let reader = std::thread::spawn(move || std::io::copy(&mut answers, &mut std::io::sink()));
        pour(&mut stream, &frame(0x89, &[b'x'; 125]).repeat(100), 100);
        // A Pong answers the latest of those that came together.
        stream.shutdown(std::net::Shutdown::Write).expect("shut");
        let _ = reader.join().expect("no panic");
    });
}

#[test]
fn a_flood_of_one_byte_fragments() {
    survived(&[], |server| {
        let mut stream = server.raw("");
        pour(&mut stream, &[frame(0x01, b"x"), frame(0x00, b"x").repeat(2000)].concat(), 1);
        assert_eq!(close_code(&mut stream), 1008);
        wait_for_end(&mut stream);
    });
}

#[test]
fn a_name_of_10_mb() {
    survived(&[], |server| {
        let mut stream = server.raw("");
        // A text of 10 MiB, masked with zeros: it is refused by its header.
        let start = b"\x81\xff\0\0\0\0\0\xa0\0\0\0\0\0\0{\"text\":\"hi\",\"user\":\"";
        stream.write_all(start).expect("sent");
        assert_eq!(close_code(&mut stream), 1009);
        pour(&mut stream, &[b'x'; 1024], 10_240);
        wait_for_end(&mut stream);

        // The same in fragments, which add up.
        let mut stream = server.raw("");
        stream.write_all(&frame(0x01, b"{\"user\":\"")).expect("sent");
        pour(&mut stream, &frame(0x00, &[b'x'; 125]), 80);
        assert_eq!(close_code(&mut stream), 1009);
        wait_for_end(&mut stream);
    });
}

#[test]
fn garbage_behind_the_upgrade() {
    survived(&[], |server| {
        let mut state = 1_u32;
        let mut garbage = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        };
        let mut streams: Vec<_> = (0..20).map(|_| server.raw("")).collect();
        for stream in &mut streams {
            let garbage: Vec<u8> = (0..4096).map(|_| garbage()).collect();
            pour(stream, &garbage, 1);
            // Whatever it took the first bytes for, it does not wait for more of it.
            stream.shutdown(std::net::Shutdown::Write).expect("shut");
        }
        streams.iter_mut().for_each(wait_for_end);
    });
}

#[test]
fn half_open_connections_are_found_by_missed_pongs() {
    let server = Server::start(&["--ping-interval", "0.2", "--pong-timeout", "0.5"]);
    // They say nothing and close nothing: what is left of clients whose cable was pulled.
    let dead: Vec<_> = (0..20).map(|_| server.raw("")).collect();
    until("all are found", || (server.count_in_log("not even an answer to a Ping") == 20).then_some(()));
    assert_eq!(server.online(), 1);
    drop(dead);
}

#[test]
fn names_are_made_harmless() {
    let server = Server::start(&[]);
    let (mut ada, _) = server.join("json");
    for (name, shown) in [
        ("Ada\u{202e}nimda", "Ada\u{fffd}nimda"),
        ("a\u{2066}b\u{2069}\u{200f}", "a\u{fffd}b\u{fffd}\u{fffd}"),
        ("two\nlines\u{2028}\0\u{1b}[31m\u{85}", "two\u{fffd}lines\u{fffd}\u{fffd}\u{fffd}[31m\u{fffd}"),
        ("\u{feff}Ada\u{200b}", "\u{fffd}Ada\u{fffd}"),
        ("👩\u{200d}🚀 Zoë أليس", "👩\u{200d}🚀 Zoë أليس"),
    ] {
        ada.post(name, "hi");
        assert_eq!(ada.next()["msg"][0]["user"], shown);
    }
}

#[cfg(debug_assertions)]
#[test]
fn a_panic_in_one_connection_is_only_its_own() {
    let server = Server::start(&["--panic-on", "boom"]);
    let (mut ada, _) = server.join("json");
    let (mut ben, _) = server.join("json-delta");
    for _ in 0..3 {
        let mut bad = server.raw("");
        read_frame(&mut bad);
        bad.write_all(&frame(0x81, b"{\"user\":\"Bad\",\"text\":\"boom\"}")).expect("sent");
        wait_for_end(&mut bad);
    }
    server.wait_for_log("a connection's task failed");
    ada.post("Ada", "all is well");
    assert_eq!(ada.next()["msg"][0]["text"], "all is well");
    assert_eq!(ben.next_with("new")["new"][0]["text"], "all is well");
    until("who panicked has left the room", || (server.online() == 3).then_some(()));
}
