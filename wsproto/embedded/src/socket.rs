use core::fmt;
use core::time::Duration;

use embedded_io_async::{Read, Write};
use wsproto::connection::{Data, Fragment, Role, SendState};
use wsproto::deadlines::{Deadline, Deadlines};
use wsproto::session::Buffer;
use wsproto::{CloseCode, CloseFrame, Message, Server};

use crate::incoming::{Inbox, Pieces, Step, Unit, Whole};
use crate::outgoing::Outgoing;
use crate::{Clock, Error, Options};

/// A WebSocket connection over a transport, in the memory of the caller.
///
/// `I` and `O` are the [`Memory`](crate::Memory), `C` is the [`Clock`]. A server has one from [`accept`](crate::accept) or a
/// [`Handshake`](crate::Handshake), a client from [`Connect`](crate::Connect).
///
/// Pings are answered, and deadlines kept, inside of [`read`](Self::read): call it at all times, also where nothing is to be
/// received, or [`split`](Self::split) the socket.
///
/// # Cancel safety
///
/// All state is in here and none in a future, so each future may be dropped at any await, as far as the transport's own may
/// be: no message is lost or comes twice, and no frame is cut. What was begun is written by whatever is called next.
pub struct WebSocket<T, I, O, C, R: Role = Server> {
    pub(crate) transport: T,
    pub(crate) clock: C,
    pub(crate) inbox: Inbox<R, I>,
    pub(crate) outgoing: Outgoing<R, O>,
}

/// Sends while a received message is borrowed; see [`WebSocket::read`].
pub struct Out<'s, T, O, C, R: Role = Server> {
    pub(crate) transport: &'s mut T,
    pub(crate) clock: &'s C,
    pub(crate) outgoing: &'s mut Outgoing<R, O>,
}

impl<T, I, O, C, R> WebSocket<T, I, O, C, R>
where
    I: Buffer,
    O: AsRef<[u8]> + AsMut<[u8]>,
    C: Clock,
    R: Role,
{
    /// Starts behind the opening handshake. The first `received` bytes of the memory came behind it.
    pub(crate) fn new(
        transport: T,
        clock: C,
        role: R,
        (memory, out): (I, O),
        received: usize,
        mut deadlines: Deadlines,
        options: &Options<'_>,
    ) -> Self {
        deadlines.opened(clock.now());
        let (inbox, sender) = Inbox::new(role, *options.limits(), memory, received);
        Self { transport, clock, inbox, outgoing: Outgoing::new(sender, out, deadlines) }
    }

    /// Returns the transport, at any time: to close it, once the connection is over.
    pub fn into_transport(self) -> T {
        self.transport
    }

    /// Returns the code in the peer's Close frame, if that came and had one.
    pub fn close_code(&self) -> Option<CloseCode> {
        self.inbox.close_code()
    }

    /// Tells whether a Close frame was sent or received: nothing more can be sent.
    pub fn is_closing(&self) -> bool {
        self.outgoing.sender.state() != SendState::Open || self.inbox.is_closed()
    }

    /// Returns how long the peer took to answer the last Ping.
    pub fn latency(&self) -> Option<Duration> {
        self.outgoing.deadlines.latency()
    }
}

