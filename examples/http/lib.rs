//! What the examples share.

pub mod server;
pub mod tls;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;
use tokio_wsproto::{CloseCode, WebSocket};

/// Anything that ends a connection.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// What these servers speak, the preferred one first.
pub const SUBPROTOCOLS: &[&str] = &["echo"];

/// A page that sends what one types, and shows what comes back; it has to come from the server itself.
pub const PAGE: &str = include_str!("echo.html");

/// Answers each message with itself, until the client closes; or closes when `stop` is cancelled.
///
/// # Errors
///
/// Why the connection ended without a closing handshake.
pub async fn echo<T>(mut socket: WebSocket<T>, stop: CancellationToken) -> Result<(), Error>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        tokio::select! {
            message = socket.recv() => match message? {
                Some(message) => socket.feed(message)?, // written when `recv` waits, many at once
                None => return Ok(()),
            },
            () = stop.cancelled() => return Ok(socket.close(CloseCode::GOING_AWAY, "").await?),
        }
    }
}
