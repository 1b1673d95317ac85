//! What more connections cost: `growth [--write] NAME=PROGRAM...`
//!
//! A server gets some connections, and then a short message on each, again when its echo has come. CPU a connection
//! opened, and a message echoed, by the number of connections. The load takes one core, the server the other; the
//! servers take turns, and the best of the rounds counts.

use std::time::{Duration, Instant};

use peers::load::Load;
use peers::plot::Plot;
use peers::{Server, page};

/// The last one leaves some of the 20,000 files that a process mostly may have to the rest of it.
const CONNECTIONS: [(usize, &str); 4] =
    [(100, "100"), (1000, "1,000"), (10_000, "10,000"), (19_500, "19,500")];
const PAYLOAD: usize = 16;
const ROUNDS: usize = 3;
const WARM_UP: Duration = Duration::from_millis(500);
const MEASURED: Duration = Duration::from_millis(2000);

/// Seconds of CPU.
#[derive(Clone)]
struct Costs {
    message: Vec<f64>,
    handshake: Vec<f64>,
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let servers: Vec<(&str, &str)> =
        arguments.iter().filter_map(|argument| argument.split_once('=')).collect();
    assert!(!servers.is_empty(), "no server: NAME=PROGRAM");
    let machine = page::machine();
    peers::raise_file_limit();
    peers::take_load_core();

    let unknown = || vec![f64::MAX; CONNECTIONS.len()];
    let mut costs = vec![Costs { message: unknown(), handshake: unknown() }; servers.len()];
    for round in 1..=ROUNDS {
        for (column, (connections, label)) in CONNECTIONS.into_iter().enumerate() {
            for ((name, program), costs) in servers.iter().zip(&mut costs) {
                let (handshake, message) = measure(&Server::start(program), connections);
                eprintln!(
                    "round {round}/{ROUNDS}, {label}: {name}: {:.1}, {:.2} µs",
                    handshake * 1e6,
                    message * 1e6
                );
                costs.handshake[column] = costs.handshake[column].min(handshake);
                costs.message[column] = costs.message[column].min(message);
            }
        }
    }

    let labels: String = CONNECTIONS.iter().map(|(_, label)| format!(" {label} |")).collect();
    let rule = "---|".repeat(CONNECTIONS.len());
    let mut table = format!(
        "{machine}. µs of CPU a message, in brackets those of an opening handshake.\n\n\
        | connections |{labels} 10,000 to 1,000 |\n|---|{rule}---|\n"
    );
    for ((name, _), Costs { message, handshake }) in servers.iter().zip(&costs) {
        table += &format!("| {name} |");
        for (at, (connections, _)) in CONNECTIONS.into_iter().enumerate() {
            table += &format!(" {:.2}", message[at] * 1e6);
            // The system counts in 10 ms, which is more than a hundred of them take.
            if connections >= 1000 {
                table += &format!(" ({:.0})", handshake[at] * 1e6);
            }
            table += " |";
        }
        table += &format!(" {:.2} |\n", message[2] / message[1]);
    }
    page::show("growth", &table);
    let plot = Plot {
        title: "A 16-byte message echoed: CPU, over the number of connections",
        columns: &CONNECTIONS,
        rows: servers.iter().zip(&costs).map(|((name, _), costs)| (*name, &costs.message[..])).collect(),
        label: |power| format!("{} µs", 10_f64.powi(power + 6)),
    };
    page::draw("growth.svg", &plot.svg());
}

/// What a handshake and a message cost.
fn measure(server: &Server, connections: usize) -> (f64, f64) {
    let mut load = Load::new(server, connections, PAYLOAD, 1);
    let handshake = server.cpu_time().0.as_secs_f64() / connections as f64;
    load.run(WARM_UP);
    let (messages, (cpu, _), started) = (load.messages(), server.cpu_time(), Instant::now());
    load.run(MEASURED);
    assert!(started.elapsed() < 2 * MEASURED, "the load's own core is too busy");
    let messages = (load.messages() - messages) as f64;
    (handshake, (server.cpu_time().0 - cpu).as_secs_f64() / messages)
}
