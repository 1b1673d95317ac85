//! The server's side: a request is told apart, checked, and answered (RFC 6455 §4.2).
//!
//! | file | what it holds |
//! |---|---|
//! | `decoder` | bytes of HTTP/1.1 to a request |
//! | `request` | which of the two a request is |
//! | `handshake` | a valid opening handshake, and how it is accepted |
//! | `http_request` | any request |
//! | `answer` | what is sent |
//! | `error` | what is wrong with a request |

mod answer;
mod decoder;
mod error;
mod handshake;
mod http_request;
mod request;

pub use answer::{Answer, Choice};
pub use decoder::{RequestDecoder, RequestHead};
pub use error::{RequestError, RequestFault};
pub use handshake::ServerHandshake;
pub use http_request::HttpRequest;
pub use request::Request;
