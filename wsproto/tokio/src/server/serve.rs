use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;
use std::{fmt, io};

use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{sleep, timeout};
use wsproto::handshake::Answer;

use super::stop::{Phase, Stop, unless};
use super::{Handshake, Opening, head};
use crate::{AcceptError, Options};

/// A small server: takes connections, bounds their number, and ends them all in order.
///
/// * Connections beyond [`max_connections`](Self::with_max_connections) are answered 503.
/// * When `accept` fails, as it does for want of descriptors, the server pauses and goes on.
/// * When it is told to stop, it takes no more connections, and every connection says goodbye with 1001
///   ([RFC 6455 §7.4.1]): its `recv` returns `None` once the peer has answered. Clients whose request is not
///   complete are dropped, and so are handlers that still run after the [grace](Self::with_grace).
/// * What goes wrong where no handler sees it can be [reported](Self::with_report).
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
    report: fn(Trouble),
}

/// What goes wrong in a [`Serve`] where no handler sees it.
#[derive(Debug)]
#[non_exhaustive]
pub enum Trouble {
    /// The listener has no connection to give, as for want of descriptors. The server pauses and goes on.
    Accept(io::Error),
    /// The client at this address has sent no request that reaches a handler. It was answered, as far as it can be.
    Request(SocketAddr, AcceptError),
    /// A handler panicked. No other connection notices.
    Handler(JoinError),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accept(error) => write!(f, "no connection can be accepted: {error}"),
            Self::Request(peer, error) => write!(f, "{peer}: {error}"),
            Self::Handler(error) => write!(f, "a handler failed: {error}"),
        }
    }
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

impl Serve {
    /// Takes the listener. Default: [`Options::new`], 1024 connections, 10 s of grace, no report.
    pub const fn new(listener: TcpListener) -> Self {
        Self {
            listener,
            options: Options::new(),
            max_connections: 1024,
            grace: Duration::from_secs(10),
            report: |_| {},
        }
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

    /// Sets what is told of all that goes wrong where no handler sees it: for a log.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn configure(server: tokio_wsproto::Serve) -> tokio_wsproto::Serve {
    /// server.with_report(|trouble| eprintln!("{trouble}"))
    /// # }
    /// ```
    #[must_use]
    pub fn with_report(self, report: fn(Trouble)) -> Self {
        Self { report, ..self }
    }

    /// Serves until `until` is ready, and ends all connections. Each handler runs in a task of its own,
    /// behind a handshake that was read: it accepts or refuses. Requests of plain HTTP are answered 426.
    ///
    /// A handler that is waiting elsewhere than in a method of its socket hears of the end when it comes back
    /// there; so do halves of a socket that were moved to other tasks.
    ///
    /// **Cancel safety**: all handlers are dropped with this.
    pub async fn run<H, F>(self, handler: H, until: impl Future) -> Served
    where
        H: Fn(Handshake<TcpStream>) -> F,
        F: Future<Output = ()> + Send + 'static,
        H: Clone + Send + 'static,
    {
        self.run_for(handler, until).await
    }

    /// Serves as [`run`](Self::run) does, and hands requests of plain HTTP to the handler, too: for pages on
    /// the same port.
    ///
    /// **Cancel safety**: all handlers are dropped with this.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use tokio_wsproto::wsproto::handshake::Answer;
    /// use tokio_wsproto::{Accept, AcceptError, Opening, Serve};
    ///
    /// async fn handle(opening: Opening<tokio::net::TcpStream>) -> Result<(), AcceptError> {
    ///     match opening {
    ///         Opening::Http(page) => page.answer(Answer::new(200, &[], b"ok").map_err(AcceptError::Misuse)?).await,
    ///         Opening::WebSocket(handshake) => {
    ///             let mut socket = handshake.accept(Accept::new()).await?;
    ///             while let Ok(Some(_)) = socket.recv().await {}
    ///             Ok(())
    ///         }
    ///     }
    /// }
    ///
    /// # async fn run(listener: tokio::net::TcpListener) {
    /// # let stop = std::future::pending::<()>();
    /// Serve::new(listener).run_http(|opening| async { handle(opening).await.unwrap_or_default() }, stop).await;
    /// # }
    /// ```
    pub async fn run_http<H, F>(self, handler: H, until: impl Future) -> Served
    where
        H: Fn(Opening<TcpStream>) -> F,
        F: Future<Output = ()> + Send + 'static,
        H: Clone + Send + 'static,
    {
        self.run_for(handler, until).await
    }

    async fn run_for<B, H, F>(self, handler: H, until: impl Future) -> Served
    where
        B: Begin + 'static,
        H: Fn(B) -> F,
        F: Future<Output = ()> + Send + 'static,
        H: Clone + Send + 'static,
    {
        let Self { listener, options, max_connections, grace, report } = self;
        let stop = Stop::new();
        let (mut handlers, mut refused) = (JoinSet::new(), JoinSet::new());
        let mut connections = 0;
        let mut until = pin!(until);
        let note = |ended: Result<(), JoinError>| {
            if let Err(error) = ended {
                report(Trouble::Handler(error));
            }
        };
        loop {
            let next = pin!(accept(|| listener.accept(), report));
            let mut next = pin!(unless(next, until.as_mut()));
            let next = poll_fn(|cx| {
                // At once, so that nothing is kept of them.
                while let Poll::Ready(Some(ended)) = handlers.poll_join_next(cx) {
                    note(ended);
                }
                while let Poll::Ready(Some(_)) = refused.poll_join_next(cx) {}
                next.as_mut().poll(cx)
            });
            let Some((stream, peer)) = next.await else { break };
            // Without it, small messages wait for acknowledgements of those before.
            let _ = stream.set_nodelay(true);
            if handlers.len() >= max_connections {
                if refused.len() < MAX_REFUSED {
                    refused.spawn(refuse(stream, options.clone()));
                }
                continue;
            }
            connections += 1;
            handlers.spawn(serve(stream, peer, options.clone(), stop.clone(), handler.clone(), report));
        }
        drop(listener);
        stop.set(Phase::Ending);
        let all = async {
            while let Some(ended) = handlers.join_next().await {
                note(ended);
            }
        };
        let _ = timeout(grace, all).await;
        while handlers.try_join_next().is_some() {}
        Served { connections, dropped: handlers.len() }
    }
}

/// What a connection begins with.
trait Begin: Sized + Send {
    fn read(stream: TcpStream, options: &Options) -> impl Future<Output = Result<Self, AcceptError>> + Send;

