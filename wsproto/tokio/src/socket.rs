use std::fmt;
use std::future::poll_fn;
use std::io::Write as _;
#[cfg(feature = "futures")]
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use wsproto::connection::{Fragment, Reply, Role, SendState};
use wsproto::deflate::Policy;
use wsproto::session::{Incoming, Session};
use wsproto::{CloseCode, CloseFrame, MessageKind, ProtocolError, Server};

use crate::drive::Messages;
use crate::wakers::Half;
#[cfg(feature = "futures")]
use crate::wakers::Wakers;
use crate::way::{Stage, Way};
use crate::{Agreed, AsMessage, Counters, Error, Message, Options, Out, Received};
use wsproto_adapter::shared::Closed;

/// A WebSocket connection that owns its transport: anything that reads and writes.
///
/// [`recv`](Self::recv) does all that a connection asks for: it writes what was fed, answers Pings and Close
/// frames, sends the heartbeat and keeps the deadlines. Call it at all times, also where you have nothing to
/// receive; or [`split`](Self::split) the socket.
///
/// | receive | |
/// |---|---|
/// | [`recv`](Self::recv) | a message of its own |
/// | [`read`](Self::read) | a borrowed message, and the way out for answers |
/// | [`recv_piece`](Self::recv_piece), [`read_piece`](Self::read_piece) | a part of a message larger than the memory |
/// | [`recv_or_drained`](Self::recv_or_drained) | for a `select!` that waits for room, too |
///
/// | send | |
/// |---|---|
/// | [`feed`](Self::feed), [`feed_fmt`](Self::feed_fmt), … | queues; leaves with the next call that waits |
/// | [`send`](Self::send), [`send_fmt`](Self::send_fmt) | queues, and writes all that waits |
/// | [`flush`](Self::flush) | writes all that waits |
/// | [`close`](Self::close) | completes the closing handshake, ends the transport |
///
/// **Cancel safety.** All state is in the socket. Every future may be dropped at any await: nothing that came
/// or was fed is lost, nothing comes twice, no frame is cut.
///
/// **Backpressure.** While more than [`high_water`](Options::with_high_water) bytes wait to be written,
/// `recv` gives no more messages: a loop of `recv` and `feed` needs no other bound. A program that feeds
/// without receiving flushes, or looks at [`unsent`](Self::unsent); above
/// [`max_unsent`](Options::with_max_unsent) `feed` refuses. Where both ends send much at the same time
/// without being asked, [`split`](Self::split) the socket: its halves don't wait for each other.
///
/// The future of a `recv` needs tokio's timer unless all [timeouts](Options::with_timeouts) are off.
pub struct WebSocket<T, R: Role = Server> {
    /// In one place, since futures that take a socket move it, and a task is as large as all the places it is
    /// moved to.
    pub(crate) inner: Box<Inner<T, R>>,
}

pub(crate) struct Inner<T, R: Role> {
    pub(crate) io: T,
    pub(crate) incoming: Incoming<R, Vec<u8>>,
    pub(crate) way: Way<R>,
    /// Whether `incoming` has a buffer that is to be given back.
    pub(crate) is_lent: bool,
    /// Whether a message was found that is left to be taken.
    pub(crate) is_held: bool,
    /// Whether messages are not joined: the last call to receive wanted pieces.
    pub(crate) is_piecewise: bool,
    /// Where the halves that others make of this wait.
    #[cfg(feature = "futures")]
    pub(crate) wakers: Option<Arc<Wakers>>,
    subprotocol: Option<Box<str>>,
}

