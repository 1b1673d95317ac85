use std::future::poll_fn;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite};
use wsproto::ProtocolError;
use wsproto::connection::{Data, Event, Reply, Role};
use wsproto::session::Incoming;

use crate::drive::Messages;
use crate::socket::Inner;
use crate::way::Way;
use crate::{Error, Out, Piece, Reader, WebSocket};

/// Receiving in pieces: messages larger than the memory.
impl<T: AsyncRead + AsyncWrite + Unpin, R: Role> WebSocket<T, R> {
    /// Returns the next piece of a message as it comes, or `None` as of [`recv`](Self::recv): so a message of
    /// any size passes through 64 KiB of memory.
    ///
    /// Pieces are what there is of a message, not the peer's fragments. [`Options::with_max_message_size`]
    /// still limits a message, all its pieces together: raise it. Whoever passes them on as fragments makes
    /// one for each read: the next one's [`max_fragments`](wsproto::Limits::with_max_fragments) has to allow
    /// for that. From this call on no message is joined, whatever method waits, until `recv` or
    /// [`read`](Self::read) is called: they drop what is left of a message of which a piece was taken.
    ///
    /// **Cancel safe**: no piece is lost.
    ///
    /// # Errors
    ///
    /// As of [`recv`](Self::recv).
    ///
    /// # Examples
    ///
    /// A relay of messages that may be larger than its memory:
    ///
    /// ```
    /// use tokio::io::{AsyncRead, AsyncWrite};
    /// use tokio_wsproto::{Client, Error, WebSocket};
    ///
    /// async fn relay<T>(from: &mut WebSocket<T>, to: &mut WebSocket<T, Client>) -> Result<(), Error>
    /// where
    ///     T: AsyncRead + AsyncWrite + Unpin,
    /// {
    ///     while let Some(piece) = from.recv_piece().await? {
    ///         to.feed_fragment(&piece)?;
    ///         to.flush().await?; // not faster than the other side takes it
    ///     }
    ///     Ok(())
    /// }
    /// ```
    ///
    /// [`Options::with_max_message_size`]: crate::Options::with_max_message_size
    pub async fn recv_piece(&mut self) -> Result<Option<Piece>, Error> {
        poll_fn(|cx| self.poll_piece(cx, Messages::Paced)).await
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>, messages: Messages) -> Poll<Result<Option<Piece>, Error>> {
        self.inner.is_piecewise = true;
        while ready!(self.poll_drive(cx, messages))? {
            if let Some(piece) = self.take_piece() {
                return Poll::Ready(Ok(Some(piece)));
            }
        }
        Poll::Ready(Ok(None))
    }

    /// Takes the piece that [`poll_drive`](Self::poll_drive) found. `None` if it was none after all.
    fn take_piece(&mut self) -> Option<Piece> {
        self.inner.is_held = false;
        let Inner { incoming, way, .. } = &mut *self.inner;
        take_borrowed_piece(incoming, way).ok()?.map(Piece::copied)
    }

    /// Returns the next piece of a message where it lies, without a copy, and the way out; see
    /// [`recv_piece`](Self::recv_piece) and [`read`](Self::read).
    ///
    /// **Cancel safe**: no piece is lost.
    ///
    /// # Errors
    ///
    /// As of [`recv`](Self::recv).
    ///
    /// # Examples
    ///
    /// An echo of messages of any size:
    ///
    /// ```
    /// use tokio::io::{AsyncRead, AsyncWrite};
    /// use tokio_wsproto::{Error, WebSocket};
    ///
    /// async fn echo(mut socket: WebSocket<impl AsyncRead + AsyncWrite + Unpin>) -> Result<(), Error> {
    ///     while let Some((piece, mut out)) = socket.read_piece().await? {
    ///         out.feed_fragment(piece)?;
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub async fn read_piece(&mut self) -> Result<Option<(Data<'_>, Out<'_, R>)>, Error> {
        self.inner.is_piecewise = true;
        if !poll_fn(|cx| self.poll_drive(cx, Messages::Paced)).await? {
            return Ok(None);
        }
        self.inner.is_held = false;
        let Inner { io, incoming, way, .. } = &mut *self.inner;
        match take_borrowed_piece(incoming, way) {
            Ok(piece) => Ok(piece.map(|piece| (piece, Out::new(way)))),
            Err(_) => Err(poll_fn(move |cx| way.poll_failure(io, cx)).await),
        }
    }
}

/// Apart from the futures for the same reasons as `take_borrowed`.
#[inline(never)]
fn take_borrowed_piece<'m, R: Role>(
    incoming: &'m mut Incoming<R, Vec<u8>>,
    way: &mut Way<R>,
) -> Result<Option<Data<'m>>, ProtocolError> {
    let mut reply = Reply::new();
    match incoming.next_piece(&mut reply) {
        Ok(Some(Event::Data(piece))) => {
            way.trace.counters.received.messages += u64::from(piece.is_last);
            Ok(Some(piece))
        }
        Ok(_) => Ok(None),
        Err(error) => {
            way.fail(error, reply);
            Err(error)
        }
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin, R: Role> Reader<T, R> {
    /// Returns the next piece of a message as it comes; see [`WebSocket::recv_piece`].
    ///
    /// **Cancel safe**: no piece is lost.
    ///
    /// # Errors
    ///
    /// As of `WebSocket::recv`.
    pub async fn recv_piece(&mut self) -> Result<Option<Piece>, Error> {
        poll_fn(|cx| self.poll_with(cx, |socket, cx| socket.poll_piece(cx, Messages::Wanted))).await
    }
}
