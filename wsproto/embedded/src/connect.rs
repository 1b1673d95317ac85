use embedded_io_async::{Read, Write};
use rand_core::CryptoRng;
use wsproto::Client;
use wsproto::handshake::{ClientHandshake, HeadLimits, Offer, Response, ResponseDecoder};

use crate::outgoing::{opening, read_some, write_all};
use crate::{Clock, ConnectError, Keys, Memory, Options, WebSocket};

/// The socket of a client in a [`Memory`].
pub type ClientSocket<T, M, C, G> = WebSocket<T, <M as Memory>::In, <M as Memory>::Out, C, Client<Keys<G>>>;

/// A client's request: what it asks for, and with which options.
///
/// The transport is open already: TCP, or TLS over it for `wss`. For a URL, `wsproto::handshake::Url` knows host, port and target.
#[derive(Debug, Clone, Copy)]
pub struct Connect<'a> {
    offer: Offer<'a>,
    options: Options<'a>,
}

impl<'a> Connect<'a> {
    /// Asks `host`, with its port unless that is the scheme's own, for `target`, a path and maybe a query.
    pub const fn new(host: &'a str, target: &'a str) -> Self {
        Self { offer: Offer::new(host, target), options: Options::new() }
    }

    /// Adds header fields of one's own, such as `Authorization`; they replace those of an earlier call.
    #[must_use]
    pub const fn headers(mut self, headers: &'a [(&'a str, &'a [u8])]) -> Self {
        self.offer.headers = headers;
        self
    }

    /// Offers subprotocols, in order of preference. Which one the server chose, [`connect_with_response`] tells.
    ///
    /// [`connect_with_response`]: Self::connect_with_response
    #[must_use]
    pub const fn subprotocols(mut self, names: &'a [&'a str]) -> Self {
        self.offer.subprotocols = names;
        self
    }

    /// Names an origin, as a browser does.
    #[must_use]
    pub const fn origin(mut self, origin: &'a str) -> Self {
        self.offer.origin = Some(origin);
        self
    }

    /// Sets the options.
    #[must_use]
    pub const fn options(mut self, options: Options<'a>) -> Self {
        self.options = options;
        self
    }

    /// Opens a WebSocket connection over a transport. `random` makes the nonce, and then the masking keys.
    ///
    /// # Errors
    ///
    /// [`ConnectError`].
    ///
    /// # Cancel safety
    ///
    /// The future owns the transport: dropped, that is dropped.
    pub async fn connect<T, M, C, G>(
        &self,
        transport: T,
        memory: M,
        clock: C,
        random: G,
    ) -> Result<ClientSocket<T, M, C, G>, ConnectError<T::Error>>
    where
        T: Read + Write,
        M: Memory,
        C: Clock,
        G: CryptoRng,
    {
        self.connect_with_response(transport, memory, clock, random, |_| ()).await
    }

    /// The same, and calls `look` with the response, whatever its status: header fields are iterated over, none is
    /// stored.
    ///
    /// # Errors
    ///
    /// [`ConnectError`].
    ///
    /// # Cancel safety
    ///
    /// The future owns the transport: dropped, that is dropped.
    pub async fn connect_with_response<T, M, C, G>(
        &self,
        mut transport: T,
        memory: M,
        clock: C,
        mut random: G,
        look: impl FnOnce(&Response<'_>),
    ) -> Result<ClientSocket<T, M, C, G>, ConnectError<T::Error>>
    where
        T: Read + Write,
        M: Memory,
        C: Clock,
        G: CryptoRng,
    {
        let mut memory = memory.into_buffers();
        let mut deadlines = opening(self.options.timeouts(), &clock);
        let bytes = memory.0.as_mut();
        let mut nonce = [0; 16];
        random.fill_bytes(&mut nonce);
        let handshake = ClientHandshake::new(self.offer, nonce).map_err(ConnectError::Misuse)?;
        let written = handshake.encode(bytes).map_err(ConnectError::BufferTooSmall)?;
        let request = bytes.get(..written).unwrap_or_default();
        write_all(request, &mut transport, &clock, &mut deadlines).await?;

        let limits = HeadLimits::DEFAULT.with_bytes(bytes.len());
        let mut decoder = ResponseDecoder::with_limits(handshake, limits);
        let mut filled = 0_usize;
        let head = loop {
            let space = bytes.get_mut(filled..).unwrap_or_default();
            let read = read_some(space, &mut transport, &clock, &mut deadlines).await?;
            filled = filled.saturating_add(read);
            let received = bytes.get(..filled).unwrap_or_default();
            if let Some(head) = decoder.decode(received).map_err(ConnectError::Response)? {
                break head;
            }
        };
        let response = head.response(bytes);
        look(&response);
        if let Response::Http(refusal) = response {
            return Err(ConnectError::Refused(refusal.status()));
        }
        let received = crate::memory::move_to_front(bytes, head.end()..filled);
        let role = Client::new(Keys::new(random));
        Ok(WebSocket::new(transport, clock, role, memory, received, deadlines, &self.options))
    }
}
