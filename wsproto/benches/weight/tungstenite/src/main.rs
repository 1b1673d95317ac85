//! An echo server on blocking sockets over tungstenite.

use std::net::{TcpListener, TcpStream};
use std::thread;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:8080")?;
    for stream in listener.incoming() {
        let stream = stream?;
        thread::spawn(move || serve(stream).map_err(|error| eprintln!("{error}")));
    }
    Ok(())
}

fn serve(stream: TcpStream) -> Result<()> {
    let mut socket = tungstenite::accept(stream)?;
    loop {
        let message = socket.read()?;
        if message.is_text() || message.is_binary() {
            socket.send(message)?;
        }
    }
}
