//! A connection: its control streams with the settings, and its requests.

use std::io::{Error, Result};

use quinn::{RecvStream, SendStream, VarInt};
use tokio::io::{copy, sink};
use tokio::sync::watch;

use crate::frame::{
    CLOSED_CRITICAL_STREAM, DATA, FRAME_UNEXPECTED, GOAWAY, HEADERS, Header, MAX_FIELDS, MISSING_SETTINGS,
    NO_ERROR, SETTINGS, STREAM_CREATION_ERROR, append_header, append_integer, read, take_integer,
};

/// The ALPN of HTTP/3.
pub const ALPN: &[u8] = b"h3";

/// Types of streams in one direction ([RFC 9114 §6.2], [RFC 9204 §4.2]).
///
/// [RFC 9114 §6.2]: https://www.rfc-editor.org/rfc/rfc9114#section-6.2
/// [RFC 9204 §4.2]: https://www.rfc-editor.org/rfc/rfc9204#section-4.2
const CONTROL: u64 = 0x0;
const QPACK: [u64; 2] = [0x2, 0x3];

/// Settings ([RFC 9114 §7.2.4.1], [RFC 9220 §3]); QPACK's are 0 unless told, so that header fields need no table.
///
/// [RFC 9114 §7.2.4.1]: https://www.rfc-editor.org/rfc/rfc9114#section-7.2.4.1
/// [RFC 9220 §3]: https://www.rfc-editor.org/rfc/rfc9220#section-3
const MAX_FIELD_SECTION_SIZE: u64 = 0x6;
const ENABLE_CONNECT_PROTOCOL: u64 = 0x8;

pub struct Connection {
    quic: quinn::Connection,
    control: SendStream,
    /// Whether the peer allows the extended CONNECT, once it has said.
    allows_connect: watch::Receiver<Option<bool>>,
    next_stream: u64,
}

impl Connection {
    /// Tells the peer what is allowed here, and listens to it in a task of its own, which ends with the
    /// connection.
    ///
    /// # Errors
    ///
    /// If the connection is lost.
    pub async fn begin(quic: quinn::Connection) -> Result<Self> {
        let mut settings = Vec::new();
        for number in [MAX_FIELD_SECTION_SIZE, MAX_FIELDS, ENABLE_CONNECT_PROTOCOL, 1] {
            append_integer(number, &mut settings);
        }
        let mut bytes = Vec::new();
        append_integer(CONTROL, &mut bytes);
        append_header(SETTINGS, settings.len(), &mut bytes);
        bytes.extend(settings);
        let mut control = quic.open_uni().await?;
        control.write_all(&bytes).await?;
        let (told, allows_connect) = watch::channel(None);
        tokio::spawn(listen(quic.clone(), told));
        Ok(Self { quic, control, allows_connect, next_stream: 0 })
    }

    pub const fn quic(&self) -> &quinn::Connection {
        &self.quic
    }

    /// Waits for the next request, as a server.
    ///
    /// # Errors
    ///
    /// Why the connection has ended.
    pub async fn accept(&mut self) -> std::result::Result<(SendStream, RecvStream), quinn::ConnectionError> {
        let (send, receive) = self.quic.accept_bi().await?;
        self.next_stream = u64::from(VarInt::from(send.id())) + 4;
        Ok((send, receive))
    }

    /// Opens a stream for an extended CONNECT, as a client, once the server has allowed it ([RFC 9220 §3]).
    ///
    /// # Errors
    ///
    /// If the server does not allow it, or the connection is lost.
    ///
    /// [RFC 9220 §3]: https://www.rfc-editor.org/rfc/rfc9220#section-3
    pub async fn open(&mut self) -> Result<(SendStream, RecvStream)> {
        let told = tokio::select! {
            told = self.allows_connect.wait_for(Option::is_some) => told.map_err(Error::other)?,
            error = self.quic.closed() => return Err(error.into()),
        };
        if *told != Some(true) {
            return Err(Error::other("the server does not allow WebSockets over HTTP/3"));
        }
        Ok(self.quic.open_bi().await?)
    }

