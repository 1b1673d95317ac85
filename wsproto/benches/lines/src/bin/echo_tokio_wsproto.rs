//! An echo server on tokio-wsproto.

use tokio::net::{TcpListener, TcpStream};
use tokio_wsproto::{Accept, Handshake, Serve};

type Error = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on ws://{}", listener.local_addr()?);
    let serve = |handshake| async { echo(handshake).await.unwrap_or_else(|error| eprintln!("{error}")) };
    Serve::new(listener).run(serve, tokio::signal::ctrl_c()).await;
    Ok(())
}

async fn echo(handshake: Handshake<TcpStream>) -> Result<(), Error> {
    let mut socket = handshake.accept(Accept::new()).await?;
    while let Some(message) = socket.recv().await? {
        socket.feed(message)?;
    }
    Ok(())
}
