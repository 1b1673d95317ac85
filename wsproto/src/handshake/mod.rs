//! Layer 1: the opening handshake, for both roles (RFC 6455 §4).
//!
//! Pure functions from the bytes or the header fields that came to a decision, and from a decision to the bytes or
//! header fields to send. This layer does no I/O, keeps nothing, allocates nothing and draws no randomness.
//!
//! **Nothing in here panics, on any input**, and the cost is linear in its length, also when it comes a byte at a time.
//! Incomplete input is never an error: it is `Ok(None)`. What was decoded is valid, and its iterators don't fail. What
//! is encoded was checked: nothing in it can end a line (CR, LF), and no field of the handshake has two lines.
//!
//! | you have | on a server | in a client |
//! |---|---|---|
//! | bytes of HTTP/1.1, in one piece | [`Request::decode`] | [`ClientHandshake::encode`], [`decode_response`] |
//! | bytes of HTTP/1.1, as they come | [`RequestDecoder`] | [`ResponseDecoder`] |
//! | header fields of an HTTP library | [`Request::from_parts`] | [`ClientHandshake::headers`], [`verify`] |
//! | header fields of HTTP/2 or HTTP/3 | [`ExtendedConnect`] | [`ClientConnect`] |
//!
//! [`decode_response`]: ClientHandshake::decode_response
//! [`verify`]: ClientHandshake::verify
//!
//! | what | who makes it | what for |
//! |---|---|---|
//! | [`Upgrade`] | [`Request`], of a client's handshake | to be accepted, or refused |
//! | [`HttpRequest`] | [`Request`], of any other | a page on the same port |
//! | [`Answer`] | you | what your server chose of the offer |
//! | [`Acceptance`] | [`Upgrade::accept`], of an `Answer` | 101: send it, and the connection is open |
//! | [`HttpReply`] | you | any other answer of your server |
//! | [`ClientRequest`] | you | what your client asks for; a [`ClientHandshake`] or [`ClientConnect`] sends it |
//! | [`Upgraded`] | [`Response`], of an acceptance | the connection is open |
//! | [`HttpResponse`] | [`Response`], of any other reply | a redirect, a refusal |
//!
//! | to find the rule on | look in |
//! |---|---|
//! | what a client must send (§4.1, §4.2.1), and what it is answered otherwise | [`Upgrade`], [`RequestError`], [`ConnectError`] |
//! | what a server answers (§4.2.2) | [`Answer`], [`Acceptance`], [`accept_key`] |
//! | what a server must answer (§4.1) | [`ClientHandshake`], [`ClientConnect`], [`ResponseError`] |
//! | who may connect (§10.2) | [`Origin`] |
//! | subprotocols (§1.9) | [`subprotocol`] |
//! | extensions (§9.1) | [`extensions`] |
//! | compression (RFC 7692 §7.1) | [`deflate`](mod@deflate) |

pub mod deflate;
pub mod extensions;
pub mod subprotocol;

mod accept;
mod client;
mod client_connect;
mod connect;
mod error;
mod head;
mod lines;
mod origin;
mod places;
mod proxy;
mod request;
mod response;
mod tokens;
mod upgrade;
mod url;
mod write;

pub use accept::accept_key;
pub use client::{ClientHandshake, ClientRequest, HttpResponse, Response, ResponseDecoder, Upgraded};
pub use client_connect::ClientConnect;
pub use connect::{ConnectAcceptance, ConnectError, ExtendedConnect};
pub use error::{OptionError, RequestError, ResponseError};
pub use extensions::MalformedExtensions;
pub use head::{FieldValues, FieldValuesIter, Fields, HeadError, HeadFields, HeadFieldsIter, HeadLimits};
pub use origin::Origin;
pub use proxy::{ProxyAnswer, ProxyConnect, ProxyDecoder};
pub use request::{HttpRequest, HttpVersion, Request, RequestDecoder};
pub use response::{Acceptance, Answer, HttpReply};
pub use upgrade::Upgrade;
pub use url::{Url, UrlError};
