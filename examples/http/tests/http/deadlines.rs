//! Those who connect and then say nothing are not waited for.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::program::Program;

#[test]
fn who_says_nothing_is_left() {
    let programs = [
        (env!("CARGO_BIN_EXE_hyper_upgrade"), &b""[..]),
        (env!("CARGO_BIN_EXE_hyper_upgrade"), b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade:"),
        (env!("CARGO_BIN_EXE_axum_upgrade"), b""),
        (env!("CARGO_BIN_EXE_axum_upgrade"), b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade:"),
        (env!("CARGO_BIN_EXE_h2_extended_connect"), b""),
        // The beginning of HTTP/2, an empty SETTINGS frame, and no request.
        (env!("CARGO_BIN_EXE_h2_extended_connect"), b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"),
    ];
    let begin = Instant::now();
    let connected = programs.map(|(path, bytes)| {
        let program = Program::start(path);
        let mut socket = TcpStream::connect(&program.address).unwrap();
        socket.write_all(bytes).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(25))).unwrap();
        (program, socket)
    });
    for (program, mut socket) in connected {
        let _ = socket.read_to_end(&mut Vec::new()).expect("its end");
        let waited = begin.elapsed().as_secs();
        assert!((9..25).contains(&waited), "{} waited {waited} s", program.address);
    }
}
