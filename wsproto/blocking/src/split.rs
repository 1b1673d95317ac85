use std::net::Shutdown;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{fmt, io};

use wsproto::connection::{Fragment, Role};
use wsproto::session::Incoming;
use wsproto::{CloseCode, CloseFrame, MessageKind, Server};
use wsproto_adapter::shared::Closed;

use crate::drive::{self, Messages, Unit};
use crate::link::{Access, Batch, Link, Wait};
use crate::patience::Patience;
use crate::pieces::recv_piece;
use crate::way::{Acted, Stage, Way};
use crate::{AsMessage, Counters, Error, Input, Message, Output, Piece, Prepared, Split, WebSocket};

/// The half of a [`WebSocket`] that receives; [`WebSocket::split`] makes it.
///
/// While it waits in [`recv`](Self::recv) it does all that the connection asks for, whether the other half is used or not. When it is
/// dropped, messages that still come are dropped by [`Writer::close`].
pub struct Reader<T: Split, R: Role = Server> {
    /// `None` only while this is dropped.
    half: Option<Half<T, R>>,
}

/// The half of a [`WebSocket`] that sends; [`WebSocket::split`] makes it.
///
/// Pings and Close frames are answered by the half that receives: at once, also while this one waits elsewhere.
pub struct Writer<T: Split, R: Role = Server>(Arc<Shared<T, R>>);

/// What the thread that receives owns.
struct Half<T: Split, R: Role> {
    incoming: Incoming<R, Vec<u8>>,
    link: Receiving<T, R>,
}

struct Receiving<T: Split, R: Role> {
    io: T::Input,
    reading: Patience,
    shared: Arc<Shared<T, R>>,
}

/// What both halves have. Locked while a frame is encoded or some counters change, never while one reads, writes or waits.
struct Shared<T: Split, R: Role> {
    state: Mutex<State<T, R>>,
    changed: Condvar,
}

struct State<T: Split, R: Role> {
    way: Way<R>,
    /// The way out, unless one of the halves writes at this moment.
    exit: Option<Exit<T>>,
    /// What received, once it was dropped, for the half that sends; as long as there is that one.
    parked: Option<Half<T, R>>,
    has_writer: bool,
}

struct Exit<T: Split> {
    io: T::Output,
    batch: Batch,
}

impl<T: Split, R: Role> WebSocket<T, R> {
    /// Splits the connection into two halves for two threads. Neither waits for the other, and no lock is held while one reads or
    /// writes, over TLS as well.
    ///
    /// # Errors
    ///
    /// Those of [`Split::split`]; the connection is lost then.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::net::TcpStream;
    /// use std::sync::mpsc::Receiver;
    /// use std::thread;
    /// use wsproto_blocking::{CloseCode, Error, Message, WebSocket};
    ///
    /// fn talk(socket: WebSocket<TcpStream>, news: Receiver<String>) -> Result<(), Error> {
    ///     let (mut reader, mut writer) = socket.split()?;
    ///     thread::spawn(move || {
    ///         for text in news {
    ///             writer.send(text)?;
    ///         }
    ///         writer.close(CloseCode::NORMAL, "no more news")
    ///     });
    ///     while let Some(Message::Text(text)) = reader.recv()? {
    ///         println!("{text:?}");
    ///     }
    ///     Ok(())
    /// }
    /// ```
    #[expect(clippy::type_complexity, reason = "it is two of these, or an error")]
    pub fn split(self) -> Result<(Reader<T, R>, Writer<T, R>), Error> {
        let (whole, incoming) = (self.whole, self.incoming);
        let (input, output) = whole.io.split().map_err(Error::Io)?;
        let exit = Some(Exit { io: output, batch: whole.batch });
        let state = Mutex::new(State { way: whole.way, exit, parked: None, has_writer: true });
        let shared = Arc::new(Shared { state, changed: Condvar::new() });
        let link = Receiving { io: input, reading: whole.reading, shared: Arc::clone(&shared) };
        Ok((Reader { half: Some(Half { incoming, link }) }, Writer(shared)))
    }
}

impl<T: Split, R: Role> Shared<T, R> {
    fn lock(&self) -> MutexGuard<'_, State<T, R>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State<T, R>>, time: Duration) -> MutexGuard<'a, State<T, R>> {
        // With a limit, since a thread that panics tells nobody.
        let time = time.min(Duration::from_secs(1));
        self.changed.wait_timeout(state, time).unwrap_or_else(PoisonError::into_inner).0
    }

