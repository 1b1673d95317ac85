//! An echo server behind axum: `axum_upgrade [ADDR]`, by default 127.0.0.1:8080.
//!
//! axum finds the handler, and the extractor of `tokio-wsproto` reads the opening handshake.

use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{any, get};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpStream;
use tokio_wsproto::extract::WebSocketUpgrade;
use wsproto_http_examples::server::{Tasks, listen};
use wsproto_http_examples::{Error, SUBPROTOCOLS, echo};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    listen("ws", serve).await
}

fn router(tasks: Tasks) -> Router {
    Router::new()
        .route("/", get(|| async { "There is an echo at /echo" }))
        .route("/echo", any(echo_all)) // a method that is wrong is answered by the handshake
        .with_state(tasks)
}

async fn echo_all(upgrade: WebSocketUpgrade, State(tasks): State<Tasks>) -> Response {
    let tracked = tasks.track(); // from now on: the server does not end before
    upgrade.protocols(SUBPROTOCOLS.iter().copied()).on_upgrade(async move |socket| {
        if let Err(error) = echo(socket, tasks.stop).await {
            eprintln!("{error}");
        }
        drop(tracked);
    })
}

/// What `axum::serve` does, with a deadline and a limit for the head of a request, which it has not.
async fn serve(socket: TcpStream, tasks: Tasks) -> Result<(), Error> {
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new()) // without it there is no deadline
            .header_read_timeout(Duration::from_secs(10))
            .max_buf_size(16 * 1024)
            .serve_connection(TokioIo::new(socket), TowerToHyperService::new(router(tasks.clone())))
            .with_upgrades()
    );
    tokio::select! {
        served = &mut connection => return Ok(served?),
        () = tasks.stop.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    Ok(connection.await?)
}
