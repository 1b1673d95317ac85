//! The way through a proxy.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::Instant;
use wsproto_adapter::shared::{Progress, Proxy};

use crate::ProxyError;
use crate::connect::read_body;

/// Asks the proxy for a tunnel to a host and port. Behind it, `stream` is one to the server.
pub(crate) async fn tunnel<T>(
    proxy: &Proxy,
    stream: &mut T,
    (host, port): (&str, u16),
    deadline: Option<Instant>,
) -> Result<(), ProxyError>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let mut tunnel = proxy.tunnel(host, port)?;
    let mut buffer = [0; 1024];
    loop {
        let out = tunnel.take_out();
        if !out.is_empty() {
            stream.write_all(&out).await?;
            stream.flush().await?;
        }
        let most = tunnel.most().min(buffer.len());
        let n = stream.read(&mut buffer[..most]).await?;
        if n == 0 {
            return Err(ProxyError::Disconnected);
        }
        match tunnel.receive(&buffer[..n])? {
            Progress::Asking => {}
            Progress::Open => return Ok(()),
            Progress::Refused(refused, behind) => {
                return Err(ProxyError::Refused(Box::new(
                    read_body(refused, stream, behind, deadline).await,
                )));
            }
        }
    }
}
