use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use wsproto::Server;

use super::stop::{Phase, Stop, unless};
use crate::WebSocket;

/// Connections that another server accepts, such as hyper or axum: bounded, and ended in order, as those of a
/// [`Serve`](crate::Serve) are. Cheap to clone.
///
/// # Examples
///
/// Behind axum, with the feature of this name:
///
/// ```
/// # #[cfg(feature = "axum")]
/// # mod example {
/// use std::time::Duration;
///
/// use axum::extract::State;
/// use axum::http::StatusCode;
/// use axum::response::{IntoResponse, Response};
/// use axum::{Router, routing::any};
/// use tokio_wsproto::extract::{Upgraded, WebSocketUpgrade};
/// use tokio_wsproto::{Connections, WebSocket};
///
/// async fn chat(upgrade: WebSocketUpgrade, State(connections): State<Connections>) -> Response {
///     let Some(place) = connections.enter() else {
///         return (StatusCode::SERVICE_UNAVAILABLE, "too many connections\n").into_response();
///     };
///     upgrade.on_upgrade(|socket| async { drop(place.run(socket, talk).await) })
/// }
///
/// async fn talk(mut socket: WebSocket<Upgraded>) {
///     while let Ok(Some(message)) = socket.recv().await {
///         let _ = socket.feed(message);
///     }
/// }
///
/// async fn run(listener: tokio::net::TcpListener) -> std::io::Result<()> {
///     let connections = Connections::new(1000);
///     let app = Router::new().route("/chat", any(chat)).with_state(connections.clone());
///     # let stop = std::future::pending();
///     // In a program: `tokio::signal::ctrl_c()`, or whatever else ends it.
///     axum::serve(listener, app).with_graceful_shutdown(stop).await?;
///     connections.end(Duration::from_secs(10)).await; // says goodbye to all with 1001
///     Ok(())
/// }
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Connections {
    places: Arc<Semaphore>,
    most: u32,
    stop: Stop,
}

/// The right to one connection of [`Connections`]; given back when it is dropped.
#[derive(Debug)]
pub struct Place {
    permit: OwnedSemaphorePermit,
    stop: Stop,
}

impl Connections {
    /// Bounds the number of connections, to 2²⁸ at most.
    pub fn new(most: usize) -> Self {
        const LIMIT: u32 = 1 << 28;
        let most = u32::try_from(most).map_or(LIMIT, |most| most.min(LIMIT));
        Self { places: Arc::new(Semaphore::new(most as usize)), most, stop: Stop::new() }
    }

    /// Takes a place, or returns `None` if there is none left, or all are about to end: answer 503 then.
    pub fn enter(&self) -> Option<Place> {
        if self.stop.is_set() {
            return None;
        }
        let permit = Arc::clone(&self.places).try_acquire_owned().ok()?;
        Some(Place { permit, stop: self.stop.clone() })
    }

    /// Returns how many places are taken.
    pub fn len(&self) -> usize {
        (self.most as usize).saturating_sub(self.places.available_permits())
    }

    /// Tells whether no place is taken.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Ends all connections: each says goodbye with 1001 ([RFC 6455 §7.4.1]), and its `recv` returns `None`
    /// once the peer has answered. Handlers that still run after `grace` are dropped. Returns how many these
    /// are.
    ///
    /// **Cancel safe**: dropped meanwhile, all connections have said goodbye; call it again to go on waiting.
    ///
    /// [RFC 6455 §7.4.1]: https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1
    pub async fn end(&self, grace: Duration) -> usize {
        self.stop.set(Phase::Ending);
        let all = timeout(grace, self.places.acquire_many(self.most)).await;
        let left = if all.is_ok() { 0 } else { self.len() };
        self.stop.set(Phase::Over);
        left
    }
}

impl Place {
    /// Runs `handler` with the connection. Returns what it does, or `None` if it was dropped at the end of all.
    ///
    /// A handler that is waiting elsewhere than in a method of its socket hears of the end when it comes back
    /// there; so do halves of a socket that were moved to other tasks.
    ///
    /// **Cancel safety**: the handler is dropped with this.
    pub async fn run<T, F: Future>(
        self,
        mut socket: WebSocket<T, Server>,
        handler: impl FnOnce(WebSocket<T, Server>) -> F,
    ) -> Option<F::Output> {
        let Self { permit, stop } = self;
        socket.inner.way.stop = Some(stop.clone());
        let mut handling = pin!(handler(socket));
        // When all end, the task is woken, and the socket that it waits for sees it.
        let ended = match unless(handling.as_mut(), pin!(stop.clone().reaches(Phase::Ending))).await {
            Some(output) => Some(output),
            None => unless(handling, pin!(stop.reaches(Phase::Over))).await,
        };
        drop(permit);
        ended
    }
}
