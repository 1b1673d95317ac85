//! Echo over sockudo-ws, as its `simple_echo` example does it, on one thread.

use futures_util::{SinkExt, StreamExt};
use sockudo_ws::handshake::{build_response, generate_accept_key, parse_request};
use sockudo_ws::protocol::Message;
use sockudo_ws::{Config, WebSocketStream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

fn main() {
    peers::serve(|stream| async move {
        let _ = converse(stream).await;
    });
}

async fn converse(stream: TcpStream) -> sockudo_ws::error::Result<()> {
    let mut socket = WebSocketStream::server(handshake(stream).await?, Config::default());
    while let Some(message) = socket.next().await {
        match message? {
            message @ (Message::Text(_) | Message::Binary(_)) => socket.send(message).await?,
            Message::Close(_) => break,
            _ => {}
        }
    }
    Ok(())
}

async fn handshake(mut stream: TcpStream) -> sockudo_ws::error::Result<TcpStream> {
    let mut head = bytes::BytesMut::with_capacity(4096);
    loop {
        if stream.read_buf(&mut head).await? == 0 {
            return Err(sockudo_ws::Error::ConnectionClosed);
        }
        if let Some((request, _)) = parse_request(&head)? {
            let response = build_response(&generate_accept_key(request.key), None, None);
            stream.write_all(&response).await?;
            return Ok(stream);
        }
    }
}