    /// Tells the client to send no more requests ([RFC 9114 §5.2]).
    ///
    /// # Errors
    ///
    /// If the connection is lost.
    ///
    /// [RFC 9114 §5.2]: https://www.rfc-editor.org/rfc/rfc9114#section-5.2
    pub async fn go_away(&mut self) -> Result<()> {
        let mut payload = Vec::new();
        append_integer(self.next_stream, &mut payload);
        let mut frame = Vec::new();
        append_header(GOAWAY, payload.len(), &mut frame);
        frame.extend(payload);
        Ok(self.control.write_all(&frame).await?)
    }

    /// Ends the connection in order.
    pub fn close(&self) {
        self.quic.close(NO_ERROR, b"");
    }
}

/// Takes the peer's streams in one direction; there are only as many at a time as QUIC has allowed.
async fn listen(quic: quinn::Connection, told: watch::Sender<Option<bool>>) {
    while let Ok(stream) = quic.accept_uni().await {
        let (quic, told) = (quic.clone(), told.clone());
        tokio::spawn(async move {
            let taken = take(stream, &told).await;
            // A connection that has ended breaks no rule.
            if let (Err(Fault(code, why)), None) = (taken, quic.close_reason()) {
                eprintln!("the peer breaks a rule of HTTP/3: {why}");
                quic.close(code, why.as_bytes());
            }
        });
    }
}

/// What ends the connection, by a rule.
struct Fault(VarInt, &'static str);

async fn take(mut stream: RecvStream, told: &watch::Sender<Option<bool>>) -> std::result::Result<(), Fault> {
    let mut kind = Header::default();
    let kind = loop {
        let mut byte = [0];
        match stream.read(&mut byte).await {
            Ok(Some(_)) => {}
            _ => return Ok(()), // it ended before it had a type
        }
        if let Some(kind) = kind.push_integer(byte[0]) {
            break kind;
        }
    };
    match kind {
        CONTROL => control(&mut stream, told).await?,
        // Without a table, there is nothing to say.
        kind if QPACK.contains(&kind) => drop(copy(&mut stream, &mut sink()).await),
        // [RFC 9114 §6.2]
        _ => drop(stream.stop(STREAM_CREATION_ERROR)),
    }
    Ok(())
}

/// [RFC 9114 §6.2.1]: one for each side, the settings first, and never closed.
async fn control(
    stream: &mut RecvStream,
    told: &watch::Sender<Option<bool>>,
) -> std::result::Result<(), Fault> {
    let Ok(Some((SETTINGS, settings))) = read(stream).await else {
        return Err(Fault(MISSING_SETTINGS, "no settings"));
    };
    let allows_connect = allows_connect(&settings).ok_or(Fault(FRAME_UNEXPECTED, "settings cut short"))?;
    let is_first = told.send_if_modified(|told| told.is_none() && told.replace(allows_connect).is_none());
    if !is_first {
        return Err(Fault(STREAM_CREATION_ERROR, "a second control stream"));
    }
    while let Ok(Some((kind, _))) = read(stream).await {
        if [DATA, HEADERS, SETTINGS].contains(&kind) {
            return Err(Fault(FRAME_UNEXPECTED, "a frame that is not for a control stream"));
        }
    }
    Err(Fault(CLOSED_CRITICAL_STREAM, "the control stream is closed"))
}

/// Reads the one setting that matters here, from pairs of numbers.
fn allows_connect(mut settings: &[u8]) -> Option<bool> {
    let mut is_allowed = false;
    while !settings.is_empty() {
        let (setting, value) = (take_integer(&mut settings)?, take_integer(&mut settings)?);
        is_allowed |= (setting, value) == (ENABLE_CONNECT_PROTOCOL, 1);
    }
    Some(is_allowed)
}
