//! Accepts connections, counts them, and ends them in good order.

use std::future::Future;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::Error;

/// While so many tasks run, no further connection is accepted.
const TASKS: usize = 500;
/// So long all connections together may take for their closing handshakes when the server stops.
const STOPPING: Duration = Duration::from_secs(10);

/// The tasks of a server: those that run, and whether they are to come to an end.
#[derive(Clone, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    pub stop: CancellationToken,
}

impl Tasks {
    /// Starts a task, and says what went wrong in it.
    pub fn spawn(&self, task: impl Future<Output = Result<(), Error>> + Send + 'static) {
        self.tracker.spawn(async {
            if let Err(error) = task.await {
                eprintln!("{error}");
            }
        });
    }

    /// Tells whether there is no room for another connection.
    pub fn is_full(&self) -> bool {
        self.tracker.len() >= TASKS
    }

    /// Tells all tasks to come to their end, and waits for it.
    ///
    /// # Errors
    ///
    /// If that takes too long.
    pub async fn end(&self) -> Result<(), Error> {
        self.stop.cancel();
        self.tracker.close();
        Ok(timeout(STOPPING, self.tracker.wait()).await?)
    }

    /// Counts a task that somebody else starts, until what this returns is dropped.
    pub fn track(&self) -> TaskTrackerToken {
        self.tracker.token()
    }
}

/// Listens on the address that is the program's argument, by default 127.0.0.1:8080, and drives each connection by a task, until Ctrl-C or SIGTERM.
/// The scheme, `ws` or `wss`, is what it says it serves.
///
/// # Errors
///
/// If it can't listen, or a connection was not done in time at the end.
pub async fn listen<F>(scheme: &str, connection: impl Fn(TcpStream, Tasks) -> F) -> Result<(), Error>
where
    F: Future<Output = Result<(), Error>> + Send + 'static,
{
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let listener = TcpListener::bind(&address).await?;
    println!("listening on {scheme}://{}", listener.local_addr()?);

    let tasks = Tasks::default();
    let mut signal = std::pin::pin!(stopped_by_signal());
    loop {
        let socket = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut signal => break,
        };
        match socket {
            Ok((socket, _)) if !tasks.is_full() => {
                // Frames are small and wait for nothing. A connection that is gone already is no reason to end.
                let _ = socket.set_nodelay(true);
                tasks.spawn(connection(socket, tasks.clone()));
            }
            // One too many: it is closed.
            Ok(_) => {}
            // This connection is lost, or descriptors are short for a while: no reason to end.
            Err(error) => {
                eprintln!("{error}");
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener);
    tasks.end().await
}

/// Waits for Ctrl-C or SIGTERM.
#[cfg(unix)]
pub async fn stopped_by_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        },
        Err(_) => drop(tokio::signal::ctrl_c().await),
    }
}

/// Waits for Ctrl-C.
#[cfg(not(unix))]
pub async fn stopped_by_signal() {
    drop(tokio::signal::ctrl_c().await);
}