/// Beginning.
impl<T: AsyncRead + AsyncWrite + Unpin, R: Role> WebSocket<T, R> {
    /// Starts behind an opening handshake that was made elsewhere. `received` is what came behind it and was
    /// read with it.
    ///
    /// `role` is [`Server`], or [`ThreadKeys::client`](crate::ThreadKeys::client).
    ///
    /// # Examples
    ///
    /// ```
    /// use tokio_wsproto::{Agreed, Message, Options, Server, ThreadKeys, WebSocket};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), tokio_wsproto::Error> {
    /// let (left, right) = tokio::io::duplex(1024);
    /// let options = Options::new();
    /// let mut server = WebSocket::from_upgraded(left, Server, b"", Agreed::new(), &options);
    /// let mut client = WebSocket::from_upgraded(right, ThreadKeys::client(), b"", Agreed::new(), &options);
    ///
    /// client.send("Hello").await?;
    /// assert_eq!(server.recv().await?, Some(Message::from("Hello")));
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_upgraded(stream: T, role: R, received: &[u8], agreed: Agreed, options: &Options) -> Self {
        let session = Session::new(role, *options.limits(), Vec::new());
        let policy = options.deflate().copied().unwrap_or(Policy::new());
        let (mut incoming, sender) = session.with_deflate(agreed.deflate, policy).split();
        if !received.is_empty() {
            incoming.push(received);
        }
        let is_lent = !received.is_empty();
        let mut way = Way::new(sender, options);
        way.trace.counters.received.bytes = received.len() as u64;
        let inner = Inner {
            io: stream,
            incoming,
            way,
            is_lent,
            is_held: false,
            is_piecewise: false,
            #[cfg(feature = "futures")]
            wakers: None,
            subprotocol: agreed.subprotocol,
        };
        Self { inner: Box::new(inner) }
    }
}

/// Receiving.
impl<T: AsyncRead + AsyncWrite + Unpin, R: Role> WebSocket<T, R> {
    /// Returns the next message, or `None` once the connection is closed by a closing handshake, of whatever code.
    ///
    /// What was fed is written before this waits.
    ///
    /// **Cancel safe**: no message is lost.
    ///
    /// # Errors
    ///
    /// [`Error`], unless it is the caller's fault; then again at each call. The peer was told why, as far as
    /// it can be.
    pub async fn recv(&mut self) -> Result<Option<Message>, Error> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    pub(crate) fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Message>, Error>> {
        self.poll_recv_among(cx, Messages::Paced)
    }

    /// Receives as one of two halves: the other one bounds what waits to be written.
    pub(crate) fn poll_recv_as_half(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Message>, Error>> {
        self.poll_recv_among(cx, Messages::Wanted)
    }

    fn poll_recv_among(
        &mut self,
        cx: &mut Context<'_>,
        messages: Messages,
    ) -> Poll<Result<Option<Message>, Error>> {
        self.inner.is_piecewise = false;
        while ready!(self.poll_drive(cx, messages))? {
            if let Some(message) = self.take_message() {
                return Poll::Ready(Ok(Some(message)));
            }
        }
        Poll::Ready(Ok(None))
    }

    /// Returns the next message where it lies, without a copy, and the way out, for answers that are encoded
    /// while the message is borrowed. `None` as of [`recv`](Self::recv).
    ///
    /// The message is text or binary.
    ///
    /// **Cancel safe**: no message is lost.
    ///
    /// # Errors
    ///
    /// As of [`recv`](Self::recv).
    ///
    /// # Examples
    ///
    /// ```
    /// # use tokio::io::{AsyncRead, AsyncWrite};
    /// use tokio_wsproto::{Error, WebSocket};
    ///
    /// async fn echo(mut socket: WebSocket<impl AsyncRead + AsyncWrite + Unpin>) -> Result<(), Error> {
    ///     while let Some((message, mut out)) = socket.read().await? {
    ///         out.feed(message)?;
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub async fn read(&mut self) -> Result<Option<(wsproto::Message<'_>, Out<'_, R>)>, Error> {
        self.inner.is_piecewise = false;
        if !poll_fn(|cx| self.poll_drive(cx, Messages::Paced)).await? {
            return Ok(None);
        }
        self.inner.is_held = false;
        let Inner { io, incoming, way, .. } = &mut *self.inner;
        match take_borrowed(incoming, way) {
            Ok(message) => Ok(message.map(|message| (message, Out::new(way)))),
            Err(_) => Err(poll_fn(move |cx| way.poll_failure(io, cx)).await),
        }
    }

    /// Hands the next message to what is in `take`, as one of two halves.
    pub(crate) fn poll_read_with<V>(
        &mut self,
        cx: &mut Context<'_>,
        take: &mut Option<impl FnOnce(wsproto::Message<'_>, Out<'_, R>) -> V>,
    ) -> Poll<Result<Option<V>, Error>> {
        self.inner.is_piecewise = false;
        while ready!(self.poll_drive(cx, Messages::Wanted))? {
            self.inner.is_held = false;
            let Inner { incoming, way, .. } = &mut *self.inner;
            // Of a text that is not UTF-8 after all there is only the end to wait for.
            if let Ok(Some(message)) = take_borrowed(incoming, way) {
                return Poll::Ready(Ok(take.take().map(|take| take(message, Out::new(way)))));
            }
        }
        Poll::Ready(Ok(None))
    }

    /// Does what [`recv`](Self::recv) does, and also returns when all that waited at the call is written.
    ///
    /// For a `select!` whose other branch feeds what comes from elsewhere, and waits while too much is
    /// unsent. A guard as `if socket.unsent() < LIMIT` is looked at once a turn: without a new turn nobody
    /// would learn that there is room again.
    ///
    /// **Cancel safe**: no message is lost.
    ///
    /// # Errors
    ///
    /// As of [`recv`](Self::recv).
    pub async fn recv_or_drained(&mut self) -> Result<Received, Error> {
        let is_waiting = !self.inner.way.is_flushed();
        poll_fn(|cx| match self.poll_recv(cx)? {
            Poll::Ready(Some(message)) => Poll::Ready(Ok(Received::Message(message))),
            Poll::Ready(None) => Poll::Ready(Ok(Received::Closed)),
            Poll::Pending if is_waiting && self.inner.way.is_flushed() => Poll::Ready(Ok(Received::Drained)),
            Poll::Pending => Poll::Pending,
        })
        .await
    }
}

/// Apart from the future for the same reason as [`WebSocket::take_message`], and since a reply is large.
#[inline(never)]
fn take_borrowed<'m, R: Role>(
    incoming: &'m mut Incoming<R, Vec<u8>>,
    way: &mut Way<R>,
) -> Result<Option<wsproto::Message<'m>>, ProtocolError> {
    let mut reply = Reply::new();
    let taken = incoming.next(&mut reply);
    match taken {
        Ok(_) => way.trace.counters.received.messages += 1,
        // A text that is not UTF-8, after all.
        Err(error) => way.fail(error, reply),
    }
    taken
}