    fn stop_with(&mut self, stop: Stop);
}

impl Begin for Handshake<TcpStream> {
    async fn read(stream: TcpStream, options: &Options) -> Result<Self, AcceptError> {
        Self::read(stream, options).await
    }

    fn stop_with(&mut self, stop: Stop) {
        self.stop_with(stop);
    }
}

impl Begin for Opening<TcpStream> {
    async fn read(stream: TcpStream, options: &Options) -> Result<Self, AcceptError> {
        Self::read(stream, options).await
    }

    fn stop_with(&mut self, stop: Stop) {
        if let Self::WebSocket(handshake) = self {
            handshake.stop_with(stop);
        }
    }
}

/// Accepts a connection, whatever happens: returns what `accept` does once it succeeds.
async fn accept<S, F: Future<Output = io::Result<S>>>(
    mut accept: impl FnMut() -> F,
    report: fn(Trouble),
) -> S {
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
            Err(error) => {
                report(Trouble::Accept(error));
                sleep(PAUSE).await;
            }
        }
    }
}

async fn refuse(mut stream: TcpStream, options: Options) {
    let headers: &[(&str, &[u8])] = &[("Content-Type", b"text/plain"), ("Retry-After", b"5")];
    if let Ok(full) = Answer::new(503, headers, b"too many connections\n") {
        let _ = head::answer(&mut stream, full, &options).await;
    }
}

fn serve<B, H, F>(
    stream: TcpStream,
    peer: SocketAddr,
    options: Options,
    stop: Stop,
    handler: H,
    report: fn(Trouble),
) -> impl Future<Output = ()> + Send
where
    B: Begin,
    H: Fn(B) -> F + Send,
    F: Future<Output = ()> + Send,
{
    // What this needs is not to be part of the task for as long as the connection lives.
    let mut reading = Box::pin(async move { B::read(stream, &options).await });
    async move {
        let mut stopped = pin!(stop.clone().reaches(Phase::Ending));
        let begun = unless(reading.as_mut(), stopped.as_mut()).await;
        drop(reading);
        let mut begun = match begun {
            Some(Ok(begun)) => begun,
            Some(Err(error)) => return report(Trouble::Request(peer, error)),
            // A request that is not complete keeps no server waiting.
            None => return,
        };
        begun.stop_with(stop);
        let mut handling = pin!(handler(begun));
        // When the server stops, the task is woken, and the socket that it waits for sees it.
        if unless(handling.as_mut(), stopped).await.is_none() {
            handling.await;
        }
    }
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
        let accepted = accept(
            || ready(outcomes.pop().expect("one more")),
            |trouble| assert!(matches!(trouble, Trouble::Accept(_))),
        )
        .await;
        assert_eq!((accepted, begun.elapsed()), ("connection", PAUSE));
    }
}