    /// Writes until nothing waits. While the other half does that already, this waits for it, or leaves it alone.
    fn write(&self, wait: Wait, is_awaited: bool) -> io::Result<()> {
        loop {
            let Some(mut turn) = self.take_exit(is_awaited, Way::is_flushed) else { return Ok(()) };
            let written = turn.with_exit(|exit| exit.batch.write(&mut exit.io, &mut &*self, wait));
            drop(turn);
            // Until the exit was given back, the other half left what it queued to this one: it is looked at again.
            if wait == Wait::Brief || written.is_err() {
                return written;
            }
        }
    }

    /// Takes the way out, for as long as the returned value lives. `None` if it is not needed, or is taken and not awaited.
    fn take_exit(&self, is_awaited: bool, is_needless: impl Fn(&Way<R>) -> bool) -> Option<Turn<'_, T, R>> {
        let mut state = self.lock();
        loop {
            if is_needless(&state.way) {
                return None;
            }
            match state.exit.take() {
                Some(exit) => return Some(Turn { shared: self, exit: Some(exit) }),
                None if !is_awaited => return None,
                None => state = self.wait(state, Duration::MAX),
            }
        }
    }
}

/// The way out in one half's hands, which gives it back, whatever happens.
struct Turn<'a, T: Split, R: Role> {
    shared: &'a Shared<T, R>,
    /// `None` only while this is dropped.
    exit: Option<Exit<T>>,
}

impl<T: Split, R: Role> Turn<'_, T, R> {
    fn with_exit(&mut self, each: impl FnOnce(&mut Exit<T>) -> io::Result<()>) -> io::Result<()> {
        self.exit.as_mut().map_or(Ok(()), each)
    }
}

impl<T: Split, R: Role> Drop for Turn<'_, T, R> {
    fn drop(&mut self) {
        self.shared.lock().exit = self.exit.take();
        self.shared.changed.notify_all();
    }
}

impl<T: Split, R: Role> Access<R> for &Shared<T, R> {
    fn with<V>(&mut self, each: impl FnOnce(&mut Way<R>) -> V) -> V {
        let mut state = self.lock();
        let value = each(&mut state.way);
        if let Stage::Over(_) = state.way.stage {
            self.changed.notify_all();
        }
        value
    }
}

impl<T: Split, R: Role> Access<R> for Receiving<T, R> {
    fn with<V>(&mut self, each: impl FnOnce(&mut Way<R>) -> V) -> V {
        (&*self.shared).with(each)
    }
}

impl<T: Split, R: Role> Link<R> for Receiving<T, R> {
    type Input = T::Input;

    fn write(&mut self, wait: Wait) -> io::Result<()> {
        // At the end this waits for the other half: the transport is ended behind what that writes.
        self.shared.write(wait, wait == Wait::Long)
    }

    fn shutdown(&mut self, how: Shutdown) -> io::Result<()> {
        if how == Shutdown::Both {
            // The other half may have the way out, and wait there.
            self.io.abort();
            return Ok(());
        }
        match self.shared.take_exit(true, |way| matches!(way.stage, Stage::Over(_))) {
            None => Ok(()),
            Some(mut turn) => turn.with_exit(|exit| exit.io.shutdown(how)),
        }
    }

    fn input(&mut self) -> (&mut T::Input, &mut Patience) {
        (&mut self.io, &mut self.reading)
    }
}

impl<T: Split, R: Role> Reader<T, R> {
    /// Returns the next message; see [`WebSocket::recv`].
    ///
    /// # Errors
    ///
    /// As of `WebSocket::recv`.
    pub fn recv(&mut self) -> Result<Option<Message>, Error> {
        let Some(half) = &mut self.half else { return Ok(None) };
        drive::recv(&mut half.incoming, &mut half.link, Messages::Wanted)
    }