impl<T, I, O, C, R> WebSocket<T, I, O, C, R>
where
    T: Read + Write,
    I: Buffer,
    O: AsRef<[u8]> + AsMut<[u8]>,
    C: Clock,
    R: Role,
{
    /// Waits for a message, text or binary, and returns it with an [`Out`], by which it can be answered while it is
    /// borrowed. Returns `None` once the closing handshake is over: drop or close the transport then.
    ///
    /// # Errors
    ///
    /// [`Error`], and the connection is over: close the transport. The peer was told, if it broke a rule.
    ///
    /// # Cancel safety
    ///
    /// Dropped, nothing is lost.
    #[allow(clippy::type_complexity)] // it is a pair
    pub async fn read(&mut self) -> Result<Option<(Message<'_>, Out<'_, T, O, C, R>)>, Error<T::Error>> {
        if !self.wait::<Whole>().await? {
            return Ok(None);
        }
        self.take::<Whole>().await.map(Some)
    }

    /// Waits for the next piece of a message as it comes, and returns it with an [`Out`]: so a message of any size passes
    /// through the memory. Returns `None` as [`read`](Self::read).
    ///
    /// Pieces are what there is of a message, not the peer's fragments, each as large as the memory to receive into at most.
    /// Those of a text are together UTF-8, though one may end inside a character. `max_message_size` of
    /// [`Options::with_limits`] still limits a message, all its pieces together: raise it. Who passes them on as fragments makes
    /// one for each read, which the next one's `max_fragments` has to allow for.
    ///
    /// [`read`](Self::read) and [`close`](Self::close) drop what is left of a message of which a piece was taken, and take others
    /// whole: where the peer may send more than the memory holds up to the end, send a [`CloseFrame`] instead, and call this up
    /// to `None`.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    ///
    /// # Cancel safety
    ///
    /// Dropped, nothing is lost.
    ///
    /// # Examples
    ///
    /// An echo of messages of any size. The memory to send from has to be 14 bytes longer than that to receive into:
    ///
    /// ```
    /// use wsproto_embedded::embedded_io_async::{Read, Write};
    /// use wsproto_embedded::{Limits, NoClock, Options, accept_with};
    ///
    /// async fn echo<T: Read + Write>(transport: T) {
    ///     let options = Options::new().with_limits(Limits::new().with_max_message_size(1 << 30));
    ///     let memory = ([0; 512], [0; 512 + 14]);
    ///     let Ok(mut socket) = accept_with(transport, memory, NoClock, &options).await else { return };
    ///     while let Ok(Some((piece, mut out))) = socket.read_piece().await {
    ///         if out.send_fragment(piece).await.is_err() {
    ///             return;
    ///         }
    ///     }
    /// }
    /// ```
    #[allow(clippy::type_complexity)] // it is a pair
    pub async fn read_piece(&mut self) -> Result<Option<(Data<'_>, Out<'_, T, O, C, R>)>, Error<T::Error>> {
        if !self.wait::<Pieces>().await? {
            return Ok(None);
        }
        self.take::<Pieces>().await.map(Some)
    }

    async fn take<U: Unit>(&mut self) -> Result<(U::Taken<'_>, Out<'_, T, O, C, R>), Error<T::Error>> {
        let Self { transport, clock, inbox, outgoing } = self;
        match inbox.take::<U>() {
            Ok(taken) => Ok((taken, Out { transport, clock, outgoing })),
            Err(None) => Err(Error::Closed),
            Err(Some((error, reply))) => Err(outgoing.tell(error, reply, transport, clock).await),
        }
    }

    /// Waits until something can be taken (`true`), or the closing handshake is over (`false`).
    async fn wait<U: Unit>(&mut self) -> Result<bool, Error<T::Error>> {
        loop {
            if let Err(error) = self.outgoing.flush(&mut self.transport, &self.clock).await {
                return self.over(error.into());
            }
            let now = self.clock.now();
            match self.inbox.step::<U, _, _>(&mut self.outgoing, now, C::RUNS)? {
                Step::Take => return Ok(true),
                Step::Write => {}
                Step::Closed => return Ok(false),
                Step::Read => {
                    let at = self.outgoing.wake_up(now);
                    if self.inbox.read(&mut self.transport, &self.clock, at).await? {
                        self.outgoing.deadlines.received(self.clock.now());
                    }
                }
            }
        }
    }

    /// An end of the transport that does not come is no error behind the closing handshake.
    fn over(&self, error: Error<T::Error>) -> Result<bool, Error<T::Error>> {
        match error {
            Error::Deadline(Deadline::End) if self.inbox.is_closed() => Ok(false),
            error => Err(error),
        }
    }

    /// Sends a message; one that the memory does not hold goes in fragments. Nothing is read meanwhile.
    ///
    /// # Errors
    ///
    /// [`Error::Closed`] once either side has sent a Close frame, and as [`read`](Self::read).
    ///
    /// # Cancel safety
    ///
    /// Dropped, a message in one frame was sent, is written by the next call, or was not begun. One in fragments may stay
    /// unfinished: then [`send`](Self::send) returns `MessageUnderWay`, and the connection can only be closed.
    pub async fn send<'m>(&mut self, message: impl Into<Message<'m>>) -> Result<(), Error<T::Error>> {
        self.out().send(message).await
    }

    /// Sends a text that is formatted straight into its frame: `socket.send_fmt(format_args!("{x}"))`.
    ///
    /// # Errors
    ///
    /// [`Error::BufferTooSmall`] if the text and 14 bytes more don't fit into the memory for sending, and as
    /// [`send`](Self::send).
    ///
    /// # Cancel safety
    ///
    /// As [`send`](Self::send) of one frame.
    pub async fn send_fmt(&mut self, text: fmt::Arguments<'_>) -> Result<(), Error<T::Error>> {
        self.out().send_fmt(text).await
    }

    /// Sends one fragment of a message, as large as the memory for sending less 14 bytes at most: for a message of any size
    /// that comes piece by piece ([RFC 6455 §5.4]).
    ///
    /// # Errors
    ///
    /// [`Error::BufferTooSmall`] if it is larger, and as [`send`](Self::send).
    ///
    /// # Cancel safety
    ///
    /// As [`send`](Self::send) of one frame.
    ///
    /// [RFC 6455 §5.4]: https://www.rfc-editor.org/rfc/rfc6455#section-5.4
    pub async fn send_fragment<'m>(
        &mut self,
        fragment: impl Into<Fragment<'m>>,
    ) -> Result<(), Error<T::Error>> {
        self.out().send_fragment(fragment).await
    }

    /// Sends a Ping; [`read`](Self::read) takes the answer, which [`latency`](Self::latency) tells. Without a clock, and before
    /// the answer to another, nothing happens.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    ///
    /// # Cancel safety
    ///
    /// Dropped, the Ping is written by the next call.
    pub async fn ping(&mut self) -> Result<(), Error<T::Error>> {
        self.out().ping().await
    }

    /// Closes the connection: sends a Close frame, and drops what comes until the peer's. A client waits for the server to
    /// end the transport, too ([RFC 6455 §7.1.1]), unless it has no clock.
    ///
    /// # Errors
    ///
    /// [`Error::CloseReason`] if the reason has more than 123 bytes, and as [`read`](Self::read).
    ///
    /// # Cancel safety
    ///
    /// May be called again, and goes on where it was.
    ///
    /// [RFC 6455 §7.1.1]: https://www.rfc-editor.org/rfc/rfc6455#section-7.1.1
    pub async fn close(&mut self, code: CloseCode, reason: &str) -> Result<(), Error<T::Error>> {
        self.out().close(code, reason).await?;
        while self.read().await?.is_some() {}
        Ok(())
    }

    fn out(&mut self) -> Out<'_, T, O, C, R> {
        Out { transport: &mut self.transport, clock: &self.clock, outgoing: &mut self.outgoing }
    }
}

