use std::net::Shutdown;
use std::time::Duration;
use std::{fmt, io};

use wsproto::connection::{Fragment, Role};
use wsproto::deflate::Policy;
use wsproto::session::{Incoming, Session};
use wsproto::{CloseCode, CloseFrame, MessageKind, Server};
use wsproto_adapter::shared::Closed;

use crate::drive::{self, Messages, Unit};
use crate::link::{Access, Batch, Link, Wait};
use crate::patience::Patience;
use crate::way::Way;
use crate::{Agreed, AsMessage, Counters, Error, Input, Message, Options, Out, Output, Prepared};

/// A WebSocket connection that owns its transport, such as a [`TcpStream`](std::net::TcpStream).
///
/// [`recv`](Self::recv) does all that a connection asks for: it writes what was fed, answers Pings and Close frames, sends the
/// heartbeat and keeps the deadlines. Call it at all times, also where you have nothing to receive; or
/// [`split`](Self::split) the socket.
///
/// | receive | |
/// |---|---|
/// | [`recv`](Self::recv) | a message of its own |
/// | [`read`](Self::read) | a borrowed message, and the way out for answers |
/// | [`recv_piece`](Self::recv_piece), [`read_piece`](Self::read_piece) | a part of a message larger than the memory |
///
/// | send | |
/// |---|---|
/// | [`feed`](Self::feed), [`feed_fmt`](Self::feed_fmt), … | queues; leaves with the next `recv`, `send`, `flush` or `close` |
/// | [`send`](Self::send), [`send_fmt`](Self::send_fmt) | queues, and writes all that waits |
/// | [`flush`](Self::flush) | writes all that waits |
/// | [`close`](Self::close) | completes the closing handshake, ends the transport |
///
/// **Sockets that don't block.** Where the transport says [`WouldBlock`](io::ErrorKind::WouldBlock), so does the method, as
/// [`Error::Io`]: nothing that came or was fed is lost, and the same call goes on later.
/// [`wants_write`](Self::wants_write) and [`wake_up`](Self::wake_up) say what to wait for.
///
/// **Backpressure.** While more than [`high_water`](Options::with_high_water) bytes wait to be written, `recv` writes before it gives
/// a message: a loop of `recv` and `feed` needs no other bound. A program that feeds without receiving flushes, or looks at
/// [`unsent`](Self::unsent); above [`max_unsent`](Options::with_max_unsent) `feed` refuses. While a method writes, nothing is read:
/// two peers that only send stand still until the write deadline. [`split`](Self::split) the socket where both ends send much.
pub struct WebSocket<T, R: Role = Server> {
    pub(crate) incoming: Incoming<R, Vec<u8>>,
    pub(crate) whole: Whole<T, R>,
    subprotocol: Option<Box<str>>,
}

/// The transport and the way out, in one thread's hands.
#[derive(Debug)]
pub(crate) struct Whole<T, R: Role> {
    pub(crate) io: T,
    pub(crate) batch: Batch,
    pub(crate) reading: Patience,
    pub(crate) way: Way<R>,
}

impl<T, R: Role> Access<R> for Whole<T, R> {
    fn with<V>(&mut self, each: impl FnOnce(&mut Way<R>) -> V) -> V {
        each(&mut self.way)
    }
}

impl<T: Input + Output, R: Role> Link<R> for Whole<T, R> {
    type Input = T;

    fn write(&mut self, wait: Wait) -> io::Result<()> {
        self.batch.write(&mut self.io, &mut self.way, wait)
    }

    fn shutdown(&mut self, how: Shutdown) -> io::Result<()> {
        self.io.shutdown(how)
    }

    fn input(&mut self) -> (&mut T, &mut Patience) {
        (&mut self.io, &mut self.reading)
    }
}

