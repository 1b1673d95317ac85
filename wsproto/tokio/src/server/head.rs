//! A request's head: read from a stream, and answered.

use std::future::Future;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;
use wsproto::handshake::{Answer, RequestDecoder, RequestHead};

use crate::{AcceptError, Options};

/// A request's head, what was read behind it, and how.
///
/// In a box: handlers move it, and a task is as large as all the places it is moved to, for as long as the
/// connection lives.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) bytes: Vec<u8>,
    pub(super) parsed: RequestHead,
    pub(super) options: Options,
}

/// Reads a head. One that is malformed or late is answered.
pub(super) async fn read<T>(stream: &mut T, options: &Options) -> Result<Box<Head>, AcceptError>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let mut bytes = Vec::new();
    let opening = options.timeouts().opening();
    match within(opening, read_into(stream, &mut bytes)).await {
        Some(Ok(parsed)) => Ok(Box::new(Head { bytes, parsed, options: options.clone() })),
        Some(Err(error)) => {
            if let AcceptError::Request(error) = &error {
                answer(stream, error.answer(), options).await?;
            }
            Err(error)
        }
        None => {
            // [RFC 9110 §15.5.9]; who said nothing asked for nothing.
            if let (false, Ok(late)) =
                (bytes.is_empty(), Answer::new(408, &[], b"the request took too long\n"))
            {
                answer(stream, late, options).await?;
            }
            Err(AcceptError::Deadline)
        }
    }
}

async fn read_into<T: AsyncRead + Unpin>(
    stream: &mut T,
    bytes: &mut Vec<u8>,
) -> Result<RequestHead, AcceptError> {
    let mut decoder = RequestDecoder::new();
    loop {
        bytes.reserve(1024);
        if stream.read_buf(bytes).await? == 0 {
            return Err(AcceptError::Disconnected);
        }
        if let Some(head) = decoder.decode(bytes).map_err(AcceptError::Request)? {
            return Ok(head);
        }
    }
}

/// Sends what is no acceptance, and ends the stream so that it arrives: unread bytes would reset the connection.
pub(super) async fn answer<T>(
    stream: &mut T,
    answer: Answer<'_>,
    options: &Options,
) -> Result<(), AcceptError>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let mut bytes = Vec::new();
    answer.append(&mut bytes);
    send(stream, &bytes, options).await?;
    let ending = async {
        stream.shutdown().await?;
        let mut dropped = [0; 1024];
        while stream.read(&mut dropped).await? > 0 {}
        Ok::<(), std::io::Error>(())
    };
    // Whether the client ends its side in time, or at all, is no matter any more.
    let _ = within(options.timeouts().end(), ending).await;
    Ok(())
}

/// Sends the bytes of an answer, in the time of an opening handshake.
pub(super) async fn send<T>(stream: &mut T, bytes: &[u8], options: &Options) -> Result<(), AcceptError>
where
    T: AsyncWrite + Unpin,
{
    let sending = async {
        stream.write_all(bytes).await?;
        stream.flush().await
    };
    match within(options.timeouts().opening(), sending).await {
        Some(outcome) => Ok(outcome?),
        None => Err(AcceptError::Deadline),
    }
}

async fn within<F: Future>(limit: Option<Duration>, future: F) -> Option<F::Output> {
    match limit {
        Some(limit) => timeout(limit, future).await.ok(),
        None => Some(future.await),
    }
}
