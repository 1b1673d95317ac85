//! Layer 1: the opening handshake, for both roles (RFC 6455 §4).
//!
//! Pure functions from the bytes or the header fields that came to a decision, and from a decision to the bytes or
//! header fields to send. This layer does no I/O, keeps nothing, allocates nothing and draws no randomness.
//!
//! **Nothing in here panics, on any input**, and the cost is linear in its length, also when it comes a byte at a
//! time. Incomplete input is never an error: it is `Ok(None)`. What was decoded is valid, and its iterators don't
//! fail. What is encoded was checked: nothing in it can end a line (CR, LF), and no field of the handshake has two
//! lines.
//!
//! | you have … | server | client |
//! |---|---|---|
//! | bytes of HTTP/1.1, in one piece | [`Request::decode`] | [`ClientHandshake::decode`] |
//! | bytes of HTTP/1.1, as they come | [`RequestDecoder`], [`RequestHead`] | [`ResponseDecoder`], [`ResponseHead`] |
//! | header fields of an HTTP/1.1 library | [`Request::from_parts`] | [`ClientHandshake::headers`], [`verify`] |
//! | header fields of HTTP/2 or HTTP/3 | [`Request::from_http2_parts`] | [`ClientHandshake::over_http2`], [`verify`] |
//! | a handshake | [`ServerHandshake`], accepted with a [`Choice`] | [`ClientHandshake`], made of an [`Offer`] |
//! | the other end's word | [`Request`], [`HttpRequest`] | [`Response`]: [`Accepted`] or [`HttpResponse`] |
//! | something to send | [`Answer::encode`], or `append` to a `Vec` | [`ClientHandshake::encode`], or `append` |
//! | a fault of the peer | [`RequestError`], with its [`answer`] | [`ResponseError`] |
//! | a fault of yours | [`HandshakeMisuse`] | [`HandshakeMisuse`] |
//!
//! [`verify`]: ClientHandshake::verify
//! [`answer`]: RequestError::answer
//!
//! | to find the rule on | look in |
//! |---|---|
//! | what a client must send (§4.1, §4.2.1) | [`ServerHandshake`], [`RequestFault`] |
//! | what a server answers (§4.2.2) | [`Choice`], [`Answer`], [`accept_key`] |
//! | what a server must answer (§4.1) | [`ClientHandshake`], [`ResponseError`] |
//! | who may connect (§10.2) | [`Origin`] |
//! | subprotocols (§1.9) | [`subprotocol`] |
//! | extensions (§9.1) | [`extensions`] |
//! | compression (RFC 7692 §7.1) | [`permessage_deflate`] |

pub mod extensions;
pub mod permessage_deflate;
pub mod subprotocol;

mod accept;
mod client;
mod http;
mod misuse;
#[cfg(feature = "getrandom")]
mod nonce;
mod origin;
mod server;
#[cfg(any(
    test,
    not(all(
        not(target_os = "none"),
        any(target_arch = "x86", target_arch = "x86_64", target_arch = "aarch64")
    ))
))]
mod sha1;
mod url;

pub use accept::accept_key;
pub use client::{
    Accepted, ClientHandshake, HttpResponse, Offer, ProxyAnswer, ProxyConnect, ProxyDecoder, Response,
    ResponseDecoder, ResponseError, ResponseHead,
};
pub use http::error::HeadError;
pub use http::fields::{Fields, HeadFields};
pub use http::limits::HeadLimits;
pub use http::start_line::HttpVersion;
pub use misuse::HandshakeMisuse;
#[cfg(feature = "getrandom")]
pub use nonce::random_nonce;
pub use origin::Origin;
pub use server::{
    Answer, Choice, HttpRequest, Request, RequestDecoder, RequestError, RequestFault, RequestHead,
    ServerHandshake,
};
pub use url::{Url, UrlError};
