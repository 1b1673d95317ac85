//! `Stream` and `Sink` of the crate futures.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::{FusedStream, Stream};
use futures_sink::Sink;
use tokio::io::{AsyncRead, AsyncWrite};
use wsproto::CloseCode;
use wsproto::connection::Role;

use crate::drive::Messages;
use crate::wakers::Half;
use crate::way::Stage;
use crate::{AsMessage, Error, Message, Reader, WebSocket, Writer};

impl<T: AsyncRead + AsyncWrite + Unpin, R: Role> WebSocket<T, R> {
    /// Polls as one half: the crate's `split` gives both halves to different tasks.
    fn poll_as<V>(
        &mut self,
        half: Half,
        cx: &Context<'_>,
        poll: impl FnOnce(&mut Self, &mut Context<'_>) -> Poll<V>,
    ) -> Poll<V> {
        let wakers = Arc::clone(self.inner.wakers.get_or_insert_default());
        wakers.poll_as(half, cx, self, |socket| socket.progress(half), poll)
    }
}

/// Messages up to an ordinary end. Behind an error there is `None`.
impl<T: AsyncRead + AsyncWrite + Unpin, R: Role + Unpin> Stream for WebSocket<T, R> {
    type Item = Result<Message, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.is_terminated() {
            return Poll::Ready(None);
        }
        self.poll_as(Half::Reader, cx, Self::poll_recv_as_half).map(Result::transpose)
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin, R: Role + Unpin> FusedStream for WebSocket<T, R> {
    fn is_terminated(&self) -> bool {
        matches!(self.inner.way.stage, Stage::Over(_))
    }
}

/// Sends messages: `start_send` queues, `flush` writes, `close` sends a Close frame of code 1000 and
/// completes the closing handshake. It is ready while no more than the
/// [high water](crate::Options::with_high_water) is unsent.
impl<T, R, M> Sink<M> for WebSocket<T, R>
where
    T: AsyncRead + AsyncWrite + Unpin,
    R: Role + Unpin,
    M: AsMessage,
{
    type Error = Error;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll_as(Half::Writer, cx, |socket, cx| socket.poll_room(cx, Messages::Left))
    }

    fn start_send(mut self: Pin<&mut Self>, message: M) -> Result<(), Error> {
        self.feed(message)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll_as(Half::Writer, cx, Self::poll_flush)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll_as(Half::Writer, cx, |socket, cx| {
            socket.inner.way.feed_close(CloseCode::NORMAL.into())?;
            ready!(socket.poll_drive(cx, Messages::Dropped))?;
            Poll::Ready(Ok(()))
        })
    }
}

/// Messages up to an ordinary end. Behind an error there is `None`.
impl<T: AsyncRead + AsyncWrite + Unpin, R: Role> Stream for Reader<T, R> {
    type Item = Result<Message, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.is_over() {
            return Poll::Ready(None);
        }
        self.poll_recv(cx).map(Result::transpose)
    }
}

/// Sends messages, as a whole [`WebSocket`] does.
impl<T: AsyncRead + AsyncWrite + Unpin, R: Role, M: AsMessage> Sink<M> for Writer<T, R> {
    type Error = Error;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll_room(cx)
    }

    fn start_send(mut self: Pin<&mut Self>, message: M) -> Result<(), Error> {
        self.feed(message)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Self::poll_flush(&self, cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll_close_with(CloseCode::NORMAL.into(), cx)
    }
}