    /// Returns the next message where it lies, without a copy. `None` as of [`recv`](Self::recv).
    ///
    /// # Errors
    ///
    /// As of `WebSocket::recv`.
    pub fn read(&mut self) -> Result<Option<wsproto::Message<'_>>, Error> {
        let Some(Half { incoming, link }) = &mut self.half else { return Ok(None) };
        drive::read(incoming, link, Messages::Wanted)
    }

    /// Returns the next piece of a message as it comes; see [`WebSocket::recv_piece`].
    ///
    /// # Errors
    ///
    /// As of `WebSocket::recv`.
    pub fn recv_piece(&mut self) -> Result<Option<Piece>, Error> {
        let Some(Half { incoming, link }) = &mut self.half else { return Ok(None) };
        recv_piece(incoming, link, Messages::Wanted)
    }

    /// Returns the code of the peer's Close frame; see [`WebSocket::close_code`].
    pub fn close_code(&self) -> Option<CloseCode> {
        self.with(|way| way.closed.as_ref()?.code())
    }

    /// Returns the reason in the peer's Close frame; see [`WebSocket::close_reason`].
    pub fn close_reason(&self) -> Option<String> {
        self.with(|way| way.closed.as_ref().map(|closed| Closed::reason(closed).to_owned()))
    }

    /// Returns how much has come and gone, of both halves; see [`WebSocket::counters`].
    pub fn counters(&self) -> Counters {
        self.with(|way| Some(way.counters)).unwrap_or_default()
    }

    /// Returns the round-trip time of the last Ping; see [`WebSocket::latency`].
    pub fn latency(&self) -> Option<Duration> {
        self.with(|way| way.deadlines.latency())
    }

    fn with<V>(&self, each: impl FnOnce(&mut Way<R>) -> Option<V>) -> Option<V> {
        (&*self.half.as_ref()?.link.shared).with(each)
    }
}

impl<T: Split, R: Role> Drop for Reader<T, R> {
    fn drop(&mut self) {
        if let Some(half) = self.half.take() {
            let shared = Arc::clone(&half.link.shared);
            let mut state = shared.lock();
            if state.has_writer {
                state.parked = Some(half);
                shared.changed.notify_all();
            }
        }
    }
}

impl<T: Split, R: Role> Writer<T, R> {
    /// Queues a message, and writes all that waits; see [`WebSocket::send`].
    ///
    /// # Errors
    ///
    /// As of `WebSocket::send`.
    pub fn send(&mut self, message: impl AsMessage) -> Result<(), Error> {
        self.feed(message)?;
        self.flush()
    }

    /// Queues a text that is formatted, and writes all that waits; see [`WebSocket::send_fmt`].
    ///
    /// # Errors
    ///
    /// As of `WebSocket::send`.
    pub fn send_fmt(&mut self, text: fmt::Arguments<'_>) -> Result<(), Error> {
        self.feed_fmt(text)?;
        self.flush()
    }

    /// Writes all that was fed; see [`WebSocket::flush`].
    ///
    /// # Errors
    ///
    /// As of `WebSocket::flush`.
    pub fn flush(&mut self) -> Result<(), Error> {
        self.0.write(Wait::Long, true).map_err(Error::Io)?;
        self.with(|way| way.check_written())
    }

    /// Sends a Ping to learn the latency; see [`WebSocket::ping`].
    ///
    /// # Errors
    ///
    /// As of `WebSocket::ping`.
    pub fn ping(&mut self) -> Result<(), Error> {
        self.with(Way::feed_ping)?;
        self.flush()
    }

    /// Completes the closing handshake; see [`WebSocket::close`]. Messages that still come are the other half's, whose `recv` returns
    /// `None` then; they are dropped if that was dropped.
    ///
    /// # Errors
    ///
    /// As of `WebSocket::close`.
    pub fn close(&mut self, code: CloseCode, reason: &str) -> Result<(), Error> {
        let close = CloseFrame::new(code, reason)?;
        self.with(|way| way.feed_close(close))?;
        // Whether it can be written is told by how the connection ends.
        let _ = self.flush();
        self.closed()
    }

