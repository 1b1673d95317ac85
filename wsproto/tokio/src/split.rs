use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use wsproto::connection::{Fragment, Role};
use wsproto::{CloseCode, CloseFrame, MessageKind, Server};

use crate::drive::Messages;
use crate::wakers::{Half, Wakers};
use crate::{AsMessage, Counters, Error, Message, Out, Prepared, WebSocket};

/// The half of a [`WebSocket`] that receives; [`WebSocket::split`] makes it.
///
/// While it waits in [`recv`](Self::recv) it does all that the connection asks for, whether the other half
/// runs or not. When it is dropped, messages that still come are dropped by the other half.
pub struct Reader<T, R: Role = Server>(Arc<Shared<T, R>>);

/// The half of a [`WebSocket`] that sends; [`WebSocket::split`] makes it.
///
/// While it waits, it answers Pings and Close frames and keeps the deadlines, whether the other half runs or
/// not, up to a message that the other half is to take. So if that one is slow, Pings behind the message
/// wait.
pub struct Writer<T, R: Role = Server>(Arc<Shared<T, R>>);

struct Shared<T, R: Role> {
    /// Locked while a half is polled, never while it waits.
    state: Mutex<State<T, R>>,
    wakers: Arc<Wakers>,
}

struct State<T, R: Role> {
    socket: WebSocket<T, R>,
    has_reader: bool,
}

impl<T, R: Role> WebSocket<T, R> {
    /// Splits the connection into two halves for two tasks. Neither waits for the other, and no lock is held
    /// while one waits.
    ///
    /// # Examples
    ///
    /// ```
    /// use tokio::io::{AsyncRead, AsyncWrite};
    /// use tokio_wsproto::{Error, Message, WebSocket};
    ///
    /// async fn talk<T>(socket: WebSocket<T>, mut news: tokio::sync::mpsc::Receiver<String>) -> Result<(), Error>
    /// where
    ///     T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    /// {
    ///     let (mut reader, mut writer) = socket.split();
    ///     let writing = tokio::spawn(async move {
    ///         while let Some(text) = news.recv().await {
    ///             writer.send(text).await?;
    ///         }
    ///         Ok::<(), Error>(())
    ///     });
    ///     while let Some(Message::Text(text)) = reader.recv().await? {
    ///         println!("{text:?}");
    ///     }
    ///     writing.abort();
    ///     Ok(())
    /// }
    /// ```
    pub fn split(self) -> (Reader<T, R>, Writer<T, R>) {
        let state = Mutex::new(State { socket: self, has_reader: true });
        let shared = Arc::new(Shared { state, wakers: Arc::default() });
        (Reader(Arc::clone(&shared)), Writer(shared))
    }
}