/// Sending.
impl<T: AsyncRead + AsyncWrite + Unpin, R: Role> WebSocket<T, R> {
    /// Queues a message, and writes all that waits.
    ///
    /// Messages that come meanwhile are left to `recv`, and no more than one is read: two peers that only
    /// send stand still until the write deadline. Pings are answered.
    ///
    /// **Cancel safe**: once polled, the message is queued whole. Don't send it again.
    ///
    /// # Errors
    ///
    /// As of [`feed`](Self::feed) and [`flush`](Self::flush).
    pub async fn send(&mut self, message: impl AsMessage) -> Result<(), Error> {
        self.feed(message)?;
        self.flush().await
    }

    /// Queues a text that is formatted, and writes all that waits; see [`send`](Self::send).
    ///
    /// **Cancel safe**: once polled, the message is queued whole.
    ///
    /// # Errors
    ///
    /// As of [`feed`](Self::feed) and [`flush`](Self::flush).
    pub async fn send_fmt(&mut self, text: fmt::Arguments<'_>) -> Result<(), Error> {
        self.feed_fmt(text)?;
        self.flush().await
    }

    /// Queues a message; never waits. It leaves with the next `recv` that waits, `send`, `flush` or `close`:
    /// many at once.
    ///
    /// # Errors
    ///
    /// [`Error::Closed`] behind a Close frame, [`Error::Full`] while too much waits, [`Error::Misuse`]
    /// between fragments and for a Ping that is too long, or why the connection is over. Nothing was queued
    /// then.
    pub fn feed(&mut self, message: impl AsMessage) -> Result<(), Error> {
        self.inner.way.feed(message.as_message(), false)
    }

    /// Queues a message that is not compressed, also if compression was agreed on: for a secret beside what
    /// somebody else chose, or what is compressed already.
    ///
    /// # Errors
    ///
    /// As of [`feed`](Self::feed).
    pub fn feed_uncompressed(&mut self, message: impl AsMessage) -> Result<(), Error> {
        self.inner.way.feed(message.as_message(), true)
    }

