use core::fmt;
use core::ops::Range;

use embedded_io_async::{Read, Write};
use wsproto::Server;
use wsproto::deadlines::Deadlines;
use wsproto::handshake::{
    Answer, Choice, HeadLimits, HttpRequest, Request, RequestDecoder, RequestHead, ServerHandshake,
};

use crate::memory::move_to_front;
use crate::outgoing::{opening, read_some, write_all};
use crate::{AcceptError, Clock, Memory, Options, WebSocket};

/// The socket of a server in a [`Memory`].
pub type ServerSocket<T, M, C> = WebSocket<T, <M as Memory>::In, <M as Memory>::Out, C>;

/// Reads a client's request and accepts it, with default [`Options`]. Plain HTTP is answered with 404, and pages of other hosts with
/// 403.
///
/// # Errors
///
/// [`AcceptError`]; the client was told, unless it is gone.
///
/// # Cancel safety
///
/// The future owns the transport: dropped, that is dropped.
pub async fn accept<T, M, C>(
    transport: T,
    memory: M,
    clock: C,
) -> Result<ServerSocket<T, M, C>, AcceptError<T::Error>>
where
    T: Read + Write,
    M: Memory,
    C: Clock,
{
    accept_with(transport, memory, clock, &Options::new()).await
}

/// The same with options of one's own.
///
/// # Errors
///
/// As [`accept`].
///
/// # Cancel safety
///
/// As [`accept`].
pub async fn accept_with<T, M, C>(
    transport: T,
    memory: M,
    clock: C,
    options: &Options<'_>,
) -> Result<ServerSocket<T, M, C>, AcceptError<T::Error>>
where
    T: Read + Write,
    M: Memory,
    C: Clock,
{
    let mut handshake = Handshake::read(transport, memory, clock, options).await?;
    let received = handshake.answer(Choice::default()).await?;
    Ok(handshake.into_socket(received))
}

/// A client's request for a WebSocket connection, every rule checked: look at it, then [`accept`](Self::accept) or
/// [`refuse`](Self::refuse) it.
///
/// The request stays in the memory until then: header fields are looked up and iterated over, and none is stored.
pub struct Handshake<'o, T, I, O, C> {
    transport: T,
    clock: C,
    memory: (I, O),
    deadlines: Deadlines,
    options: Options<'o>,
    head: RequestHead,
    /// How many bytes of the memory were received.
    filled: usize,
}

