//! permessage-deflate in the opening handshake: what is offered, answered, and so agreed on (RFC 7692 §7.1).
//!
//! | | on a server | in a client |
//! |---|---|---|
//! | says what it wants | [`accept`], to [`Choice::extensions`] | [`offer`], to [`Offer::extensions`] |
//! | knows what holds | [`Agreement::parameters`] | [`Accepted::deflate`] |
//!
//! [`Choice::extensions`]: super::Choice::extensions
//! [`Offer::extensions`]: super::Offer::extensions
//! [`Accepted::deflate`]: super::Accepted::deflate
//!
//! **A server never fails here**: an offer that breaks a rule is skipped, and where none is left messages go
//! uncompressed. **A client has to fail**: after an answer that breaks a rule the ends do not agree on what the bytes
//! mean.
//!
//! Nothing in here panics or allocates, and the cost is linear in the length of the offers.

mod element;
mod error;
mod text;

pub use element::NAME;
pub use error::NegotiationError;
pub use text::{Agreement, OfferText};

use super::extensions::Extension;
use crate::deflate::{Parameters, Policy, WindowBits};
use element::{ClientBits, Element};

/// Takes the first of a client's offers that breaks no rule and that `policy` allows, if there is one.
///
/// Takes the extensions that were offered, all of them; others than this one are ignored.
///
/// # Examples
///
/// ```
/// use wsproto::deflate::{Policy, WindowBits};
/// use wsproto::handshake::{Choice, Request, permessage_deflate};
///
/// # let received = b"GET / HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
/// #     Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
/// #     Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n";
/// let Some((Request::WebSocket(handshake), _)) = Request::decode(received)? else { return Ok(()) };
///
/// let policy = Policy::new().with_receive_window(WindowBits::new(12).unwrap());
/// let agreed = permessage_deflate::accept(handshake.extensions(), &policy);
/// let answer = handshake.accept(Choice { extensions: agreed.as_deref(), ..Choice::default() })?;
/// // Send it. Then messages may be compressed as these say, or not at all.
/// let parameters = agreed.map(|agreed| agreed.parameters());
/// # assert_eq!(parameters.unwrap().client_max_window_bits.get(), 12);
/// # let _ = answer;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn accept<'b>(offers: impl IntoIterator<Item = Extension<'b>>, policy: &Policy) -> Option<Agreement> {
    // [RFC 7692 §5]: the order is the client's preference.
    offers.into_iter().filter(is_deflate).find_map(|offer| {
        // [RFC 7692 §7] "A server MUST decline an extension negotiation offer" that breaks a rule.
        let offer = Element::parse(offer).ok()?;
        let parameters = answer(&offer, policy)?;
        Some(Agreement::new(parameters, &offer))
    })
}

/// What a server that has this policy answers to an offer, if anything.
fn answer(offer: &Element, policy: &Policy) -> Option<Parameters> {
    let client_max_window_bits = match offer.client_max_window_bits {
        // [RFC 7692 §7.1.2.2] Such a client is not asked to use less than 32 KiB: it may not know how to.
        ClientBits::Absent if policy.receive_window < WindowBits::MAX && !policy.accept_full_window => {
            return None;
        }
        ClientBits::Absent => WindowBits::MAX,
        ClientBits::WithoutValue => policy.receive_window,
        ClientBits::AtMost(hint) => hint.min(policy.receive_window),
    };
    Some(Parameters {
        // [RFC 7692 §7.1.1.1] What is asked for is granted; a server may do it unasked too.
        server_no_context_takeover: offer.server_no_context_takeover || !policy.send_takeover,
        // [RFC 7692 §7.1.1.2] The client's word is taken, and it has to obey ours.
        client_no_context_takeover: offer.client_no_context_takeover || !policy.receive_takeover,
        // [RFC 7692 §7.1.2.1] "with the same or smaller value as the offer"
        server_max_window_bits: offer.server_max_window_bits.unwrap_or_default().min(policy.send_window),
        client_max_window_bits,
    })
}

/// Returns what a client with this policy offers.
///
/// That is one offer; with [`accept_full_window`](Policy::accept_full_window) and a smaller
/// [`receive_window`](Policy::receive_window) a second follows, without the limit to the server's window.
///
/// # Examples
///
/// ```
/// use wsproto::deflate::Policy;
/// use wsproto::handshake::{ClientHandshake, Offer, Response, permessage_deflate};
///
/// let extensions = permessage_deflate::offer(&Policy::new().with_takeover());
/// assert_eq!(&*extensions, "permessage-deflate; client_max_window_bits");
///
/// let offer = Offer { extensions: Some(&extensions), ..Offer::new("example.com", "/") };
/// # let nonce = *b"the sample nonce";
/// let handshake = ClientHandshake::new(offer, nonce)?;
/// # let received = b"HTTP/1.1 101 \r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
/// #     Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
/// #     Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=9\r\n\r\n";
/// if let Some((Response::WebSocket(accepted), _)) = handshake.decode(received)? {
///     // Messages may be compressed as these say, or not at all.
///     let parameters = accepted.deflate();
///     # assert_eq!(parameters.unwrap().client_max_window_bits.get(), 9);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn offer(policy: &Policy) -> OfferText {
    OfferText::new(policy)
}

