use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use wsproto::handshake::Answer;

use super::{Handshake, head};
use crate::Options;

/// A small server: takes connections, bounds their number, and ends them all in order.
///
/// * Connections beyond [`max_connections`](Self::with_max_connections) are answered 503.
/// * When `accept` fails, as it does for want of descriptors, the server pauses and goes on.
/// * When it is told to stop, it takes no more connections, and every connection says goodbye with 1001
///   ([RFC 6455 §7.4.1]): its `recv` returns `None` once the peer has answered. After the [grace](Self::with_grace), handlers
///   that still run are dropped.
///
/// [RFC 6455 §7.4.1]: https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1
///
/// # Examples
///
/// ```no_run
/// use tokio_wsproto::{Accept, Handshake, Serve};
///
/// # async fn run() -> std::io::Result<()> {
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:9001").await?;
/// let handler = |handshake: Handshake<_>| async move {
///     let Ok(mut socket) = handshake.accept(Accept::new()).await else { return };
///     while let Ok(Some(message)) = socket.recv().await {
///         let _ = socket.feed(message);
///     }
/// };
/// // In a program: `tokio::signal::ctrl_c()`, or whatever else ends it.
/// # let stop = std::future::pending::<()>();
/// Serve::new(listener).with_max_connections(10_000).run(handler, stop).await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Serve {
    listener: TcpListener,
    options: Options,
    max_connections: usize,
    grace: Duration,
}

/// How a [`Serve`] has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Served {
    /// How many connections were taken.
    pub connections: u64,
    /// How many of their handlers were dropped after the grace.
    pub dropped: usize,
}

/// How many of those that are refused are told so at the same time; the others are dropped without a word.
const MAX_REFUSED: usize = 64;

/// How long the server pauses when `accept` fails.
const PAUSE: Duration = Duration::from_millis(100);

/// Whether the server ends: every socket of it looks at this.
#[derive(Debug, Clone)]
pub(crate) struct Stop(Arc<watch::Sender<bool>>);

impl Stop {
    pub(crate) fn is_set(&self) -> bool {
        *self.0.borrow()
    }
}

impl Serve {
    /// Takes the listener. Default: [`Options::new`], 1024 connections, 10 s of grace.
    pub const fn new(listener: TcpListener) -> Self {
        Self { listener, options: Options::new(), max_connections: 1024, grace: Duration::from_secs(10) }
    }

    /// Sets the options of all connections.
    #[must_use]
    pub fn with_options(self, options: Options) -> Self {
        Self { options, ..self }
    }

    /// Sets how many connections there may be, those included whose handshake is under way.
    #[must_use]
    pub fn with_max_connections(self, connections: usize) -> Self {
        Self { max_connections: connections, ..self }
    }

    /// Sets how long handlers may go on after the server was told to stop.
    #[must_use]
    pub fn with_grace(self, grace: Duration) -> Self {
        Self { grace, ..self }
    }

    /// Serves until `until` is ready, and ends all connections. Each handler runs in a task of its own, behind a handshake that was
    /// read: it accepts or refuses.
    ///
    /// A handler that is waiting elsewhere than in a method of its socket hears of the end when it comes back there; so do halves
    /// of a socket that were moved to other tasks.
    ///
    /// **Cancel safety**: all handlers are dropped with this.
    pub async fn run<H, F>(self, handler: H, until: impl Future) -> Served
    where
        H: Fn(Handshake<TcpStream>) -> F,
        F: Future<Output = ()> + Send + 'static,
        H: Clone + Send + 'static,
    {
        let Self { listener, options, max_connections, grace } = self;
        let stop = Stop(Arc::new(watch::Sender::new(false)));
        let (mut handlers, mut refused) = (JoinSet::new(), JoinSet::new());
        let mut connections = 0;
        let mut until = pin!(until);
        loop {
            let next = pin!(accept(|| listener.accept()));
            let Some((stream, _)) = unless(next, until.as_mut()).await else { break };
            // Without it, small messages wait for acknowledgements of those before.
            let _ = stream.set_nodelay(true);
            while handlers.try_join_next().is_some() {}
            while refused.try_join_next().is_some() {}
            if handlers.len() >= max_connections {
                if refused.len() < MAX_REFUSED {
                    refused.spawn(refuse(stream, options.clone()));
                }
                continue;
            }
            connections += 1;
            handlers.spawn(serve(stream, options.clone(), stop.clone(), handler.clone()));
        }
        drop(listener);
        stop.0.send_replace(true);
        let _ = timeout(grace, async { while handlers.join_next().await.is_some() {} }).await;
        while handlers.try_join_next().is_some() {}
        Served { connections, dropped: handlers.len() }
    }
}

/// Accepts a connection, whatever happens: returns what `accept` does once it succeeds.
async fn accept<S, F: Future<Output = io::Result<S>>>(mut accept: impl FnMut() -> F) -> S {
    loop {
        match accept().await {
            Ok(stream) => return stream,
            // The peer is gone again; the next one may be there.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
                ) => {}
            // No descriptors, no memory: that passes, and trying at once would only spin.
            Err(_) => sleep(PAUSE).await,
        }
    }
}

async fn refuse(mut stream: TcpStream, options: Options) {
    let headers: &[(&str, &[u8])] = &[("Content-Type", b"text/plain"), ("Retry-After", b"5")];
    if let Ok(full) = Answer::new(503, headers, b"too many connections\n") {
        let _ = head::answer(&mut stream, full, &options).await;
    }
}

async fn serve<H, F>(stream: TcpStream, options: Options, stop: Stop, handler: H)
where
    H: Fn(Handshake<TcpStream>) -> F,
    F: Future<Output = ()>,
{
    let mut stopped = stop.0.subscribe();
    let handling = async move {
        // Whoever sends no handshake was told.
        if let Ok(mut handshake) = Handshake::read(stream, &options).await {
            handshake.stop_with(stop);
            handler(handshake).await;
        }
    };
    let mut handling = pin!(handling);
    // When the server stops, the task is woken, and the socket that it waits for sees it.
    if unless(handling.as_mut(), pin!(stopped.wait_for(|&stopped| stopped))).await.is_none() {
        handling.await;
    }
}

/// Returns what `future` does, or `None` if `until` is ready before.
async fn unless<F: Future>(
    mut future: std::pin::Pin<&mut F>,
    mut until: std::pin::Pin<&mut impl Future>,
) -> Option<F::Output> {
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => until.as_mut().poll(cx).map(|_| None),
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn errors_of_accept_are_survived_with_a_pause() {
        let begun = Instant::now();
        let no_descriptors = io::Error::from_raw_os_error(24);
        let mut outcomes =
            vec![Ok("connection"), Err(no_descriptors), Err(io::ErrorKind::ConnectionAborted.into())];
        let accepted = accept(|| ready(outcomes.pop().expect("one more"))).await;
        assert_eq!((accepted, begun.elapsed()), ("connection", PAUSE));
    }
}
