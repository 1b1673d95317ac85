//! What an idle connection costs a server in memory of its own: `idle [--write] NAME[@PATH]=PROGRAM...`
//!
//! The difference of its resident memory before and behind 10,000 connections, of which each has had one message
//! echoed. What the system holds for a socket is not in it. With a path the server is no echo, and connections are only opened
//! there: `idle "chat-demo@/ws=target/release/chat-demo --listen 127.0.0.1:0"`

use std::io::{Read, Write};
use std::time::Duration;

use peers::{Server, page};

const CONNECTIONS: usize = 10_000;
/// So that what a server sets up once is not counted.
const WARM_UP: usize = 100;
/// What a connection may cost at most, by the beginning of the server's name.
const GOALS: [(&str, u64); 2] = [("tokio-wsproto", 1_400), ("chat-demo", 5_900)];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    peers::raise_file_limit();
    peers::take_load_core();
    let mut table = format!("| | bytes a connection, {CONNECTIONS} of them idle | goal |\n|---|---|---|\n");
    for (name, program) in arguments.iter().filter_map(|argument| argument.split_once('=')) {
        let (name, path) = name.split_once('@').map_or((name, None), |(name, path)| (name, Some(path)));
        let server = Server::start(program);
        let open = || {
            let mut stream = peers::connect(&server.address, path.unwrap_or("/"));
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
        table += &format!("| {name} | {} | {} |\n", page::figure(bytes as f64), goal(name, bytes));
    }
    page::show("idle", &table);
}

/// What it was to cost at most, and whether it does.
fn goal(name: &str, bytes: u64) -> String {
    let Some((_, most)) = GOALS.iter().find(|(server, _)| name.starts_with(server)) else {
        return String::new();
    };
    let verdict = if bytes <= *most { "met" } else { "**missed**" };
    format!("at most {}: {verdict}", page::figure(*most as f64))
}
