//! The opening handshake over the types of the `http` crate, which hyper, axum and h2 share.

use http::request::Parts;
use http::{Response, Version};
use wsproto::deflate::{Parameters, Policy};
use wsproto::handshake::{
    Answer, Choice, Fields, HttpVersion, Request, ServerHandshake, permessage_deflate, subprotocol,
};
use wsproto::{Limits, Server};

use crate::Session;

/// What this server speaks, the preferred one first.
pub const SUBPROTOCOLS: &[&str] = &["echo"];

/// What this server wants of permessage-deflate: the default keeps no memory between messages.
pub const POLICY: Policy = Policy::new();

/// Checks a client's opening handshake over HTTP/1.1: gives the answer, and if that is 101, the connection behind it.
pub fn accept(request: &Parts) -> (Response<String>, Option<Session>) {
    let target = request.uri.to_string();
    let version = match request.version {
        Version::HTTP_10 => HttpVersion::Http10,
        _ => HttpVersion::Http11,
    };
    let fields = || request.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    match Request::from_parts(request.method.as_str(), &target, version, fields) {
        Ok(Request::WebSocket(handshake)) => choose(&handshake),
        // [RFC 9110 §15.5.22]: the answer has to say to what.
        Ok(Request::Http(_)) => {
            (refuse(426, &[("upgrade", b"websocket")], "Only WebSocket lives here\n"), None)
        }
        Err(error) => (response(&error.answer()), None),
    }
}

/// Answers an opening handshake, over whichever version of HTTP, and chooses of what the client offers.
pub fn choose<'b, F: Fields<'b>>(handshake: &ServerHandshake<'b, F>) -> (Response<String>, Option<Session>) {
    // A page of another site must not come in here in its visitor's name.
    if handshake.origin().is_some_and(|origin| !origin.is_same_host(handshake.host())) {
        return (refuse(403, &[], "not from there\n"), None);
    }
    let agreed = permessage_deflate::accept(handshake.extensions(), &POLICY);
    let subprotocol = subprotocol::select(SUBPROTOCOLS, handshake.subprotocols());
    match handshake.accept(Choice { subprotocol, extensions: agreed.as_deref(), headers: &[] }) {
        Ok(answer) => (response(&answer), Some(session(agreed.map(|agreed| agreed.parameters())))),
        // A mistake of this program.
        Err(error) => (refuse(500, &[], &error.to_string()), None),
    }
}

/// Begins a connection, compressed if that was agreed on.
pub fn session(agreed: Option<Parameters>) -> Session {
    Session::new(Server, Limits::new(), Vec::new()).with_deflate(agreed, POLICY)
}

/// Makes an answer that refuses.
///
/// # Panics
///
/// If it can't be sent.
pub fn refuse(status: u16, fields: &[(&str, &[u8])], why: &str) -> Response<String> {
    response(&Answer::new(status, fields, why.as_bytes()).expect("a status and fields of ours"))
}

/// Makes a response of what wsproto gives.
///
/// # Panics
///
/// If it can't be sent. What wsproto gives can.
pub fn response(answer: &Answer<'_>) -> Response<String> {
    let mut response = Response::builder().status(answer.status());
    for (name, value) in answer.headers() {
        response = response.header(name, value);
    }
    response.body(String::from_utf8_lossy(answer.body()).into_owned()).expect("wsproto has checked it")
}
