//! What is sent: an offer, an answer.

use super::element::{
    CLIENT_MAX_WINDOW_BITS, CLIENT_NO_CONTEXT_TAKEOVER, ClientBits, Element, NAME, SERVER_MAX_WINDOW_BITS,
    SERVER_NO_CONTEXT_TAKEOVER, digits,
};
use crate::deflate::{Parameters, Policy, WindowBits};
use crate::handshake::http::write::{Out, write_all};
use core::fmt;
use core::ops::Deref;

/// Holds what a server accepted of a client's offers; [`accept`](super::accept) makes it.
///
/// Dereferences to the text of the answer, for [`Choice::extensions`](crate::handshake::Choice::extensions).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agreement {
    parameters: Parameters,
    text: Text<{ longest(1) }>,
}

impl Agreement {
    pub(super) fn new(parameters: Parameters, offer: &Element) -> Self {
        let text = Text::new(&|out| {
            put_element(
                out,
                &Element {
                    server_no_context_takeover: parameters.server_no_context_takeover,
                    client_no_context_takeover: parameters.client_no_context_takeover,
                    // [RFC 7692 §7.1.2.1] What was offered is repeated, if it says something or not.
                    server_max_window_bits: Some(parameters.server_max_window_bits)
                        .filter(|&bits| offer.server_max_window_bits.is_some() || bits < WindowBits::MAX),
                    // [RFC 7692 §7.1.2.2] If it was not offered, it "MUST NOT" be answered.
                    client_max_window_bits: match parameters.client_max_window_bits {
                        bits if bits < WindowBits::MAX => ClientBits::AtMost(bits),
                        _ => ClientBits::Absent,
                    },
                },
            );
        });
        Self { parameters, text }
    }

    /// Returns what both ends agreed on, once the answer is sent.
    pub const fn parameters(&self) -> Parameters {
        self.parameters
    }
}

impl Deref for Agreement {
    type Target = str;

    fn deref(&self) -> &str {
        self.text.as_str()
    }
}

impl fmt::Display for Agreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

/// Holds the text of what a client offers; [`offer`](super::offer) makes it.
///
/// Dereferences to the text, for [`Offer::extensions`](crate::handshake::Offer::extensions).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OfferText(Text<{ longest(2) }>);

impl OfferText {
    pub(super) fn new(policy: &Policy) -> Self {
        let limited = Some(policy.receive_window).filter(|&bits| bits < WindowBits::MAX);
        let preferred = Element {
            server_no_context_takeover: !policy.receive_takeover,
            client_no_context_takeover: !policy.send_takeover,
            server_max_window_bits: limited,
            client_max_window_bits: match policy.send_window {
                WindowBits::MAX => ClientBits::WithoutValue,
                bits => ClientBits::AtMost(bits),
            },
        };
        Self(Text::new(&|out| {
            put_element(out, &preferred);
            if limited.is_some() && policy.accept_full_window {
                out.put(b", ");
                put_element(out, &Element { server_max_window_bits: None, ..preferred });
            }
        }))
    }
}

impl Deref for OfferText {
    type Target = str;

    fn deref(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for OfferText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

fn put_element(out: &mut Out<'_>, element: &Element) {
    out.put(NAME.as_bytes());
    if element.server_no_context_takeover {
        put_param(out, SERVER_NO_CONTEXT_TAKEOVER, None);
    }
    if element.client_no_context_takeover {
        put_param(out, CLIENT_NO_CONTEXT_TAKEOVER, None);
    }
    if let Some(bits) = element.server_max_window_bits {
        put_param(out, SERVER_MAX_WINDOW_BITS, Some(bits));
    }
    match element.client_max_window_bits {
        ClientBits::Absent => {}
        ClientBits::WithoutValue => put_param(out, CLIENT_MAX_WINDOW_BITS, None),
        ClientBits::AtMost(bits) => put_param(out, CLIENT_MAX_WINDOW_BITS, Some(bits)),
    }
}

fn put_param(out: &mut Out<'_>, name: &str, bits: Option<WindowBits>) {
    out.put(b"; ");
    out.put(name.as_bytes());
    if let Some(bits) = bits {
        out.put(b"=");
        out.put(digits(bits).as_bytes());
    }
}

const LONGEST: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover; \
    server_max_window_bits=15; client_max_window_bits=15";

/// The length in bytes of so many of the longest offers or answers, with what separates them.
const fn longest(elements: usize) -> usize {
    elements.saturating_mul(LONGEST.len().saturating_add(", ".len()))
}

/// A short text in its own place; `MAX` bytes at the most.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Text<const MAX: usize> {
    bytes: [u8; MAX],
    len: usize,
}

impl<const MAX: usize> Text<MAX> {
    /// Takes what is put, ASCII alone; it has to fit.
    fn new(put: &dyn Fn(&mut Out<'_>)) -> Self {
        let mut bytes = [0; MAX];
        let len = write_all(&mut bytes, put).unwrap_or_default();
        Self { bytes, len }
    }

    fn as_str(&self) -> &str {
        let bytes = self.bytes.get(..self.len).unwrap_or_default();
        core::str::from_utf8(bytes).unwrap_or_default()
    }
}

impl<const MAX: usize> fmt::Debug for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}
