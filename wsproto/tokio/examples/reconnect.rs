//! A client that stays connected: `reconnect URL` prints what comes, until the server has no more for it.

use std::process::ExitCode;
use std::time::Instant;

use tokio::time::sleep;
use tokio_wsproto::backoff::{Backoff, Lost, random};
use tokio_wsproto::{Client, Connect, Error, MaybeTls, Response, WebSocket};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Some(url) = std::env::args().nth(1) else {
        eprintln!("usage: reconnect URL");
        return ExitCode::FAILURE;
    };
    let client = Connect::new(url);
    let mut backoff = Backoff::new();
    loop {
        let (lost, wait) = match client.connect().await {
            Ok(mut socket) => {
                let since = Instant::now();
                match talk(&mut socket).await {
                    Ok(()) => eprintln!("closed: {:?} {:?}", socket.close_code(), socket.close_reason()),
                    Err(error) => eprintln!("{error}"),
                }
                (Some(Lost::Closed { code: socket.close_code(), lasted: since.elapsed() }), None)
            }
            Err(error) => {
                eprintln!("{error}");
                (error.lost(), error.refused().and_then(Response::retry_after))
            }
        };
        let Some(delay) = lost.and_then(|lost| backoff.retry_in(lost, random())) else {
            return if matches!(lost, Some(Lost::Closed { .. })) {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            };
        };
        sleep(delay.max(wait.unwrap_or_default())).await;
    }
}

/// What is said once there is a connection. What was not answered has to be said again after the next one.
async fn talk(socket: &mut WebSocket<MaybeTls, Client>) -> Result<(), Error> {
    socket.send("hello").await?;
    while let Some(message) = socket.recv().await? {
        println!("{:?}", message.as_text().unwrap_or("[binary]"));
    }
    Ok(())
}