impl<'o, T, I, O, C> Handshake<'o, T, I, O, C>
where
    T: Read + Write,
    I: wsproto::session::Buffer + AsMut<[u8]>,
    O: AsRef<[u8]> + AsMut<[u8]>,
    C: Clock,
{
    /// Reads a request. Plain HTTP is answered with 404, and pages of origins that the options don't allow with 403.
    ///
    /// # Errors
    ///
    /// [`AcceptError`]; the client was told, unless it is gone.
    ///
    /// # Cancel safety
    ///
    /// The future owns the transport: dropped, that is dropped.
    pub async fn read<M: Memory<In = I, Out = O>>(
        mut transport: T,
        memory: M,
        clock: C,
        options: &Options<'o>,
    ) -> Result<Self, AcceptError<T::Error>> {
        let mut memory = memory.into_buffers();
        let mut deadlines = opening(options.timeouts(), &clock);
        let bytes = memory.0.as_mut();
        let mut decoder = RequestDecoder::with_limits(HeadLimits::DEFAULT.with_bytes(bytes.len()));
        let mut filled = 0_usize;
        let (head, end) = loop {
            let space = bytes.get_mut(filled..).unwrap_or_default();
            let read = read_some(space, &mut transport, &clock, &mut deadlines).await?;
            filled = filled.saturating_add(read);
            match decoder.decode(bytes.get(..filled).unwrap_or_default()) {
                Ok(None) => {}
                Ok(Some(head)) => break (head, filled),
                Err(error) => {
                    send(&error.answer(), bytes, &mut transport, &clock, &mut deadlines).await?;
                    return Err(AcceptError::Request(error));
                }
            }
        };
        let Some((status, error)) = refusal(&head, bytes, options) else {
            let options = *options;
            return Ok(Self { transport, clock, memory, deadlines, options, head, filled: end });
        };
        if let Ok(answer) = Answer::new(status, &[], b"") {
            send(&answer, bytes, &mut transport, &clock, &mut deadlines).await?;
        }
        Err(error)
    }

    /// Accepts the request, with what the server chose of the subprotocols, and header fields of its own.
    ///
    /// # Errors
    ///
    /// [`AcceptError::Misuse`] if the client did not offer what was chosen, or a field must not be sent;
    /// [`AcceptError::BufferTooSmall`] if the answer does not fit beside what was received; those of the transport.
    ///
    /// # Cancel safety
    ///
    /// The future owns the transport: dropped, that is dropped.
    pub async fn accept(
        mut self,
        choice: Choice<'_>,
    ) -> Result<WebSocket<T, I, O, C>, AcceptError<T::Error>> {
        let received = self.answer(choice).await?;
        Ok(self.into_socket(received))
    }

    /// Sends the answer, and tells how many bytes came behind the request: frames, which are at the front now. Takes
    /// the handshake by reference: a future that owned it would hold it twice.
    async fn answer(&mut self, choice: Choice<'_>) -> Result<usize, AcceptError<T::Error>> {
        let head_end = self.head.end().min(self.filled);
        let answer = self.write_answer(choice, head_end)?;
        let bytes = self.memory.0.as_mut();
        let answer = bytes.get(answer).unwrap_or_default();
        write_all(answer, &mut self.transport, &self.clock, &mut self.deadlines).await?;
        Ok(move_to_front(bytes, head_end..self.filled))
    }

    fn into_socket(self, received: usize) -> WebSocket<T, I, O, C> {
        let Self { transport, clock, memory, deadlines, options, .. } = self;
        WebSocket::new(transport, clock, Server, memory, received, deadlines, &options)
    }

    /// Writes the answer in place of the head, which is the longer one mostly, or else behind all that was received, and
    /// tells where.
    #[inline(never)]
    fn write_answer(
        &mut self,
        choice: Choice<'_>,
        head_end: usize,
    ) -> Result<Range<usize>, AcceptError<T::Error>> {
        let bytes = self.memory.0.as_mut();
        let Request::WebSocket(request) = self.head.request(bytes) else {
            return Err(AcceptError::Http); // it was looked at before
        };
        let answer = request.accept(choice).map_err(AcceptError::Misuse)?;
        if let Ok(written) = answer.encode(bytes.get_mut(..head_end).unwrap_or_default()) {
            return Ok(0..written);
        }
        let space = bytes.get_mut(self.filled..).unwrap_or_default();
        let written = answer.encode(space).map_err(AcceptError::BufferTooSmall)?;
        Ok(self.filled..self.filled.saturating_add(written))
    }

    /// Refuses the request with a status of 300 to 599, and a body of plain text. Returns the transport.
    ///
    /// # Errors
    ///
    /// As [`accept`](Self::accept).
    pub async fn refuse(self, status: u16, body: &[u8]) -> Result<T, AcceptError<T::Error>> {
        let Self { mut transport, clock, mut memory, mut deadlines, .. } = self;
        let headers: [(&str, &[u8]); 1] = [("Content-Type", b"text/plain")];
        let answer = Answer::new(status, &headers, body).map_err(AcceptError::Misuse)?;
        send(&answer, memory.0.as_mut(), &mut transport, &clock, &mut deadlines).await?;
        Ok(transport)
    }

    /// Calls `look` with the request: its subprotocols, origin, host and all header fields.
    pub fn with_request<V>(&mut self, look: impl FnOnce(&ServerHandshake<'_>) -> V) -> Option<V> {
        match self.head.request(self.memory.0.as_mut()) {
            Request::WebSocket(request) => Some(look(&request)),
            Request::Http(_) => None, // it was looked at before
        }
    }

    /// Calls `look` with the request as one of HTTP: its path, query and header fields.
    pub fn with_http<V>(&mut self, look: impl FnOnce(&HttpRequest<'_>) -> V) -> V {
        look(self.head.request(self.memory.0.as_mut()).http())
    }
}

/// Returns what a request is refused with that is none to be accepted.
#[inline(never)]
fn refusal<E>(head: &RequestHead, bytes: &[u8], options: &Options<'_>) -> Option<(u16, AcceptError<E>)> {
    match head.request(bytes) {
        Request::WebSocket(request) if options.allows(&request) => None,
        Request::WebSocket(_) => Some((403, AcceptError::Origin)),
        Request::Http(_) => Some((404, AcceptError::Http)),
    }
}

/// Sends an answer that is the last; what was received is of no use any more.
async fn send<T: Write, C: Clock>(
    answer: &Answer<'_>,
    memory: &mut [u8],
    transport: &mut T,
    clock: &C,
    deadlines: &mut Deadlines,
) -> Result<(), AcceptError<T::Error>> {
    let written = answer.encode(memory).map_err(AcceptError::BufferTooSmall)?;
    let bytes = memory.get(..written).unwrap_or_default();
    Ok(write_all(bytes, transport, clock, deadlines).await?)
}

impl<T, I, O, C> fmt::Debug for Handshake<'_, T, I, O, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handshake").field("head", &self.head).finish_non_exhaustive()
    }
}
