use std::{error, fmt};

use http::Response;
use wsproto::handshake::{Answer, HandshakeMisuse};

use super::decide::response;
use crate::AcceptError;

/// Why a request that an HTTP library read opens no connection, and the response that says so to the client.
pub struct Refusal(Box<Inner>);

struct Inner {
    error: AcceptError,
    response: Response<String>,
}

impl Refusal {
    pub(super) fn new(error: AcceptError, answer: &Answer<'_>) -> Self {
        match response(answer) {
            Ok(response) => Self(Box::new(Inner { error, response })),
            Err(_) => Self::misuse(HandshakeMisuse::FieldValue),
        }
    }

    /// Refuses with a text.
    pub(super) fn text(error: AcceptError, status: u16, body: &'static str) -> Self {
        let headers: &[(&str, &[u8])] = &[("content-type", b"text/plain")];
        match Answer::new(status, headers, body.as_bytes()) {
            Ok(answer) => Self::new(error, &answer),
            Err(misuse) => Self::misuse(misuse),
        }
    }

    /// Says that the program is at fault.
    pub(super) fn misuse(misuse: HandshakeMisuse) -> Self {
        let mut response = Response::new("the server is at fault\n".to_owned());
        *response.status_mut() = http::StatusCode::INTERNAL_SERVER_ERROR;
        Self(Box::new(Inner { error: AcceptError::Misuse(misuse), response }))
    }

    /// Returns why: for the log.
    pub fn error(&self) -> &AcceptError {
        &self.0.error
    }

    /// Returns the response to send.
    pub fn into_response(self) -> Response<String> {
        self.0.response
    }

    /// Returns both.
    pub fn into_parts(self) -> (AcceptError, Response<String>) {
        (self.0.error, self.0.response)
    }
}

impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refusal").field("error", self.error()).field("response", &self.0.response).finish()
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error().fmt(f)
    }
}

impl error::Error for Refusal {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.error().source()
    }
}
