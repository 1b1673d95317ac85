//! A client on tungstenite: sends the lines that are typed, and prints the answer to each. It blocks: to hear what comes
//! unasked it would need a socket that does not.

use std::io::stdin;

use tungstenite::{Error, Message, connect};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::args().nth(1).ok_or("usage: client URL")?;
    let (mut socket, _response) = connect(url)?;
    for line in stdin().lines() {
        socket.send(Message::text(line?))?;
        let answer = loop {
            let message = socket.read()?;
            if message.is_text() || message.is_binary() {
                break message;
            }
        };
        println!("{:?}", answer.to_text().unwrap_or("[binary]"));
    }
    socket.close(None)?;
    loop {
        match socket.read() {
            Err(Error::ConnectionClosed) => return Ok(()),
            message => drop(message?),
        }
    }
}
