//! A client that stays connected: `client_tokio URL` sends the lines that are typed and prints what comes, until the input ends.
//!
//! `wss://` takes TLS, by the authorities that the operating system trusts, or those in the file that `SSL_CERT_FILE` names.

use std::io::{Write, stdin, stdout};
use std::process::ExitCode;

use tokio::sync::mpsc::{Receiver, channel};
use tokio_wsproto::backoff::Delays;
use tokio_wsproto::{Client, CloseCode, Connect, Error, MaybeTls, WebSocket};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Some(url) = std::env::args().nth(1) else {
        eprintln!("usage: client_tokio URL");
        return ExitCode::FAILURE;
    };
    let (client, mut lines, mut delays) = (Connect::new(url), typed(), Delays::default());
    loop {
        match client.connect().await {
            Ok(mut socket) => {
                match talk(&mut socket, &mut lines).await {
                    Ok(()) if lines.is_closed() && lines.is_empty() => return ExitCode::SUCCESS,
                    Ok(()) => eprintln!("closed: {:?} {:?}", socket.close_code(), socket.close_reason()),
                    Err(error) => eprintln!("{error}"),
                }
                delays.closed(&socket);
            }
            Err(error) => {
                eprintln!("{error}");
                delays.failed(&error);
            }
        }
        let Some(delay) = delays.next() else {
            return ExitCode::FAILURE; // the server has no more for this client
        };
        tokio::time::sleep(delay).await;
    }
}

/// Sends and prints until the connection is closed: by the server, or since the input has ended. A line may be lost with its connection.
async fn talk(socket: &mut WebSocket<MaybeTls, Client>, lines: &mut Receiver<String>) -> Result<(), Error> {
    loop {
        tokio::select! {
            message = socket.recv() => {
                let Some(message) = message? else { return Ok(()) };
                // Control characters are the peer's, and the terminal is ours.
                let text = message.as_text().unwrap_or("[binary]").replace(char::is_control, "\u{fffd}");
                if writeln!(stdout(), "{text}").is_err() {
                    lines.close(); // nobody reads: as if the input had ended
                }
            }
            line = lines.recv(), if !socket.is_closing() => match line {
                Some(line) => socket.send(line).await?,
                None => socket.feed(CloseCode::NORMAL)?, // what still comes is printed
            }
        }
    }
}

/// Reads lines in a thread: one that waits for input can't keep the program from ending.
fn typed() -> Receiver<String> {
    let (sender, lines) = channel(16);
    std::thread::spawn(move || {
        stdin().lines().map_while(|line| sender.blocking_send(line.ok()?).ok()).count()
    });
    lines
}
