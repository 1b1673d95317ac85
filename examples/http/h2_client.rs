//! A client over HTTP/2, by the h2 crate: `h2_client ADDR TEXT` sends the text, prints the answer, and closes.
//!
//! Without TLS, to a server that is known to speak HTTP/2.

use std::process::ExitCode;
use std::time::Duration;

use h2::Ping;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_wsproto::{CloseCode, Connect};
use wsproto_http_examples::{Error, SUBPROTOCOLS};

/// So long all of it may take; the opening handshake and the closing one have deadlines of their own.
const DEADLINE: Duration = Duration::from_secs(30);

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [address, text] = arguments.as_slice() else {
        eprintln!("usage: h2_client ADDR TEXT");
        return ExitCode::FAILURE;
    };
    let said = timeout(DEADLINE, say(address, text)).await;
    match said.unwrap_or_else(|elapsed| Err(elapsed.into())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn say(address: &str, text: &str) -> Result<(), Error> {
    let socket = TcpStream::connect(address).await?;
    socket.set_nodelay(true)?;
    let (client, mut connection) = h2::client::handshake(socket).await?;
    let mut ping = connection.ping_pong().ok_or("it is taken once")?;
    let connection = tokio::spawn(connection);
    // The server's settings come first of all, so before its answer to this.
    ping.ping(Ping::opaque()).await?;

    let connect = Connect::new(format!("ws://{address}/echo")).subprotocols(SUBPROTOCOLS.iter().copied());
    let mut socket = connect.over_http2(client).await?;
    socket.send(text).await?;
    if let Some(message) = socket.recv().await? {
        println!("{}", message.as_text().unwrap_or("[binary]"));
    }
    socket.close(CloseCode::NORMAL, "").await?;
    drop(socket);
    // It ends with its last stream, once everything is sent.
    Ok(connection.await??)
}