    /// Queues a text that is formatted, without a buffer between: `socket.feed_fmt(format_args!("{x}, {y}"))`.
    ///
    /// # Errors
    ///
    /// As of [`feed`](Self::feed).
    pub fn feed_fmt(&mut self, text: fmt::Arguments<'_>) -> Result<(), Error> {
        self.inner.way.feed_fmt(text)
    }

    /// Queues a message that `write` appends: JSON of a serialiser, without a buffer between. Returns what
    /// `write` returns.
    ///
    /// # Errors
    ///
    /// As of [`feed`](Self::feed); [`Error::Misuse`] for a text that is not UTF-8.
    pub fn feed_with<V>(
        &mut self,
        kind: MessageKind,
        write: impl FnOnce(&mut Vec<u8>) -> V,
    ) -> Result<V, Error> {
        self.inner.way.feed_with(kind, write)
    }

    /// Queues one fragment of a message ([RFC 6455 §5.4]). Until the last one nothing else can be queued but
    /// control frames.
    ///
    /// # Errors
    ///
    /// As of [`feed`](Self::feed); [`Error::Misuse`] also for a text that is not UTF-8.
    ///
    /// [RFC 6455 §5.4]: https://www.rfc-editor.org/rfc/rfc6455#section-5.4
    pub fn feed_fragment<'m>(&mut self, fragment: impl Into<Fragment<'m>>) -> Result<(), Error> {
        self.inner.way.feed_fragment(fragment.into(), false)
    }

    /// Writes all that was fed, and has the transport hold nothing back.
    ///
    /// **Cancel safe**: what is not written yet stays queued.
    ///
    /// # Errors
    ///
    /// Why the connection is over.
    pub async fn flush(&mut self) -> Result<(), Error> {
        poll_fn(|cx| self.poll_flush(cx)).await
    }

    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll_flush_among(cx, Messages::Left)
    }

    /// Writes all that was fed; while that waits, `messages` says what is done with those that come.
    pub(crate) fn poll_flush_among(
        &mut self,
        cx: &mut Context<'_>,
        messages: Messages,
    ) -> Poll<Result<(), Error>> {
        self.inner.way.clock.begin_turn();
        if let Stage::Open = self.inner.way.stage {
            if self.inner.way.poll_write(&mut self.inner.io, cx).is_ready() {
                return Poll::Ready(self.inner.way.check_written());
            }
        }
        match self.poll_drive(cx, messages)? {
            Poll::Ready(_) => Poll::Ready(Ok(())),
            Poll::Pending if self.inner.way.is_flushed() => Poll::Ready(self.inner.way.check_written()),
            Poll::Pending => Poll::Pending,
        }
    }

    /// Sends a Ping, to learn the [`latency`](Self::latency), and writes all that waits. If one is under way,
    /// there is no second.
    ///
    /// Not needed to keep a connection alive: the heartbeat does that.
    ///
    /// **Cancel safe**: once polled, the Ping is queued.
    ///
    /// # Errors
    ///
    /// As of [`feed`](Self::feed) and [`flush`](Self::flush).
    pub async fn ping(&mut self) -> Result<(), Error> {
        self.inner.way.feed_ping()?;
        self.flush().await
    }

    /// Completes the closing handshake and ends the transport: sends a Close frame if none was sent, drops
    /// the messages that still come before the peer's, and waits for the transport's end.
    ///
    /// To go on receiving until the peer closes, feed a [`CloseFrame`] instead, and call `recv` up to `None`.
    ///
    /// **Cancel safe**: once polled, the Close frame is queued; call this again, or `recv`, to go on.
    ///
    /// # Errors
    ///
    /// Why the connection was over before; [`Error::Deadline`] if the peer does not answer.
    /// [`Error::CloseReason`] if the reason has more than 123 bytes: nothing was queued.
    pub async fn close(&mut self, code: CloseCode, reason: &str) -> Result<(), Error> {
        self.inner.way.feed_close(CloseFrame::new(code, reason)?)?;
        poll_fn(|cx| self.poll_drive(cx, Messages::Dropped)).await.map(|_| ())
    }
}

