//! What each Rust peer does, whichever library it is on: see `driver/plan.py` for what the steps mean.

mod checks;
mod plan;
mod tls;
pub mod wanted;

use std::error::Error;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

pub use plan::{Connection, Plan};
pub use tls::Tls;

pub type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// For every read: a peer that hangs fails its check.
pub const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    Text(String),
    Binary(Vec<u8>),
}

/// What comes.
#[derive(Debug, Clone, PartialEq)]
pub enum Incoming {
    Message(Message),
    Closed(Closed),
}

/// What came in the other end's Close frame; 1005 if there was no code.
#[derive(Debug, Clone, PartialEq)]
pub struct Closed {
    pub code: u16,
    pub reason: String,
}

/// A connection, as a library has it.
#[expect(clippy::missing_errors_doc, reason = "what a library fails with, it fails with")]
pub trait Peer {
    /// What was negotiated, as text.
    fn extensions(&self) -> String;

    fn send(&mut self, message: &Message) -> Result<()>;

    /// Sends one message in fragments; after the first a Ping, if one is given, whose Pong is waited for.
    fn send_fragments(&mut self, parts: &[&[u8]], is_text: bool, ping: Option<&str>) -> Result<()>;

    /// Waits for the Pong, and gives its payload.
    fn ping(&mut self, payload: &str) -> Result<Vec<u8>>;

    fn receive(&mut self) -> Result<Incoming>;

    /// Closes, and waits for the answer.
    fn close(&mut self, code: Option<u16>, reason: &str) -> Result<Closed>;
}

/// `PROGRAM client URL PLAN` or `PROGRAM server PLAN`.
///
/// `connect` is given the host with its port, the target, and what is planned. `accept` gives the connection and the
/// request's target.
///
/// # Errors
///
/// What the first check failed with.
pub fn main<C: Peer, S: Peer>(
    connect: impl Fn(&str, &str, &Plan, &Connection) -> Result<C>,
    accept: impl Fn(TcpStream, &Plan) -> Result<(S, String)> + Send + Sync + 'static,
) -> Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["client", url, plan] => run_client(&connect, url, &Plan::read(plan)?),
        ["server", plan] => run_server(accept, Plan::read(plan)?),
        _ => Err("usage: client URL PLAN | server PLAN".into()),
    }
}

fn run_client<C: Peer>(
    connect: impl Fn(&str, &str, &Plan, &Connection) -> Result<C>,
    url: &str,
    plan: &Plan,
) -> Result<()> {
    let scheme = if plan.tls.is_some() { "wss://" } else { "ws://" };
    let host = url.strip_prefix(scheme).ok_or_else(|| format!("the URL has to begin with {scheme}"))?;
    for (n, connection) in plan.connections.iter().enumerate() {
        let target = format!("/?connection={}", n + 1);
        match connect(host, &target, plan, connection) {
            Ok(mut peer) => checks::check(&mut peer, plan, connection)?,
            Err(error) => {
                println!("not ok {}: {error}", connection.name);
                return Err(error);
            }
        }
    }
    Ok(())
}

fn run_server<S: Peer>(
    accept: impl Fn(TcpStream, &Plan) -> Result<(S, String)> + Send + Sync + 'static,
    plan: Plan,
) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("listening {}", listener.local_addr()?.port());
    let shared = Arc::new((accept, plan));
    loop {
        let stream = listener.accept()?.0;
        let shared = Arc::clone(&shared);
        thread::spawn(move || {
            let (accept, plan) = &*shared;
            let served = set_up(&stream).and_then(|()| accept(stream, plan));
            if let Err(error) = served.and_then(|(mut peer, target)| serve(&mut peer, &target, plan)) {
                eprintln!("{error}");
            }
        });
    }
}

/// The server's part of a connection: a check, an echo, or what our client of the Autobahn suite asks for.
fn serve(peer: &mut impl Peer, target: &str, plan: &Plan) -> Result<()> {
    if target == "/getCaseCount" {
        peer.send(&Message::Text(plan.connections.len().to_string()))?;
        peer.close(None, "")?;
    } else if target.starts_with("/updateReports") {
        peer.close(None, "")?;
    } else if let Some(query) = target.strip_prefix("/runCase?case=") {
        let case: usize = query.split('&').next().unwrap_or_default().parse()?;
        checks::check(peer, plan, &plan.connections[case - 1])?;
    } else {
        checks::echo(peer)?;
    }
    Ok(())
}

/// Sets what all connections need.
///
/// # Errors
///
/// Those of the operating system.
pub fn set_up(stream: &TcpStream) -> Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(())
}
