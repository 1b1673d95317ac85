//! What a server answers: the acceptance of a handshake, or any other HTTP response.

use crate::error::BufferTooSmall;
use crate::handshake::extensions;
use crate::handshake::http::fields::Fields;
use crate::handshake::http::http2::in_lower_case;
use crate::handshake::http::start_line::HttpVersion;
use crate::handshake::http::write::{
    Out, check_fields, check_http2_fields, frames_the_message, is_reserved, write_all,
};
use crate::handshake::misuse::HandshakeMisuse;
use crate::handshake::permessage_deflate;
use crate::handshake::subprotocol;

/// Says what a server chose of a client's offer, and which header fields it adds.
///
/// # Examples
///
/// ```
/// use wsproto::handshake::Choice;
///
/// let choice = Choice { subprotocol: Some("json"), ..Choice::default() };
/// assert!(choice.extensions.is_none() && choice.headers.is_empty());
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Choice<'a> {
    /// The subprotocol; [`subprotocol::select`] gives it.
    pub subprotocol: Option<&'a str>,
    /// The extensions and their parameters, as the value of `Sec-WebSocket-Extensions`;
    /// [`permessage_deflate::accept`] gives those of permessage-deflate.
    pub extensions: Option<&'a str>,
    /// More header fields, such as `set-cookie`: names and values. HTTP/2 and HTTP/3 require names in lower case.
    pub headers: &'a [(&'a str, &'a [u8])],
}

impl Choice<'_> {
    /// Checks that all of this may be answered to what `fields` offer.
    pub(super) fn check<'b>(
        &self,
        version: HttpVersion,
        fields: impl Fields<'b>,
    ) -> Result<(), HandshakeMisuse> {
        // [RFC 6455 §4.2.2] item 4, /subprotocol/: "The value chosen MUST be derived from the client's handshake".
        if let Some(name) = self.subprotocol {
            if !subprotocol::offered(fields).any(|offer| offer == name) {
                return Err(HandshakeMisuse::SubprotocolNotOffered);
            }
        }
        // [RFC 6455 §9.1] "MUST NOT be something that was not requested".
        if let Some(list) = self.extensions {
            let chosen = extensions::list(list).ok_or(HandshakeMisuse::Extensions)?;
            for extension in chosen.clone() {
                if !extensions::named(fields).any(|offer| offer.name() == extension.name()) {
                    return Err(HandshakeMisuse::ExtensionNotOffered);
                }
            }
            permessage_deflate::verify(extensions::named(fields), chosen)
                .map_err(|_| HandshakeMisuse::DeflateMismatch)?;
        }
        check_fields(self.headers, is_reserved)?;
        if version == HttpVersion::Http2 {
            check_http2_fields(self.headers)?;
        }
        Ok(())
    }
}

/// Holds what a server sends in answer to a request: an acceptance, a refusal, a redirect, a small page.
///
/// [`ServerHandshake::accept`](super::ServerHandshake::accept) makes the acceptance,
/// [`RequestError::answer`](super::RequestError::answer) the refusal of a malformed request, and [`new`](Self::new)
/// any other. All of it was checked: nothing in it can end a line. Over HTTP/1.1 it is sent as bytes
/// ([`encode`](Self::encode)) or through an HTTP library ([`status`](Self::status), [`headers`](Self::headers),
/// [`body`](Self::body)); over HTTP/2 and HTTP/3 through the library.
///
/// After the acceptance the connection is open. After any other answer of HTTP/1.1, the server closes the transport.
///
/// # Examples
///
/// Refusing a foreign origin:
///
/// ```
/// use wsproto::handshake::Answer;
///
/// let mut dst = [0; 256];
/// let answer = Answer::new(403, &[("Content-Type", b"text/plain")], b"not from there\n")?;
/// let len = answer.encode(&mut dst)?;
/// assert!(dst[..len].starts_with(b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\n"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy)]
#[must_use = "the client waits for this answer"]
pub struct Answer<'a> {
    status: u16,
    version: HttpVersion,
    /// Whether it is `Upgrade: websocket` that is answered.
    upgrades: bool,
    /// Whether the length stands for the body.
    omits_body: bool,
    /// Whether the body is a text of ours.
    is_text: bool,
    /// The answer to the key, and whether 100 comes before it.
    accept: Option<([u8; 28], bool)>,
    /// Fields of ours that go with the status.
    own: &'static [(&'static str, &'static [u8])],
    choice: Choice<'a>,
    body: &'a [u8],
}

