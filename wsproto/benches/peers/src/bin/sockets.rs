//! Echo over loopback, each server on one core, the load from another: `sockets [--write] NAME=PROGRAM...`
//!
//! A server is sent masked text; each reply is compared with what it has to be, byte by byte. The servers take turns,
//! so that whatever else the machine does hits all alike; the best of the rounds counts.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use peers::{Server, page};
use wsproto::MaskingKey;
use wsproto::connection::{Client, Sender, Server as ServerRole};

/// Connections, bytes of payload, and messages in flight for each connection.
const LOADS: [(usize, usize, usize); 5] =
    [(100, 512, 1), (100, 512, 16), (1000, 16, 1), (1000, 16, 16), (100, 16_384, 4)];
const ROUNDS: usize = 3;
const WARM_UP: Duration = Duration::from_millis(300);
const MEASURED: Duration = Duration::from_millis(1200);
/// How long a server may be silent before that is its failure.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Clone, Copy)]
struct Cell {
    messages_per_second: f64,
    cpu_per_message: f64,
    /// Of that, outside the system.
    user_per_message: f64,
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let servers: Vec<(&str, &str)> =
        arguments.iter().filter_map(|argument| argument.split_once('=')).collect();
    assert!(!servers.is_empty(), "no server: NAME=PROGRAM");
    let machine = page::machine();
    peers::raise_file_limit();
    peers::take_load_core();

    let mut best = BTreeMap::<(usize, usize), Cell>::new();
    for round in 1..=ROUNDS {
        for (column, &load) in LOADS.iter().enumerate() {
            for (row, (name, program)) in servers.iter().enumerate() {
                let server = Server::start(program);
                let cell = measure(&server, load);
                let title = title(load).replace("<br>", " ");
                eprintln!(
                    "round {round}/{ROUNDS}, {title}: {name}: {}, {:.2} µs of it in itself",
                    show(cell),
                    cell.user_per_message * 1e6
                );
                let best = best.entry((row, column)).or_insert(cell);
                best.messages_per_second = best.messages_per_second.max(cell.messages_per_second);
                best.cpu_per_message = best.cpu_per_message.min(cell.cpu_per_message);
                best.user_per_message = best.user_per_message.min(cell.user_per_message);
            }
        }
    }

    let mut table = format!("{machine}.\n\n| |{}\n|---|{}\n", columns(), "---|".repeat(LOADS.len()));
    for (row, (name, _)) in servers.iter().enumerate() {
        table += &format!("| {name} ");
        for column in 0..LOADS.len() {
            let is_first = (0..servers.len()).all(|other| {
                best[&(other, column)].messages_per_second <= best[&(row, column)].messages_per_second
            });
            let mark = if is_first { "**" } else { "" };
            table += &format!("| {mark}{}{mark} ", show(best[&(row, column)]));
        }
        table += "|\n";
    }
    page::show("sockets", &format!("{table}\n{}", goals(&servers, &best)));
}

