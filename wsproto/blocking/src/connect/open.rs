//! From a stream to an open connection: a tunnel, TLS, the opening handshake ([RFC 6455 §4.1]).
//!
//! [RFC 6455 §4.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.1

use std::io::{self, ErrorKind, Read, Write};

use wsproto::handshake::{self, ClientHandshake, ResponseDecoder};
use wsproto_adapter::shared::{self, HEAD, Proxy};

use super::Progress;
use crate::patience::Until;
use crate::tls::TlsClient;
use crate::{
    Agreed, Client, ConnectError, Input, MaybeTls, Options, Output, ProxyError, Response, Step, ThreadKeys,
    WebSocket,
};

pub(super) fn open<T: Input + Output>(
    stream: T,
    tls: Option<TlsClient>,
    handshake: ClientHandshake<'_>,
    options: &Options,
    progress: &mut Progress,
) -> Result<(WebSocket<MaybeTls<T>, Client>, Response), ConnectError> {
    let mut stream = match tls {
        None => MaybeTls::plain(stream),
        Some(tls) => {
            progress.step = Step::Tls;
            tls.connect(stream, progress)?
        }
    };
    progress.step = Step::Handshake;
    let mut until = Until::new(&mut stream, progress.deadline);
    let mut request = Vec::new();
    handshake.append(&mut request);
    until.write_all(&request).and_then(|()| until.flush()).map_err(|error| progress.of_stream(error))?;

    let mut decoder = ResponseDecoder::with_limits(handshake, HEAD);
    let mut received = Vec::new();
    let head = loop {
        if let Some(head) = decoder.decode(&received)? {
            break head;
        }
        if read_more(&mut until, &mut received).map_err(|error| progress.of_stream(error))? == 0 {
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
            Err(ConnectError::Refused(Box::new(read_body(kept, &mut until, behind.to_vec()))))
        }
    }
}

/// Asks the proxy for a tunnel to a host and port. Behind it, `stream` is one to the server.
pub(super) fn tunnel<T: Input + Output>(
    proxy: &Proxy,
    stream: &mut T,
    (host, port): (&str, u16),
    progress: &mut Progress,
) -> Result<(), ConnectError> {
    progress.step = Step::Proxy;
    let mut tunnel = proxy.tunnel(host, port)?;
    let mut until = Until::new(stream, progress.deadline);
    let failed = |error: io::Error| match error.kind() {
        ErrorKind::TimedOut => ConnectError::Deadline(Step::Proxy),
        _ => ConnectError::Proxy(error.into()),
    };
    let mut buffer = [0; 1024];
    loop {
        let out = tunnel.take_out();
        if !out.is_empty() {
            until.write_all(&out).and_then(|()| until.flush()).map_err(failed)?;
        }
        let most = tunnel.most().min(buffer.len());
        let n = until.read(&mut buffer[..most]).map_err(failed)?;
        if n == 0 {
            return Err(ProxyError::Disconnected.into());
        }
        match tunnel.receive(&buffer[..n])? {
            shared::Progress::Asking => {}
            shared::Progress::Open => return Ok(()),
            shared::Progress::Refused(refused, behind) => {
                let refused = read_body(refused, &mut until, behind);
                return Err(ProxyError::Refused(Box::new(refused)).into());
            }
        }
    }
}

/// Reads the start of a refusal's body, whatever comes of it in time. `raw` came behind the head.
fn read_body<T: Input>(refused: Response, stream: &mut Until<'_, T>, mut raw: Vec<u8>) -> Response {
    let mut stream = stream.within(Response::BODY_TIME);
    // Late or broken: the answer's head is what counts.
    while refused.wants_body(&raw) && read_more(&mut stream, &mut raw).is_ok_and(|n| n > 0) {}
    refused.with_body(&raw)
}

fn read_more(stream: &mut impl Read, received: &mut Vec<u8>) -> io::Result<usize> {
    let mut buffer = [0; 1024];
    let n = stream.read(&mut buffer)?;
    received.extend_from_slice(&buffer[..n]);
    Ok(n)
}
