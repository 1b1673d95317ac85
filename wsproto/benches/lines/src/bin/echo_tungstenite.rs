//! An echo server on tungstenite, a thread for each connection.

use std::net::{TcpListener, TcpStream};
use std::thread;

use tungstenite::accept;

type Error = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Error> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("listening on ws://{}", listener.local_addr()?);
    for stream in listener.incoming() {
        let stream = stream?;
        thread::spawn(move || echo(stream).unwrap_or_else(|error| eprintln!("{error}")));
    }
    Ok(())
}

fn echo(stream: TcpStream) -> Result<(), Error> {
    let mut socket = accept(stream)?;
    loop {
        let message = match socket.read() {
            Err(tungstenite::Error::ConnectionClosed) => return Ok(()),
            message => message?,
        };
        if message.is_text() || message.is_binary() {
            socket.send(message)?;
        }
    }
}