    /// Waits until the connection is over: for a thread that sends when the other half was dropped. Meanwhile what was fed is
    /// written, Pings are answered and messages dropped.
    ///
    /// # Errors
    ///
    /// Why the connection is over, unless it is by a closing handshake.
    pub fn closed(&mut self) -> Result<(), Error> {
        let mut state = self.0.lock();
        loop {
            if let Stage::Over(cause) = state.way.stage {
                return cause.outcome();
            }
            if let Some(mut half) = state.parked.take() {
                drop(state);
                let outcome =
                    drive::drive(&mut half.incoming, &mut half.link, Messages::Dropped, Unit::Piece);
                // Of a transport that does not block, this may be called again.
                self.0.lock().parked = Some(half);
                return outcome.map(|_| ());
            }
            let patience = state.way.patience();
            state = self.0.wait(state, patience);
            if !state.way.is_listening {
                // Nobody does, so silence says nothing.
                let now = state.way.now();
                state.way.deadlines.received(now);
            }
            match state.way.due() {
                None => {}
                Some(Acted::Pinged) => {
                    drop(state);
                    let _ = self.0.write(Wait::Brief, false);
                    state = self.0.lock();
                }
                Some(Acted::GaveUp(deadline)) => {
                    state.way.gave_up(deadline);
                    if let Some(exit) = &mut state.exit {
                        let _ = exit.io.shutdown(Shutdown::Both);
                    }
                }
            }
        }
    }

    /// Queues a message; see [`WebSocket::feed`]. It leaves with the next `send` or `flush`, or when the other half has something
    /// to write: that one does not notice by itself.
    ///
    /// # Errors
    ///
    /// As of `WebSocket::feed`.
    pub fn feed(&mut self, message: impl AsMessage) -> Result<(), Error> {
        self.with(|way| way.feed(message.as_message(), false))
    }

    /// Queues a message that is not compressed; see [`WebSocket::feed_uncompressed`].
    ///
    /// # Errors
    ///
    /// As of `WebSocket::feed`.
    pub fn feed_uncompressed(&mut self, message: impl AsMessage) -> Result<(), Error> {
        self.with(|way| way.feed(message.as_message(), true))
    }

    /// Queues a text that is formatted; see [`WebSocket::feed_fmt`].
    ///
    /// # Errors
    ///
    /// As of `WebSocket::feed`.
    pub fn feed_fmt(&mut self, text: fmt::Arguments<'_>) -> Result<(), Error> {
        self.with(|way| way.feed_fmt(text))
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
        self.with(|way| way.feed_with(kind, write))
    }

    /// Queues one fragment of a message; see [`WebSocket::feed_fragment`].
    ///
    /// # Errors
    ///
    /// As of `WebSocket::feed_fragment`.
    pub fn feed_fragment<'m>(&mut self, fragment: impl Into<Fragment<'m>>) -> Result<(), Error> {
        self.with(|way| way.feed_fragment(fragment.into()))
    }

    /// Returns how many bytes wait to be written.
    pub fn unsent(&self) -> usize {
        self.with(|way| way.unsent())
    }

    /// Returns the round-trip time of the last Ping; see [`WebSocket::latency`].
    pub fn latency(&self) -> Option<Duration> {
        self.with(|way| way.deadlines.latency())
    }

    /// Returns how much has come and gone, of both halves; see [`WebSocket::counters`].
    pub fn counters(&self) -> Counters {
        self.with(|way| way.counters)
    }

    /// Tells whether nothing new can be sent; see [`WebSocket::is_closing`].
    pub fn is_closing(&self) -> bool {
        self.with(|way| way.is_closing())
    }

    fn with<V>(&self, each: impl FnOnce(&mut Way<R>) -> V) -> V {
        (&*self.0).with(each)
    }
}

impl<T: Split> Writer<T, Server> {
    /// Queues a message that was encoded before; see [`WebSocket::feed_prepared`].
    ///
    /// # Errors
    ///
    /// As of `WebSocket::feed`.
    pub fn feed_prepared(&mut self, message: &Prepared) -> Result<(), Error> {
        self.with(|way| way.feed_prepared(message))
    }

    /// Sends a message that was encoded before; see [`WebSocket::send_prepared`].
    ///
    /// # Errors
    ///
    /// As of `WebSocket::send`.
    pub fn send_prepared(&mut self, message: &Prepared) -> Result<(), Error> {
        self.feed_prepared(message)?;
        self.flush()
    }
}

impl<T: Split, R: Role> Drop for Writer<T, R> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.has_writer = false;
        // It holds on to what is shared, which holds on to it.
        let parked = state.parked.take();
        drop(state);
        drop(parked);
    }
}

impl<T: Split, R: Role> fmt::Debug for Reader<T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Reader").finish_non_exhaustive()
    }
}

impl<T: Split, R: Role> fmt::Debug for Writer<T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Writer").finish_non_exhaustive()
    }
}
