//! What an idle connection costs a server in memory of its own: `idle [--write] NAME=PROGRAM...`
//!
//! The difference of its resident memory before and behind 10,000 connections, of which each has had one message
//! echoed. What the system holds for a socket is not in it. Connections are only opened to a server that is no echo, with
//! `--path PATH`; for instance: `idle --path /ws "chat-demo=target/release/chat-demo --listen 127.0.0.1:0 --log off"`

use std::io::{Read, Write};
use std::time::Duration;

use peers::{Server, page};

const CONNECTIONS: usize = 10_000;
/// So that what a server sets up once is not counted.
const WARM_UP: usize = 100;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let path =
        arguments.iter().position(|argument| argument == "--path").and_then(|at| arguments.get(at + 1));
    peers::raise_file_limit();
    peers::take_load_core();
    let mut table = format!("| | bytes a connection, {CONNECTIONS} of them idle |\n|---|---|\n");
    for (name, program) in arguments.iter().filter_map(|argument| argument.split_once('=')) {
        let server = Server::start(program);
        let open = || {
            let mut stream = peers::connect(&server.address, path.map_or("/", String::as_str));
            if path.is_none() {
                stream.write_all(b"\x81\x85\0\0\0\0Hello").expect("a server");
                let mut echo = [0; 7];
                stream.read_exact(&mut echo).expect("an echo");
                assert!(echo == *b"\x81\x05Hello");
            }
            stream
        };
        let mut streams: Vec<_> = (0..WARM_UP).map(|_| open()).collect();
        let before = server.resident();
        streams.extend((0..CONNECTIONS).map(|_| open()));
        std::thread::sleep(Duration::from_millis(500));
        let bytes = server.resident().saturating_sub(before) / CONNECTIONS as u64;
        eprintln!("{name}: {bytes}");
        table += &format!("| {name} | {} |\n", page::figure(bytes as f64));
    }
    page::show("idle", &table);
}
