use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::task::Poll;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::broadcast::{self, error::RecvError};
use wsproto::Server;

use crate::way::Cause;
use crate::{Error, Message, Prepared, WebSocket};

/// Messages for all who listen: a chat's room, a ticker. Each is encoded once. Cheap to clone.
///
/// The queue is bounded, and shared by all who listen: one that is further behind than its capacity is
/// dropped, holds nobody up and takes no memory of its own. That is noticed when there is room again, or else
/// at the deadline of writing.
///
/// # Examples
///
/// Everybody hears everybody:
///
/// ```
/// use tokio::io::{AsyncRead, AsyncWrite};
/// use tokio_wsproto::{Broadcast, Error, WebSocket};
///
/// async fn talk(mut socket: WebSocket<impl AsyncRead + AsyncWrite + Unpin>, room: Broadcast) -> Result<(), Error> {
///     let mut listener = room.subscribe();
///     while let Some(message) = socket.recv_or_forward(&mut listener).await? {
///         room.send(message);
///     }
///     Ok(())
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Broadcast(broadcast::Sender<Prepared>);

/// One who listens to a [`Broadcast`].
#[derive(Debug)]
pub struct Listener(broadcast::Receiver<Prepared>);

/// A listener fell behind by more than the queue holds: messages were lost to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lagged;

impl Broadcast {
    /// Makes a queue of `capacity` messages, at least one, which all listeners share. It is rounded up to a
    /// power of two.
    pub fn new(capacity: usize) -> Self {
        Self(broadcast::Sender::new(capacity.clamp(1, usize::MAX / 4)))
    }

    /// Queues a message to all who listen now, and returns how many that are.
    pub fn send(&self, message: impl Into<Prepared>) -> usize {
        self.0.send(message.into()).unwrap_or(0)
    }

    /// Listens from the next message on.
    pub fn subscribe(&self) -> Listener {
        Listener(self.0.subscribe())
    }
}

impl Listener {
    /// Returns the next message, or `None` when nobody can send any more.
    ///
    /// **Cancel safe**: no message is lost.
    ///
    /// # Errors
    ///
    /// [`Lagged`] if messages were lost.
    pub async fn recv(&mut self) -> Result<Option<Prepared>, Lagged> {
        match self.0.recv().await {
            Ok(message) => Ok(Some(message)),
            Err(RecvError::Closed) => Ok(None),
            Err(RecvError::Lagged(_)) => Err(Lagged),
        }
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> WebSocket<T, Server> {
    /// Returns the next message, as [`recv`](Self::recv) does, and forwards a broadcast to the peer while it waits.
    ///
    /// While more than [`high_water`](crate::Options::with_high_water) bytes are unsent, the broadcast's
    /// messages wait in its queue.
    ///
    /// **Cancel safe**: no message is lost, of either direction.
    ///
    /// # Errors
    ///
    /// [`Error::Lagged`] if the peer does not keep up with the broadcast: the connection is over. Otherwise
    /// as of `recv`.
    pub async fn recv_or_forward(&mut self, listener: &mut Listener) -> Result<Option<Message>, Error> {
        loop {
            let news = {
                let mut next = pin!(listener.recv());
                poll_fn(|cx| {
                    loop {
                        let had_room = self.inner.way.has_room();
                        if had_room {
                            if let Poll::Ready(news) = next.as_mut().poll(cx) {
                                return Poll::Ready(Ok(news));
                            }
                        }
                        match self.poll_recv(cx) {
                            Poll::Ready(received) => return Poll::Ready(Err(received)),
                            Poll::Pending if !had_room && self.inner.way.has_room() => {}
                            Poll::Pending => return Poll::Pending,
                        }
                    }
                })
                .await
            };
            match news {
                Ok(Ok(Some(news))) => match self.feed_prepared(&news) {
                    // What still comes before the peer's Close frame can be received.
                    Ok(()) | Err(Error::Closed) => {}
                    Err(error) => return Err(error),
                },
                Ok(Ok(None)) => return self.recv().await,
                Ok(Err(Lagged)) => {
                    self.inner.way.finish(Cause::Lagged);
                    return Err(Error::Lagged);
                }
                Err(received) => return received,
            }
        }
    }
}
