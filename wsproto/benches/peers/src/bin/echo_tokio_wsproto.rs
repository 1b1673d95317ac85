//! Echo over tokio-wsproto, in one of its ways: `echo_tokio_wsproto feed|read|send ADDR`. Compression, heartbeat, deadlines and limits
//! are in place, as they are by default; the load offers no compression.

use std::future::Future;

use tokio::net::TcpStream;
use tokio_wsproto::{Error, WebSocket};

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("feed") => serve(feed),
        Some("read") => serve(read),
        Some("send") => serve(send),
        _ => eprintln!("usage: echo_tokio_wsproto feed|read|send ADDR"),
    }
}

type Socket = WebSocket<TcpStream>;

fn serve<F: Future<Output = Result<(), Error>> + Send + 'static>(
    converse: impl Fn(Socket) -> F + Copy + Send + 'static,
) {
    peers::serve(move |stream| async move {
        if let Ok(socket) = tokio_wsproto::accept(stream).await {
            let _ = converse(socket).await;
        }
    });
}

/// Owned messages; their echoes leave together.
async fn feed(mut socket: Socket) -> Result<(), Error> {
    while let Some(message) = socket.recv().await? {
        socket.feed(message)?;
    }
    Ok(())
}

/// Borrowed messages; their echoes leave together.
async fn read(mut socket: Socket) -> Result<(), Error> {
    while let Some((message, mut out)) = socket.read().await? {
        out.feed(message)?;
    }
    Ok(())
}

/// Owned messages; each echo is written before the next message is looked at.
async fn send(mut socket: Socket) -> Result<(), Error> {
    while let Some(message) = socket.recv().await? {
        socket.send(message).await?;
    }
    Ok(())
}