/// How ours compare with the best of the others in each column; a tokio program has tokio programs as its peers, and
/// tokio-wsproto is held against the program by hand, too. With one message in flight there is nothing to be won by taking many at once:
/// there it may cost a little more than the best of its peers.
fn goals(servers: &[(&str, &str)], best: &BTreeMap<(usize, usize), Cell>) -> String {
    let rows = |is_one: &dyn Fn(&str) -> bool| -> Vec<usize> {
        (0..servers.len()).filter(|row| is_one(servers[*row].0)).collect()
    };
    let is_ours = |name: &str| name.starts_with("echo_") || name.starts_with("tokio-wsproto");
    let all_others = rows(&|name| !is_ours(name));
    let on_tokio = rows(&|name| !is_ours(name) && !name.starts_with("uWebSockets"));
    let by_hand = rows(&|name| name == "echo_tokio");
    let mut table =
        format!("| ratio to the best peer | goal |{}\n|---|---|{}\n", columns(), "---|".repeat(LOADS.len()));
    let of_ours = servers.iter().map(|(name, _)| *name).filter(|name| is_ours(name));
    let pairs = of_ours.flat_map(|name| match name {
        "echo_mio" => vec![(name, &all_others, "all", MostCpu(1.0, 1.0))],
        "echo_uring" => vec![(name, &all_others, "all", MostCpu(0.92, 0.92))],
        "echo_tokio" => vec![(name, &on_tokio, "those on tokio", MostCpu(1.0, 1.0))],
        _ => vec![
            (name, &on_tokio, "those on tokio", MostCpu(1.05, 1.0)),
            (name, &by_hand, "echo_tokio", MostCpu(1.1, 1.1)),
        ],
    });
    for (ours, others, label, goal) in pairs.filter(|(_, others, ..)| !others.is_empty()) {
        let Some(row) = servers.iter().position(|(name, _)| *name == ours) else { continue };
        let cells = |column: usize| others.iter().map(move |other| best[&(*other, column)]);
        table += &format!(
            "| {ours}, {label}: messages a second | {} |",
            goal.describe("at least", |cpu| 1.0 / cpu)
        );
        for column in 0..LOADS.len() {
            let most = cells(column).map(|cell| cell.messages_per_second).fold(0.0, f64::max);
            let ratio = best[&(row, column)].messages_per_second / most;
            table += &format!(" {ratio:.2} {} |", verdict(ratio >= 1.0 / goal.at(LOADS[column])));
        }
        table += &format!("\n| {ours}, {label}: CPU a message | {} |", goal.describe("at most", |cpu| cpu));
        for column in 0..LOADS.len() {
            let least = cells(column).map(|cell| cell.cpu_per_message).fold(f64::MAX, f64::min);
            let ratio = best[&(row, column)].cpu_per_message / least;
            table += &format!(" {ratio:.2} {} |", verdict(ratio <= goal.at(LOADS[column])));
        }
        table += "\n";
    }
    table
}

/// The most that a message may cost, as a ratio to another's: with one message in flight, and with more.
#[derive(Clone, Copy)]
struct MostCpu(f64, f64);

impl MostCpu {
    fn at(self, (_, _, window): (usize, usize, usize)) -> f64 {
        if window == 1 { self.0 } else { self.1 }
    }

    fn describe(self, limit: &str, of: impl Fn(f64) -> f64) -> String {
        let Self(one, more) = self;
        let other = if one == more { String::new() } else { format!("; {:.2} with window 1", of(one)) };
        format!("{limit} {:.2}{other}", of(more))
    }
}

fn verdict(is_met: bool) -> &'static str {
    if is_met { "met" } else { "**missed**" }
}

fn columns() -> String {
    LOADS.iter().map(|load| format!(" {} |", title(*load))).collect()
}

fn title((connections, payload, window): (usize, usize, usize)) -> String {
    let size = if payload < 1024 { format!("{payload} B") } else { format!("{} KiB", payload / 1024) };
    format!("{connections} × {size},<br>window {window}")
}

fn show(cell: Cell) -> String {
    format!("{} k/s, {:.2} µs", page::figure(cell.messages_per_second / 1e3), cell.cpu_per_message * 1e6)
}

fn measure(server: &Server, (connections, payload, window): (usize, usize, usize)) -> Cell {
    let mut load = Load::new(server, connections, payload, window);
    load.run(WARM_UP);
    let (messages, (cpu, user), started) = (load.messages, server.cpu_time(), Instant::now());
    load.run(MEASURED);
    let (messages, elapsed) = ((load.messages - messages) as f64, started.elapsed());
    let (cpu_after, user_after) = server.cpu_time();
    Cell {
        messages_per_second: messages / elapsed.as_secs_f64(),
        cpu_per_message: (cpu_after - cpu).as_secs_f64() / messages,
        user_per_message: (user_after - user).as_secs_f64() / messages,
    }
}

/// Many connections, each with some messages in flight.
struct Load {
    poll: Poll,
    peers: Vec<Peer>,
    window: usize,
    /// Different messages over and over, as they are sent and as they have to come back.
    requests: Ring,
    replies: Ring,
    buffer: Vec<u8>,
    messages: u64,
}

