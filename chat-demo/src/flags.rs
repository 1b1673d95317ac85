use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, value_parser};
use tokio_wsproto::{Options, Timeouts};
use tracing_subscriber::filter::LevelFilter;

use crate::message::MAX_MESSAGE;

/// A small chat over WebSocket. Open the address that it prints in two browsers.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Flags {
    /// Address to listen on; wins over the port
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,

    // A port that the environment happens to set must not open the chat to the network: that takes `--listen`.
    /// Port to listen on, on 127.0.0.1 alone
    #[arg(long, value_name = "N", env = "PORT", default_value_t = 8080)]
    port: u16,

    /// Folder to serve instead of the built-in page
    #[arg(long, value_name = "DIR")]
    pub(crate) assets: Option<PathBuf>,

    /// Origin whose pages may connect, besides our own; `*` for any (repeatable)
    #[arg(long, value_name = "ORIGIN", value_parser = origin)]
    pub(crate) allow_origin: Vec<String>,

    /// Send all messages as they are
    #[arg(long)]
    pub(crate) no_compression: bool,

    /// Connections at a time; more are answered 503
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = value_parser!(u32).range(1..=1_000_000))]
    pub(crate) max_connections: u32,

    /// Messages that a connection may post a second, on average
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = value_parser!(u32).range(1..=1_000_000))]
    pub(crate) rate: u32,

    /// Messages that it may post at once; more are refused, and who goes on is closed with 1008
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = value_parser!(u32).range(1..=1_000_000))]
    pub(crate) burst: u32,

    /// Messages that may wait for a connection that does not take them; one more puts it out
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = value_parser!(u32).range(1..=65_536))]
    pub(crate) queue: u32,

    /// Redis that several servers share to be one room, such as `redis://127.0.0.1:6379`
    #[cfg(feature = "redis")]
    #[arg(long, value_name = "URL")]
    pub(crate) redis: Option<String>,

    #[cfg(not(feature = "redis"))]
    #[arg(long, hide = true, value_parser = |_: &str| Err::<(), _>("not built in: `cargo run -p chat-demo --features redis`"))]
    redis: Option<()>,

    /// Seconds that a client has for its request
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    pub(crate) handshake_timeout: Duration,

    /// Seconds of a client's silence after which it is sent a Ping
    #[arg(long, value_name = "SECONDS", default_value = "20", value_parser = seconds)]
    pub(crate) ping_interval: Duration,

    /// Seconds that a Ping may stay unanswered
    #[arg(long, value_name = "SECONDS", default_value = "20", value_parser = seconds)]
    pub(crate) pong_timeout: Duration,

    /// Seconds that a client may take nothing of what is sent to it
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub(crate) write_timeout: Duration,

    /// Seconds that a client has to answer our Close frame, and all of them after a signal
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    pub(crate) close_timeout: Duration,

    /// How much to log on stderr: off, error, warn, info, debug or trace
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    pub(crate) log: LevelFilter,

    /// A post of this text panics: for the test that nobody else notices
    #[cfg(debug_assertions)]
    #[arg(long, hide = true)]
    pub(crate) panic_on: Option<String>,
}

impl Flags {
    pub(crate) fn address(&self) -> SocketAddr {
        self.listen.unwrap_or_else(|| (Ipv4Addr::LOCALHOST, self.port).into())
    }

    /// Those of all connections. Which pages may connect is decided elsewhere.
    pub(crate) fn options(&self) -> Options {
        let timeouts = Timeouts::new()
            .with_opening(Some(self.handshake_timeout))
            .with_silence(Some(self.ping_interval))
            .with_pong(Some(self.pong_timeout))
            .with_write(Some(self.write_timeout))
            .with_closing(Some(self.close_timeout));
        let options = Options::new().with_max_message_size(MAX_MESSAGE).with_timeouts(timeouts).any_origin();
        if self.no_compression { options.with_deflate(None) } else { options }
    }
}

/// A number of seconds such as `20` or `0.5`: of some length, and less than a day.
fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.001..=86_400.0).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
        _ => Err("give seconds between 0.001 and 86400".into()),
    }
}

/// An origin as browsers write it, so that a slash at its end is noticed here, and not by nobody being let in. A page of a
/// program, as with Electron, is of `file://`.
fn origin(text: &str) -> Result<String, String> {
    let is_origin =
        |(scheme, rest): (&str, &str)| !scheme.is_empty() && !rest.is_empty() && !rest.contains('/');
    if matches!(text, "*" | "null" | "file://") || text.split_once("://").is_some_and(is_origin) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err("give `scheme://host`, `scheme://host:port`, `file://` or `*`".into())
    }
}
