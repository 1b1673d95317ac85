//! From a stream to an open connection: TLS, then the opening handshake ([RFC 6455 §4.1]).
//!
//! [RFC 6455 §4.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.1

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use wsproto::handshake::{self, ClientHandshake, ResponseDecoder};
use wsproto_adapter::shared::HEAD;

use super::progress::Progress;
use super::read_body;
use crate::tls::{Layer, TlsClient};
use crate::{Agreed, Client, ConnectError, MaybeTls, Options, Response, Step, ThreadKeys, WebSocket};

pub(super) async fn open<T>(
    stream: Layer<T>,
    tls: Option<TlsClient>,
    handshake: ClientHandshake<'_>,
    options: &Options,
    progress: &mut Progress,
) -> Result<(WebSocket<MaybeTls<T>, Client>, Response), ConnectError>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let mut stream = MaybeTls::new(match tls {
        None => Layer::Plain(stream),
        Some(tls) => {
            progress.step = Step::Tls;
            tls.connect(stream).await?
        }
    });
    progress.step = Step::Handshake;
    let mut request = Vec::new();
    handshake.append(&mut request);
    stream.write_all(&request).await.map_err(of_stream)?;
    stream.flush().await.map_err(of_stream)?;

    let mut decoder = ResponseDecoder::with_limits(handshake, HEAD);
    let mut received = Vec::with_capacity(1024);
    let head = loop {
        if let Some(head) = decoder.decode(&received)? {
            break head;
        }
        if stream.read_buf(&mut received).await.map_err(of_stream)? == 0 {
            return Err(ConnectError::Disconnected);
        }
    };
    let behind = received.get(head.end()..).unwrap_or_default();
    let response = head.response(&received);
    let kept = Response::of(response.http());
    match response {
        handshake::Response::WebSocket(accepted) => {
            let agreed =
                Agreed::new().with_subprotocol(accepted.subprotocol()).with_deflate(accepted.deflate());
            Ok((WebSocket::from_upgraded(stream, ThreadKeys::client(), behind, agreed, options), kept))
        }
        handshake::Response::Http(_) => {
            let refused = read_body(kept, &mut stream, behind.to_vec(), progress.deadline).await;
            Err(ConnectError::Refused(Box::new(refused)))
        }
    }
}

fn of_stream(error: io::Error) -> ConnectError {
    use io::ErrorKind as Kind;
    match error.kind() {
        Kind::UnexpectedEof | Kind::ConnectionReset | Kind::ConnectionAborted | Kind::BrokenPipe => {
            ConnectError::Disconnected
        }
        _ => ConnectError::Io(error),
    }
}
