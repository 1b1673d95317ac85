use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::{Instant, timeout_at};

use crate::Response;

/// Reads the start of a refusal's body, whatever comes of it in time, and not behind `deadline`. `raw` came behind the head.
pub(crate) async fn read_body(
    refused: Response,
    stream: &mut (impl AsyncRead + Unpin),
    mut raw: Vec<u8>,
    deadline: Option<Instant>,
) -> Response {
    let read =
        async { while refused.wants_body(&raw) && stream.read_buf(&mut raw).await.is_ok_and(|n| n > 0) {} };
    // Late or broken: the answer's head is what counts.
    let end = Instant::now() + Response::BODY_TIME;
    let _ = timeout_at(deadline.map_or(end, |deadline| deadline.min(end)), read).await;
    refused.with_body(&raw)
}
