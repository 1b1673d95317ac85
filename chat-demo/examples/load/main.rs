//! Puts the chat under load, and tells what came of it:
//!
//! ```text
//! cargo run --release -p chat-demo --example load -- --connections 1000 --rate 50
//! ```
//!
//! It starts a server of its own, connects, lets the connections rest, then posts, and watches that everybody hears
//! everything, once, in the same order. It ends with 1 when anything was lost, doubled or disconnected. It goes to
//! loopback only, and for a bounded time: who wants to load other people's servers has to look elsewhere.

mod client;
mod ledger;
mod process;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use clap::{Parser, value_parser};
use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use client::{Client, Phase};
use ledger::Ledger;
use process::{Server, Usage};

pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// How many connections are being made at a time.
const KNOCKING: usize = 128;

/// Posts a second of one client at most: fewer than a server lets pass.
const POSTS_EACH: u32 = 4;

/// How long the last messages may be under way, and how long all connections may rest to be measured.
const PATIENCE: Duration = Duration::from_secs(30);
const REST: Duration = Duration::from_secs(3);

/// Puts the chat under load, on loopback only, and tells what came of it
#[derive(Debug, Parser)]
struct Flags {
    /// How many connections, all in the room
    #[arg(long, default_value_t = 1000, value_parser = value_parser!(u32).range(1..=20_000))]
    connections: u32,

    /// Messages a second that are posted, by as many of them as it takes
    #[arg(long, default_value_t = 50, value_parser = value_parser!(u32).range(1..=5_000))]
    rate: u32,

    /// Seconds of that
    #[arg(long, default_value_t = 20, value_parser = value_parser!(u32).range(1..=300))]
    seconds: u32,

    /// A server that runs already, instead of one that is built and started for it
    #[arg(long, value_name = "ADDRESS", value_parser = loopback)]
    connect: Option<SocketAddr>,

    /// Its process, to tell what it uses
    #[arg(long, requires = "connect")]
    pid: Option<u32>,
}

fn loopback(text: &str) -> std::result::Result<SocketAddr, String> {
    match text.parse::<SocketAddr>() {
        Ok(address) if address.ip().is_loopback() => Ok(address),
        Ok(_) => Err("only loopback (127.0.0.1, [::1]) may be put under load".into()),
        Err(_) => Err("give an address such as 127.0.0.1:8080".into()),
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Flags::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("load: {problem}");
            ExitCode::FAILURE
        }
    }
}

/// Tells whether all went well.
async fn run(flags: Flags) -> Result<bool> {
    let wanted = u64::from(flags.connections) + 64;
    let granted = rlimit::increase_nofile_limit(wanted).unwrap_or(wanted);
    if granted < wanted {
        return Err(format!("only {granted} files may be open: try `ulimit -n {wanted}`, or fewer").into());
    }
    let server = match flags.connect {
        Some(address) => Server::running(address, flags.pid),
        None => Server::start(flags.connections)?,
    };
    let posters = flags.rate.div_ceil(POSTS_EACH).min(flags.connections);
    if flags.rate > posters * POSTS_EACH {
        return Err(format!("{posters} connections post {} messages a second", posters * POSTS_EACH).into());
    }
    let total = flags.rate as usize * flags.seconds as usize;
    let ledger = Arc::new(Ledger::new(total));
    let (phase, phases) = watch::channel(Phase::Rest);
    let lost = Arc::new(AtomicUsize::new(0));

    let empty = server.usage();
    let progress = bar("connecting", u64::from(flags.connections));
    let began = Instant::now();
    let knocking = Arc::new(Semaphore::new(KNOCKING));
    let mut joining = JoinSet::new();
    for _ in 0..flags.connections {
        let (knocking, address) = (Arc::clone(&knocking), server.address);
        joining.spawn(async move {
            let _turn = knocking.acquire_owned().await?;
            Client::join(address).await
        });
    }
    let mut tasks = JoinSet::new();
    while let Some(joined) = joining.join_next().await {
        let client = joined??;
        let rate = f64::from(flags.rate) / f64::from(posters);
        let pause = (tasks.len() < posters as usize).then(|| Duration::from_secs_f64(1.0 / rate));
        let (ledger, phases, lost) = (Arc::clone(&ledger), phases.clone(), Arc::clone(&lost));
        tasks.spawn(async move {
            if let Err(error) = client.talk(&ledger, pause, phases).await {
                // One reason tells enough.
                if lost.fetch_add(1, Ordering::Relaxed) == 0 {
                    eprintln!("load: disconnected: {error}");
                }
            }
        });
        progress.inc(1);
    }
    progress.finish_and_clear();
    let connecting = began.elapsed();

    sleep(REST).await;
    let idle = server.usage();
    phase.send_replace(Phase::Talk);
    let began = Instant::now();
    let progress = bar("talking", total as u64);
    let deadline = Duration::from_secs(flags.seconds.into()) + PATIENCE;
    let everybody = flags.connections as usize;
    while !ledger.is_complete(everybody) && began.elapsed() < deadline {
        sleep(Duration::from_millis(100)).await;
        progress.set_position(ledger.heard() as u64);
    }
    progress.finish_and_clear();
    let talking = began.elapsed();
    let busy = server.usage();
    let lost = lost.load(Ordering::Relaxed);
    phase.send_replace(Phase::End);
    while tasks.join_next().await.is_some() {}

    println!("connections     {everybody} in {:.1} s, {lost} of them disconnected", connecting.as_secs_f64());
    if let (Some(empty), Some(idle), Some(busy)) = (empty, idle, busy) {
        let each = idle.memory.saturating_sub(empty.memory) / u64::from(flags.connections);
        println!(
            "memory          {each} bytes for each idle connection; the server holds {} KiB",
            busy.memory / 1024
        );
        println!("CPU             {:.0} % of one core while they talk", Usage::load(idle, busy, talking));
    }
    let verdict = ledger.verdict(everybody);
    println!("{verdict}");
    Ok(lost == 0 && verdict.is_good())
}

fn bar(what: &'static str, len: u64) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{prefix:10} {bar:40} {pos}/{len} {elapsed}").expect("a template");
    ProgressBar::new(len).with_style(style).with_prefix(what)
}