impl<T, O, C, R> Out<'_, T, O, C, R>
where
    T: Write,
    O: AsRef<[u8]> + AsMut<[u8]>,
    C: Clock,
    R: Role,
{
    /// Sends a message; see [`WebSocket::send`].
    ///
    /// # Errors
    ///
    /// As [`WebSocket::send`].
    pub async fn send<'m>(&mut self, message: impl Into<Message<'m>>) -> Result<(), Error<T::Error>> {
        self.outgoing.send(message.into(), self.transport, self.clock).await
    }

    /// Sends a text that is formatted straight into its frame; see [`WebSocket::send_fmt`].
    ///
    /// # Errors
    ///
    /// As [`WebSocket::send_fmt`].
    pub async fn send_fmt(&mut self, text: fmt::Arguments<'_>) -> Result<(), Error<T::Error>> {
        self.outgoing.send_fmt(text, self.transport, self.clock).await
    }

    /// Sends one fragment of a message; see [`WebSocket::send_fragment`].
    ///
    /// # Errors
    ///
    /// As [`WebSocket::send_fragment`].
    pub async fn send_fragment<'m>(
        &mut self,
        fragment: impl Into<Fragment<'m>>,
    ) -> Result<(), Error<T::Error>> {
        self.outgoing.send_fragment(fragment.into(), self.transport, self.clock).await
    }

    pub(crate) async fn ping(&mut self) -> Result<(), Error<T::Error>> {
        self.outgoing.sender.check_message().or_else(|misuse| match misuse {
            wsproto::Misuse::MessageUnderWay => Ok(()),
            misuse => Err(misuse),
        })?;
        self.outgoing.ping();
        Ok(self.outgoing.flush(self.transport, self.clock).await?)
    }

    /// Sends a Close frame, unless one was sent.
    pub(crate) async fn close(&mut self, code: CloseCode, reason: &str) -> Result<(), Error<T::Error>> {
        let close = CloseFrame::new(code, reason)?;
        if self.outgoing.sender.state() == SendState::Open {
            self.send(close).await?;
        }
        Ok(())
    }
}

impl<T, I, O, C, R: Role> fmt::Debug for WebSocket<T, I, O, C, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocket").field("sender", &self.outgoing.sender).finish_non_exhaustive()
    }
}

impl<T, O, C, R: Role> fmt::Debug for Out<'_, T, O, C, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Out").field("sender", &self.outgoing.sender).finish_non_exhaustive()
    }
}
