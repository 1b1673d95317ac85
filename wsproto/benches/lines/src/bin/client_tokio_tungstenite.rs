//! A client on tokio-tungstenite: sends the lines that are typed, and prints what comes.

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncBufReadExt, BufReader, stdin};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::args().nth(1).ok_or("usage: client URL")?;
    let (mut socket, _response) = connect_async(url).await?;
    let mut lines = BufReader::new(stdin()).lines();
    let mut is_closing = false;
    loop {
        tokio::select! {
            message = socket.next() => match message.transpose()? {
                Some(Message::Text(text)) => println!("{:?}", text.as_str()),
                Some(Message::Binary(_)) => println!("\"[binary]\""),
                Some(_) => {}
                None => return Ok(()),
            },
            line = lines.next_line(), if !is_closing => match line? {
                Some(line) => socket.send(Message::text(line)).await?,
                None => {
                    is_closing = true;
                    socket.close(None).await?;
                }
            },
        }
    }
}
