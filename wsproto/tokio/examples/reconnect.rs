//! A client that stays connected: `reconnect URL` prints what comes, until the server has no more for it.

use std::process::ExitCode;

use tokio::time::sleep;
use tokio_wsproto::backoff::Delays;
use tokio_wsproto::{Client, Connect, Error, MaybeTls, WebSocket};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Some(url) = std::env::args().nth(1) else {
        eprintln!("usage: reconnect URL");
        return ExitCode::FAILURE;
    };
    let client = Connect::new(url);
    let mut delays = Delays::default();
    loop {
        let outcome = match client.connect().await {
            Ok(mut socket) => {
                match talk(&mut socket).await {
                    Ok(()) => eprintln!("closed: {:?} {:?}", socket.close_code(), socket.close_reason()),
                    Err(error) => eprintln!("{error}"),
                }
                delays.closed(&socket);
                ExitCode::SUCCESS
            }
            Err(error) => {
                eprintln!("{error}");
                delays.failed(&error);
                ExitCode::FAILURE
            }
        };
        let Some(delay) = delays.next() else { return outcome };
        sleep(delay).await;
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
