use tokio::io::{AsyncRead, AsyncWrite};
use wsproto::handshake::{Answer, HttpRequest, Request};

use super::head::{self, Head};
use crate::AcceptError;

/// A request of plain HTTP, to be answered with a small page, or to be handed to an HTTP library.
#[derive(Debug)]
pub struct Plain<T> {
    stream: T,
    head: Box<Head>,
}

impl<T> Plain<T> {
    pub(super) const fn new(stream: T, head: Box<Head>) -> Self {
        Self { stream, head }
    }

    /// Returns the engine's view of the request: method, path, query, header fields. A body is left to the caller.
    pub fn request(&self) -> HttpRequest<'_> {
        match self.head.parsed.request(&self.head.bytes) {
            Request::Http(request) => request,
            Request::WebSocket(handshake) => *handshake.http(),
        }
    }

    /// Returns the stream and all that was read of it, the request's head included.
    pub fn into_parts(self) -> (T, Vec<u8>) {
        (self.stream, self.head.bytes)
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> Plain<T> {
    /// Answers, and ends the stream. To HEAD no body is sent.
    ///
    /// **Cancel safe** in the sense that nothing is left behind: the stream is dropped.
    ///
    /// # Errors
    ///
    /// [`AcceptError::Deadline`] and [`Io`](AcceptError::Io) if the answer can't be written.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use tokio_wsproto::{AcceptError, Opening, Options};
    /// use tokio_wsproto::wsproto::handshake::Answer;
    ///
    /// async fn serve(stream: tokio::net::TcpStream) -> Result<(), AcceptError> {
    ///     match Opening::read(stream, &Options::new()).await? {
    ///         Opening::WebSocket(_handshake) => Ok(()), // …
    ///         Opening::Http(page) => {
    ///             let html = [("Content-Type", &b"text/html"[..])];
    ///             page.answer(Answer::new(200, &html, b"<h1>Hello</h1>").map_err(AcceptError::Misuse)?).await
    ///         }
    ///     }
    /// }
    /// ```
    pub async fn answer(mut self, answer: Answer<'_>) -> Result<(), AcceptError> {
        let is_head = self.request().method() == "HEAD";
        let answer = if is_head { answer.without_body() } else { answer };
        Box::pin(head::answer(&mut self.stream, answer, &self.head.options)).await
    }

    /// Answers 426: here are only WebSockets.
    pub(super) async fn require_upgrade(self) -> Result<(), AcceptError> {
        if let Some(error) = self.request().lost_upgrade() {
            return self.answer(error.answer()).await;
        }
        // [RFC 9110 §15.5.22]: "MUST send an Upgrade header field"; `Connection` names it by itself.
        let headers: &[(&str, &[u8])] = &[("Upgrade", b"websocket"), ("Content-Type", b"text/plain")];
        let answer =
            Answer::new(426, headers, b"this port speaks WebSocket\n").map_err(AcceptError::Misuse)?;
        self.answer(answer).await
    }
}