/// Asking.
impl<T, R: Role> WebSocket<T, R> {
    /// Returns what the other half may wait for while `half` is polled: when it changes, that one is to be woken.
    pub(crate) fn progress(&self, half: Half) -> impl PartialEq + use<T, R> {
        // That all is written is nothing to the half that receives; else each message that is sent would wake it.
        let is_flushed = half == Half::Reader && self.inner.way.is_flushed();
        let is_full = !self.inner.way.has_room();
        (self.inner.is_held, is_flushed, is_full, self.is_closing())
    }

    /// Returns how many bytes wait to be written.
    pub fn unsent(&self) -> usize {
        self.inner.way.outbox.len()
    }

    /// Returns the code of the peer's Close frame: `None` if none came, or it had no code.
    pub fn close_code(&self) -> Option<CloseCode> {
        self.inner.way.closed.as_ref()?.code()
    }

    /// Returns the reason in the peer's Close frame, if one came. It is empty where the frame had none.
    ///
    /// It is the peer's own: log it with `{:?}`.
    pub fn close_reason(&self) -> Option<&str> {
        self.inner.way.closed.as_deref().map(Closed::reason)
    }

    /// Tells whether nothing new can be sent: a Close frame was sent or came, or the connection is over.
    pub fn is_closing(&self) -> bool {
        !matches!(self.inner.way.stage, Stage::Open)
            || self.inner.way.closed.is_some()
            || self.inner.way.sender.state() != SendState::Open
    }

    /// Returns the subprotocol that was agreed on, if any.
    pub fn subprotocol(&self) -> Option<&str> {
        self.inner.subprotocol.as_deref()
    }

    /// Returns the round-trip time of the last Ping that was answered: of the heartbeat, or of [`ping`](Self::ping).
    pub fn latency(&self) -> Option<Duration> {
        self.inner.way.clock.deadlines.latency()
    }

    /// Returns how long ago the opening handshake was complete.
    pub fn age(&self) -> Duration {
        self.inner.way.clock.age()
    }

    /// Returns how much has come and gone.
    ///
    /// # Examples
    ///
    /// ```
    /// # use tokio_wsproto::WebSocket;
    /// fn report<T>(socket: &WebSocket<T>) {
    ///     let counters = socket.counters();
    ///     println!("{} messages in {} bytes", counters.received.messages, counters.received.bytes);
    /// }
    /// ```
    pub fn counters(&self) -> Counters {
        self.inner.way.trace.counters
    }

    /// Returns the transport.
    pub const fn get_ref(&self) -> &T {
        &self.inner.io
    }

    /// Returns the transport, for its options. Reading from it or writing to it breaks the connection.
    pub const fn get_mut(&mut self) -> &mut T {
        &mut self.inner.io
    }
}

impl<T, R: Role> fmt::Debug for WebSocket<T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocket")
            .field("stage", &self.inner.way.stage)
            .field("unsent", &self.unsent())
            .field("subprotocol", &self.inner.subprotocol)
            .finish_non_exhaustive()
    }
}

impl<R: Role> Way<R> {
    /// Waits until the connection is over, since the peer broke a rule, and returns which.
    pub(crate) fn poll_failure<T>(&mut self, io: &mut T, cx: &mut Context<'_>) -> Poll<Error>
    where
        T: AsyncRead + AsyncWrite + Unpin,
    {
        self.clock.begin_turn();
        ready!(self.poll_end(io, cx));
        match self.stage {
            Stage::Over(cause) => Poll::Ready(cause.outcome().err().unwrap_or(Error::Closed)),
            Stage::Open | Stage::Ending { .. } => Poll::Ready(Error::Closed),
        }
    }

    pub(crate) fn feed_fmt(&mut self, text: fmt::Arguments<'_>) -> Result<(), Error> {
        // A formatter that fails although the buffer did not is at fault itself; `format!` panics then.
        self.feed_with(MessageKind::Text, |out| out.write_fmt(text)).map(|_| ())
    }
}

impl<T, R: Role> wsproto_adapter::backoff::Ended for WebSocket<T, R> {
    fn lost(&self) -> wsproto::backoff::Lost {
        wsproto::backoff::Lost::Closed { code: self.close_code(), lasted: self.age() }
    }
}
