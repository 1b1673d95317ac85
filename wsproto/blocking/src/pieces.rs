//! Receiving in pieces: messages larger than the memory.

use wsproto::ProtocolError;
use wsproto::connection::{Data, Event, Reply, Role};
use wsproto::session::Incoming;

use crate::drive::{self, Messages, Unit};
use crate::link::{Access, Link};
use crate::{Error, Input, Out, Output, Piece, WebSocket};

impl<T: Input + Output, R: Role> WebSocket<T, R> {
    /// Returns the next piece of a message as it comes, or `None` as of [`recv`](Self::recv): so a message of any size passes
    /// through little memory.
    ///
    /// Pieces are what there is of a message, not the peer's fragments. [`Options::with_max_message_size`] still limits a message, all
    /// its pieces together: raise it. Whoever passes them on as fragments makes one for each read: the next one's
    /// [`max_fragments`](wsproto::Limits::with_max_fragments) has to allow for that. `recv` and [`read`](Self::read) drop what is left
    /// of a message of which a piece was taken.
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
    /// use std::net::TcpStream;
    /// use wsproto_blocking::{Client, Error, WebSocket};
    ///
    /// fn relay(from: &mut WebSocket<TcpStream>, to: &mut WebSocket<TcpStream, Client>) -> Result<(), Error> {
    ///     while let Some(piece) = from.recv_piece()? {
    ///         to.feed_fragment(&piece)?;
    ///         to.flush()?; // not faster than the other side takes it
    ///     }
    ///     Ok(())
    /// }
    /// ```
    ///
    /// [`Options::with_max_message_size`]: crate::Options::with_max_message_size
    pub fn recv_piece(&mut self) -> Result<Option<Piece>, Error> {
        recv_piece(&mut self.incoming, &mut self.whole, Messages::Paced)
    }

    /// Returns the next piece of a message where it lies, without a copy, and the way out; see [`recv_piece`](Self::recv_piece) and
    /// [`read`](Self::read).
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
    /// use std::net::TcpStream;
    /// use wsproto_blocking::{Error, WebSocket};
    ///
    /// fn echo(mut socket: WebSocket<TcpStream>) -> Result<(), Error> {
    ///     while let Some((piece, mut out)) = socket.read_piece()? {
    ///         out.feed_fragment(piece)?;
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub fn read_piece(&mut self) -> Result<Option<(Data<'_>, Out<'_, R>)>, Error> {
        let Self { incoming, whole, .. } = self;
        if !drive::drive(incoming, whole, Messages::Paced, Unit::Piece)? {
            return Ok(None);
        }
        match take_piece(incoming, whole) {
            Ok(piece) => Ok(piece.map(|piece| (piece, Out::new(&mut whole.way)))),
            Err(error) => Err(drive::failed(whole, error)),
        }
    }
}

/// Receives a piece of its own.
pub(crate) fn recv_piece<R: Role, L: Link<R>>(
    incoming: &mut Incoming<R, Vec<u8>>,
    link: &mut L,
    wanted: Messages,
) -> Result<Option<Piece>, Error> {
    while drive::drive(incoming, link, wanted, Unit::Piece)? {
        if let Ok(Some(piece)) = take_piece(incoming, link) {
            return Ok(Some(Piece::copied(piece)));
        }
    }
    Ok(None)
}

/// Takes the piece that was found. An error is that of a text that is not UTF-8, after all.
fn take_piece<'m, R: Role>(
    incoming: &'m mut Incoming<R, Vec<u8>>,
    link: &mut impl Access<R>,
) -> Result<Option<Data<'m>>, ProtocolError> {
    let mut reply = Reply::new();
    match incoming.next_piece(&mut reply) {
        Ok(Some(Event::Data(piece))) => {
            link.with(|way| way.counters.received.messages += u64::from(piece.is_last));
            Ok(Some(piece))
        }
        Ok(_) => Ok(None),
        Err(error) => {
            link.with(|way| way.fail(error, reply));
            Err(error)
        }
    }
}
