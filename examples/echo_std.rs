//! An echo server with a thread for each connection and blocking sockets: `echo_std [ADDR]`, by default 127.0.0.1:8080.

use std::net::{TcpListener, TcpStream};
use std::thread;

use wsproto_blocking::{accept, incoming};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let listener = TcpListener::bind(address)?;
    println!("listening on ws://{}", listener.local_addr()?);
    for (stream, peer) in incoming(&listener) {
        thread::spawn(move || {
            if let Err(error) = echo(stream) {
                eprintln!("{peer}: {error}");
            }
        });
    }
    Ok(())
}

fn echo(stream: TcpStream) -> Result<()> {
    let mut socket = accept(stream)?;
    while let Some((message, mut out)) = socket.read()? {
        out.feed(message)?; // written when `read` waits, many at once
    }
    Ok(())
}
