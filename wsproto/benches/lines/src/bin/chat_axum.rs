//! A chat on axum: all hear all.

use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use axum::{Router, routing::any};
use tokio::net::TcpListener;
use tokio::sync::broadcast::Sender;

type Error = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9001".into());
    let listener = TcpListener::bind(address).await?;
    println!("listening on ws://{}", listener.local_addr()?);
    let app = Router::new().route("/", any(enter)).with_state(Sender::new(256));
    Ok(axum::serve(listener, app).await?)
}

async fn enter(upgrade: WebSocketUpgrade, State(room): State<Sender<Message>>) -> Response {
    upgrade.on_upgrade(async |socket| talk(socket, room).await.unwrap_or_else(|error| eprintln!("{error}")))
}

async fn talk(mut socket: WebSocket, room: Sender<Message>) -> Result<(), Error> {
    let mut news = room.subscribe();
    loop {
        tokio::select! {
            message = socket.recv() => match message.transpose()? {
                Some(message @ (Message::Text(_) | Message::Binary(_))) => drop(room.send(message)?),
                Some(_) => {}
                None => return Ok(()),
            },
            message = news.recv() => socket.send(message?).await?, // who is too slow is dropped
        }
    }
}
