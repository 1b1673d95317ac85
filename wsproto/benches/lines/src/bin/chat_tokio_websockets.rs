//! A chat on tokio-websockets: all hear all.

use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast::Sender;
use tokio_websockets::{Message, ServerBuilder};

type Error = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9001".into());
    let listener = TcpListener::bind(address).await?;
    println!("listening on ws://{}", listener.local_addr()?);
    let room = Sender::new(256);
    loop {
        let (stream, _) = listener.accept().await?;
        let room = room.clone();
        tokio::spawn(async { talk(stream, room).await.unwrap_or_else(|error| eprintln!("{error}")) });
    }
}

async fn talk(stream: TcpStream, room: Sender<Message>) -> Result<(), Error> {
    let (_request, mut socket) = ServerBuilder::new().accept(stream).await?;
    let mut news = room.subscribe();
    loop {
        tokio::select! {
            message = socket.next() => match message.transpose()? {
                Some(message) if message.is_text() || message.is_binary() => drop(room.send(message)?),
                Some(_) => {}
                None => return Ok(()),
            },
            message = news.recv() => socket.send(message?).await?, // who is too slow is dropped
        }
    }
}
