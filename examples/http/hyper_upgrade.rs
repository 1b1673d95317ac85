//! An echo server behind hyper: `hyper_upgrade [ADDR]`, by default 127.0.0.1:8080.
//!
//! hyper reads and writes HTTP/1.1, and hands its connection over behind an opening handshake.

use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio_wsproto::{Accept, Options, upgrade};
use wsproto_http_examples::server::{Tasks, listen};
use wsproto_http_examples::{Error, SUBPROTOCOLS, echo};

/// So long the head of a request may take, and a connection may wait for its next one.
const HEAD: Duration = Duration::from_secs(10);
/// So long a head may be, in bytes.
const HEAD_SIZE: usize = 16 * 1024;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    listen("ws", serve).await
}

/// Serves the requests of a connection. If one of them is upgraded, hyper is done, and a task of its own goes on.
async fn serve(socket: TcpStream, tasks: Tasks) -> Result<(), Error> {
    let service = service_fn(|request| {
        let response = respond(request, &tasks);
        async { Ok::<_, Infallible>(response) }
    });
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new()) // without it there is no deadline
            .header_read_timeout(HEAD)
            .max_buf_size(HEAD_SIZE)
            .serve_connection(TokioIo::new(socket), service)
            .with_upgrades()
    );
    tokio::select! {
        served = &mut connection => return Ok(served?),
        () = tasks.stop.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    Ok(connection.await?)
}

/// Answers a request. Once hyper has sent a 101, what it read and wrote over is ours.
fn respond(mut request: Request<Incoming>, tasks: &Tasks) -> Response<String> {
    let accept = Accept::new().with_subprotocols(SUBPROTOCOLS);
    match upgrade::accept(&mut request, &accept, &Options::new()) {
        Ok((response, upgrade)) => {
            let stop = tasks.stop.clone();
            tasks.spawn(async { echo(upgrade.await?, stop).await });
            response
        }
        Err(refusal) => refusal.into_response(),
    }
}