const TEXT: (&str, &[u8]) = ("Content-Type", b"text/plain");

impl<'a> Answer<'a> {
    /// Takes a status, header fields and the body of an ordinary answer.
    ///
    /// `Connection` and `Content-Length` are written without being given; 304, the answer to a conditional request, has no
    /// body, and no `Content-Length`, which would be that of 200.
    ///
    /// # Errors
    ///
    /// [`HandshakeMisuse::Status`] if the status is not 200 to 599, or if 204, 205 or 304 are to have a body. [`FieldName`](HandshakeMisuse::FieldName) or
    /// [`FieldValue`](HandshakeMisuse::FieldValue) if a field is malformed.
    /// [`ReservedField`](HandshakeMisuse::ReservedField) for `Connection`, `Content-Length` and `Transfer-Encoding`.
    pub fn new(
        status: u16,
        headers: &'a [(&'a str, &'a [u8])],
        body: &'a [u8],
    ) -> Result<Self, HandshakeMisuse> {
        // [RFC 9110 §15.3.5], [RFC 9110 §15.3.6], [RFC 9110 §15.4.5]
        let has_no_body = matches!(status, 204 | 205 | 304);
        if !matches!(status, 200..=599) || (has_no_body && !body.is_empty()) {
            return Err(HandshakeMisuse::Status);
        }
        check_fields(headers, frames_the_message)?;
        let choice = Choice { headers, ..Choice::default() };
        Ok(Self { choice, body, ..Self::of(status, HttpVersion::Http11, &[], false) })
    }

    /// Answers with fields of ours; it is `Upgrade: websocket` that 101 and 426 answer.
    pub(super) const fn of(
        status: u16,
        version: HttpVersion,
        own: &'static [(&'static str, &'static [u8])],
        upgrades: bool,
    ) -> Self {
        let choice = Choice { subprotocol: None, extensions: None, headers: &[] };
        Self {
            status,
            version,
            upgrades,
            omits_body: false,
            is_text: false,
            accept: None,
            own,
            choice,
            body: b"",
        }
    }

    /// Accepts with 101, behind 100 if the client waits for that.
    pub(super) const fn switching(accept: [u8; 28], choice: Choice<'a>, continues: bool) -> Self {
        Self { accept: Some((accept, continues)), choice, ..Self::of(101, HttpVersion::Http11, &[], true) }
    }

    /// Accepts over HTTP/2 or HTTP/3; any 2xx would do.
    pub(super) const fn connecting(choice: Choice<'a>) -> Self {
        Self { choice, ..Self::of(200, HttpVersion::Http2, &[], false) }
    }

    /// Says why, in a body of ours.
    pub(super) const fn with_text(self, text: &'static str) -> Self {
        Self { is_text: true, body: text.as_bytes(), ..self }
    }

    /// Leaves the body out of what is sent; `Content-Length` still tells its size.
    ///
    /// This is the answer to a HEAD request ([RFC 9110 §9.3.2]). It also saves a copy: send the head, then the body.
    ///
    /// [RFC 9110 §9.3.2]: https://www.rfc-editor.org/rfc/rfc9110#section-9.3.2
    pub const fn without_body(self) -> Self {
        Self { omits_body: true, ..self }
    }

