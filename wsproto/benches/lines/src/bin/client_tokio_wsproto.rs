//! A client on tokio-wsproto: sends the lines that are typed, and prints what comes.

use tokio::io::{AsyncBufReadExt, BufReader, stdin};
use tokio_wsproto::{CloseCode, connect};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::args().nth(1).ok_or("usage: client URL")?;
    let mut socket = connect(&url).await?;
    let mut lines = BufReader::new(stdin()).lines();
    loop {
        tokio::select! {
            message = socket.recv() => match message? {
                Some(message) => println!("{:?}", message.as_text().unwrap_or("[binary]")),
                None => return Ok(()),
            },
            line = lines.next_line(), if !socket.is_closing() => match line? {
                Some(line) => socket.send(line).await?,
                None => socket.feed(CloseCode::NORMAL)?,
            },
        }
    }
}