/// Beginning.
impl<T: Input + Output, R: Role> WebSocket<T, R> {
    /// Starts behind an opening handshake that was made elsewhere. `received` is what came behind it and was read with it.
    ///
    /// `role` is [`Server`], or [`ThreadKeys::client`](crate::ThreadKeys::client).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::net::{TcpListener, TcpStream};
    /// use wsproto_blocking::{Agreed, Message, Options, Server, ThreadKeys, WebSocket};
    ///
    /// # fn main() -> Result<(), wsproto_blocking::Error> {
    /// # let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    /// # let left = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    /// # let right = listener.accept().unwrap().0;
    /// // … two ends of a TCP connection, `left` and `right`
    /// let options = Options::new();
    /// let mut server = WebSocket::from_upgraded(left, Server, b"", Agreed::new(), &options);
    /// let mut client = WebSocket::from_upgraded(right, ThreadKeys::client(), b"", Agreed::new(), &options);
    ///
    /// client.send("Hello")?;
    /// assert_eq!(server.recv()?, Some(Message::from("Hello")));
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_upgraded(mut stream: T, role: R, received: &[u8], agreed: Agreed, options: &Options) -> Self {
        let session = Session::new(role, *options.limits(), Vec::new());
        let policy = options.deflate().copied().unwrap_or(Policy::new());
        let (mut incoming, sender) = session.with_deflate(agreed.deflate, policy).split();
        if !received.is_empty() {
            incoming.push(received);
        }
        // Where that can't be, they arrive later.
        let _ = stream.send_at_once();
        let mut way = Way::new(sender, options);
        way.counters.received.bytes = received.len() as u64;
        let whole = Whole { io: stream, batch: Batch::default(), reading: Patience::default(), way };
        Self { incoming, whole, subprotocol: agreed.subprotocol }
    }
}

/// Receiving.
impl<T: Input + Output, R: Role> WebSocket<T, R> {
    /// Returns the next message, or `None` once the connection is closed by a closing handshake, of whatever code.
    ///
    /// What was fed is written before this waits.
    ///
    /// # Errors
    ///
    /// [`Error`], unless it is the caller's fault; then again at each call. The peer was told why, as far as it can be. Of a transport
    /// that does not block, [`Error::Io`] with [`WouldBlock`](io::ErrorKind::WouldBlock) is no end.
    pub fn recv(&mut self) -> Result<Option<Message>, Error> {
        drive::recv(&mut self.incoming, &mut self.whole, Messages::Paced)
    }

    /// Returns the next message where it lies, without a copy, and the way out, for answers that are encoded while the message is
    /// borrowed. `None` as of [`recv`](Self::recv).
    ///
    /// The message is text or binary.
    ///
    /// # Errors
    ///
    /// As of [`recv`](Self::recv).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::net::TcpStream;
    /// use wsproto_blocking::{Error, WebSocket};
    ///
    /// fn echo(mut socket: WebSocket<TcpStream>) -> Result<(), Error> {
    ///     while let Some((message, mut out)) = socket.read()? {
    ///         out.feed(message)?;
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub fn read(&mut self) -> Result<Option<(wsproto::Message<'_>, Out<'_, R>)>, Error> {
        let message = drive::read(&mut self.incoming, &mut self.whole, Messages::Paced)?;
        Ok(message.map(|message| (message, Out::new(&mut self.whole.way))))
    }
}

/// Sending.
impl<T: Input + Output, R: Role> WebSocket<T, R> {
    /// Queues a message, and writes all that waits.
    ///
    /// # Errors
    ///
    /// As of [`feed`](Self::feed) and [`flush`](Self::flush). Of a transport that does not block, the message stays queued: don't send
    /// it again.
    pub fn send(&mut self, message: impl AsMessage) -> Result<(), Error> {
        self.feed(message)?;
        self.flush()
    }

    /// Queues a text that is formatted, and writes all that waits; see [`send`](Self::send).
    ///
    /// # Errors
    ///
    /// As of [`send`](Self::send).
    pub fn send_fmt(&mut self, text: fmt::Arguments<'_>) -> Result<(), Error> {
        self.feed_fmt(text)?;
        self.flush()
    }

