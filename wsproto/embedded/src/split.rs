use core::cell::{Cell, RefCell, RefMut};
use core::fmt;
use core::future::{Future, poll_fn};
use core::ops::{Deref, DerefMut};
use core::pin::pin;
use core::task::{Poll, Waker};

use embedded_io_async::{ErrorType, Read, Write};
use wsproto::connection::{Data, Fragment, Role};
use wsproto::deadlines::Moment;
use wsproto::session::Buffer;
use wsproto::{CloseCode, Message, Server};

use crate::incoming::{Inbox, Pieces, Step, Unit, Whole};
use crate::outgoing::Outgoing;
use crate::socket::Out;
use crate::{Clock, Error, WebSocket};

/// A transport in two halves, such as those of a TCP socket.
#[derive(Debug, Clone, Copy)]
pub struct Duplex<Rd, Wr>(pub Rd, pub Wr);

impl<Rd: ErrorType, Wr> ErrorType for Duplex<Rd, Wr> {
    type Error = Rd::Error;
}

impl<Rd: Read, Wr> Read for Duplex<Rd, Wr> {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, Self::Error> {
        self.0.read(buf).await
    }
}

impl<Rd: ErrorType, Wr: Write<Error = Rd::Error>> Write for Duplex<Rd, Wr> {
    async fn write(&mut self, buf: &[u8]) -> Result<usize, Self::Error> {
        self.1.write(buf).await
    }

    async fn flush(&mut self) -> Result<(), Self::Error> {
        self.1.flush().await
    }
}

/// A connection in two halves, for two tasks of one executor. It owns both: [`halves`](Self::halves) lends them.
pub struct Split<Rd, Wr, I, O, C, R: Role = Server> {
    transport: Rd,
    inbox: Inbox<R, I>,
    shared: Shared<Wr, O, C, R>,
}

/// The half that receives. It answers Pings and keeps the deadlines, so it has to be read from at all times.
pub struct Reader<'s, Rd, Wr, I, O, C, R: Role = Server> {
    transport: &'s mut Rd,
    inbox: &'s mut Inbox<R, I>,
    shared: &'s Shared<Wr, O, C, R>,
    /// When something came while the other half was writing.
    heard: Option<Moment>,
}

/// The half that sends.
pub struct Writer<'s, Wr, O, C, R: Role = Server> {
    shared: &'s Shared<Wr, O, C, R>,
}

/// What both halves write with, one at a time.
struct Shared<Wr, O, C, R: Role> {
    writing: RefCell<Writing<Wr, O, R>>,
    clock: C,
    /// The half that waits for the other.
    waiting: Cell<Option<Waker>>,
}

struct Writing<Wr, O, R: Role> {
    transport: Wr,
    outgoing: Outgoing<R, O>,
}

impl<Rd, Wr, I, O, C, R: Role> WebSocket<Duplex<Rd, Wr>, I, O, C, R> {
    /// Splits the connection for two tasks.
    pub fn split(self) -> Split<Rd, Wr, I, O, C, R> {
        let Self { transport: Duplex(read, write), clock, inbox, outgoing } = self;
        let writing = RefCell::new(Writing { transport: write, outgoing });
        Split { transport: read, inbox, shared: Shared { writing, clock, waiting: Cell::new(None) } }
    }
}

impl<Rd, Wr, I, O, C, R: Role> Split<Rd, Wr, I, O, C, R> {
    /// Lends both halves.
    #[allow(clippy::type_complexity)] // it is a pair
    pub const fn halves(&mut self) -> (Reader<'_, Rd, Wr, I, O, C, R>, Writer<'_, Wr, O, C, R>) {
        let Self { transport, inbox, shared } = self;
        (Reader { transport, inbox, shared, heard: None }, Writer { shared })
    }

    /// Joins the halves again.
    pub fn join(self) -> WebSocket<Duplex<Rd, Wr>, I, O, C, R> {
        let Self { transport: read, inbox, shared } = self;
        let Writing { transport: write, outgoing } = shared.writing.into_inner();
        WebSocket { transport: Duplex(read, write), clock: shared.clock, inbox, outgoing }
    }
}

