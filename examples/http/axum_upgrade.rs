//! An echo server behind axum: `axum_upgrade [ADDR]`, by default 127.0.0.1:8080.
//!
//! axum finds the handler, `handshake` decides on the header fields, `socket` drives what is handed over.

use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::extract::{FromRequestParts, State};
use axum::routing::{any, get};
use http::Response;
use http::request::Parts;
use hyper::server::conn::http1;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpStream;
use wsproto_http_examples::server::{Tasks, listen};
use wsproto_http_examples::socket::{converse, echo};
use wsproto_http_examples::{Error, Session, handshake};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    listen(serve).await
}

fn router(tasks: Tasks) -> Router {
    Router::new()
        .route("/", get(|| async { "There is an echo at /echo" }))
        .route("/echo", any(echo_all)) // a method that is wrong is answered by the handshake
        .with_state(tasks)
}

async fn echo_all(upgrade: WebSocket, State(tasks): State<Tasks>) -> Response<String> {
    let stop = tasks.stop.clone();
    let WebSocket { response, transport, session } = upgrade;
    tasks.spawn(async { converse(TokioIo::new(transport.await?), session, stop, echo).await });
    response
}

/// An opening handshake, extracted from a request; any other request is refused.
struct WebSocket {
    /// 101: to be returned.
    response: Response<String>,
    /// Comes once that was sent.
    transport: OnUpgrade,
    session: Session,
}

impl<S: Sync> FromRequestParts<S> for WebSocket {
    type Rejection = Response<String>;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let (response, session) = handshake::accept(parts);
        // hyper puts the latter there: not over HTTP/2, and not if it serves without upgrades.
        match (session, parts.extensions.remove()) {
            (Some(session), Some(transport)) => Ok(Self { response, transport, session }),
            (Some(_), None) => Err(handshake::refuse(500, &[], "no upgrade\n")),
            (None, _) => Err(response),
        }
    }
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
