//! A chat, all hear all: `cargo run -p wsproto-examples --bin chat_tokio -- [ADDRESS]`

use tokio::net::{TcpListener, TcpStream};
use tokio_wsproto::{Accept, Broadcast, Handshake, Serve};

type Error = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9001".into());
    let listener = TcpListener::bind(address).await?;
    println!("listening on ws://{}", listener.local_addr()?);
    let room = Broadcast::new(256);
    let serve = move |handshake| {
        let room = room.clone();
        async { talk(handshake, room).await.unwrap_or_else(|error| eprintln!("{error}")) }
    };
    Serve::new(listener).run(serve, tokio::signal::ctrl_c()).await;
    Ok(())
}

async fn talk(handshake: Handshake<TcpStream>, room: Broadcast) -> Result<(), Error> {
    let mut socket = handshake.accept(Accept::new()).await?;
    let mut news = room.subscribe();
    while let Some(message) = socket.recv_or_forward(&mut news).await? {
        room.send(message);
    }
    Ok(())
}