impl<Rd, Wr, I, O, C, R> Reader<'_, Rd, Wr, I, O, C, R>
where
    Rd: Read,
    Wr: Write<Error = Rd::Error>,
    I: Buffer,
    O: AsRef<[u8]> + AsMut<[u8]>,
    C: Clock,
    R: Role,
{
    /// Waits for a message; see [`WebSocket::read`]. While the other half writes, bytes are still taken.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::read`].
    ///
    /// # Cancel safety
    ///
    /// Dropped, nothing is lost.
    pub async fn read(&mut self) -> Result<Option<Message<'_>>, Error<Rd::Error>> {
        if !self.wait::<Whole>().await? {
            return Ok(None);
        }
        self.take::<Whole>().await.map(Some)
    }

    /// Waits for the next piece of a message; see [`WebSocket::read_piece`]. While the other half writes, bytes are still taken.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::read`].
    ///
    /// # Cancel safety
    ///
    /// Dropped, nothing is lost.
    pub async fn read_piece(&mut self) -> Result<Option<Data<'_>>, Error<Rd::Error>> {
        if !self.wait::<Pieces>().await? {
            return Ok(None);
        }
        self.take::<Pieces>().await.map(Some)
    }

    async fn take<U: Unit>(&mut self) -> Result<U::Taken<'_>, Error<Rd::Error>> {
        let Self { inbox, shared, .. } = self;
        match inbox.take::<U>() {
            Ok(taken) => Ok(taken),
            Err(None) => Err(Error::Closed),
            Err(Some((error, reply))) => {
                let Writing { transport, outgoing } = &mut *shared.lock().await;
                Err(outgoing.tell(error, reply, transport, &shared.clock).await)
            }
        }
    }

    /// Waits until something can be taken (`true`), or the closing handshake is over (`false`).
    async fn wait<U: Unit>(&mut self) -> Result<bool, Error<Rd::Error>> {
        loop {
            if let Some(mut writing) = self.shared.try_lock() {
                match self.step::<U>(&mut writing).await? {
                    (Step::Take, _) => return Ok(true),
                    (Step::Write, _) => {}
                    (Step::Closed, _) => return Ok(false),
                    (Step::Read, at) => {
                        drop(writing);
                        if self.inbox.read(self.transport, &self.shared.clock, at).await? {
                            self.heard = Some(self.shared.clock.now());
                        }
                    }
                }
            } else if self.inbox.has_next::<U>() {
                return Ok(true);
            } else if self.inbox.needs_more::<U>() {
                self.read_or_wait().await?;
            } else {
                drop(self.shared.lock().await);
            }
        }
    }

    async fn step<U: Unit>(
        &mut self,
        writing: &mut Writing<Wr, O, R>,
    ) -> Result<(Step, Option<Moment>), Error<Rd::Error>> {
        let Writing { transport, outgoing } = writing;
        if let Some(heard) = self.heard.take() {
            outgoing.deadlines.received(heard);
        }
        outgoing.flush(transport, &self.shared.clock).await?;
        let now = self.shared.clock.now();
        let step = self.inbox.step::<U, _, _>(outgoing, now, C::RUNS)?;
        Ok((step, outgoing.wake_up(now)))
    }

    /// Reads, until the other half has written.
    async fn read_or_wait(&mut self) -> Result<(), Error<Rd::Error>> {
        let clock = &self.shared.clock;
        let read = async { self.inbox.read(self.transport, clock, None).await };
        let (mut read, mut lock) = (pin!(read), pin!(self.shared.lock()));
        let is_read = poll_fn(|context| match read.as_mut().poll(context) {
            Poll::Ready(result) => Poll::Ready(result),
            Poll::Pending => lock.as_mut().poll(context).map(|_| Ok(false)),
        });
        if is_read.await? {
            self.heard = Some(clock.now());
        }
        Ok(())
    }

    /// Returns the code in the peer's Close frame, if that came and had one.
    pub fn close_code(&self) -> Option<CloseCode> {
        self.inbox.close_code()
    }
}

