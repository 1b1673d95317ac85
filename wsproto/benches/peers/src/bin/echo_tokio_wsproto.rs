//! Echo over tokio-wsproto, in one of its ways: `echo_tokio_wsproto feed|read|send ADDR`. Compression, heartbeat, deadlines and limits
//! are in place, as they are by default; the load offers no compression.

use std::error::Error;
use std::future::Future;

use tokio::net::TcpStream;
use tokio_wsproto::accept;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("feed") => serve(feed),
        Some("read") => serve(read),
        Some("send") => serve(send),
        _ => eprintln!("usage: echo_tokio_wsproto feed|read|send ADDR"),
    }
}

fn serve<F: Future<Output = Result<()>> + Send + 'static>(converse: fn(TcpStream) -> F) {
    peers::serve(move |stream| {
        let conversation = converse(stream);
        async {
            // However it ended, that is no matter here.
            let _ = conversation.await;
        }
    });
}

/// Owned messages; their echoes leave together.
async fn feed(stream: TcpStream) -> Result<()> {
    let mut socket = accept(stream).await?;
    while let Some(message) = socket.recv().await? {
        socket.feed(message)?;
    }
    Ok(())
}

/// Borrowed messages; their echoes leave together.
async fn read(stream: TcpStream) -> Result<()> {
    let mut socket = accept(stream).await?;
    while let Some((message, mut out)) = socket.read().await? {
        out.feed(message)?;
    }
    Ok(())
}

/// Owned messages; each echo is written before the next message is looked at.
async fn send(stream: TcpStream) -> Result<()> {
    let mut socket = accept(stream).await?;
    while let Some(message) = socket.recv().await? {
        socket.send(message).await?;
    }
    Ok(())
}
