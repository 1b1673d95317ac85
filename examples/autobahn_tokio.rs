//! `autobahn_server` and `autobahn_client` on tokio-wsproto: `autobahn_tokio server ADDR` echoes to the suite's `fuzzingclient`,
//! `autobahn_tokio client ADDR` runs through the cases of its `fuzzingserver` and has the reports written.

use std::error::Error;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_wsproto::{
    Accept, Client, Connect, ConnectError, Handshake, Limits, MaybeTls, Options, Policy, Serve, Timeouts,
    WebSocket,
};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

const AGENT: &str = "tokio-wsproto";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["server", address] => serve(address).await,
        ["client", address] => run_cases(address).await,
        _ => Err("usage: autobahn_tokio server|client ADDR".into()),
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

async fn serve(address: &str) -> Result<()> {
    let listener = TcpListener::bind(address).await?;
    println!("listening on ws://{}", listener.local_addr()?);
    let handler = |handshake| async {
        if let Err(error) = echo(handshake).await {
            println!("{error}");
        }
    };
    Serve::new(listener).with_options(options()).run(handler, tokio::signal::ctrl_c()).await;
    Ok(())
}

/// Owned messages here, borrowed ones in the client: so either way is tried.
async fn echo<T: AsyncRead + AsyncWrite + Unpin>(handshake: Handshake<T>) -> Result<()> {
    let mut socket = handshake.accept(Accept::new()).await?;
    while let Some(message) = socket.recv().await? {
        socket.feed(message)?;
    }
    Ok(())
}

async fn run_cases(address: &str) -> Result<()> {
    let mut socket = connect(address, "/getCaseCount").await?;
    let count = socket.recv().await?.ok_or("no count")?;
    let count: u32 = count.as_text().ok_or("no text")?.parse()?;
    while socket.recv().await?.is_some() {}
    println!("{count} cases");
    for case in 1..=count {
        // How a case ended is the suite's to judge; many end in an error on purpose.
        if let Err(error) = run_case(address, case).await {
            println!("case {case}: {error}");
        }
    }
    // The server writes its reports and is gone, often before it answers the handshake.
    match connect(address, &format!("/updateReports?agent={AGENT}&shutdownOnComplete=true")).await {
        Ok(mut socket) => while let Ok(Some(_)) = socket.recv().await {},
        Err(error) => println!("reports: {error}"),
    }
    Ok(())
}

async fn run_case(address: &str, case: u32) -> Result<()> {
    let mut socket = connect(address, &format!("/runCase?case={case}&agent={AGENT}")).await?;
    while let Some((message, mut out)) = socket.read().await? {
        out.feed(message)?;
    }
    Ok(())
}

async fn connect(
    address: &str,
    target: &str,
) -> std::result::Result<WebSocket<MaybeTls, Client>, ConnectError> {
    Connect::new(format!("ws://{address}{target}")).options(options()).connect().await
}
