//! A small chat over WebSocket: what `tokio-wsproto` looks like in a program. README.md says what is where.

mod assets;
mod connection;
mod flags;
mod http;
mod message;
#[cfg(feature = "redis")]
mod relay;
mod room;
mod server;

use std::io::{ErrorKind, Write};
use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Parser;
use tokio::net::TcpListener;

use flags::Flags;
use room::Room;

#[tokio::main]
async fn main() -> ExitCode {
    let flags = Flags::parse();
    let log = tracing_subscriber::fmt().with_max_level(flags.log).with_writer(std::io::stderr);
    // Plain, whatever features other crates of the workspace turn on.
    log.with_ansi(false).init();
    match run(flags).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("chat-demo: {problem}");
            ExitCode::FAILURE
        }
    }
}

async fn run(flags: Flags) -> Result<(), String> {
    let assets = assets::Assets::new(flags.assets.as_deref())?;
    let queue = flags.queue as usize;
    #[cfg(feature = "redis")]
    let room = match &flags.redis {
        Some(url) => relay::open(url, queue).await?,
        None => Room::new(queue, [], None),
    };
    #[cfg(not(feature = "redis"))]
    let room = Room::new(queue, [], None);
    let listener =
        TcpListener::bind(flags.address()).await.map_err(|error| explain(&error, flags.address()))?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    // Before the address is known to anybody, so that no signal is missed.
    let stop = stop_signal().map_err(|error| format!("no signals: {error}"))?;
    announce(address);
    server::run(listener, server::Context { flags, assets, address, room }, stop).await;
    Ok(())
}

/// On stdout, which is for this line alone: a program that started us on port 0 reads the port from it.
fn announce(address: SocketAddr) {
    let is_any = address.ip().is_unspecified();
    let place = if is_any { format!("localhost:{}", address.port()) } else { address.to_string() };
    // Whoever closed our stdout does not want to know.
    let _ = writeln!(std::io::stdout(), "http://{place}");
}

fn explain(error: &std::io::Error, address: SocketAddr) -> String {
    let port = address.port();
    match error.kind() {
        ErrorKind::AddrInUse => {
            let next = SocketAddr::new(address.ip(), port.checked_add(1).unwrap_or(8080));
            format!("port {port} is in use; try --listen {next}")
        }
        _ => format!("cannot listen on {address}: {error}"),
    }
}

/// Starts to listen for SIGINT and SIGTERM; the future ends with the first of them.
#[cfg(unix)]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Listens for Ctrl-C, which is all there is.
#[cfg(not(unix))]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    })
}
