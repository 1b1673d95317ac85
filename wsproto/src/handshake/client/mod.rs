//! The client's side: a request is built, and the response checked against it (RFC 6455 §4.1).
//!
//! | file | what it holds |
//! |---|---|
//! | `offer` | what is asked for, and whether an answer fits |
//! | `handshake` | the request that is sent, and each rule for the response |
//! | `decoder` | bytes of HTTP/1.1 to a response |
//! | `response` | which of the two a response is |
//! | `proxy` | a tunnel through an HTTP proxy, before all of this |
//! | `error` | what is wrong with a response |

mod decoder;
mod error;
mod handshake;
mod offer;
mod proxy;
mod response;

pub use decoder::{ResponseDecoder, ResponseHead};
pub use error::ResponseError;
pub use handshake::ClientHandshake;
pub use offer::Offer;
pub use proxy::{ProxyAnswer, ProxyConnect, ProxyDecoder};
pub use response::{Accepted, HttpResponse, Response};
