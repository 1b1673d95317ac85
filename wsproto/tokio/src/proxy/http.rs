//! A tunnel by an HTTP proxy ([RFC 9110 §9.3.6]).
//!
//! [RFC 9110 §9.3.6]: https://www.rfc-editor.org/rfc/rfc9110#section-9.3.6

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::Instant;
use wsproto::handshake::{ProxyAnswer, ProxyConnect, ProxyDecoder};

use super::{ProxyError, User};
use crate::Response;

pub(super) async fn tunnel<T>(
    stream: &mut T,
    (host, port): (&str, u16),
    user: Option<&User>,
    deadline: Option<Instant>,
) -> Result<(), ProxyError>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let authorization = user.map(User::basic);
    let header = authorization.as_ref().map(|value| ("Proxy-Authorization", value.as_bytes()));
    let mut request = Vec::new();
    // Nothing in base64 can be malformed, and the URL's host is well-formed: what may be left is a name that
    // HTTP has not.
    ProxyConnect::new(host, port, header.as_slice()).map_err(|_| ProxyError::Url)?.append(&mut request);
    stream.write_all(&request).await?;
    stream.flush().await?;

    let mut decoder = ProxyDecoder::new();
    let mut received = Vec::with_capacity(512);
    loop {
        if let Some((answer, taken)) = decoder.decode(&received)? {
            let behind = received.get(taken..).unwrap_or_default();
            return match answer {
                // Neither TLS nor HTTP lets the server speak first.
                ProxyAnswer::Open if !behind.is_empty() => Err(ProxyError::Malformed(None)),
                ProxyAnswer::Open => Ok(()),
                ProxyAnswer::Refused(response) => {
                    let mut refused = Response::of(&response);
                    refused.read_body(stream, behind, deadline).await;
                    Err(ProxyError::Refused(Box::new(refused)))
                }
            };
        }
        if stream.read_buf(&mut received).await? == 0 {
            return Err(ProxyError::Disconnected);
        }
    }
}