    /// Returns the status: 101 if it accepts over HTTP/1.1, 200 if it does over HTTP/2 and HTTP/3.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// Iterates over the header fields, names and values, as an HTTP library is to send them.
    ///
    /// `Connection` is among them where it names `Upgrade`: in 101 and 426. `Content-Length` is not. Over HTTP/2 and
    /// HTTP/3 names are in lower case.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let is_http2 = self.version == HttpVersion::Http2;
        let connection = self.names_upgrade().then_some(("Connection", &b"Upgrade"[..]));
        let upgrade = self.upgrades.then_some(("Upgrade", &b"websocket"[..]));
        let fields = upgrade.into_iter().chain(connection).chain(self.other_fields());
        fields.map(move |(name, value)| (if is_http2 { in_lower_case(name) } else { name }, value))
    }

    /// Returns the body, which is empty in an acceptance and in an answer [without](Self::without_body) one.
    #[must_use]
    pub const fn body(&self) -> &'a [u8] {
        if self.omits_body { b"" } else { self.body }
    }

    /// Writes the answer of HTTP/1.1 to the start of `dst`, and returns its length in bytes.
    ///
    /// An acceptance has 129 bytes, and a line for each thing in the [`Choice`]. Frames may follow at once. If the
    /// client sent `Expect: 100-continue`, then 25 bytes with `100 Continue` come first: [RFC 9110 §7.8] requires it.
    ///
    /// Over HTTP/2 and HTTP/3, where only the HTTP library can write, nothing is written, and 0 returned.
    ///
    /// # Errors
    ///
    /// [`BufferTooSmall`] if the answer does not fit: nothing was written. Call again with more space.
    ///
    /// [RFC 9110 §7.8]: https://www.rfc-editor.org/rfc/rfc9110#section-7.8
    pub fn encode(&self, dst: &mut [u8]) -> Result<usize, BufferTooSmall> {
        write_all(dst, &|dst| self.put(dst))
    }

    /// Appends what [`encode`](Self::encode) writes to `out`.
    #[cfg(feature = "alloc")]
    pub fn append(&self, out: &mut alloc::vec::Vec<u8>) {
        crate::handshake::http::write::append_all(out, &|dst| self.put(dst));
    }

    fn put(&self, dst: &mut Out<'_>) {
        if self.version == HttpVersion::Http2 {
            return;
        }
        if let Some((_, true)) = self.accept {
            dst.put(b"HTTP/1.1 100 Continue\r\n\r\n");
        }
        dst.put_status(self.status);
        if self.upgrades {
            dst.put(b"Upgrade: websocket\r\n");
        }
        if let Some((accept, _)) = &self.accept {
            dst.put(b"Connection: Upgrade\r\n");
            dst.put_field("Sec-WebSocket-Accept", accept);
        }
        if self.is_text {
            dst.put_field(TEXT.0, TEXT.1);
        }
        dst.put_fields(self.own);
        if let Some(name) = self.choice.subprotocol {
            dst.put_field(subprotocol::FIELD, name.as_bytes());
        }
        if let Some(list) = self.choice.extensions {
            dst.put_field(extensions::FIELD, list.as_bytes());
        }
        dst.put_fields(self.choice.headers);
        if self.accept.is_some() {
            dst.put(b"\r\n");
            return;
        }
        // One line, as of all the fields that are ours: who reads only one of two would miss an option.
        dst.put(if self.names_upgrade() {
            b"Connection: Upgrade, close\r\n"
        } else {
            b"Connection: close\r\n"
        });
        // [RFC 9110 §8.6] "MUST NOT send a Content-Length header field in any response with a status code of [...]
        // 204", and in 304 only that of the 200 it stands for.
        if !matches!(self.status, 204 | 304) {
            dst.put(b"Content-Length: ");
            dst.put_decimal(self.body.len());
            dst.put(b"\r\n");
        }
        dst.put(b"\r\n");
        dst.put(self.body());
    }

    /// Tells whether there is an `Upgrade`, which `Connection` must then name ([RFC 9110 §7.8]).
    ///
    /// [RFC 9110 §7.8]: https://www.rfc-editor.org/rfc/rfc9110#section-7.8
    fn names_upgrade(&self) -> bool {
        self.upgrades || self.choice.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("Upgrade"))
    }

    /// All but what is about the connection.
    fn other_fields(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let accept = self.accept.as_ref().map(|(accept, _)| ("Sec-WebSocket-Accept", &accept[..]));
        let text = self.is_text.then_some(TEXT);
        let Choice { subprotocol, extensions, headers } = self.choice;
        let subprotocol = subprotocol.map(|name| (subprotocol::FIELD, name.as_bytes()));
        let extensions = extensions.map(|list| (extensions::FIELD, list.as_bytes()));
        let own = accept.into_iter().chain(text).chain(self.own.iter().copied());
        own.chain(subprotocol).chain(extensions).chain(headers.iter().copied())
    }
}
