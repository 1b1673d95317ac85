//! The accept loop: who gets in, and how it ends for everybody.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tracing::{Instrument, debug, error, info, info_span, warn};

use crate::assets::Assets;
use crate::connection::Connection;
use crate::flags::Flags;
use crate::http::{self, Opened};
use crate::room::Room;
use crate::transport::hang_up;

/// How many more than the cap are told 503, rather than nothing.
const TURNED_AWAY: usize = 64;

/// How many files may be open besides the connections: the listener, the pages, what the runtime needs.
const OTHER_FILES: usize = 64;

/// What all connections share.
pub(crate) struct Context {
    pub(crate) flags: Flags,
    pub(crate) assets: Assets,
    /// Where we listen.
    pub(crate) address: SocketAddr,
    pub(crate) room: Arc<Room>,
}

/// Becomes true when the shutdown has begun.
pub(crate) type Shutdown = watch::Receiver<bool>;

/// Waits for it.
pub(crate) async fn begun(shutdown: &mut Shutdown) {
    // That nobody could tell any more comes to the same.
    let _ = shutdown.wait_for(|begun| *begun).await;
}

/// Serves until `stop` ends, then says goodbye to everybody, and waits for them for a bounded time.
pub(crate) async fn run(listener: TcpListener, context: Context, stop: impl Future<Output = ()>) {
    let context = Arc::new(context);
    let cap = affordable(context.flags.max_connections as usize);
    let places = Arc::new(Semaphore::new(cap));
    let (shutdown, stopping) = watch::channel(false);
    let mut tasks = JoinSet::new();
    tokio::spawn(Arc::clone(&context.room).broadcast());
    tokio::spawn(Arc::clone(&context.room).tell_online());
    tokio::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            Some(ended) = tasks.join_next() => note(ended),
            accepted = listener.accept() => match accepted {
                Err(error) => survive(&error).await,
                Ok((stream, peer)) => {
                    let span = info_span!("connection", %peer);
                    match Arc::clone(&places).try_acquire_owned() {
                        Ok(place) => {
                            tasks.spawn(serve(stream, Arc::clone(&context), stopping.clone(), place).instrument(span));
                        }
                        Err(_) if tasks.len() < cap + TURNED_AWAY => {
                            tasks.spawn(http::turn_away(stream, Arc::clone(&context)).instrument(span));
                        }
                        // Too many even to be told.
                        Err(_) => drop(stream),
                    }
                }
            },
        }
    }
    drop(listener);
    info!(connections = tasks.len(), "stopping");
    shutdown.send_replace(true);
    let all = async {
        while let Some(ended) = tasks.join_next().await {
            note(ended);
        }
    };
    if timeout(context.flags.close_timeout, all).await.is_err() {
        warn!(connections = tasks.len(), "some would not close");
    }
}

/// One connection, from its first byte to its last.
async fn serve(
    mut stream: TcpStream,
    context: Arc<Context>,
    mut shutdown: Shutdown,
    _place: OwnedSemaphorePermit,
) {
    // Chat messages are small and wanted at once.
    let _ = stream.set_nodelay(true);
    let opened = tokio::select! {
        opened = http::open(&mut stream, &context) => opened,
        () = begun(&mut shutdown) => return,
    };
    match opened {
        Err(error) => debug!(%error, "no request"),
        Ok(Opened::Done) => hang_up(stream).await,
        Ok(Opened::WebSocket { agreed, received }) => {
            let member = context.room.join(agreed);
            debug!(?agreed, online = context.room.online(), "joined");
            let connection = Connection::new(stream, member, &context.flags, agreed.deflate, &received);
            // Not to be kept for as long as they talk.
            drop(received);
            Box::pin(connection.run(shutdown)).await;
        }
    }
}

/// Gives the number of connections that there are files for, of those that are wanted.
fn affordable(wanted: usize) -> usize {
    let files = (wanted + TURNED_AWAY + OTHER_FILES) as u64;
    // Where there is no such limit, or none that can be asked for, we hear of it from `accept`.
    let granted = rlimit::increase_nofile_limit(files).unwrap_or(files);
    if granted >= files {
        return wanted;
    }
    let cap = usize::try_from(granted).unwrap_or(wanted).saturating_sub(TURNED_AWAY + OTHER_FILES).max(1);
    warn!(
        "only {granted} files may be open: {cap} connections at a time, not {wanted}; try `ulimit -n {files}`"
    );
    cap
}

/// Errors of `accept` are a connection's (gone before we took it) or come from a lack of something that may end.
async fn survive(error: &io::Error) {
    warn!(%error, "cannot accept");
    sleep(Duration::from_millis(100)).await;
}

fn note(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        error!(%error, "a connection's task failed");
    }
}