    /// Writes all that was fed, and has the transport hold nothing back.
    ///
    /// # Errors
    ///
    /// Why the connection is over; [`Error::Deadline`] if the peer takes nothing. Of a transport that does not block, [`Error::Io`] with
    /// [`WouldBlock`](io::ErrorKind::WouldBlock): what is not written yet stays queued.
    pub fn flush(&mut self) -> Result<(), Error> {
        self.whole.write(Wait::Long).map_err(Error::Io)?;
        self.whole.way.check_written()
    }

    /// Sends a Ping, to learn the [`latency`](Self::latency), and writes all that waits. If one is under way, there is no second.
    ///
    /// Not needed to keep a connection alive: the heartbeat does that.
    ///
    /// # Errors
    ///
    /// As of [`feed`](Self::feed) and [`flush`](Self::flush).
    pub fn ping(&mut self) -> Result<(), Error> {
        self.whole.way.feed_ping()?;
        self.flush()
    }

    /// Completes the closing handshake and ends the transport: sends a Close frame if none was sent, drops the messages that still come
    /// before the peer's, and waits for the transport's end.
    ///
    /// To go on receiving until the peer closes, feed a [`CloseFrame`] instead, and call `recv` up to `None`.
    ///
    /// # Errors
    ///
    /// Why the connection was over before; [`Error::Deadline`] if the peer does not answer. [`Error::CloseReason`] if the reason has
    /// more than 123 bytes: nothing was queued. Of a transport that does not block, [`Error::Io`] with
    /// [`WouldBlock`](io::ErrorKind::WouldBlock): call this again, or `recv`, to go on.
    pub fn close(&mut self, code: CloseCode, reason: &str) -> Result<(), Error> {
        self.whole.way.feed_close(CloseFrame::new(code, reason)?)?;
        drive::drive(&mut self.incoming, &mut self.whole, Messages::Dropped, Unit::Piece).map(|_| ())
    }
}

/// Queueing: none of these waits.
impl<T, R: Role> WebSocket<T, R> {
    /// Queues a message; never waits. It leaves with the next `recv` that waits, `send`, `flush` or `close`: many at once.
    ///
    /// # Errors
    ///
    /// [`Error::Closed`] behind a Close frame, [`Error::Full`] while too much waits, [`Error::Misuse`] between fragments and for a
    /// Ping that is too long, or why the connection is over. Nothing was queued then.
    pub fn feed(&mut self, message: impl AsMessage) -> Result<(), Error> {
        self.whole.way.feed(message.as_message(), false)
    }

    /// Queues a message that is not compressed, also if compression was agreed on: for a secret beside what somebody else chose, or
    /// what is compressed already.
    ///
    /// # Errors
    ///
    /// As of [`feed`](Self::feed).
    pub fn feed_uncompressed(&mut self, message: impl AsMessage) -> Result<(), Error> {
        self.whole.way.feed(message.as_message(), true)
    }

    /// Queues a text that is formatted, without a buffer between: `socket.feed_fmt(format_args!("{x}, {y}"))`.
    ///
    /// # Errors
    ///
    /// As of [`feed`](Self::feed).
    pub fn feed_fmt(&mut self, text: fmt::Arguments<'_>) -> Result<(), Error> {
        self.whole.way.feed_fmt(text)
    }

    /// Queues a message that `write` appends: JSON of a serialiser, without a buffer between. Returns what `write` returns.
    ///
    /// # Errors
    ///
    /// As of [`feed`](Self::feed); [`Error::Misuse`] for a text that is not UTF-8.
    pub fn feed_with<V>(
        &mut self,
        kind: MessageKind,
        write: impl FnOnce(&mut Vec<u8>) -> V,
    ) -> Result<V, Error> {
        self.whole.way.feed_with(kind, write)
    }

    /// Queues one fragment of a message ([RFC 6455 §5.4]). Until the last one nothing else can be queued but control frames.
    ///
    /// # Errors
    ///
    /// As of [`feed`](Self::feed); [`Error::Misuse`] also for a text that is not UTF-8.
    ///
    /// [RFC 6455 §5.4]: https://www.rfc-editor.org/rfc/rfc6455#section-5.4
    pub fn feed_fragment<'m>(&mut self, fragment: impl Into<Fragment<'m>>) -> Result<(), Error> {
        self.whole.way.feed_fragment(fragment.into())
    }
}