/// Checks a server's answer against what was offered; returns `None` if the server doesn't use the extension.
///
/// A [`ClientHandshake`](super::ClientHandshake) includes this check: it is for a transport with a handshake of its
/// own. Takes the extensions that were offered and those that were answered, all of them; others than this one are
/// ignored.
///
/// Of several offers the answer has to fit one. Which of those that it fits the server took, it does not say: the
/// client keeps what it has promised in any of them.
///
/// # Errors
///
/// [`NegotiationError`]: fail the connection ([RFC 7692 §7]).
///
/// # Examples
///
/// ```
/// use wsproto::handshake::extensions;
/// use wsproto::handshake::permessage_deflate::{self, NegotiationError};
///
/// let offers = extensions::parse([&b"permessage-deflate; server_max_window_bits=10"[..]]).unwrap();
/// let answer = extensions::parse([&b"permessage-deflate; server_max_window_bits=12"[..]]).unwrap();
/// assert_eq!(permessage_deflate::verify(offers, answer), Err(NegotiationError::ServerWindowTooLarge));
/// ```
///
/// [RFC 7692 §7]: https://www.rfc-editor.org/rfc/rfc7692#section-7
pub fn verify<'o, 'a>(
    offers: impl IntoIterator<Item = Extension<'o>>,
    answer: impl IntoIterator<Item = Extension<'a>>,
) -> Result<Option<Parameters>, NegotiationError> {
    let mut answers = answer.into_iter().filter(is_deflate);
    let Some(answer) = answers.next() else {
        return Ok(None);
    };
    // [RFC 7692 §5]: no two extensions may use RSV1.
    if answers.next().is_some() {
        return Err(NegotiationError::RepeatedExtension);
    }
    let answer = Element::parse(answer)?;
    // [RFC 7692 §7.1.2.2]: only in an offer may it lack its value.
    if answer.client_max_window_bits == ClientBits::WithoutValue {
        return Err(NegotiationError::InvalidWindowBits);
    }
    let offers = offers.into_iter().filter(is_deflate);
    agree(offers.filter_map(|offer| Element::parse(offer).ok()), &answer).map(Some)
}

fn is_deflate(extension: &Extension<'_>) -> bool {
    extension.name() == NAME
}

/// What holds after an answer to these offers; the error is of the one that was preferred.
fn agree(offers: impl Iterator<Item = Element>, answer: &Element) -> Result<Parameters, NegotiationError> {
    let mut agreed = Err(NegotiationError::NotOffered);
    for offer in offers {
        agreed = match (agreed, fit(&offer, answer)) {
            (Ok(one), Ok(other)) => Ok(both(one, other)),
            (Ok(fits), Err(_)) | (Err(_), Ok(fits)) => Ok(fits),
            (Err(NegotiationError::NotOffered), first) => first,
            (preferred, Err(_)) => preferred,
        };
    }
    agreed
}

/// What holds if this answer is to this offer.
fn fit(offer: &Element, answer: &Element) -> Result<Parameters, NegotiationError> {
    // [RFC 7692 §7.1.1.1]: a server that accepts the offer repeats it.
    if offer.server_no_context_takeover && !answer.server_no_context_takeover {
        return Err(NegotiationError::MissingServerNoContextTakeover);
    }
    // [RFC 7692 §7.1.2.1]: the same, "with the same or smaller value as the offer".
    match (offer.server_max_window_bits, answer.server_max_window_bits) {
        (Some(_), None) => return Err(NegotiationError::MissingServerWindow),
        (Some(limit), Some(bits)) if bits > limit => return Err(NegotiationError::ServerWindowTooLarge),
        _ => {}
    }
    // [RFC 7692 §7.1.2.2] An answer to an offer without it "MUST NOT include" it.
    if offer.client_max_window_bits == ClientBits::Absent
        && answer.client_max_window_bits != ClientBits::Absent
    {
        return Err(NegotiationError::ClientWindowNotOffered);
    }
    Ok(Parameters {
        server_no_context_takeover: answer.server_no_context_takeover,
        // [RFC 7692 §7.1.1.2], [RFC 7692 §7.1.2.2]: what the client has said of itself holds whatever the answer.
        client_no_context_takeover: answer.client_no_context_takeover || offer.client_no_context_takeover,
        server_max_window_bits: answer.server_max_window_bits.unwrap_or_default(),
        client_max_window_bits: answer
            .client_max_window_bits
            .limit()
            .min(offer.client_max_window_bits.limit()),
    })
}

/// What a client does that has promised the one or the other; what the server does is the same in both.
fn both(one: Parameters, other: Parameters) -> Parameters {
    Parameters {
        client_no_context_takeover: one.client_no_context_takeover || other.client_no_context_takeover,
        client_max_window_bits: one.client_max_window_bits.min(other.client_max_window_bits),
        ..one
    }
}
