//! From the types of the `http` crate to a decision, and back.

use http::uri::{Authority, PathAndQuery};
use http::{HeaderMap, Method, Response, Uri, Version};
use wsproto::handshake::{Answer, Choice, HandshakeMisuse, HttpVersion, Request};

use super::Refusal;
use crate::{Accept, AcceptError, Agreed, Options};
use wsproto_adapter::shared::negotiate;

/// The head of a request.
pub(super) struct Head<'r> {
    pub(super) method: &'r Method,
    pub(super) uri: &'r Uri,
    pub(super) version: Version,
    pub(super) headers: &'r HeaderMap,
    /// The pseudo field `:protocol` of an extended CONNECT ([RFC 8441 §4]).
    ///
    /// [RFC 8441 §4]: https://www.rfc-editor.org/rfc/rfc8441#section-4
    pub(super) protocol: Option<&'r str>,
}

impl Head<'_> {
    /// Checks a client's opening handshake, and chooses of what it offers. Returns the response that accepts it.
    pub(super) fn accept(
        &self,
        accept: &Accept<'_>,
        options: &Options,
    ) -> Result<(Response<String>, Agreed), Refusal> {
        let target = self.uri.to_string();
        let fields = || self.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
        let method = self.method.as_str();
        let request = if self.version == Version::HTTP_2 {
            let authority = self.uri.authority().map_or("", Authority::as_str);
            let path = self.uri.path_and_query().map_or("", PathAndQuery::as_str);
            Request::from_http2_parts(method, self.protocol, authority, path, fields)
        } else {
            Request::from_parts(method, &target, http1_version(self.version), fields)
        };
        let handshake = match request {
            Ok(Request::WebSocket(handshake)) => handshake,
            Ok(Request::Http(request)) => {
                return Err(match request.lost_upgrade() {
                    Some(error) => Refusal::new(AcceptError::Http, &error.answer()),
                    None => self.require_websocket(),
                });
            }
            Err(error) => return Err(Refusal::new(AcceptError::Request(error), &error.answer())),
        };
        let negotiated =
            negotiate(&handshake, accept, accept.options(options)).map_err(|error| match error {
                AcceptError::Misuse(misuse) => Refusal::misuse(misuse),
                error => Refusal::text(error, 403, "pages of this origin may not connect\n"),
            })?;
        // HTTP/2 has names in lower case, and HTTP/1.1 doesn't mind.
        let choice = negotiated.choice();
        let names: Vec<_> = choice.headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
        let values = choice.headers.iter().map(|(_, value)| *value);
        let headers: Vec<_> = names.iter().map(String::as_str).zip(values).collect();
        let answer = handshake.accept(Choice { headers: &headers, ..choice }).map_err(Refusal::misuse)?;
        let response = response(&answer).map_err(|_| Refusal::misuse(HandshakeMisuse::FieldValue))?;
        Ok((response, negotiated.agreed()))
    }

    /// Refuses a request of plain HTTP.
    fn require_websocket(&self) -> Refusal {
        const TEXT: &str = "here are only WebSockets\n";
        if self.version == Version::HTTP_2 {
            // [RFC 9220 §3] 501 where `:protocol` is unknown. There is no `Upgrade` to speak of.
            return Refusal::text(AcceptError::Http, if self.protocol.is_some() { 501 } else { 400 }, TEXT);
        }
        // [RFC 9110 §15.5.22] "MUST send an Upgrade header field"; `Connection` names it by itself.
        let headers: &[(&str, &[u8])] = &[("upgrade", b"websocket"), ("content-type", b"text/plain")];
        match Answer::new(426, headers, TEXT.as_bytes()) {
            Ok(answer) => Refusal::new(AcceptError::Http, &answer),
            Err(misuse) => Refusal::misuse(misuse),
        }
    }
}

/// hyper speaks no older version than 1.0.
fn http1_version(version: Version) -> HttpVersion {
    if version == Version::HTTP_10 { HttpVersion::Http10 } else { HttpVersion::Http11 }
}

/// Makes a response of an answer.
pub(super) fn response(answer: &Answer<'_>) -> Result<Response<String>, http::Error> {
    let mut response = Response::builder().status(answer.status());
    for (name, value) in answer.headers() {
        response = response.header(name, value);
    }
    response.body(String::from_utf8_lossy(answer.body()).into_owned())
}
