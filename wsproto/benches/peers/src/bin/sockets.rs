//! Echo over loopback, each server on one core, the load from another: `sockets [--write] NAME=PROGRAM...`
//!
//! A server is sent masked text; each reply is compared with what it has to be, byte by byte. The servers take turns,
//! so that whatever else the machine does hits all alike; the best of the rounds counts.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use peers::load::Load;
use peers::{Server, page};

/// Connections, bytes of payload, and messages in flight for each connection.
const LOADS: [(usize, usize, usize); 5] =
    [(100, 512, 1), (100, 512, 16), (1000, 16, 1), (1000, 16, 16), (100, 16_384, 4)];
const ROUNDS: usize = 3;
const WARM_UP: Duration = Duration::from_millis(300);
const MEASURED: Duration = Duration::from_millis(1200);

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
    let (messages, (cpu, user), started) = (load.messages(), server.cpu_time(), Instant::now());
    load.run(MEASURED);
    let (messages, elapsed) = ((load.messages() - messages) as f64, started.elapsed());
    let (cpu_after, user_after) = server.cpu_time();
    Cell {
        messages_per_second: messages / elapsed.as_secs_f64(),
        cpu_per_message: (cpu_after - cpu).as_secs_f64() / messages,
        user_per_message: (user_after - user).as_secs_f64() / messages,
    }
}