struct Peer {
    stream: TcpStream,
    sent: u64,
    received: u64,
}

impl Load {
    fn new(server: &Server, connections: usize, payload: usize, window: usize) -> Self {
        let poll = Poll::new().expect("epoll");
        let (requests, replies) = messages(payload);
        let peer = |token| {
            let stream = peers::connect(&server.address, "/");
            stream.set_nonblocking(true).expect("a socket");
            let mut stream = TcpStream::from_std(stream);
            let both = Interest::READABLE | Interest::WRITABLE;
            poll.registry().register(&mut stream, Token(token), both).expect("epoll");
            Peer { stream, sent: 0, received: 0 }
        };
        let peers: Vec<Peer> = (0..connections).map(peer).collect();
        let buffer = vec![0; RING];
        Self { poll, peers, window, requests, replies, buffer, messages: 0 }
    }

    fn run(&mut self, time: Duration) {
        let end = Instant::now() + time;
        let mut events = Events::with_capacity(1024);
        let mut last_message = Instant::now();
        for at in 0..self.peers.len() {
            self.turn(at);
        }
        while Instant::now() < end {
            let before = self.messages;
            let _ = self.poll.poll(&mut events, Some(Duration::from_millis(100)));
            for event in &events {
                self.turn(event.token().0);
            }
            if self.messages > before {
                last_message = Instant::now();
            }
            assert!(last_message.elapsed() < PATIENCE, "no reply");
        }
    }

    /// Takes all replies that are there, and sends as many messages as they allow, in one write.
    fn turn(&mut self, at: usize) {
        let peer = &mut self.peers[at];
        let before = peer.received / self.replies.period;
        loop {
            match peer.stream.read(&mut self.buffer) {
                Ok(0) => panic!("the server hung up"),
                Ok(n) => {
                    assert!(self.buffer[..n] == *self.replies.at(peer.received, n), "a wrong reply");
                    peer.received += n as u64;
                    if n < self.buffer.len() {
                        break;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => panic!("{error}"),
            }
        }
        let done = peer.received / self.replies.period;
        self.messages += done - before;
        let due = (done + self.window as u64) * self.requests.period;
        while peer.sent < due {
            let len = usize::try_from(due - peer.sent).expect("a window").min(RING);
            match peer.stream.write(self.requests.at(peer.sent, len)) {
                Ok(n) => peer.sent += n as u64,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => panic!("{error}"),
            }
        }
    }
}

/// How many bytes of a ring can be had at once.
const RING: usize = 256 * 1024;

/// Frames of equal length that come again and again.
struct Ring {
    /// One frame's length.
    period: u64,
    /// All frames' length.
    len: u64,
    bytes: Vec<u8>,
}

impl Ring {
    fn new(frames: &[Vec<u8>]) -> Self {
        let all = frames.concat();
        let bytes = all.iter().copied().cycle().take(all.len() + RING).collect();
        Self { period: frames[0].len() as u64, len: all.len() as u64, bytes }
    }

    fn at(&self, position: u64, len: usize) -> &[u8] {
        let start = usize::try_from(position % self.len).expect("a place in memory");
        &self.bytes[start..start + len]
    }
}

/// Sixteen texts, masked with different keys, and their echoes.
fn messages(payload: usize) -> (Ring, Ring) {
    let (mut requests, mut replies) = (Vec::new(), Vec::new());
    for seed in 1..=16_u32 {
        let text: String = (0..payload as u32)
            .map(|at| char::from(b' ' + (at.wrapping_mul(seed) >> 1).to_le_bytes()[0] % 95))
            .collect();
        let mut frame = vec![0; payload + 14];
        let key = MaskingKey::new(seed.wrapping_mul(0x9E37_79B9).to_be_bytes());
        let n = Sender::new(Client::new(|| key)).frame().encode(&text, &mut frame).expect("it fits");
        requests.push(frame[..n].to_vec());
        let n = Sender::new(ServerRole).frame().encode(&text, &mut frame).expect("it fits");
        replies.push(frame[..n].to_vec());
    }
    (Ring::new(&requests), Ring::new(&replies))
}