impl<T: Input + Output> WebSocket<T, Server> {
    /// Queues a message that was encoded before, and compressed if this peer takes that; never waits.
    ///
    /// # Errors
    ///
    /// As of [`feed`](Self::feed).
    pub fn feed_prepared(&mut self, message: &Prepared) -> Result<(), Error> {
        self.whole.way.feed_prepared(message)
    }

    /// Sends a message that was encoded before; see [`feed_prepared`](Self::feed_prepared) and [`send`](Self::send).
    ///
    /// # Errors
    ///
    /// As of [`send`](Self::send).
    pub fn send_prepared(&mut self, message: &Prepared) -> Result<(), Error> {
        self.feed_prepared(message)?;
        self.flush()
    }
}

/// Asking.
impl<T, R: Role> WebSocket<T, R> {
    /// Returns how many bytes wait to be written.
    pub fn unsent(&self) -> usize {
        self.whole.way.unsent()
    }

    /// Tells whether something waits to be written: of a transport that does not block, wait until it takes something, and call
    /// any method that waits.
    pub fn wants_write(&self) -> bool {
        !self.whole.way.is_flushed()
    }

    /// Returns after which time to call [`recv`](Self::recv) although nothing has come, to keep the deadlines; `None` is never. For
    /// transports that don't block: the others wake up by themselves.
    pub fn wake_up(&mut self) -> Option<Duration> {
        Some(self.whole.way.patience()).filter(|patience| *patience < Duration::MAX)
    }

    /// Returns the code of the peer's Close frame: `None` if none came, or it had no code.
    pub fn close_code(&self) -> Option<CloseCode> {
        self.whole.way.closed.as_ref()?.code()
    }

    /// Returns the reason in the peer's Close frame, if one came. It is empty where the frame had none.
    ///
    /// It is the peer's own: log it with `{:?}`.
    pub fn close_reason(&self) -> Option<&str> {
        self.whole.way.closed.as_ref().map(Closed::reason)
    }

    /// Tells whether nothing new can be sent: a Close frame was sent or came, or the connection is over.
    pub fn is_closing(&self) -> bool {
        self.whole.way.is_closing()
    }

    /// Returns the subprotocol that was agreed on, if any.
    pub fn subprotocol(&self) -> Option<&str> {
        self.subprotocol.as_deref()
    }

    /// Returns the round-trip time of the last Ping that was answered: of the heartbeat, or of [`ping`](Self::ping).
    pub fn latency(&self) -> Option<Duration> {
        self.whole.way.deadlines.latency()
    }

    /// Returns how long ago the opening handshake was complete.
    pub fn age(&self) -> Duration {
        self.whole.way.now().to_duration()
    }

    /// Returns how much has come and gone.
    ///
    /// # Examples
    ///
    /// ```
    /// # use wsproto_blocking::WebSocket;
    /// fn report<T>(socket: &WebSocket<T>) {
    ///     let counters = socket.counters();
    ///     println!("{} messages in {} bytes", counters.received.messages, counters.received.bytes);
    /// }
    /// ```
    pub const fn counters(&self) -> Counters {
        self.whole.way.counters
    }

    /// Returns the transport.
    pub const fn get_ref(&self) -> &T {
        &self.whole.io
    }

    /// Returns the transport, for its options other than time limits. Reading from it or writing to it breaks the connection.
    pub const fn get_mut(&mut self) -> &mut T {
        &mut self.whole.io
    }
}

impl<T, R: Role> fmt::Debug for WebSocket<T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocket")
            .field("stage", &self.whole.way.stage)
            .field("unsent", &self.unsent())
            .field("subprotocol", &self.subprotocol)
            .finish_non_exhaustive()
    }
}

impl<T, R: Role> wsproto_adapter::backoff::Ended for WebSocket<T, R> {
    fn lost(&self) -> wsproto::backoff::Lost {
        wsproto::backoff::Lost::Closed { code: self.close_code(), lasted: self.age() }
    }
}
