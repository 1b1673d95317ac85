//! Messages that are not joined: of any size, through a buffer of any size.

use super::incoming::{Found, MAX_PIECE, Pending, tell};
use super::{Buffer, Incoming, Next};
use crate::connection::{Data, Event, MessageKind, Reply, Role};
use crate::error::ProtocolError;
use crate::wire::CloseFrame;

impl<R: Role, B: Buffer> Incoming<R, B> {
    /// Returns the next piece of a message, or the next control frame, or `None` if more bytes are needed: a
    /// message larger than the memory passes through. What a control frame or an error asks to send goes to
    /// `reply`.
    ///
    /// A piece is what is there of the message, decompressed, of a compressed message at most 64 KiB and
    /// never [compressed](Data::is_compressed). It is empty only where the message ends. The pieces of a text
    /// are together UTF-8, though one may end inside a character.
    /// [`max_message_size`](crate::Limits::max_message_size) limits all pieces of a message together.
    ///
    /// A message that was under way already comes with what was joined of it as its first piece.
    ///
    /// # Errors
    ///
    /// [`ProtocolError`] if the peer broke a rule or a limit; from then on at each call.
    ///
    /// # Examples
    ///
    #[cfg_attr(feature = "alloc", doc = "```")]
    #[cfg_attr(not(feature = "alloc"), doc = "```text")]
    /// use wsproto::connection::{Client, Event, Reply};
    /// use wsproto::{Limits, MaskingKey, Session};
    ///
    /// let client = Client::new(|| MaskingKey::new([0; 4]));
    /// let (mut incoming, _sender) = Session::new(client, Limits::new(), Vec::new()).split();
    /// let (mut reply, mut text) = (Reply::new(), Vec::new());
    /// for read in b"\x81\x06caf\xc3\xa9!".chunks(3) {
    ///     incoming.push(read);
    ///     while let Some(event) = incoming.next_piece(&mut reply)? {
    ///         if let Event::Data(piece) = event {
    ///             text.extend_from_slice(piece.payload);
    ///             println!("{} bytes so far, last: {}", text.len(), piece.is_last);
    ///         }
    ///     }
    /// }
    /// assert_eq!(text, "café!".as_bytes());
    /// # Ok::<(), wsproto::ProtocolError>(())
    /// ```
    pub fn next_piece(&mut self, reply: &mut Reply) -> Result<Option<Event<'_>>, ProtocolError> {
        if let Some(whole) = self.find_whole() {
            let range = self.unread.start..self.unread.start.saturating_add(whole.len());
            self.unread.start = range.end;
            let bytes = crate::wire::part_mut(self.buffer.bytes_mut(), range);
            return match self.receiver.take_whole_bytes(whole, bytes) {
                Ok(payload) => Ok(Some(data(whole.kind, payload, true, true))),
                Err(error) => Err(tell(error, &mut self.pending, reply)),
            };
        }
        let found = match self.pending {
            Pending::Found(found) => found,
            _ => match self.find_piece().map_err(|error| tell(error, &mut self.pending, reply))? {
                Some(found) => found,
                None => return Ok(None),
            },
        };
        let is_first = !self.is_cut;
        self.pending = Pending::Nothing;
        if found.is_data() {
            self.is_cut = !found.is_last();
            self.pending = Pending::Given;
        }
        let payload = self.payload(found);
        Ok(Some(match found {
            Found::Message(kind)
            | Found::Inflated(kind)
            | Found::Piece(kind)
            | Found::InflatedPiece(kind) => data(kind, payload, is_first, found.is_last()),
            Found::Ping(_) => {
                reply.answer_ping(payload);
                Event::Ping(payload)
            }
            Found::Pong(_) => Event::Pong(payload),
            Found::Close(_) => {
                let close = CloseFrame::decode(payload)?;
                reply.answer_close(close);
                Event::Close(close)
            }
        }))
    }

    /// Tells what [`next_piece`](Self::next_piece) will return, if anything, and borrows nothing, as
    /// [`peek`](Self::peek) does for `next`. A piece is a [`Next::Message`].
    pub fn peek_piece(&mut self) -> Option<Next> {
        self.peek_with(Self::find_piece)
    }

    fn find_piece(&mut self) -> Result<Option<Found>, ProtocolError> {
        loop {
            match self.find_part(MAX_PIECE)? {
                Some(Found::Piece(_)) if self.message.is_empty() => {}
                found => return Ok(found),
            }
        }
    }
}

const fn data(kind: MessageKind, payload: &[u8], is_first: bool, is_last: bool) -> Event<'_> {
    Event::Data(Data { kind, payload, is_compressed: false, is_first, is_last })
}