impl<T, R: Role> Shared<T, R> {
    fn lock(&self) -> MutexGuard<'_, State<T, R>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn poll_as<V>(
        &self,
        half: Half,
        cx: &Context<'_>,
        poll: impl FnOnce(&mut State<T, R>, &mut Context<'_>) -> Poll<V>,
    ) -> Poll<V> {
        self.wakers.poll_as(half, cx, &mut *self.lock(), |state| state.socket.progress(half), poll)
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin, R: Role> Reader<T, R> {
    /// Returns the next message; see [`WebSocket::recv`].
    ///
    /// **Cancel safe**: no message is lost.
    ///
    /// # Errors
    ///
    /// As of `WebSocket::recv`.
    pub async fn recv(&mut self) -> Result<Option<Message>, Error> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// Hands the next message to `take` where it lies, without a copy, with the way out for answers, and
    /// returns what `take` does; `None` as of [`WebSocket::recv`]. See [`WebSocket::read`].
    ///
    /// A closure, since the message lies in what both halves share: `take` must not use either half.
    ///
    /// **Cancel safe**: no message is lost; once `take` was called, this returns.
    ///
    /// # Errors
    ///
    /// As of `WebSocket::recv`.
    ///
    /// # Examples
    ///
    /// ```
    /// use tokio::io::{AsyncRead, AsyncWrite};
    /// use tokio_wsproto::{Error, Reader};
    ///
    /// async fn echo(mut reader: Reader<impl AsyncRead + AsyncWrite + Unpin>) -> Result<(), Error> {
    ///     while let Some(fed) = reader.read_with(|message, mut out| out.feed(message)).await? {
    ///         fed?;
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub async fn read_with<V>(
        &mut self,
        take: impl FnOnce(wsproto::Message<'_>, Out<'_, R>) -> V,
    ) -> Result<Option<V>, Error> {
        let mut take = Some(take);
        poll_fn(|cx| self.poll_with(cx, |socket, cx| socket.poll_read_with(cx, &mut take))).await
    }

    pub(crate) fn poll_recv(&mut self, cx: &Context<'_>) -> Poll<Result<Option<Message>, Error>> {
        self.poll_with(cx, WebSocket::poll_recv_as_half)
    }

    pub(crate) fn poll_with<V>(
        &mut self,
        cx: &Context<'_>,
        poll: impl FnOnce(&mut WebSocket<T, R>, &mut Context<'_>) -> Poll<V>,
    ) -> Poll<V> {
        self.0.poll_as(Half::Reader, cx, |state, cx| poll(&mut state.socket, cx))
    }
}

impl<T, R: Role> Reader<T, R> {
    /// Returns the code of the peer's Close frame; see [`WebSocket::close_code`].
    pub fn close_code(&self) -> Option<CloseCode> {
        self.0.lock().socket.close_code()
    }

    /// Returns the reason in the peer's Close frame; see [`WebSocket::close_reason`].
    pub fn close_reason(&self) -> Option<String> {
        self.0.lock().socket.close_reason().map(str::to_owned)
    }

    /// Returns how much has come and gone, of both halves; see [`WebSocket::counters`].
    pub fn counters(&self) -> Counters {
        self.0.lock().socket.counters()
    }

    /// Returns the round-trip time of the last Ping; see [`WebSocket::latency`].
    pub fn latency(&self) -> Option<Duration> {
        self.0.lock().socket.latency()
    }

    #[cfg(feature = "futures")]
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.0.lock().socket.inner.way.stage, crate::way::Stage::Over(_))
    }

    /// Makes one connection of its two halves again.
    ///
    /// # Errors
    ///
    /// Gives the halves back if they are of different connections.
    pub fn reunite(self, writer: Writer<T, R>) -> Result<WebSocket<T, R>, (Self, Writer<T, R>)> {
        if !Arc::ptr_eq(&self.0, &writer.0) {
            return Err((self, writer));
        }
        let shared = Arc::clone(&self.0);
        drop((self, writer));
        match Arc::into_inner(shared) {
            Some(shared) => Ok(shared.state.into_inner().unwrap_or_else(PoisonError::into_inner).socket),
            None => unreachable!("there are no other halves"),
        }
    }
}

impl<T, R: Role> Drop for Reader<T, R> {
    fn drop(&mut self) {
        self.0.lock().has_reader = false;
        self.0.wakers.wake_half(Half::Writer);
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin, R: Role> Writer<T, R> {
    /// Queues a message, and writes all that waits; see [`WebSocket::send`].
    ///
    /// **Cancel safe**: once polled, the message is queued whole.
    ///
    /// # Errors
    ///
    /// As of `WebSocket::send`.
    pub async fn send(&mut self, message: impl AsMessage) -> Result<(), Error> {
        // The other half is not woken: it is written right here.
        self.0.lock().socket.inner.way.feed(message.as_message(), false)?;
        self.flush().await
    }

    /// Queues a text that is formatted, and writes all that waits; see [`WebSocket::send_fmt`].
    ///
    /// **Cancel safe**: once polled, the message is queued whole.
    ///
    /// # Errors
    ///
    /// As of `WebSocket::send`.
    pub async fn send_fmt(&mut self, text: fmt::Arguments<'_>) -> Result<(), Error> {
        self.0.lock().socket.inner.way.feed_fmt(text)?;
        self.flush().await
    }

    /// Writes all that was fed; see [`WebSocket::flush`].
    ///
    /// **Cancel safe**: what is not written yet stays queued.
    ///
    /// # Errors
    ///
    /// As of `WebSocket::flush`.
    pub async fn flush(&mut self) -> Result<(), Error> {
        poll_fn(|cx| self.poll_flush(cx)).await
    }

    pub(crate) fn poll_flush(&self, cx: &Context<'_>) -> Poll<Result<(), Error>> {
        self.0.poll_as(Half::Writer, cx, |state, cx| state.socket.poll_flush_among(cx, state.left()))
    }

    /// Sends a Ping to learn the latency; see [`WebSocket::ping`].
    ///
    /// **Cancel safe**: once polled, the Ping is queued.
    ///
    /// # Errors
    ///
    /// As of `WebSocket::ping`.
    pub async fn ping(&mut self) -> Result<(), Error> {
        self.0.lock().socket.inner.way.feed_ping()?;
        self.flush().await
    }

    /// Completes the closing handshake; see [`WebSocket::close`]. Messages that still come are dropped,
    /// unless the other half is faster; its `recv` returns `None` then.
    ///
    /// **Cancel safe**: once polled, the Close frame is queued.
    ///
    /// # Errors
    ///
    /// As of `WebSocket::close`.
    pub async fn close(&mut self, code: CloseCode, reason: &str) -> Result<(), Error> {
        let close = CloseFrame::new(code, reason)?;
        poll_fn(|cx| self.poll_close_with(close, cx)).await
    }

    pub(crate) fn poll_close_with(&self, close: CloseFrame<'_>, cx: &Context<'_>) -> Poll<Result<(), Error>> {
        self.0.poll_as(Half::Writer, cx, |state, cx| {
            state.socket.inner.way.feed_close(close)?;
            state.socket.poll_drive(cx, Messages::Dropped).map_ok(|_| ())
        })
    }

    /// Waits until the connection is over: for a `select!` of a task that sends when the other half was
    /// dropped. Meanwhile what was fed is written, Pings are answered and messages dropped.
    ///
    /// **Cancel safe**.
    ///
    /// # Errors
    ///
    /// Why the connection is over, unless it is by a closing handshake.
    pub async fn closed(&mut self) -> Result<(), Error> {
        poll_fn(|cx| self.0.poll_as(Half::Writer, cx, |state, cx| state.socket.poll_drive(cx, state.left())))
            .await
            .map(|_| ())
    }
}

#[cfg(feature = "futures")]
impl<T: AsyncRead + AsyncWrite + Unpin, R: Role> Writer<T, R> {
    pub(crate) fn poll_room(&self, cx: &Context<'_>) -> Poll<Result<(), Error>> {
        self.0.poll_as(Half::Writer, cx, |state, cx| state.socket.poll_room(cx, state.left()))
    }
}

impl<T, R: Role> Writer<T, R> {
    /// Queues a message; see [`WebSocket::feed`]. It leaves with the next method that waits, of either half,
    /// or at once if the other half waits.
    ///
    /// # Errors
    ///
    /// As of `WebSocket::feed`.
    pub fn feed(&mut self, message: impl AsMessage) -> Result<(), Error> {
        self.queue(|socket| socket.inner.way.feed(message.as_message(), false))
    }

    /// Queues a message that is not compressed; see [`WebSocket::feed_uncompressed`].
    ///
    /// # Errors
    ///
    /// As of `WebSocket::feed`.
    pub fn feed_uncompressed(&mut self, message: impl AsMessage) -> Result<(), Error> {
        self.queue(|socket| socket.inner.way.feed(message.as_message(), true))
    }

    /// Queues a text that is formatted; see [`WebSocket::feed_fmt`].
    ///
    /// # Errors
    ///
    /// As of `WebSocket::feed`.
    pub fn feed_fmt(&mut self, text: fmt::Arguments<'_>) -> Result<(), Error> {
        self.queue(|socket| socket.inner.way.feed_fmt(text))
    }

    /// Queues a message that `write` appends, which must not use either half; see [`WebSocket::feed_with`].
    ///
    /// # Errors
    ///
    /// As of `WebSocket::feed_with`.
    pub fn feed_with<V>(
        &mut self,
        kind: MessageKind,
        write: impl FnOnce(&mut Vec<u8>) -> V,
    ) -> Result<V, Error> {
        self.queue(|socket| socket.inner.way.feed_with(kind, write))
    }

    /// Queues one fragment of a message; see [`WebSocket::feed_fragment`].
    ///
    /// # Errors
    ///
    /// As of `WebSocket::feed_fragment`.
    pub fn feed_fragment<'m>(&mut self, fragment: impl Into<Fragment<'m>>) -> Result<(), Error> {
        self.queue(|socket| socket.inner.way.feed_fragment(fragment.into(), false))
    }

    /// Returns how many bytes wait to be written.
    pub fn unsent(&self) -> usize {
        self.0.lock().socket.unsent()
    }

    /// Returns how much has come and gone, of both halves; see [`WebSocket::counters`].
    pub fn counters(&self) -> Counters {
        self.0.lock().socket.counters()
    }

    /// Tells whether nothing new can be sent; see [`WebSocket::is_closing`].
    pub fn is_closing(&self) -> bool {
        self.0.lock().socket.is_closing()
    }

    fn queue<V>(&mut self, queue: impl FnOnce(&mut WebSocket<T, R>) -> Result<V, Error>) -> Result<V, Error> {
        let queued = queue(&mut self.0.lock().socket)?;
        // Whoever waits there writes it: a task that only feeds may not come to wait in here at all.
        self.0.wakers.wake_half(Half::Reader);
        Ok(queued)
    }
}

impl<T> Writer<T, Server> {
    /// Queues a message that was encoded before; see [`WebSocket::feed_prepared`].
    ///
    /// # Errors
    ///
    /// As of `WebSocket::feed`.
    pub fn feed_prepared(&mut self, message: &Prepared) -> Result<(), Error> {
        self.queue(|socket| socket.inner.way.feed_prepared(message))
    }
}

impl<T, R: Role> State<T, R> {
    /// What the half that sends does with messages.
    fn left(&self) -> Messages {
        if self.has_reader { Messages::Left } else { Messages::Dropped }
    }
}

impl<T, R: Role> fmt::Debug for Reader<T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Reader").finish_non_exhaustive()
    }
}

impl<T, R: Role> fmt::Debug for Writer<T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Writer").finish_non_exhaustive()
    }
}
