//! `autobahn_server` and `autobahn_client` on wsproto-blocking: `autobahn_blocking server ADDR` echoes to the suite's
//! `fuzzingclient`, `autobahn_blocking client ADDR` runs through the cases of its `fuzzingserver` and has the reports written.

use std::error::Error;
use std::net::{TcpListener, TcpStream};
use std::thread;

use wsproto_blocking::{
    Client, Connect, ConnectError, Limits, MaybeTls, Options, Policy, Timeouts, WebSocket, accept_with,
    incoming,
};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

const AGENT: &str = "wsproto-blocking";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["server", address] => serve(address),
        ["client", address] => run_cases(address),
        _ => Err("usage: autobahn_blocking server|client ADDR".into()),
    }
}

/// The cases 9.* send messages of 16 MiB, some of them in fragments of 64 bytes. The cases 12.* and 13.* compress: also the shortest
/// messages here, with all that can be agreed on. The suite's pauses are its own, and a Ping in them would be a surprise.
fn options() -> Options {
    let limits = Limits::new()
        .with_max_frame_payload(16 << 20)
        .with_max_message_size(16 << 20)
        .with_max_fragments(1 << 20)
        .with_max_control_frames(1 << 20);
    Options::new()
        .with_limits(limits)
        .with_deflate(Some(Policy::new().with_threshold(0).with_takeover().with_accept_full_window(true)))
        .with_timeouts(Timeouts::new().with_silence(None))
        .any_origin() // a browser's page that tests it comes from elsewhere
}

fn serve(address: &str) -> Result<()> {
    let listener = TcpListener::bind(address)?;
    println!("listening on ws://{}", listener.local_addr()?);
    for (stream, _) in incoming(&listener) {
        thread::spawn(|| {
            if let Err(error) = echo(stream) {
                println!("{error}");
            }
        });
    }
    Ok(())
}

/// Owned messages here, borrowed ones in the client: so either way is tried.
fn echo(stream: TcpStream) -> Result<()> {
    let mut socket = accept_with(stream, &options())?;
    while let Some(message) = socket.recv()? {
        socket.feed(message)?;
    }
    Ok(())
}

fn run_cases(address: &str) -> Result<()> {
    let mut socket = connect(address, "/getCaseCount")?;
    let count = socket.recv()?.ok_or("no count")?;
    let count: u32 = count.as_text().ok_or("no text")?.parse()?;
    while socket.recv()?.is_some() {}
    println!("{count} cases");
    for case in 1..=count {
        // How a case ended is the suite's to judge; many end in an error on purpose.
        if let Err(error) = run_case(address, case) {
            println!("case {case}: {error}");
        }
    }
    // The server writes its reports and is gone, often before it answers the handshake.
    match connect(address, &format!("/updateReports?agent={AGENT}&shutdownOnComplete=true")) {
        Ok(mut socket) => while let Ok(Some(_)) = socket.recv() {},
        Err(error) => println!("reports: {error}"),
    }
    Ok(())
}

fn run_case(address: &str, case: u32) -> Result<()> {
    let mut socket = connect(address, &format!("/runCase?case={case}&agent={AGENT}"))?;
    while let Some((message, mut out)) = socket.read()? {
        out.feed(message)?;
    }
    Ok(())
}

fn connect(address: &str, target: &str) -> std::result::Result<WebSocket<MaybeTls, Client>, ConnectError> {
    Connect::new(format!("ws://{address}{target}")).options(options()).connect()
}