impl<Wr, O, C, R> Writer<'_, Wr, O, C, R>
where
    Wr: Write,
    O: AsRef<[u8]> + AsMut<[u8]>,
    C: Clock,
    R: Role,
{
    /// Sends a message; see [`WebSocket::send`].
    ///
    /// # Errors
    ///
    /// As [`WebSocket::send`].
    ///
    /// # Cancel safety
    ///
    /// As [`WebSocket::send`].
    pub async fn send<'m>(&mut self, message: impl Into<Message<'m>>) -> Result<(), Error<Wr::Error>> {
        self.shared.lock().await.out(&self.shared.clock).send(message).await
    }

    /// Sends a text that is formatted straight into its frame; see [`WebSocket::send_fmt`].
    ///
    /// # Errors
    ///
    /// As [`WebSocket::send_fmt`].
    ///
    /// # Cancel safety
    ///
    /// As [`WebSocket::send_fmt`].
    pub async fn send_fmt(&mut self, text: fmt::Arguments<'_>) -> Result<(), Error<Wr::Error>> {
        self.shared.lock().await.out(&self.shared.clock).send_fmt(text).await
    }

    /// Sends one fragment of a message; see [`WebSocket::send_fragment`].
    ///
    /// # Errors
    ///
    /// As [`WebSocket::send_fragment`].
    ///
    /// # Cancel safety
    ///
    /// As [`WebSocket::send_fragment`].
    pub async fn send_fragment<'m>(
        &mut self,
        fragment: impl Into<Fragment<'m>>,
    ) -> Result<(), Error<Wr::Error>> {
        self.shared.lock().await.out(&self.shared.clock).send_fragment(fragment).await
    }

    /// Sends a Ping; see [`WebSocket::ping`].
    ///
    /// # Errors
    ///
    /// As [`WebSocket::ping`].
    ///
    /// # Cancel safety
    ///
    /// As [`WebSocket::ping`].
    pub async fn ping(&mut self) -> Result<(), Error<Wr::Error>> {
        self.shared.lock().await.out(&self.shared.clock).ping().await
    }

    /// Sends a Close frame. The other half returns `None` once the peer has answered.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::close`].
    ///
    /// # Cancel safety
    ///
    /// May be called again.
    pub async fn close(&mut self, code: CloseCode, reason: &str) -> Result<(), Error<Wr::Error>> {
        self.shared.lock().await.out(&self.shared.clock).close(code, reason).await
    }
}

impl<Wr, O, R: Role> Writing<Wr, O, R> {
    const fn out<'s, C>(&'s mut self, clock: &'s C) -> Out<'s, Wr, O, C, R> {
        Out { transport: &mut self.transport, clock, outgoing: &mut self.outgoing }
    }
}

impl<Wr, O, C, R: Role> Shared<Wr, O, C, R> {
    fn try_lock(&self) -> Option<Guard<'_, Wr, O, R>> {
        let writing = self.writing.try_borrow_mut().ok()?;
        Some(Guard { writing, waiting: &self.waiting })
    }

    /// Waits until the other half does not write. Dropped, it waits no more.
    async fn lock(&self) -> Guard<'_, Wr, O, R> {
        poll_fn(|context| {
            if let Some(guard) = self.try_lock() {
                return Poll::Ready(guard);
            }
            self.waiting.set(Some(context.waker().clone()));
            Poll::Pending
        })
        .await
    }
}

/// The right to write.
struct Guard<'s, Wr, O, R: Role> {
    writing: RefMut<'s, Writing<Wr, O, R>>,
    waiting: &'s Cell<Option<Waker>>,
}

impl<Wr, O, R: Role> Deref for Guard<'_, Wr, O, R> {
    type Target = Writing<Wr, O, R>;

    fn deref(&self) -> &Self::Target {
        &self.writing
    }
}

impl<Wr, O, R: Role> DerefMut for Guard<'_, Wr, O, R> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.writing
    }
}

impl<Wr, O, R: Role> Drop for Guard<'_, Wr, O, R> {
    fn drop(&mut self) {
        if let Some(waker) = self.waiting.take() {
            waker.wake();
        }
    }
}

impl<Rd, Wr, I, O, C, R: Role> fmt::Debug for Split<Rd, Wr, I, O, C, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Split").finish_non_exhaustive()
    }
}

impl<Rd, Wr, I, O, C, R: Role> fmt::Debug for Reader<'_, Rd, Wr, I, O, C, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").finish_non_exhaustive()
    }
}

impl<Wr, O, C, R: Role> fmt::Debug for Writer<'_, Wr, O, C, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}
