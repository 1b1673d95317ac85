//! Who gets in, and how it ends for everybody.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_wsproto::{Serve, Trouble};
use tracing::{debug, error, info, warn};

use crate::assets::Assets;
use crate::flags::Flags;
use crate::http;
use crate::room::Room;

/// How many files may be open besides the connections: the listener, the pages, what the runtime needs, and those who are
/// told that there are too many.
const OTHER_FILES: usize = 128;

/// What all connections share.
pub(crate) struct Context {
    pub(crate) flags: Flags,
    pub(crate) assets: Assets,
    /// Where we listen.
    pub(crate) address: SocketAddr,
    pub(crate) room: Arc<Room>,
}

/// Serves until `stop` ends, then says goodbye to everybody, and waits for them for a bounded time.
pub(crate) async fn run(listener: TcpListener, context: Context, stop: impl Future<Output = ()>) {
    let context = Arc::new(context);
    tokio::spawn(Arc::clone(&context.room).broadcast());
    tokio::spawn(Arc::clone(&context.room).tell_presence());
    let server = Serve::new(listener)
        .with_options(context.flags.options())
        .with_max_connections(affordable(context.flags.max_connections as usize))
        .with_grace(context.flags.close_timeout)
        .with_report(note);
    let handler = move |opening| {
        // What a request needs is not to be kept for as long as its connection lives.
        let opened = Box::pin(http::open(opening, Arc::clone(&context)));
        async move {
            match opened.await {
                Ok(Some(mut connection)) => connection.run().await,
                Ok(None) => {}
                Err(error) => debug!(%error, "not answered"),
            }
        }
    };
    let served = server.run_http(handler, stop).await;
    info!(connections = served.connections, "stopped");
    if served.dropped > 0 {
        warn!(connections = served.dropped, "some would not close");
    }
}

/// Gives the number of connections that there are files for, of those that are wanted.
fn affordable(wanted: usize) -> usize {
    let files = (wanted + OTHER_FILES) as u64;
    // Where there is no such limit, or none that can be asked for, we hear of it from `accept`.
    let granted = rlimit::increase_nofile_limit(files).unwrap_or(files);
    if granted >= files {
        return wanted;
    }
    let cap = usize::try_from(granted).unwrap_or(wanted).saturating_sub(OTHER_FILES).max(1);
    warn!(
        "only {granted} files may be open: {cap} connections at a time, not {wanted}; try `ulimit -n {files}`"
    );
    cap
}

fn note(trouble: Trouble) {
    match trouble {
        Trouble::Accept(error) => warn!(%error, "cannot accept"),
        Trouble::Handler(error) => error!(%error, "a connection's task failed"),
        trouble => debug!("no request: {trouble}"),
    }
}
